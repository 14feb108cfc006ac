//! The sandbox itself: one call from end to end.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::Ipv4Net;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::bucket::Buckets;
use super::consistency::Veils;
use super::control;
use super::error::{ApiError, SandboxError};
use super::fault::{FaultState, Faults, Injected, Stuck};
use super::ids;
use super::protocol;
use super::seed;
use super::session::{self, Answered, Session, State};
use super::site::SiteGateway;
use super::store::{Saved, Store};
use super::telemetry::GatewaySim;
use super::wire::{Reply, Request};
use super::witness::{Delivery, Witness};
use super::world::World;
use crate::clock::{Clock, IdSource};

/// An AWS account that exists in this process, or in a file that processes share.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

/// How a sandbox is opened.
#[derive(Debug)]
pub struct SandboxOptions {
    /// Its time; the scale says how fast things happen.
    pub clock: Clock,
    /// Where ids, keys and orders come from.
    pub ids: IdSource,
    /// What goes wrong.
    pub faults: Faults,
    /// Where the world is kept; in memory without it.
    pub file: Option<PathBuf>,
    /// What the sites' routers do. In a world that exists already, `Offline` (the default) leaves
    /// them as they are.
    pub gateway: GatewaySim,
}

/// A call that was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    /// The world's time.
    pub at: Timestamp,
    /// The region that it was for.
    pub region: String,
    /// Its action.
    pub action: String,
    /// Whether it is one that changes things.
    pub mutating: bool,
    /// Whether it was a dry run.
    pub dry_run: bool,
    /// `ok`, `lost` when it had its effect and the reply was lost, `reset` when it never arrived,
    /// or the error's code.
    pub outcome: String,
    /// The request id of the reply.
    pub request_id: String,
    /// What it was about, when it changed something or found it already there.
    pub resource: Option<String>,
    /// Whether it changed the world, whatever was said.
    pub effect: bool,
    /// The fault that hit it.
    pub injected: Option<Injected>,
}

struct Inner {
    /// Runs in the world's time.
    clock: Clock,
    /// Dates the file, so that the next process knows how long it slept.
    wall: Clock,
    ids: IdSource,
    state: Mutex<State>,
    witness: Mutex<Option<Arc<dyn Witness>>>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sandbox").finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Opens the world in the file, or the default world.
    ///
    /// The time of a world from a file goes on from where it stood, by the time that has passed on
    /// the wall since, at the clock's scale: what was pending matures meanwhile.
    pub fn open(options: SandboxOptions) -> Result<Self, SandboxError> {
        let wall = Clock::system();
        let mut store = options.file.map(Store::new).transpose()?;
        let lock = store.as_ref().map(Store::lock).transpose()?;
        if let (Some(store), Some(lock)) = (&store, &lock) {
            store.sweep(lock)?;
        }
        let saved = store.as_mut().map(Store::load).transpose()?.flatten();
        let (world, clock) = match saved {
            Some(saved) => {
                let now = continued(&saved, &wall, options.clock.scale());
                let clock = Clock::starting_at(now, options.clock.scale());
                let mut world = saved.world;
                if options.gateway != GatewaySim::Offline
                    && world.site.default.sim != options.gateway
                {
                    world.site.default = SiteGateway {
                        sim: options.gateway,
                        since: now,
                    };
                }
                (world, clock)
            }
            None => (
                seed::world(options.gateway, options.clock.now()),
                options.clock,
            ),
        };
        if let Some(store) = &mut store {
            store.save(&world, clock.now(), wall.now())?;
        }
        drop(lock);
        let state = State {
            world,
            faults: FaultState::new(options.faults, clock.now()),
            veils: Veils::default(),
            buckets: Buckets::default(),
            calls: Vec::new(),
            store,
            ahead: SignedDuration::ZERO,
        };
        Ok(Self(Arc::new(Inner {
            clock,
            wall,
            ids: options.ids,
            state: Mutex::new(state),
            witness: Mutex::default(),
        })))
    }

