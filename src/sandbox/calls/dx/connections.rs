//! Connections: ordered, patched by people, confirmed when a partner ordered them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::dx::documents;
use crate::sandbox::calls::dx::locations;
use crate::sandbox::calls::dx::params::{
    connection_id, given, new_id, page, refused, required, tags,
};
use crate::sandbox::direct_connect::{
    DxConnection, DxResource as _, Line, PATCHING, find, find_mut, missing,
};
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::ResourceId;
use crate::sandbox::lifecycle::{DX_CONNECTION_DELETE, DX_HOSTED, DX_LOA, later};
use crate::sandbox::quota::Quota;
use crate::sandbox::telemetry::GatewaySim;

/// The longest name of a connection. A guess, after that of virtual interfaces.
const LONGEST_NAME: usize = 100;

pub(super) fn describe(context: &mut Context<'_>) -> Outcome {
    let (now, region) = (context.now, context.region.name.as_str());
    let wanted = match given(&context.params, "connectionId") {
        Some(_) => Some(connection_id(&context.params)?),
        None => None,
    };
    let known = context.direct.connections.values();
    let found: Vec<Value> = known
        .filter(|it| it.is_listed(region, now))
        .filter(|it| wanted.is_none_or(|id| it.id.as_str() == id))
        .map(|it| documents::connection(context, it))
        .collect();
    match wanted {
        Some(id) if found.is_empty() => Err(missing::<DxConnection>(id)),
        _ => page(context, "connections", found),
    }
}

/// The hosted connections on one's own: only partners have any.
pub(super) fn describe_hosted(context: &mut Context<'_>) -> Outcome {
    let id = connection_id(&context.params)?;
    find::<DxConnection>(context.direct, &context.region.name, id, context.now)?;
    page(context, "connections", Vec::new())
}

pub(super) fn create(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    let name = name(required(params, "connectionName")?)?;
    let code = required(params, "location")?;
    let bandwidth = required(params, "bandwidth")?;
    let mac_sec = params.flag("requestMACSec")?.unwrap_or(false);
    let given_tags = tags(params)?;
    let places = locations::locations(&context.region.name);
    let place = places.iter().find(|it| it.code == code);
    // The words for an unknown location are those that AWS's SDK for JavaScript tests for.
    let place = place.ok_or_else(|| {
        ApiError::with_status(
            500,
            "DirectConnectServerException",
            "Unable to process request",
        )
    })?;
    if !place.offers(bandwidth, mac_sec) {
        let what = if mac_sec { " with MACsec" } else { "" };
        return Err(refused(format!(
            "{bandwidth}{what} is not available at {code}."
        )));
    }
    if let Some(lag) = given(params, "lagId") {
        return Err(refused(format!("Could not find Lag with ID {lag}")));
    }
    let known = context.direct.connections.values();
    let existing = known
        .filter(|it| it.region == context.region.name && it.life.exists(context.now))
        .count();
    Quota::DxConnections.check(existing, context.faults.quotas())?;
    let id = new_id::<DxConnection>(context, || ResourceId::short("dxcon", context.ids));
    let loa_at = later(context.now, context.takes(id.as_str(), "loa", DX_LOA));
    // Where routers are online, the people around them are at work, too.
    let people = context.site.default.sim == GatewaySim::Online;
    let patching = context.takes(id.as_str(), "patch", PATCHING);
    let made = DxConnection {
        id: id.clone(),
        region: context.region.name.clone(),
        name,
        location: code.to_owned(),
        bandwidth: bandwidth.to_owned(),
        line: Line::Dedicated {
            loa_at,
            patched_at: people.then(|| later(loa_at, patching)),
        },
        provider: given(params, "providerName").map(str::to_owned),
        billing_mode: given(params, "billingMode")
            .unwrap_or("PayAsYouGo")
            .to_owned(),
        mac_sec,
        encryption_mode: if mac_sec {
            "should_encrypt"
        } else {
            "no_encrypt"
        }
        .to_owned(),
        mac_sec_keys: Vec::new(),
        dark_since: None,
        life: context.begin_for(&id, std::time::Duration::ZERO),
        tags: given_tags,
    };
    let document = documents::connection(context, &made);
    context.direct.connections.insert(id.clone(), made);
    Ok(Done::change(&id, document))
}

fn name(name: &str) -> Result<String, ApiError> {
    if name.chars().count() > LONGEST_NAME {
        return Err(refused("Connection Name is too long."));
    }
    Ok(name.to_owned())
}

