#!/bin/sh
# The life of a site's VPN as the AWS CLI sees it. Started by sandbox_clients.rs, with the
# sandbox's address in AWS_ENDPOINT_URL and the CLI first in PATH.
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
    if found=$(aws "$@" 2>&1); then
        fail "$* succeeded instead of $code"
    fi
    case $found in
        *"($code)"*) ;;
        *) fail "$*: $found" ;;
    esac
}

# until EXPECTED ARGUMENTS...: repeats a query until it answers that.
until_is() {
    expected=$1
    shift
    for _ in $(seq 40); do
        found=$(aws "$@")
        [ "$found" = "$expected" ] && return
    done
    fail "$*: still '$found' instead of '$expected'"
}

vpc=vpc-0c1b2c3d4e5f67890
table=rtb-0c1b2c3d4e5f60001

is account 111122223333 "$(aws sts get-caller-identity --query Account)"

cgw=$(aws ec2 create-customer-gateway --type ipsec.1 --ip-address 198.51.100.9 --bgp-asn 65011 \
    --tag-specifications 'ResourceType=customer-gateway,Tags=[{Key=Name,Value=shop-3}]' \
    --query CustomerGateway.CustomerGatewayId)
vgw=$(aws ec2 create-vpn-gateway --type ipsec.1 --query VpnGateway.VpnGatewayId)
refused DryRunOperation ec2 attach-vpn-gateway --dry-run --vpn-gateway-id "$vgw" --vpc-id "$vpc"
is attaching attaching "$(aws ec2 attach-vpn-gateway --vpn-gateway-id "$vgw" --vpc-id "$vpc" \
    --query VpcAttachment.State)"

vpn=$(aws ec2 create-vpn-connection --type ipsec.1 --customer-gateway-id "$cgw" \
    --vpn-gateway-id "$vgw" --query VpnConnection.VpnConnectionId --options '{
        "StaticRoutesOnly": true,
        "TunnelOptions": [
            {"TunnelInsideCidr": "169.254.20.0/30", "PreSharedKey": "cli.tunnel_1.0123456789",
             "IKEVersions": [{"Value": "ikev2"}], "Phase1DHGroupNumbers": [{"Value": 20}]},
            {"TunnelInsideCidr": "169.254.20.4/30", "PreSharedKey": "cli.tunnel_2.0123456789"}
        ]}')
until_is available ec2 describe-vpn-connections --vpn-connection-ids "$vpn" \
    --query 'VpnConnections[0].State'
is cidrs "169.254.20.0/30 169.254.20.4/30" "$(aws ec2 describe-vpn-connections \
    --filters Name=vpn-gateway-id,Values="$vgw" Name=state,Values=available \
    --query 'sort(VpnConnections[0].Options.TunnelOptions[].TunnelInsideCidr)' | tr '\t' ' ')"
aws ec2 describe-vpn-connections --vpn-connection-ids "$vpn" \
    --query 'VpnConnections[0].CustomerGatewayConfiguration' |
    grep -q '<pre_shared_key>cli.tunnel_2.0123456789</pre_shared_key>' || fail 'no key in the XML'

aws ec2 create-vpn-connection-route --vpn-connection-id "$vpn" \
    --destination-cidr-block 10.30.0.0/24
until_is attached ec2 describe-vpn-gateways --vpn-gateway-ids "$vgw" \
    --query 'VpnGateways[0].VpcAttachments[0].State'
aws ec2 enable-vgw-route-propagation --gateway-id "$vgw" --route-table-id "$table"
until_is 10.30.0.0/24 ec2 describe-route-tables --route-table-ids "$table" --query \
    "RouteTables[0].Routes[?Origin=='EnableVgwRoutePropagation'].DestinationCidrBlock | [0]"

outside=$(aws ec2 describe-vpn-connections --vpn-connection-ids "$vpn" \
    --query 'VpnConnections[0].VgwTelemetry[0].OutsideIpAddress')
is modifying modifying "$(aws ec2 modify-vpn-tunnel-options --vpn-connection-id "$vpn" \
    --vpn-tunnel-outside-ip-address "$outside" --tunnel-options DPDTimeoutSeconds=60 \
    --query VpnConnection.State)"
aws ec2 get-vpn-connection-device-sample-configuration --vpn-connection-id "$vpn" \
    --vpn-connection-device-type-id 9005b6c1 --internet-key-exchange-version ikev2 |
    grep -q "$outside" || fail 'no tunnel in the sample'

refused IncorrectState ec2 delete-vpn-gateway --vpn-gateway-id "$vgw"
refused IncorrectState ec2 delete-customer-gateway --customer-gateway-id "$cgw"
refused InvalidVpnConnectionID.NotFound ec2 delete-vpn-connection \
    --vpn-connection-id vpn-0123456789abcdef0
aws ec2 disable-vgw-route-propagation --gateway-id "$vgw" --route-table-id "$table"
aws ec2 delete-vpn-connection --vpn-connection-id "$vpn"
aws ec2 detach-vpn-gateway --vpn-gateway-id "$vgw" --vpc-id "$vpc"
until_is deleted ec2 describe-vpn-connections --vpn-connection-ids "$vpn" \
    --query 'VpnConnections[0].State'
until_is detached ec2 describe-vpn-gateways --vpn-gateway-ids "$vgw" \
    --query 'VpnGateways[0].VpcAttachments[0].State'
aws ec2 delete-customer-gateway --customer-gateway-id "$cgw"
aws ec2 delete-vpn-gateway --vpn-gateway-id "$vgw"
until_is deleted ec2 describe-vpn-gateways --vpn-gateway-ids "$vgw" --query 'VpnGateways[0].State'
echo 'awscli: ok'