    /// Answers a request. Takes no time: what the caller has to wait for stands in the reply.
    pub fn handle(&self, request: &Request) -> Reply {
        if let Some(path) = request.path.strip_prefix("/_underpass/") {
            return control::answer(self, path, &request.body);
        }
        let form = match protocol::form(request) {
            Ok(form) => form,
            Err(error) => return self.refuse(request, &error),
        };
        let action = form.get("Action").cloned().unwrap_or_default();
        let witness = self.witness();
        if let Some(witness) = &witness
            && witness.arrives(self, request, &action) == Delivery::Never
        {
            return Reply::silence();
        }
        let (reply, call) = self.answer(request, &form, action);
        match (witness, call) {
            (Some(witness), Some(call))
                if witness.answered(self, request, &call) == Delivery::Never =>
            {
                Reply::silence()
            }
            _ => reply,
        }
    }

    /// Answers a request for an action; a world that cannot be read logs no call.
    fn answer(
        &self,
        request: &Request,
        form: &BTreeMap<String, String>,
        action: String,
    ) -> (Reply, Option<Call>) {
        let request_id = ids::uuid(&self.0.ids);
        let mut session = match self.session() {
            Ok(session) => session,
            Err(error) => {
                let error = ApiError::with_status(500, "InternalError", error.to_string());
                return (session::reply(request, "", &request_id, &Err(error)), None);
            }
        };
        let before = (session.state.store.is_some()).then(|| session.state.world.clone());
        let mut answered = session.answer(request, form, &self.0.ids);
        if protocol::operation(&request.path).is_some() {
            answered.outcome = answered.outcome.map_err(protocol::worded);
            answered.excuse = answered.excuse.map(protocol::worded);
        }
        let lost = answered.is_lost();
        let Answered {
            mut outcome,
            mutating,
            injected,
            excuse,
            latency,
            spike,
        } = answered;
        if outcome.as_ref().is_ok_and(|done| done.effect) {
            let now = session.now;
            session.state.world.sweep(now);
            if let Err(error) = session.save(&self.0.wall) {
                // What is not on disk has not happened.
                if let Some(before) = before {
                    session.state.world = before;
                }
                outcome = Err(ApiError::with_status(
                    500,
                    "InternalError",
                    error.to_string(),
                ));
            }
        }
        let effect = outcome.as_ref().is_ok_and(|done| done.effect);
        let resource = outcome.as_ref().ok().and_then(|done| done.resource.clone());
        if let (Some(excuse), Ok(_)) = (excuse, &outcome) {
            outcome = Err(excuse);
        }
        let mut reply = session::reply(request, &action, &request_id, &outcome);
        reply.headers.push(("date".to_owned(), date(session.now)));
        reply.delay = latency.div_f64(self.0.clock.scale()) + spike;
        reply.lost = lost;
        let call = Call {
            at: session.now,
            region: session::region_of(request).to_owned(),
            mutating,
            dry_run: form
                .get("DryRun")
                .is_some_and(|flag| flag.eq_ignore_ascii_case("true")),
            outcome: match &outcome {
                Ok(_) if lost => "lost".to_owned(),
                Ok(_) => "ok".to_owned(),
                Err(error) => error.code.clone(),
            },
            action,
            request_id,
            resource,
            effect,
            injected,
        };
        session.state.calls.push(call.clone());
        (reply, Some(call))
    }

    /// Lets somebody watch every call from now on.
    pub fn set_witness(&self, witness: Arc<dyn Witness>) {
        *self
            .0
            .witness
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(witness);
    }

