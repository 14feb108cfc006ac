//! MACsec keys of connections.

use serde_json::json;

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::dx::connections::change;
use crate::sandbox::calls::dx::params::{given, refused, required};
use crate::sandbox::direct_connect::MacSecKey;
use crate::sandbox::lifecycle::DX_MAC_SEC;

/// The hexadecimal digits of a key and of its name.
const DIGITS: usize = 64;

pub(super) fn associate(context: &mut Context<'_>) -> Outcome {
    let (id, document) = change(context, |context, it| {
        let params = &context.params;
        if !it.mac_sec {
            return Err(refused(format!(
                "Connection {} does not support MACsec.",
                it.id
            )));
        }
        let pair = (given(params, "ckn"), given(params, "cak"));
        let (secret_arn, ckn) = match (given(params, "secretARN"), pair) {
            (Some(arn), (None, None)) => (arn.to_owned(), name_in(arn)),
            (None, (Some(ckn), Some(cak))) => {
                let hex = |text: &str| {
                    text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
                };
                if !hex(ckn) || !hex(cak) {
                    return Err(refused(
                        "The CKN and the CAK must be 64 hexadecimal digits each.",
                    ));
                }
                let (region, account) = (&context.region.name, context.account);
                let arn = format!(
                    "arn:aws:secretsmanager:{region}:{account}:secret:\
                     directconnect!prod/{region}/directconnect/{ckn}-sndbox"
                );
                (arn, ckn.to_owned())
            }
            _ => return Err(refused("Specify either secretARN, or ckn and cak.")),
        };
        let now = context.now;
        let mut known = it.mac_sec_keys.iter();
        if known.any(|key| key.ckn == ckn && key.state(now) != "disassociated") {
            return Err(refused(
                "The key is already associated with the connection.",
            ));
        }
        it.mac_sec_keys.push(MacSecKey {
            secret_arn,
            ckn,
            associated_at: context.due(it.id.as_str(), "key", DX_MAC_SEC),
            disassociated_at: None,
        });
        Ok(())
    })?;
    Ok(keys(&id, document))
}

pub(super) fn disassociate(context: &mut Context<'_>) -> Outcome {
    let (id, document) = change(context, |context, it| {
        let arn = required(&context.params, "secretARN")?;
        let now = context.now;
        let gone = context.due(it.id.as_str(), "no key", DX_MAC_SEC);
        let mut known = it.mac_sec_keys.iter_mut();
        let key = known.find(|key| key.secret_arn == arn && key.state(now) != "disassociated");
        let key = key.ok_or_else(|| refused(format!("{arn} is not associated with {}.", it.id)))?;
        key.disassociated_at = key.disassociated_at.or(Some(gone));
        Ok(())
    })?;
    Ok(keys(&id, document))
}

fn keys(id: &impl ToString, connection: serde_json::Value) -> Done {
    let document = json!({
        "connectionId": connection["connectionId"],
        "macSecKeys": connection["macSecKeys"],
    });
    Done::change(id, document)
}

/// The name of a key that Secrets Manager keeps, as far as its ARN tells it.
fn name_in(arn: &str) -> String {
    let name = arn.rsplit('/').next().unwrap_or(arn);
    name.split('-').next().unwrap_or(name).to_owned()
}
