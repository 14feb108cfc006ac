#!/bin/sh
# The life of a site's Direct Connect as the AWS CLI sees it, on a virtual private gateway. Started by
# sandbox_clients.rs, with the sandbox's address in AWS_ENDPOINT_URL and the CLI first in PATH.
set -eu

fail() {
    echo "awscli: $*" >&2
    exit 1
}

# is WHAT EXPECTED FOUND
is() {
    [ "$2" = "$3" ] || fail "$1: '$3' instead of '$2'"
}

dx() {
    aws directconnect "$@"
}

# refused WORDS ARGUMENTS...: the CLI must fail with these words.
refused() {
    words=$1
    shift
    if found=$(dx "$@" 2>&1); then
        fail "$* succeeded instead of: $words"
    fi
    case $found in
        *"(DirectConnectClientException)"*"$words"*) ;;
        *) fail "$*: $found" ;;
    esac
}

# until_is EXPECTED ARGUMENTS...: repeats a query until it answers that.
until_is() {
    expected=$1
    shift
    for _ in $(seq 40); do
        found=$(dx "$@")
        [ "$found" = "$expected" ] && return
    done
    fail "$*: still '$found' instead of '$expected'"
}

# control PATH QUERY
control() {
    python3 -c 'import sys, urllib.request as it
it.urlopen(it.Request(sys.argv[1], method="POST"))' "$AWS_ENDPOINT_URL/_underpass/$1?$2"
}

# The gateway that is there already, with the VPC attached to it.
vgw=vgw-0b1b2c3d4e5f60009

port=$(dx create-connection --location SBX2 --bandwidth 1Gbps --connection-name clinic \
    --query connectionId)
until_is requested describe-connections --connection-id "$port" \
    --query 'connections[0].connectionState'
refused 'not available yet' describe-loa --connection-id "$port"
control direct-connect/letter "connection=$port"
control direct-connect/port "connection=$port&state=up"
is port available "$(dx describe-connections --query 'connections[0].connectionState')"
is letter application/pdf "$(dx describe-loa --connection-id "$port" --query loaContentType)"

gateway=$(dx create-direct-connect-gateway --direct-connect-gateway-name clinic \
    --amazon-side-asn 64600 --query directConnectGateway.directConnectGatewayId)
until_is available describe-direct-connect-gateways --direct-connect-gateway-id "$gateway" \
    --query 'directConnectGateways[0].directConnectGatewayState'
association=$(dx create-direct-connect-gateway-association --direct-connect-gateway-id "$gateway" \
    --gateway-id $vgw --query directConnectGatewayAssociation.associationId)
until_is associated describe-direct-connect-gateway-associations --association-id "$association" \
    --query 'directConnectGatewayAssociations[0].associationState'
is allowed 10.1.0.0/16 "$(dx describe-direct-connect-gateway-associations \
    --direct-connect-gateway-id "$gateway" \
    --query 'directConnectGatewayAssociations[0].allowedPrefixesToDirectConnectGateway[0].cidr')"

wanted=virtualInterfaceName=clinic,vlan=7,asn=65011,directConnectGatewayId=$gateway
interface=$(dx create-private-virtual-interface --connection-id "$port" \
    --new-private-virtual-interface "$wanted" --query virtualInterfaceId)
refused 'VLAN 7 is already in use' create-private-virtual-interface --connection-id "$port" \
    --new-private-virtual-interface "$wanted"
until_is down describe-virtual-interfaces --virtual-interface-id "$interface" \
    --query 'virtualInterfaces[0].virtualInterfaceState'
control direct-connect/router "interface=$interface&state=up&lan=10.21.0.0/24"
until_is 'available up' describe-virtual-interfaces --virtual-interface-id "$interface" \
    --query "virtualInterfaces[0].join(' ', [virtualInterfaceState, bgpPeers[0].bgpStatus])"
dx start-bgp-failover-test --virtual-interface-id "$interface" \
    --test-duration-in-minutes 4320 >/dev/null
is test testing "$(dx describe-virtual-interfaces --virtual-interface-id "$interface" \
    --query 'virtualInterfaces[0].virtualInterfaceState')"
dx stop-bgp-failover-test --virtual-interface-id "$interface" >/dev/null

refused 'virtual interfaces' delete-connection --connection-id "$port"
is interface deleting "$(dx delete-virtual-interface --virtual-interface-id "$interface" \
    --query virtualInterfaceState)"
dx delete-direct-connect-gateway-association --association-id "$association" >/dev/null
until_is disassociated describe-direct-connect-gateway-associations \
    --association-id "$association" \
    --query 'directConnectGatewayAssociations[0].associationState'
dx delete-direct-connect-gateway --direct-connect-gateway-id "$gateway" >/dev/null
dx delete-connection --connection-id "$port" >/dev/null
until_is deleted describe-connections --connection-id "$port" \
    --query 'connections[0].connectionState'
