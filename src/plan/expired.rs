//! Test sites whose time is up, and those of which nobody can tell.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use ulid::Ulid;

use super::cost::Prices;
use super::teardown::tagged;
use crate::aws::{Tags, View};
use crate::resource::{
    NEVER_EXPIRES, TAG_ENVIRONMENT, TAG_EXPIRES_AT, TAG_RUN, TAG_SITE, TAG_STEP, kind_of,
};
use crate::spec::{Environment, SiteName};

/// A test site that `reap` may take.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExpiredSite {
    /// The site.
    pub site: SiteName,
    /// When its time was up.
    pub expired_at: Timestamp,
    /// What of it still exists, by id.
    pub objects: Vec<String>,
    /// What of it is billed by the hour, by kind.
    pub billed: BTreeMap<String, usize>,
}

/// A site that may be expired and that `reap` leaves alone: a person shall decide.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DoubtfulSite {
    /// What the tag says; perhaps not the name of a site.
    pub site: String,
    /// What exists of it, by id.
    pub objects: Vec<String>,
    /// Why it is left alone, with ids.
    pub because: String,
}

/// What `reap` finds in one Region.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Expiry {
    /// Test sites whose time is up, by name.
    pub expired: Vec<ExpiredSite>,
    /// Sites whose tags are no ground to remove anything.
    pub doubtful: Vec<DoubtfulSite>,
}

impl ExpiredSite {
    /// USD per hour that it costs, by the price of `region`.
    pub fn hourly_usd(&self, prices: &Prices, region: &crate::spec::Region) -> f64 {
        let usd = self.billed.iter().map(|(kind, count)| {
            // A count of connections is far below the 2^52 where f64 stops counting.
            let count = u32::try_from(*count).unwrap_or(u32::MAX);
            prices.hourly_usd(kind, region).unwrap_or(0.0) * f64::from(count)
        });
        usd.fold(0.0, |sum, usd| sum + usd)
    }
}

/// The sites whose time is up at `now`, which is AWS's time, and those of which nobody can tell.
///
/// Never one of production, nor a test site that does not expire. A site of which a single object
/// lacks a tag, or says something else than the others, is doubtful: then a person has touched it,
/// and a person shall decide. Where expiries differ, the latest counts: objects that were made
/// later live longer.
pub fn expired(view: &View, now: Timestamp) -> Expiry {
    let mut sites: BTreeMap<&str, Vec<(&str, &Tags)>> = BTreeMap::new();
    for (id, tags) in tagged(view) {
        if let Some(site) = tags.get(TAG_SITE) {
            sites.entry(site).or_default().push((id, tags));
        }
    }
    let mut found = Expiry::default();
    for (site, objects) in sites {
        match age(site, &objects) {
            Ok(None) => {}
            Ok(Some((_, at))) if at > now => {}
            Ok(Some((site, expired_at))) => found.expired.push(ExpiredSite {
                site,
                expired_at,
                billed: billed(&objects, view),
                objects: ids(&objects),
            }),
            Err(because) => found.doubtful.push(DoubtfulSite {
                site: site.to_owned(),
                objects: ids(&objects),
                because,
            }),
        }
    }
    found
}

/// How many of each kind of object there are, as far as the kind has a price by the hour.
fn billed(objects: &[(&str, &Tags)], view: &View) -> BTreeMap<String, usize> {
    let mut billed = BTreeMap::new();
    for (id, _) in objects {
        let connection = id.parse().ok();
        let connection = connection.and_then(|id| view.vpn_connections.get(&id));
        let port = id.parse().ok();
        let port = port.and_then(|id| view.dx_connections.get(&id));
        let kind = match (connection, port) {
            (Some(connection), _) => kind_of(connection).to_owned(),
            // As the price list has it: by its speed.
            (_, Some(port)) if !port.is_hosted() => format!("dx_connection {}", port.bandwidth),
            _ if id.starts_with("tgw-attach-") => "transit_gateway_vpc_attachment".to_owned(),
            _ => continue,
        };
        *billed.entry(kind).or_default() += 1;
    }
    billed
}

fn ids(objects: &[(&str, &Tags)]) -> Vec<String> {
    objects.iter().map(|(id, _)| (*id).to_owned()).collect()
}

/// A test site with its end; none for one that has no end, or why nobody can tell.
fn age(site: &str, objects: &[(&str, &Tags)]) -> Result<Option<(SiteName, Timestamp)>, String> {
    let production = Environment::Production.as_str();
    let test = Environment::Test.as_str();
    if said(objects, TAG_ENVIRONMENT).all(|(_, says)| says == Some(production)) {
        return Ok(None);
    }
    if let Some((id, says)) = said(objects, TAG_ENVIRONMENT).find(|(_, says)| *says != Some(test)) {
        return Err(words(
            id,
            TAG_ENVIRONMENT,
            says,
            "all that belongs to a test site says test",
        ));
    }
    let name: SiteName = site
        .parse()
        .map_err(|_| format!("`{}` is not the name of a site", site.escape_debug()))?;
    let ends = |says: Option<&str>| !matches!(says, None | Some(NEVER_EXPIRES));
    if said(objects, TAG_EXPIRES_AT).all(|(_, says)| !ends(says)) {
        return Ok(None);
    }
    if let Some((id, says)) = said(objects, TAG_EXPIRES_AT).find(|(_, says)| !ends(*says)) {
        return Err(words(id, TAG_EXPIRES_AT, says, "others of the site expire"));
    }
    let mut last: Option<Timestamp> = None;
    for (id, says) in said(objects, TAG_EXPIRES_AT) {
        let at = says
            .and_then(|says| says.parse().ok())
            .ok_or_else(|| words(id, TAG_EXPIRES_AT, says, "that is no point in time"))?;
        last = last.max(Some(at));
    }
    // Whoever copies tags by hand seldom copies all of them.
    for key in [TAG_RUN, TAG_STEP] {
        let wrong = |says: Option<&str>| {
            says.is_none_or(|says| key == TAG_RUN && Ulid::from_string(says).is_err())
        };
        if let Some((id, says)) = said(objects, key).find(|(_, says)| wrong(*says)) {
            return Err(words(id, key, says, "underpass did not make it"));
        }
    }
    Ok(last.map(|at| (name, at)))
}

/// What each object says under a key.
fn said<'a>(
    objects: &'a [(&'a str, &'a Tags)],
    key: &'static str,
) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
    objects
        .iter()
        .map(move |(id, tags)| (*id, tags.get(key).map(String::as_str)))
}

fn words(id: &str, key: &str, says: Option<&str>, because: &str) -> String {
    match says {
        None => format!("{id} has no tag `{key}`: {because}"),
        Some(says) => format!("{id} has `{key}` = `{}`: {because}", says.escape_debug()),
    }
}
