//! One call: from the request to the document that answers it.

use std::collections::BTreeMap;
use std::sync::MutexGuard;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::bucket::{Buckets, Group};
use super::calls::{self, Action, Body, Context, Done};
use super::consistency::Veils;
use super::error::{ApiError, SandboxError};
use super::fault::{self, Asked, Caller, Fate, FaultState, Injected, Trouble};
use super::lifecycle;
use super::protocol::{self, DIRECT_CONNECT, Protocol};
use super::sandbox::Call;
use super::seed;
use super::store::{Lock, Store};
use super::wire::{Params, Reply, Request};
use super::world::World;
use super::xml::Xml;
use crate::clock::{Clock, IdSource};

const EC2_NAMESPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";
const STS_NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// The region of requests whose credential scope names none.
const NO_REGION: &str = "us-east-1";
/// The part of the token buckets that a busy account leaves to the caller.
const OURS: f64 = 0.1;

/// What a process keeps of a sandbox between calls.
pub(super) struct State {
    pub(super) world: World,
    pub(super) faults: FaultState,
    pub(super) veils: Veils,
    pub(super) buckets: Buckets,
    pub(super) calls: Vec<Call>,
    pub(super) store: Option<Store>,
    /// The world's time when it differs from the clock's: another process was ahead.
    pub(super) ahead: SignedDuration,
}

/// The state, with the file locked and read.
pub(super) struct Session<'a> {
    pub(super) state: MutexGuard<'a, State>,
    pub(super) now: Timestamp,
    pub(super) _lock: Option<Lock>,
}

/// A call's result, with what the faults make of it.
pub(super) struct Answered {
    pub(super) outcome: Result<Done, ApiError>,
    pub(super) mutating: bool,
    /// What was injected, if that made a difference.
    pub(super) injected: Option<Injected>,
    /// What is said although the call took effect.
    pub(super) excuse: Option<ApiError>,
    /// The world's time until the reply.
    pub(super) latency: Duration,
    /// Real time until the reply, besides.
    pub(super) spike: Duration,
}

impl Answered {
    fn refused(error: ApiError) -> Self {
        Self {
            outcome: Err(error),
            mutating: false,
            injected: None,
            excuse: None,
            latency: Duration::ZERO,
            spike: Duration::ZERO,
        }
    }

    /// Whether the connection breaks instead of a reply.
    pub(super) fn is_lost(&self) -> bool {
        matches!(self.injected, Some(Injected::Reset | Injected::LostReply))
    }
}

impl Session<'_> {
    pub(super) fn answer(
        &mut self,
        request: &Request,
        form: &BTreeMap<String, String>,
        ids: &IdSource,
    ) -> Answered {
        let action = match find(request, form) {
            Ok(action) => action,
            Err(error) => return Answered::refused(error),
        };
        let fate = self.state.faults.decide(&Asked {
            action: action.name,
            mutating: action.is_mutating(),
            body: &request.body,
            now: self.now,
        });
        // Nobody throttles STS in the sandbox, nor does it fail by chance.
        let injected = fate.injected.filter(|injected| {
            action.group != Group::Unlimited
                || matches!(injected, Injected::Denied | Injected::Expired)
        });
        let outcome = match injected {
            Some(injected) if !injected.takes_effect() => {
                Err(self.failure(request, form, action, injected))
            }
            _ => self.run(request, form, ids, action, fate),
        };
        // A refusal is delivered: only the reply to an effect leaves a client in doubt.
        let took_effect = outcome.is_ok();
        let injected = injected.filter(|injected| took_effect || !injected.takes_effect());
        let excuse = injected
            .filter(|_| took_effect)
            .and_then(|injected| fault::error(injected, &self.caller(request, form, action)));
        let busy = action.group != Group::Unlimited
            && self.state.faults.faults.has(Trouble::BusyAccount)
            && matches!(&outcome, Err(error) if error.code == "RequestLimitExceeded");
        Answered {
            injected: injected.or(busy.then_some(Injected::Throttled)),
            excuse,
            outcome,
            mutating: action.is_mutating(),
            latency: fate.latency,
            spike: fate.spike,
        }
    }

    fn run(
        &mut self,
        request: &Request,
        form: &BTreeMap<String, String>,
        ids: &IdSource,
        action: &'static Action,
        fate: Fate,
    ) -> Result<Done, ApiError> {
        self.admit(request, action)?;
        let outcome = self.act(region_of(request), form, ids, action, fate);
        if action.service == DIRECT_CONNECT && action.is_mutating() {
            let world = &mut self.state.world;
            world.direct_connect.tell(&mut world.regions);
        }
        outcome
    }

    /// Takes a token from the action's bucket.
    fn admit(&mut self, request: &Request, action: &Action) -> Result<(), ApiError> {
        let state = &mut *self.state;
        let share = if state.faults.faults.has(Trouble::BusyAccount) {
            OURS
        } else {
            1.0
        };
        let whose = (request.access_key.as_str(), region_of(request));
        match state.buckets.take(whose, action.group, share, self.now) {
            true => Ok(()),
            false => Err(ApiError::throttled()),
        }
    }

    fn act(
        &mut self,
        region: &str,
        form: &BTreeMap<String, String>,
        ids: &IdSource,
        action: &'static Action,
        fate: Fate,
    ) -> Result<Done, ApiError> {
        let state = &mut *self.state;
        let faults = &state.faults.faults;
        let account = state.world.account.clone();
        let World {
            regions,
            site,
            direct_connect: direct,
            ..
        } = &mut state.world;
        let region = regions
            .entry(region.to_owned())
            .or_insert_with(|| seed::region(region));
        let now = lifecycle::earlier(self.now, fate.back);
        let (mut past, mut past_direct) = (None, None);
        let veils = &mut state.veils;
        if !action.is_mutating() {
            past = veils.seen_by(action.name, region, now);
            past_direct = veils.direct_seen_by(action.name, direct, now);
        } else if !is_dry(form)
            && let Some(refusal) = veils
                .refusal(action.name, form, region, now)
                .or_else(|| veils.direct_refusal(action.name, form, direct, now))
        {
            return Err(refusal);
        }
        let noted = action.is_mutating() && Veils::are_wanted(faults, fate.injected);
        let before = noted.then(|| (region.clone(), direct.clone()));
        let mut context = Context {
            region: past.as_mut().unwrap_or(region),
            account: &account,
            site,
            direct: past_direct.as_mut().unwrap_or(direct),
            now,
            action,
            params: Params::new(form),
            ids,
            faults,
        };
        let outcome = (action.run)(&mut context);
        if let Some((before, direct_before)) = before {
            veils.note(&before, region, faults, fate.injected, now);
            veils.note_direct(&direct_before, direct, faults, fate.injected, now);
        }
        outcome
    }

    fn caller<'a>(
        &'a self,
        request: &'a Request,
        form: &'a BTreeMap<String, String>,
        action: &'a Action,
    ) -> Caller<'a> {
        Caller {
            service: action.service,
            region: region_of(request),
            account: &self.state.world.account,
            action: action.name,
            resource_type: action.resource_type,
            form,
        }
    }

    fn failure(
        &self,
        request: &Request,
        form: &BTreeMap<String, String>,
        action: &Action,
        injected: Injected,
    ) -> ApiError {
        // A connection that breaks has no words; this is for the list of calls.
        fault::error(injected, &self.caller(request, form, action))
            .unwrap_or_else(|| ApiError::with_status(0, "reset", ""))
    }

    pub(super) fn save(&mut self, wall: &Clock) -> Result<(), SandboxError> {
        let now = self.now;
        let state = &mut *self.state;
        match &mut state.store {
            Some(store) => store.save(&state.world, now, wall.now()),
            None => Ok(()),
        }
    }
}

