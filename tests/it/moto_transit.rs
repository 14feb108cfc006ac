//! Transit gateways on moto and in the sandbox: the same calls, and where the answers differ.
//!
//! moto knows nothing of ours, so what both agree on is not our own invention. Each difference has
//! to be there: when one is gone, moto has learned it, the test fails, and the list shrinks.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::moto::moto;
use crate::moto_differences::differences;
use crate::sandbox_clients::{client, environment, said};

const SCRIPT: &str = "boto3_transit_seen.py";
/// A VPC, a subnet and a route table of the sandbox's.
const PLACE: [&str; 3] = [
    "vpc-0a1b2c3d4e5f67890",
    "subnet-0a1b2c3d4e5f60011",
    "rtb-0a1b2c3d4e5f60002",
];

/// What differs, as `path: moto ≠ sandbox`, with the reason.
const DIFFERENCES: [(&str, &str); 24] = [
    (
        "refused/associate twice: ok ≠ Resource.AlreadyAssociated",
        "moto moves the association",
    ),
    (
        "refused/delete default table: ok ≠ IncorrectState",
        "moto deletes what is in use",
    ),
    (
        "refused/delete no route: missing ≠ InvalidRoute.NotFound",
        "moto fails with HTTP 500",
    ),
    (
        "refused/delete the attachment of a vpn: ok ≠ InvalidTransitGatewayAttachmentID.NotFound",
        "moto deletes it and keeps the connection",
    ),
    (
        "refused/delete with attachments: ok ≠ IncorrectState",
        "moto deletes what is in use",
    ),
    (
        "refused/describe unknown: ok ≠ InvalidTransitGatewayID.NotFound",
        "moto answers with an empty list",
    ),
    (
        "refused/dry run: ok ≠ DryRunOperation",
        "moto carries dry runs out",
    ),
    (
        "refused/route to unknown: ok ≠ InvalidTransitGatewayAttachmentID.NotFound",
        "moto looks nothing up",
    ),
    (
        "said/black/State: blackhole ≠ pending",
        "in moto all is done at once",
    ),
    (
        "said/static again: ok ≠ RouteAlreadyExists",
        "moto replaces the route",
    ),
    (
        "said/static/State: active ≠ pending",
        "in moto all is done at once",
    ),
    (
        "said/static/TransitGatewayAttachments/0: nothing ≠ …",
        "moto writes one structure in place of the list",
    ),
    (
        "seen/associations/vpn: nothing ≠ …",
        "moto associates VPCs only",
    ),
    (
        "seen/attachments/vpc/Tags: nothing ≠ …",
        "moto reads the tags of another resource type",
    ),
    (
        "seen/attachments/vpn/Tags: nothing ≠ …",
        "moto leaves an empty list out",
    ),
    (
        "seen/connection/GatewayAssociationState: nothing ≠ associated",
        "moto does not tell whether the gateway is associated",
    ),
    (
        "seen/gateway/Options/SecurityGroupReferencingSupport: nothing ≠ disable",
        "moto does not know the option",
    ),
    (
        "seen/gateway/Options/TransitGatewayCidrBlocks: … ≠ nothing",
        "moto writes an empty list",
    ),
    (
        "seen/propagations/vpc: nothing ≠ …",
        "moto propagates only what is asked for",
    ),
    (
        "seen/propagations/vpn: nothing ≠ …",
        "moto propagates only what is asked for",
    ),
    (
        "seen/routes/10.0.0.0/16: nothing ≠ …",
        "moto has no propagated routes",
    ),
    (
        "seen/routes/10.20.0.0/24/TransitGatewayAttachments/0: nothing ≠ …",
        "moto writes one structure in place of the list",
    ),
    (
        "seen/vpc_attachments/0/Tags: nothing ≠ …",
        "moto reads the tags of another resource type",
    ),
    (
        "seen/vpc_attachments/1: … ≠ nothing",
        "moto lists those of VPN connections too",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn transit_gateways_are_alike_on_moto_and_in_the_sandbox() {
    let (mut server, url) = moto().await;
    let home = tempfile::tempdir().unwrap();
    let on_moto = client(&environment(), home.path(), "python")
        .args([SCRIPT, "make"])
        .env("AWS_ENDPOINT_URL", &url)
        .output()
        .await
        .unwrap();
    server.kill().await.unwrap();
    let errors = String::from_utf8_lossy(&on_moto.stderr);
    assert!(on_moto.status.success(), "{errors}");
    let on_moto: Value = serde_json::from_slice(&on_moto.stdout).unwrap();
    let [vpc, subnet, table] = PLACE;
    let (_, in_sandbox) = said("python", &[SCRIPT, vpc, subnet, table]).await;
    let in_sandbox: Value = serde_json::from_str(&in_sandbox).unwrap();

    let mut found = BTreeSet::new();
    differences("", &on_moto, &in_sandbox, &mut found);
    let mut unexpected = found.clone();
    for (line, reason) in DIFFERENCES {
        assert!(
            unexpected.remove(line),
            "this difference is gone, so take it off the list ({reason}):\n{line}\n\n{found:#?}"
        );
    }
    assert!(unexpected.is_empty(), "{unexpected:#?}");
}
