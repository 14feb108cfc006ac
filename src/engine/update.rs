//! Changes in place, one call at a time, and never both tunnels at once.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::attempt::Attempt;
use super::cancel::CancelLevel;
use super::error::{Leftover, StepProblem};
use super::event::Event;
use super::retry::search_window;
use super::task::Task;
use super::wait::{Look, Wanted};
use super::worker::{StepDone, Worker};
use crate::aws::{Call, Telemetry, View};
use crate::resource::{Change, Finding, Goal, Seen};
use crate::spec::VpnConnectionId;

/// More calls than any update needs: tags, two tunnels, and as much again.
const CALLS: u32 = 8;

/// AWS's telemetry lags by minutes: a tunnel that never showed DOWN after its change counts as up
/// again only when it has been available for so long.
const SETTLED: Duration = Duration::from_secs(180);

impl Worker {
    /// Brings an existing object closer call by call, until its kind is content.
    pub(super) async fn update(&mut self, seen: Seen) -> Result<StepDone, StepProblem> {
        let task = Arc::clone(&self.task);
        let mut settled = !self.has_called() && task.is_ready(&seen.id).await?;
        let mut view = task.wait_until_ready(&seen.id, self.has_called()).await?;
        let mut searched = false;
        for _ in 0..CALLS {
            let Some(call) = task.next_update(&seen.id, &view)? else {
                return Ok(self.done(Change::Update, seen.id, &view));
            };
            if !searched && self.may_have_made(&call) {
                searched = true;
                view = self.search_for_change(&seen.id, &call).await?;
                continue;
            }
            if !settled && Tunnel::of(&call).is_some() {
                task.let_telemetry_settle(&seen.id).await?;
                settled = true;
                view = task.wait_until_ready(&seen.id, true).await?;
                continue;
            }
            let was_up;
            (view, was_up) = self.change(&seen.id, &call, &view).await?;
            // A tunnel that was shown as down has nothing to wait for. But both may have come up a
            // moment ago, and the other one may carry alone by now.
            settled &= was_up || Tunnel::of(&call).is_none();
        }
        Err(StepProblem::Unworkable {
            problem: format!(
                "{} still differs after {CALLS} calls: AWS accepts them without effect",
                seen.id
            ),
            help: None,
        })
    }

    /// Whether an earlier process may have made this very call, and AWS does not show it yet.
    fn may_have_made(&self, call: &Call) -> bool {
        let doubted = self.past.in_doubt();
        is_felt_twice(call)
            && doubted.is_some_and(|it| it.action == call.action() && it.about == call.describe())
    }

    /// Gives AWS the time to show a change that an earlier process may have made, and to finish it.
    async fn search_for_change(&self, id: &str, call: &Call) -> Result<Arc<View>, StepProblem> {
        let task = &self.task;
        let attempt = Attempt {
            call,
            goal: Goal::Ready,
            careful: true,
            at_rest: None,
            evidence: &|view| Ok((!task.wants(id, call, view)?).then(|| id.to_owned())),
            guard: None,
        };
        task.search(&attempt, search_window(call)).await?;
        task.wait_until_ready(id, true).await
    }

    /// Makes one call and waits until it shows; whether the tunnel that it changed was up.
    async fn change(
        &mut self,
        id: &str,
        call: &Call,
        view: &View,
    ) -> Result<(Arc<View>, bool), StepProblem> {
        let task = Arc::clone(&self.task);
        let tunnel = Tunnel::of(call);
        let was_up = match &tunnel {
            Some(tunnel) => tunnel.refuse_to_cut(view)?,
            None => false,
        };
        let asked_at = task.run.now();
        let still_safe = |view: &View| match &tunnel {
            Some(tunnel) => tunnel.refuse_to_cut(view).map(drop),
            None => Ok(()),
        };
        let attempt = Attempt {
            call,
            goal: Goal::Ready,
            careful: tunnel.is_some() || is_felt_twice(call),
            at_rest: Some(id),
            evidence: &|view| task.took_effect(id, call, view),
            guard: tunnel.is_some().then_some(&still_safe),
        };
        self.make(&attempt).await?;
        self.left = Leftover::Known(id.to_owned());
        let wanted = Wanted {
            goal: Goal::Ready,
            usual: task.kind.usual(Goal::Ready),
            twice: true,
            until: CancelLevel::Abandon,
        };
        let probe = |view: &View| match task.progress(Some(id), Goal::Ready, view)? {
            Look::There(()) if !task.wants(id, call, view)? => Ok(Look::There(())),
            Look::There(()) => Ok(Look::OnTheWay {
                object: id.to_owned(),
                state: "available, but still with the old settings".to_owned(),
            }),
            on_the_way @ Look::OnTheWay { .. } => Ok(on_the_way),
        };
        let ((), view) = task.wait(wanted, probe).await?;
        match tunnel {
            Some(tunnel) if was_up => Ok((task.wait_until_up(&tunnel, asked_at).await?, true)),
            _ => Ok((view, was_up)),
        }
    }
}

