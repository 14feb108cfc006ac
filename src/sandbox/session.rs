//! One call: from the request to the document that answers it.

use std::collections::BTreeMap;
use std::sync::MutexGuard;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::bucket::{Buckets, Group};
use super::calls::{self, Action, Context, Done};
use super::error::{ApiError, SandboxError};
use super::fault::{self, Caller, FaultState, Injected};
use super::sandbox::Call;
use super::store::{Lock, Store};
use super::wire::{Params, Reply, Request};
use super::world::World;
use super::xml::Xml;
use crate::clock::{Clock, IdSource};

const EC2_NAMESPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";
const STS_NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// The region of requests whose credential scope names none.
const NO_REGION: &str = "us-east-1";

/// What a process keeps of a sandbox between calls.
pub(super) struct State {
    pub(super) world: World,
    pub(super) faults: FaultState,
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
    pub(super) lost: bool,
    pub(super) latency: Duration,
}

impl Answered {
    fn refused(error: ApiError) -> Self {
        Self {
            outcome: Err(error),
            mutating: false,
            lost: false,
            latency: Duration::ZERO,
        }
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
        let fate = self.state.faults.decide(action.name, action.is_mutating());
        let failure = fate
            .fails
            .and_then(|injected| self.failure(request, action, injected));
        let outcome = match failure {
            Some(error) => Err(error),
            None => self.run(request, form, ids, action, fate.lag),
        };
        Answered {
            // A refusal is delivered: only the reply to an effect leaves a client in doubt.
            lost: fate.loses_reply && outcome.is_ok(),
            outcome,
            mutating: action.is_mutating(),
            latency: fate.latency,
        }
    }

    fn run(
        &mut self,
        request: &Request,
        form: &BTreeMap<String, String>,
        ids: &IdSource,
        action: &Action,
        lag: Duration,
    ) -> Result<Done, ApiError> {
        let now = self.now;
        let region = region_of(request);
        let state = &mut *self.state;
        if !state
            .buckets
            .take(&request.access_key, region, action.group, now)
        {
            return Err(ApiError::throttled());
        }
        let account = state.world.account.clone();
        state.world.region(region);
        let World { regions, site, .. } = &mut state.world;
        // Made just above when it was not there.
        let Some(region) = regions.get_mut(region) else {
            return Err(ApiError::with_status(
                500,
                "InternalError",
                "The region is gone.",
            ));
        };
        let mut context = Context {
            region,
            account: &account,
            site,
            now,
            lag,
            params: Params::new(form),
            ids,
            faults: &state.faults.faults,
        };
        (action.run)(&mut context)
    }

    fn failure(&self, request: &Request, action: &Action, injected: Injected) -> Option<ApiError> {
        let caller = Caller {
            service: action.service,
            region: region_of(request),
            account: &self.state.world.account,
            action: action.name,
            resource_type: action.resource_type,
        };
        // Nobody throttles STS in the sandbox, nor does it fail by chance.
        let chance = matches!(
            injected,
            Injected::Throttled | Injected::InternalError | Injected::Unavailable
        );
        if action.group == Group::Unlimited && chance {
            return None;
        }
        fault::error(injected, &caller)
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
    let name = form
        .get("Action")
        .filter(|name| !name.is_empty())
        .ok_or_else(|| ApiError::new("MissingAction", "The request does not contain an action"))?;
    calls::action(&request.service, name).ok_or_else(|| {
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

fn document(sts: bool, action: &str, request_id: &str, body: &Xml) -> Vec<u8> {
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