/// Finds the connection, changes it, and shows it.
pub(super) fn change(
    context: &mut Context<'_>,
    change: impl FnOnce(&Context<'_>, &mut DxConnection) -> Result<(), ApiError>,
) -> Result<(ResourceId, Value), ApiError> {
    let id = connection_id(&context.params)?;
    let found: &DxConnection = find(context.direct, &context.region.name, id, context.now)?;
    let mut changed = found.clone();
    change(context, &mut changed)?;
    let document = documents::connection(context, &changed);
    let known = find_mut(context.direct, &context.region.name, id, context.now)?;
    *known = changed;
    Ok((ResourceId::from(id), document))
}

pub(super) fn update(context: &mut Context<'_>) -> Outcome {
    let (id, document) = change(context, |context, it| {
        if let Some(new) = given(&context.params, "connectionName") {
            it.name = name(new)?;
        }
        if let Some(mode) = given(&context.params, "encryptionMode") {
            if !it.mac_sec {
                return Err(refused(format!(
                    "Connection {} does not support MACsec.",
                    it.id
                )));
            }
            if !matches!(mode, "no_encrypt" | "should_encrypt" | "must_encrypt") {
                return Err(refused(format!("Encryption mode {mode} is not valid.")));
            }
            it.encryption_mode = mode.to_owned();
        }
        Ok(())
    })?;
    Ok(Done::change(&id, document))
}

pub(super) fn delete(context: &mut Context<'_>) -> Outcome {
    let mut begins = false;
    let (id, document) = change(context, |context, it| {
        if context
            .direct
            .interfaces_on(&it.id, context.now)
            .next()
            .is_some()
        {
            return Err(refused(format!(
                "Connection {} has virtual interfaces, which have to be deleted first.",
                it.id
            )));
        }
        let takes = context.takes(it.id.as_str(), "delete", DX_CONNECTION_DELETE);
        begins = it.life.delete(context.now, takes);
        Ok(())
    })?;
    Ok(Done::change(&id, document).if_changed(begins))
}

pub(super) fn confirm(context: &mut Context<'_>) -> Outcome {
    let (id, _) = change(context, |context, it| {
        let (now, state) = (context.now, it.state(context.now));
        let ready = later(now, context.takes(it.id.as_str(), "confirm", DX_HOSTED));
        match &mut it.line {
            Line::Hosted {
                confirmed_at: confirmed @ None,
                ready_at,
                ..
            } => {
                *confirmed = Some(now);
                *ready_at = Some(ready);
                Ok(())
            }
            // The words are those of aws-sdk-go 2717.
            _ => Err(refused(format!(
                "ConfirmConnection failed. {} is in state {state}",
                it.id
            ))),
        }
    })?;
    Ok(Done::change(&id, json!({"connectionState": "pending"})))
}

/// The letter of authorization: of a port of one's own, once it is issued.
pub(super) fn describe_loa(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    let id = connection_id(params)?;
    let found: &DxConnection = find(context.direct, &context.region.name, id, context.now)?;
    if let Some(kind) = given(params, "loaContentType").filter(|kind| *kind != "application/pdf") {
        return Err(refused(format!(
            "LOA content type {kind} is not supported."
        )));
    }
    match &found.line {
        Line::Hosted { .. } => Err(refused(format!(
            "There is no LOA-CFA for hosted connection {id}."
        ))),
        Line::Dedicated { loa_at, .. } if context.now < *loa_at => Err(refused(format!(
            "The LOA-CFA for connection {id} is not available yet."
        ))),
        Line::Dedicated { .. } => {
            let provider = given(params, "providerName").unwrap_or("-");
            let letter = letter(&[
                "Letter of Authorization and Connecting Facility Assignment",
                &format!("Connection {id} at {}, {}", found.location, found.bandwidth),
                &format!("Device {}, provider {provider}", documents::device(found)),
                "This is a letter of a sandbox: it authorizes nobody to connect anything.",
            ]);
            Ok(Done::shown(json!({
                "loaContent": STANDARD.encode(letter),
                "loaContentType": "application/pdf",
            })))
        }
    }
}

/// A page with some lines of text, as PDF.
fn letter(lines: &[&str]) -> Vec<u8> {
    let escaped = |line: &&str| {
        let line = line.replace('\\', "\\\\").replace('(', "\\(");
        format!("({}) Tj T*\n", line.replace(')', "\\)"))
    };
    let text: String = lines.iter().map(escaped).collect();
    let text = format!("BT /F1 12 Tf 14 TL 72 720 Td\n{text}ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font \
         << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()),
    ];
    let mut pdf = "%PDF-1.4\n".to_owned();
    let mut offsets = String::new();
    for (number, object) in objects.iter().enumerate() {
        offsets.push_str(&format!("{:010} 00000 n \n", pdf.len()));
        pdf.push_str(&format!("{} 0 obj\n{object}\nendobj\n", number + 1));
    }
    let (start, count) = (pdf.len(), objects.len() + 1);
    pdf.push_str(&format!(
        "xref\n0 {count}\n0000000000 65535 f \n{offsets}trailer\n<< /Size {count} /Root 1 0 R >>\n\
         startxref\n{start}\n%%EOF\n"
    ));
    pdf.into_bytes()
}
