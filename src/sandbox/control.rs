//! The endpoints below `/_underpass/`, for people and scripts.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::Ipv4Net;
use serde::Serialize;

use super::fault::Faults;
use super::ids::ResourceId;
use super::path::Path;
use super::sandbox::Sandbox;
use super::wire::{self, Reply};

pub(super) fn answer(sandbox: &Sandbox, path: &str, form: &str) -> Reply {
    let form = wire::decode(form);
    let done = match path {
        "direct-connect" => match direct_connect(sandbox, &form) {
            Ok(id) => return text(200, &format!("{id}\n")),
            Err(message) => Err(message),
        },
        "paths" => match paths(sandbox, &form) {
            Ok(paths) => return json(&paths),
            Err(message) => Err(message),
        },
        "gateway" => gateway(sandbox, &form),
        "faults" => faults(sandbox, &form),
        "calls" => return json(&sandbox.calls()),
        "world" => return json(&sandbox.world()),
        _ => {
            return text(
                404,
                "known: gateway, direct-connect, paths, faults, calls, world\n",
            );
        }
    };
    match done {
        Ok(()) => text(200, "ok\n"),
        Err(message) => text(400, &format!("{message}\n")),
    }
}

fn gateway(sandbox: &Sandbox, form: &BTreeMap<String, String>) -> Result<(), String> {
    let ip = form
        .get("ip")
        .map(|ip| {
            ip.parse::<IpAddr>()
                .map_err(|error| format!("ip {ip}: {error}"))
        })
        .transpose()?;
    let lan = form.get("lan").map(|lan| prefixes(lan)).transpose()?;
    let state = form
        .get("state")
        .map(|state| state.parse().map_err(|error| format!("{error}")))
        .transpose()?;
    match (lan, ip) {
        (Some(lan), Some(ip)) => sandbox.set_lan(ip, lan),
        (Some(_), None) => return Err("lan needs ip: prefixes belong to one router".to_owned()),
        (None, _) if state.is_none() => return Err("state or lan is needed".to_owned()),
        (None, _) => {}
    }
    if let Some(state) = state {
        sandbox.set_gateway(ip, state);
    }
    Ok(())
}

fn direct_connect(
    sandbox: &Sandbox,
    form: &BTreeMap<String, String>,
) -> Result<ResourceId, String> {
    let gateway = given(form, "transit-gateway")?;
    let lan = prefixes(form.get("lan").map(String::as_str).unwrap_or_default())?;
    let made = sandbox.attach_direct_connect(region(form), &ResourceId::from(gateway), lan);
    made.ok_or_else(|| {
        format!(
            "transit-gateway {gateway}: there is none in {}",
            region(form)
        )
    })
}

fn paths(
    sandbox: &Sandbox,
    form: &BTreeMap<String, String>,
) -> Result<BTreeMap<ResourceId, Path>, String> {
    let vpc = ResourceId::from(given(form, "vpc")?);
    let prefix: Ipv4Net = given(form, "prefix")?
        .parse()
        .map_err(|error| format!("prefix: {error}"))?;
    Ok(sandbox.inspect(|world, now| world.paths(region(form), &vpc, prefix, now)))
}

fn given<'a>(form: &'a BTreeMap<String, String>, name: &str) -> Result<&'a str, String> {
    let value = form.get(name).map(String::as_str);
    value.ok_or_else(|| format!("{name} is needed"))
}

fn region(form: &BTreeMap<String, String>) -> &str {
    form.get("region").map_or("eu-central-1", String::as_str)
}

fn prefixes(text: &str) -> Result<Vec<Ipv4Net>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|prefix| !prefix.is_empty())
        .map(|prefix| {
            prefix
                .parse()
                .map_err(|error| format!("lan {prefix}: {error}"))
        })
        .collect()
}

fn faults(sandbox: &Sandbox, form: &BTreeMap<String, String>) -> Result<(), String> {
    let set = form.get("set").map(String::as_str).unwrap_or_default();
    let mut faults: Faults = set.parse().map_err(|error| format!("{error}"))?;
    if let Some(seed) = form.get("seed") {
        faults.seed = seed
            .parse()
            .map_err(|error| format!("seed {seed}: {error}"))?;
    }
    sandbox.set_faults(faults);
    Ok(())
}

fn json(value: &impl Serialize) -> Reply {
    match serde_json::to_vec_pretty(value) {
        Ok(body) => Reply::new(200, "application/json", body),
        Err(error) => text(500, &format!("{error}\n")),
    }
}

fn text(status: u16, body: &str) -> Reply {
    Reply::new(status, "text/plain;charset=UTF-8", body.as_bytes().to_vec())
}
