//! What AWS sees: every call with its fate, judged as it happens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;
use underpass::resource::{TAG_SITE, TAG_STEP};
use underpass::sandbox::{Call, Delivery, Region, Request, Sandbox, Witness, World};

use super::body::Body;
use super::buckets::Buckets;
use super::check::Broken;
use super::script::{Side, Trouble};
use super::stranger::{self, Done, REGION, SOMEBODY};
use super::timeline::Timeline;

/// How old AWS's telemetry may be, with every fault that delays news.
const NEWS: SignedDuration = SignedDuration::from_secs(90);

/// The sandbox's witness.
#[derive(Debug)]
pub(crate) struct Watch {
    timeline: Timeline,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// The process whose calls are counted, and the site that somebody meddles with.
    body: Option<(Arc<Body>, String)>,
    buckets: Buckets,
    /// Which tunnels of a connection were up before a change of one of them.
    up: Option<Tunnels>,
    meddled: Vec<Done>,
    broken: Option<Broken>,
    calls: u64,
    /// Whether another process makes calls as well.
    shared: bool,
}

/// A change of one tunnel of a connection that is about to happen.
#[derive(Clone, Debug)]
struct Tunnels {
    connection: String,
    this_up: bool,
    other_up: bool,
}

impl Watch {
    /// A witness that tells what it sees.
    pub(crate) fn new(timeline: Timeline) -> Self {
        Self {
            timeline,
            seen: Mutex::default(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the calls of this process from now on; `site` is what somebody may meddle with.
    pub(crate) fn follow(&self, body: Option<(Arc<Body>, String)>) {
        let mut seen = self.seen();
        seen.body = body;
        seen.shared = false;
    }

    /// Another process makes calls as well until the next is followed.
    pub(crate) fn share(&self) {
        self.seen().shared = true;
    }

    /// The first rule that a call broke.
    pub(crate) fn broken(&self) -> Option<Broken> {
        self.seen().broken.clone()
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> u64 {
        self.seen().calls
    }

    /// What somebody else has done, from now on forgotten.
    pub(crate) fn take_meddled(&self) -> Vec<Done> {
        std::mem::take(&mut self.seen().meddled)
    }

    fn break_rule(&self, rule: &'static str, what: String) {
        let broken = Broken { rule, what };
        self.timeline.say("BROKEN", format_args!("{broken}"));
        self.seen().broken.get_or_insert(broken);
    }

    fn meddle(&self, sandbox: &Sandbox, body: &Body, site: &str) {
        let nth = body.calls();
        for trouble in &body.troubles {
            if let Trouble::Meddle(at, deed) = trouble
                && *at == nth
                && let Some(done) = stranger::meddle(sandbox, site, *deed)
            {
                self.timeline.say("stranger", format_args!("{}", done.what));
                self.seen().meddled.push(done);
            }
        }
    }

    /// Judges an answered call of ours.
    fn judge(&self, sandbox: &Sandbox, call: &Call) {
        if !matches!(call.outcome.as_str(), "ok" | "lost") || call.dry_run || !call.mutating {
            return;
        }
        let resource = call.resource.as_deref().unwrap_or_default();
        let wrong = sandbox.inspect(|world, now| {
            let region = world.regions.get(REGION)?;
            match call.action.as_str() {
                "CreateCustomerGateway"
                | "CreateVpnGateway"
                | "CreateVpnConnection"
                | "CreateTransitGateway"
                | "CreateTransitGatewayVpcAttachment" => {
                    untagged(region, resource, call).or_else(|| doubled(region, now))
                }
                _ => None,
            }
        });
        if let Some((rule, what)) = wrong {
            self.break_rule(rule, what);
        }
        let up = self.seen().up.take();
        if let Some(up) = up.filter(|up| up.connection == resource)
            && up.this_up
            && !up.other_up
        {
            let what = format!("{resource}: its one tunnel that was up was taken down");
            self.break_rule("both tunnels down", what);
        }
    }
}

impl Witness for Watch {
    fn arrives(&self, sandbox: &Sandbox, request: &Request, action: &str) -> Delivery {
        if request.access_key == SOMEBODY {
            return Delivery::Through;
        }
        let body = self.seen().body.clone();
        if let Some((body, site)) = body {
            if body.is_dead() {
                return Delivery::Never;
            }
            let last = body.call(is_mutating(action));
            self.meddle(sandbox, &body, &site);
            // With two processes at once nobody can tell whose call it is.
            if is_mutating(action) && !self.seen().shared && !body.intents().make(action) {
                let what = format!("{action} is made without an intent of its own");
                self.break_rule("intent", what);
            }
            if last == Some(Side::Before) {
                body.die(format_args!("before {action} reaches AWS"));
                return Delivery::Never;
            }
        }
        if action == "ModifyVpnTunnelOptions" {
            let up = sandbox.inspect(|world, now| about_to_change(world, request, now));
            self.seen().up = up;
        }
        Delivery::Through
    }

    fn answered(&self, sandbox: &Sandbox, request: &Request, call: &Call) -> Delivery {
        if request.access_key == SOMEBODY {
            return Delivery::Through;
        }
        let within = {
            let mut seen = self.seen();
            seen.calls += 1;
            seen.buckets.take(&call.action, call.at)
        };
        let about = call.resource.as_deref().unwrap_or("");
        let outcome = &call.outcome;
        // Looks that go well are many and say nothing.
        if call.mutating || outcome != "ok" {
            let text = format_args!("{} {about} -> {outcome}", call.action);
            self.timeline.say("  call", text);
        }
        if !within {
            let what = format!("{} is one call more than EC2 allows", call.action);
            self.break_rule("calls", what);
        }
        self.judge(sandbox, call);
        let body = self.seen().body.clone();
        if let Some((body, _)) = &body
            && outcome == "RequestLimitExceeded"
        {
            body.intents().throttled(&call.action);
        }
        if let Some((body, _)) = body
            && body.last_call_is_fatal()
        {
            body.die(format_args!("after {} had its effect", call.action));
            return Delivery::Never;
        }
        Delivery::Through
    }
}

fn is_mutating(action: &str) -> bool {
    let looks = ["Describe", "Get", "Search"];
    !looks.iter().any(|it| action.starts_with(it))
}

/// Whether what a call of ours has just made lacks our tags.
fn untagged(region: &Region, id: &str, call: &Call) -> Option<(&'static str, String)> {
    let (tags, made) = objects(region)
        .find(|(of, ..)| of == id)
        .map(|(_, tags, life)| (tags, life.created_at))?;
    let ours = tags.contains_key(TAG_SITE) && tags.contains_key(TAG_STEP);
    // A create may be answered with what exists; that is not made, and stays whose it is.
    (made == call.at && !ours).then(|| {
        (
            "untagged",
            format!("{} made {id} without our tags", call.action),
        )
    })
}

/// Whether two objects carry the tags of one step of one site.
pub(crate) fn doubled(region: &Region, now: jiff::Timestamp) -> Option<(&'static str, String)> {
    let mut of_step: BTreeMap<(&str, &str), String> = BTreeMap::new();
    for (id, tags, life) in objects(region) {
        let (Some(site), Some(step)) = (tags.get(TAG_SITE), tags.get(TAG_STEP)) else {
            continue;
        };
        if life.is_wanted(now)
            && let Some(other) = of_step.insert((site, step), id.clone())
        {
            let what = format!("{other} and {id} are both {step} of {site}");
            return Some(("doubled", what));
        }
    }
    None
}

/// Everything in a Region that carries tags of ours: id, tags, life.
pub(crate) fn objects(
    region: &Region,
) -> impl Iterator<
    Item = (
        String,
        &underpass::sandbox::Tags,
        &underpass::sandbox::Lifecycle,
    ),
> {
    let customers = region.customer_gateways.values();
    let gateways = region.vpn_gateways.values();
    let connections = region.vpn_connections.values();
    let hubs = region.transit_gateways.values();
    // A connection's attachment is made and removed with it, and has no tags.
    let attachments = region.transit_attachments.values();
    let attachments = attachments.filter(|it| it.vpn().is_none());
    customers
        .map(|it| (it.id.to_string(), &it.tags, &it.life))
        .chain(gateways.map(|it| (it.id.to_string(), &it.tags, &it.life)))
        .chain(connections.map(|it| (it.id.to_string(), &it.tags, &it.life)))
        .chain(hubs.map(|it| (it.id.to_string(), &it.tags, &it.life)))
        .chain(attachments.map(|it| (it.id.to_string(), &it.tags, &it.life)))
}

/// Which tunnels are up before a request that changes one of them.
fn about_to_change(world: &World, request: &Request, now: jiff::Timestamp) -> Option<Tunnels> {
    let field = |name: &str| {
        let mut form = form_urlencoded::parse(request.body.as_bytes());
        form.find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let id = field("VpnConnectionId")?;
    let outside = field("VpnTunnelOutsideIpAddress")?;
    let region = world.regions.get(REGION)?;
    let mut connections = region.vpn_connections.values();
    let connection = connections.find(|it| it.id.to_string() == id)?;
    let this = usize::from(connection.tunnels[0].outside_ip.to_string() != outside);
    let up = world.tunnels_up(region, connection, now);
    // What came up a moment ago is shown as down: AWS's telemetry lags, and nobody can know.
    let before = world.tunnels_up(region, connection, now.saturating_sub(NEWS).ok()?);
    Some(Tunnels {
        connection: id,
        this_up: up[this] && before[this],
        other_up: up[1 - this],
    })
}