impl Task {
    fn next_update(&self, id: &str, view: &View) -> Result<Option<Call>, StepProblem> {
        let seen = match self.find(view)? {
            Finding::Absent => None,
            Finding::Present(seen) => Some(seen).filter(|seen| seen.id == id),
            Finding::Several(all) => all.into_iter().find(|seen| seen.id == id),
        };
        let Some(seen) = seen else {
            return Err(StepProblem::Hopeless {
                object: id.to_owned(),
                state: "absent".to_owned(),
                why: "it disappeared while it was being changed".to_owned(),
            });
        };
        let (plan, keys) = (&self.run.plan, &self.run.keys);
        Ok(self.kind.update(
            &self.step.node.id,
            &self.inputs,
            &seen,
            view,
            &plan.owner,
            keys,
        )?)
    }

    async fn is_ready(&self, id: &str) -> Result<bool, StepProblem> {
        let view = self.look().await?;
        let look = self.progress(Some(id), Goal::Ready, &view)?;
        Ok(look == Look::There(()))
    }

    /// Waits until AWS's telemetry can be believed.
    ///
    /// A tunnel that a stopped process has changed may still be shown as up while it is down, and
    /// changing the other one then would cut the site off.
    async fn let_telemetry_settle(&self, id: &str) -> Result<(), StepProblem> {
        let sign = |elapsed| Event::Waiting {
            at: self.run.now(),
            step: self.id(),
            goal: Goal::Ready,
            object: id.to_owned(),
            state: "changed a moment ago: what AWS says of its tunnels may be old".to_owned(),
            elapsed,
            usual: self.kind.usual(Goal::Ready),
        };
        self.rest(SETTLED, Duration::ZERO, sign).await;
        self.refuse_if(CancelLevel::Abandon, Goal::Ready)
    }

    /// Whether the kind asks for the very call that was made, so that it does not show yet.
    fn wants(&self, id: &str, call: &Call, view: &View) -> Result<bool, StepProblem> {
        let next = self.next_update(id, view)?;
        Ok(next.is_some_and(|next| {
            next.action() == call.action() && next.describe() == call.describe()
        }))
    }

    /// The id, once a change shows.
    ///
    /// That the object is being modified proves nothing: AWS, or somebody else, may be at it.
    fn took_effect(
        &self,
        id: &str,
        call: &Call,
        view: &View,
    ) -> Result<Option<String>, StepProblem> {
        if self.progress(Some(id), Goal::Ready, view)? != Look::There(()) {
            return Ok(None);
        }
        Ok((!self.wants(id, call, view)?).then(|| id.to_owned()))
    }

    /// Waits until a changed tunnel carries traffic again, before anybody touches the other.
    async fn wait_until_up(
        &self,
        tunnel: &Tunnel,
        asked_at: Timestamp,
    ) -> Result<Arc<View>, StepProblem> {
        let begun = self.run.clock.mark();
        let mut was_down = false;
        let wanted = Wanted {
            goal: Goal::Ready,
            usual: self.kind.usual(Goal::Ready),
            twice: true,
            until: CancelLevel::Abandon,
        };
        let probe = |view: &View| {
            let seen = tunnel
                .telemetry(view)
                .find(|seen| seen.outside == tunnel.outside);
            let up = seen.is_some_and(|seen| seen.up);
            was_down |= !up;
            let changed_since = seen
                .and_then(|seen| seen.changed_at)
                .is_some_and(|at| at > asked_at);
            let settled = self.run.clock.passed(begun) >= SETTLED;
            if up && (was_down || changed_since || settled) {
                return Ok(Look::There(()));
            }
            Ok(Look::OnTheWay {
                object: format!("tunnel {}", tunnel.outside),
                state: if up { "up as before" } else { "down" }.to_owned(),
            })
        };
        match self.wait(wanted, probe).await {
            Ok(((), view)) => Ok(view),
            Err(StepProblem::TimedOut { waited, .. }) => Err(StepProblem::TunnelStaysDown {
                connection: tunnel.connection.to_string(),
                tunnel: tunnel.outside.to_string(),
                waited,
            }),
            Err(problem) => Err(problem),
        }
    }
}

/// Whether a change costs something when it is asked for again.
fn is_felt_twice(call: &Call) -> bool {
    matches!(call, Call::DirectConnect(call) if call.is_felt_twice())
}

/// The tunnel that a call takes down for minutes.
#[derive(Clone, Debug)]
struct Tunnel {
    connection: VpnConnectionId,
    outside: Ipv4Addr,
}

impl Tunnel {
    fn of(call: &Call) -> Option<Self> {
        match call {
            Call::ModifyVpnTunnelOptions {
                connection,
                outside,
                ..
            } => Some(Self {
                connection: connection.clone(),
                outside: *outside,
            }),
            _ => None,
        }
    }

    fn telemetry<'a>(&self, view: &'a View) -> impl Iterator<Item = &'a Telemetry> + use<'a> {
        view.vpn_connections
            .get(&self.connection)
            .into_iter()
            .flat_map(|connection| &connection.telemetry)
    }

    /// Whether the tunnel is up; an error when it is the only one that is.
    fn refuse_to_cut(&self, view: &View) -> Result<bool, StepProblem> {
        let up = self
            .telemetry(view)
            .any(|seen| seen.outside == self.outside && seen.up);
        let other = self
            .telemetry(view)
            .find(|seen| seen.outside != self.outside);
        let alone = other.is_none_or(|other| !other.up);
        if up && alone {
            return Err(StepProblem::LastTunnel {
                connection: self.connection.to_string(),
                tunnel: self.outside.to_string(),
                other: other.map_or_else(
                    || "the other tunnel".to_owned(),
                    |other| other.outside.to_string(),
                ),
            });
        }
        Ok(up)
    }
}
