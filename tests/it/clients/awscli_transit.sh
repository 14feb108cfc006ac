#!/bin/sh
# The life of a site's VPN on a transit gateway as the AWS CLI sees it, the VPN static. Started by
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

# refused CODE ARGUMENTS...: the CLI must fail with that error code.
refused() {
    code=$1
    shift
    if found=$(aws ec2 "$@" 2>&1); then
        fail "$* succeeded instead of $code"
    fi
    case $found in
        *"($code)"*) ;;
        *) fail "$*: $found" ;;
    esac
}

# until_is EXPECTED ARGUMENTS...: repeats a query until it answers that.
until_is() {
    expected=$1
    shift
    for _ in $(seq 40); do
        found=$(aws ec2 "$@")
        [ "$found" = "$expected" ] && return
    done
    fail "$*: still '$found' instead of '$expected'"
}

vpc=vpc-0c1b2c3d4e5f67890
table=rtb-0c1b2c3d4e5f60001
# The gateway that is there already, with the VPC attached to it.
hub=tgw-0c1b2c3d4e5f60009
routing=tgw-rtb-0c1b2c3d4e5f60009

is hub available "$(aws ec2 describe-transit-gateways --filters Name=tag:Name,Values=hub-tgw \
    --query 'TransitGateways[0].State')"
is attached "$vpc" "$(aws ec2 describe-transit-gateway-attachments \
    --filters Name=transit-gateway-id,Values=$hub Name=resource-type,Values=vpc \
    --query 'TransitGatewayAttachments[0].ResourceId')"
cgw=$(aws ec2 create-customer-gateway --type ipsec.1 --ip-address 198.51.100.9 --bgp-asn 65011 \
    --query CustomerGateway.CustomerGatewayId)
vpn=$(aws ec2 create-vpn-connection --type ipsec.1 --customer-gateway-id "$cgw" \
    --transit-gateway-id $hub --options StaticRoutesOnly=true,TunnelBandwidth=large \
    --query VpnConnection.VpnConnectionId)
until_is available describe-vpn-connections --vpn-connection-ids "$vpn" \
    --query 'VpnConnections[0].State'
is target "$hub large" "$(aws ec2 describe-vpn-connections --vpn-connection-ids "$vpn" \
    --query 'VpnConnections[0].[TransitGatewayId, Options.TunnelBandwidth]' | tr '\t' ' ')"
until_is available describe-transit-gateway-attachments \
    --filters Name=resource-type,Values=vpn Name=resource-id,Values="$vpn" \
    --query 'TransitGatewayAttachments[0].State'
attachment=$(aws ec2 describe-transit-gateway-attachments \
    --filters Name=resource-type,Values=vpn Name=resource-id,Values="$vpn" \
    --query 'TransitGatewayAttachments[0].TransitGatewayAttachmentId')

refused InvalidVpnConnection.InvalidType create-vpn-connection-route \
    --vpn-connection-id "$vpn" --destination-cidr-block 10.30.0.0/24
refused DryRunOperation create-transit-gateway-route --dry-run --blackhole \
    --transit-gateway-route-table-id $routing --destination-cidr-block 10.30.0.0/24
is route static "$(aws ec2 create-transit-gateway-route --destination-cidr-block 10.30.0.0/24 \
    --transit-gateway-route-table-id $routing --transit-gateway-attachment-id "$attachment" \
    --query Route.Type)"
until_is "$vpn" search-transit-gateway-routes --transit-gateway-route-table-id $routing \
    --filters Name=route-search.longest-prefix-match,Values=10.30.0.7 Name=state,Values=active \
    --query 'Routes[0].TransitGatewayAttachments[0].ResourceId'
aws ec2 create-route --route-table-id $table --destination-cidr-block 10.30.0.0/24 \
    --transit-gateway-id $hub
is target "$hub active" "$(aws ec2 describe-route-tables --route-table-ids $table --query \
    "RouteTables[0].Routes[?DestinationCidrBlock=='10.30.0.0/24'].[TransitGatewayId, State][]" |
    tr '\t' ' ')"

refused IncorrectState delete-transit-gateway --transit-gateway-id $hub
aws ec2 delete-route --route-table-id $table --destination-cidr-block 10.30.0.0/24
aws ec2 delete-vpn-connection --vpn-connection-id "$vpn"
until_is blackhole search-transit-gateway-routes --transit-gateway-route-table-id $routing \
    --filters Name=route-search.exact-match,Values=10.30.0.0/24 --query 'Routes[0].State'
aws ec2 delete-transit-gateway-route --transit-gateway-route-table-id $routing \
    --destination-cidr-block 10.30.0.0/24 >/dev/null
is vpn deleted "$(aws ec2 describe-transit-gateway-attachments \
    --filters Name=resource-id,Values="$vpn" --query 'TransitGatewayAttachments[0].State')"
aws ec2 delete-customer-gateway --customer-gateway-id "$cgw"
echo 'awscli: ok'