fn is_dry(form: &BTreeMap<String, String>) -> bool {
    let flag = form.get("DryRun");
    flag.is_some_and(|flag| flag.eq_ignore_ascii_case("true"))
}

/// The action that a request asks for.
fn find(request: &Request, form: &BTreeMap<String, String>) -> Result<&'static Action, ApiError> {
    if request.access_key.is_empty() {
        return Err(if request.service == "sts" || is_sts(form) {
            ApiError::with_status(
                403,
                "MissingAuthenticationToken",
                "Request is missing Authentication Token",
            )
        } else {
            ApiError::with_status(
                401,
                "AuthFailure",
                "AWS was not able to validate the provided access credentials",
            )
        });
    }
    let service = protocol::operation(&request.path).map_or(&*request.service, |(its, _)| its);
    let name = form
        .get("Action")
        .filter(|name| !name.is_empty())
        .ok_or_else(|| ApiError::new("MissingAction", "The request does not contain an action"))?;
    calls::action(service, name).ok_or_else(|| {
        ApiError::new(
            "InvalidAction",
            format!("The action {name} is not valid for this web service."),
        )
    })
}

/// Unsigned requests have no scope to tell the service by; STS has its own API version.
fn is_sts(form: &BTreeMap<String, String>) -> bool {
    form.get("Version")
        .is_some_and(|version| version == "2011-06-15")
}

pub(super) fn region_of(request: &Request) -> &str {
    let plausible = !request.region.is_empty()
        && request.region.len() <= 32
        && request
            .region
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if plausible {
        &request.region
    } else {
        NO_REGION
    }
}

pub(super) fn reply(
    request: &Request,
    action: &str,
    request_id: &str,
    outcome: &Result<Done, ApiError>,
) -> Reply {
    let protocol = Protocol::of(&request.path);
    if protocol != Protocol::Query {
        return in_documents(protocol, request_id, outcome);
    }
    let sts = request.service == "sts";
    let (status, body) = match outcome {
        Ok(done) => (200, document(sts, action, request_id, &done.body)),
        Err(error) if sts => (error.status, error.sts_document(request_id)),
        Err(error) => (error.status, error.ec2_document(request_id)),
    };
    let mut reply = Reply::new(status, "text/xml;charset=UTF-8", body);
    reply
        .headers
        .push(("x-amzn-requestid".to_owned(), request_id.to_owned()));
    reply
}

fn in_documents(protocol: Protocol, request_id: &str, outcome: &Result<Done, ApiError>) -> Reply {
    match outcome {
        Ok(Done {
            body: Body::Json(document),
            ..
        }) => protocol::reply(protocol, request_id, Ok(document)),
        // No action of these protocols answers in XML.
        Ok(_) => protocol::reply(protocol, request_id, Ok(&serde_json::Value::Null)),
        Err(error) => {
            let error = protocol::worded(error.clone());
            protocol::reply(protocol, request_id, Err(&error))
        }
    }
}

fn document(sts: bool, action: &str, request_id: &str, body: &Body) -> Vec<u8> {
    let Body::Xml(body) = body else {
        return Vec::new();
    };
    let mut xml = Xml::document();
    let root = format!("{action}Response");
    if sts {
        xml.root(&root, STS_NAMESPACE, |xml| {
            xml.part(body).within("ResponseMetadata", |xml| {
                xml.text("RequestId", request_id);
            });
        });
    } else {
        xml.root(&root, EC2_NAMESPACE, |xml| {
            xml.text("requestId", request_id).part(body);
        });
    }
    xml.into_bytes()
}
