//! Direct Connect on moto and in the sandbox: the same calls, and where the answers differ.
//!
//! moto has connections and little else. Each difference has to be there: when one is gone, moto has
//! learned it, the test fails, and the list shrinks.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::moto::moto;
use crate::moto_differences::differences;
use crate::sandbox_clients::{client, environment, said};

const SCRIPT: &str = "boto3_direct_seen.py";

/// What differs, as `path: moto ≠ sandbox`, with the reason.
const DIFFERENCES: [(&str, &str); 33] = [
    ("deleted: deleted ≠ deleting", "in moto all is done at once"),
    (
        "listed/0/awsDevice: mock_device ≠ nothing",
        "moto makes one up, AWS has none before the letter is issued",
    ),
    (
        "listed/0/awsDeviceV2: mock_device_v2 ≠ nothing",
        "moto makes one up, AWS has none before the letter is issued",
    ),
    (
        "listed/0/awsLogicalDeviceId: mock_logical_device_id ≠ nothing",
        "moto makes one up, AWS has none before the letter is issued",
    ),
    (
        "listed/0/billingMode: nothing ≠ PayAsYouGo",
        "moto does not know the member",
    ),
    (
        "listed/0/connectionState: available ≠ requested",
        "in moto all is done at once",
    ),
    (
        "listed/0/encryptionMode: no_encrypt ≠ nothing",
        "moto shows it without MACsec",
    ),
    (
        "listed/0/hasLogicalRedundancy: false ≠ unknown",
        "moto has a word that the model does not list",
    ),
    (
        "listed/0/loaIssueTime: <time> ≠ nothing",
        "in moto all is done at once",
    ),
    (
        "listed/0/macSecKeys: … ≠ nothing",
        "moto shows an empty list without MACsec",
    ),
    (
        "listed/0/ownerAccount: nothing ≠ 111122223333",
        "moto leaves it out",
    ),
    (
        "listed/0/partnerName: mock_partner ≠ nothing",
        "moto makes one up",
    ),
    (
        "listed/0/portEncryptionStatus: Encryption Down ≠ nothing",
        "moto shows it without MACsec",
    ),
    (
        "listed/0/vlan: 0 ≠ nothing",
        "moto has one for what is not hosted",
    ),
    (
        "listed/1/awsDevice: mock_device ≠ nothing",
        "moto makes one up, AWS has none before the letter is issued",
    ),
    (
        "listed/1/awsDeviceV2: mock_device_v2 ≠ nothing",
        "moto makes one up, AWS has none before the letter is issued",
    ),
    (
        "listed/1/awsLogicalDeviceId: mock_logical_device_id ≠ nothing",
        "moto makes one up, AWS has none before the letter is issued",
    ),
    (
        "listed/1/billingMode: nothing ≠ PayAsYouGo",
        "moto does not know the member",
    ),
    (
        "listed/1/connectionState: available ≠ requested",
        "in moto all is done at once",
    ),
    (
        "listed/1/encryptionMode: must_encrypt ≠ should_encrypt",
        "the sandbox has the mode that an order begins with; a guess",
    ),
    (
        "listed/1/hasLogicalRedundancy: false ≠ unknown",
        "moto has a word that the model does not list",
    ),
    (
        "listed/1/loaIssueTime: <time> ≠ nothing",
        "in moto all is done at once",
    ),
    (
        "listed/1/macSecKeys/0: … ≠ nothing",
        "moto makes a key with the connection",
    ),
    (
        "listed/1/ownerAccount: nothing ≠ 111122223333",
        "moto leaves it out",
    ),
    (
        "listed/1/partnerName: mock_partner ≠ nothing",
        "moto makes one up",
    ),
    (
        "listed/1/vlan: 0 ≠ nothing",
        "moto has one for what is not hosted",
    ),
    (
        "refused/confirm: missing ≠ DirectConnectClientException",
        "moto does not have the call",
    ),
    (
        "refused/delete: ConnectionNotFound ≠ DirectConnectClientException",
        "moto has a code of its own",
    ),
    (
        "refused/describe: ConnectionNotFound ≠ DirectConnectClientException",
        "moto has a code of its own",
    ),
    (
        "refused/gateways: missing ≠ ok",
        "moto does not have the call",
    ),
    (
        "refused/interfaces: missing ≠ ok",
        "moto does not have the call",
    ),
    (
        "refused/loa: missing ≠ DirectConnectClientException",
        "moto does not have the call",
    ),
    (
        "refused/locations: missing ≠ ok",
        "moto does not have the call",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_alike_on_moto_and_in_the_sandbox() {
    let (mut server, url) = moto().await;
    let home = tempfile::tempdir().unwrap();
    let on_moto = client(&environment(), home.path(), "python")
        .arg(SCRIPT)
        .env("AWS_ENDPOINT_URL", &url)
        .output()
        .await
        .unwrap();
    server.kill().await.unwrap();
    let errors = String::from_utf8_lossy(&on_moto.stderr);
    assert!(on_moto.status.success(), "{errors}");
    let on_moto: Value = serde_json::from_slice(&on_moto.stdout).unwrap();
    let (_, in_sandbox) = said("python", &[SCRIPT]).await;
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