    fn witness(&self) -> Option<Arc<dyn Witness>> {
        let witness = self.0.witness.lock();
        witness.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The answer to a request that did not get as far as being looked at.
    pub(super) fn refuse(&self, request: &Request, error: &ApiError) -> Reply {
        session::reply(request, "", &ids::uuid(&self.0.ids), &Err(error.clone()))
    }

    /// The calls that this process has answered, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// A copy of everything that exists. In a shared world, as last read when the file is not
    /// readable.
    pub fn world(&self) -> World {
        match self.session() {
            Ok(session) => session.state.world.clone(),
            Err(_) => self.lock().world.clone(),
        }
    }

    /// Looks at everything that exists, at the world's time, without a copy. `look` must not ask
    /// the sandbox anything itself.
    pub fn inspect<T>(&self, look: impl FnOnce(&World, Timestamp) -> T) -> T {
        let now = self.now();
        match self.session() {
            Ok(session) => look(&session.state.world, session.now),
            Err(_) => look(&self.lock().world, now),
        }
    }

    /// Changes the world behind the API's back, as somebody else would.
    pub fn edit(&self, change: impl FnOnce(&mut World)) {
        // A file that cannot be written shows in the next call.
        if let Ok(mut session) = self.session() {
            let before = session.state.world.clone();
            change(&mut session.state.world);
            if session.state.world != before {
                drop(session.save(&self.0.wall));
            }
        }
    }

    /// Plays the router at an address; without one, every router. A router that does so already
    /// goes on undisturbed.
    pub fn set_gateway(&self, customer_ip: Option<IpAddr>, sim: GatewaySim) {
        let now = self.now();
        self.edit(|world| {
            let site = &mut world.site;
            let known = site.gateway(customer_ip);
            let gateways: Vec<&mut SiteGateway> = match customer_ip {
                Some(ip) => vec![site.gateways.entry(ip).or_insert(known)],
                None => site
                    .gateways
                    .values_mut()
                    .chain([&mut site.default])
                    .collect(),
            };
            for gateway in gateways {
                if gateway.sim != sim {
                    *gateway = SiteGateway { sim, since: now };
                }
            }
        });
    }

    /// Sets the prefixes that the router at an address announces by BGP; 10.20.0.0/24 until then.
    pub fn set_lan(&self, customer_ip: IpAddr, prefixes: Vec<Ipv4Net>) {
        self.edit(|world| {
            world.site.lans.insert(customer_ip, prefixes);
        });
    }

    /// Replaces the faults; counts of scripted ones start anew, and a gateway that would have been
    /// `detaching` for ever is detached a minute later.
    pub fn set_faults(&self, faults: Faults) {
        let now = self.now();
        if faults.stuck_detach != Some(Stuck::Forever) {
            self.edit(|world| world.free_what_is_stuck(now));
        }
        self.lock().faults = FaultState::new(faults, now);
    }

    /// The clock that the world runs on.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The world's time: the clock's, unless another process that shares the world was ahead.
    pub fn now(&self) -> Timestamp {
        let ahead = self.lock().ahead;
        self.0
            .clock
            .now()
            .checked_add(ahead)
            .unwrap_or(Timestamp::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn session(&self) -> Result<Session<'_>, SandboxError> {
        let inner = &*self.0;
        let mut state = self.lock();
        let lock = state.store.as_ref().map(Store::lock).transpose()?;
        if let Some(saved) = state.store.as_mut().map(Store::load).transpose()?.flatten() {
            let theirs = continued(&saved, &inner.wall, inner.clock.scale());
            state.ahead = state.ahead.max(theirs.duration_since(inner.clock.now()));
            state.world = saved.world;
        }
        let now = inner
            .clock
            .now()
            .checked_add(state.ahead)
            .unwrap_or(Timestamp::MAX);
        Ok(Session {
            state,
            now,
            _lock: lock,
        })
    }
}

/// The world's time as an HTTP header tells it (RFC 9110).
fn date(now: Timestamp) -> String {
    now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The time of a saved world now: it went on at this process's scale.
fn continued(saved: &Saved, wall: &Clock, scale: f64) -> Timestamp {
    let slept = wall.since(saved.wall_at).mul_f64(scale);
    super::lifecycle::later(saved.world_at, slept)
}
