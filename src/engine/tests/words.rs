//! What a person reads when a step fails.

use std::time::Duration;

use crate::aws::{Fault, FaultKind};
use crate::engine::{JournalCause, JournalProblem, Leftover, StepError, StepProblem};
use crate::plan::Mode;
use crate::playbook::StepId;
use crate::resource::{Goal, KindError, Usual};

fn fault(kind: FaultKind, code: Option<&str>, message: &str) -> Fault {
    Fault {
        action: "CreateVpnConnection".to_owned(),
        kind,
        code: code.map(str::to_owned),
        message: message.to_owned(),
        request_id: code.map(|_| "7f1b…".to_owned()),
    }
}

fn problems() -> Vec<(StepProblem, Leftover)> {
    let maybe = || Leftover::Maybe("CreateVpnConnection cgw-0a… vgw-0b…".to_owned());
    let known = || Leftover::Known("vpn-0c…".to_owned());
    let id = || "vpn-0c…".to_owned();
    let conflict = KindError::Conflict {
        problem: "the VPC is attached to vgw-0d… already".to_owned(),
        help: "name it in the site file".to_owned(),
    };
    let denied = fault(
        FaultKind::Denied,
        Some("UnauthorizedOperation"),
        "You may not.",
    );
    vec![
        (StepProblem::Refused { fault: denied }, Leftover::Nothing),
        (
            StepProblem::NoAnswer {
                fault: fault(FaultKind::Lost, None, "the connection broke"),
                attempts: 3,
            },
            maybe(),
        ),
        (
            StepProblem::WorldChanged {
                planned: "leave it as it is (vpn-0c…)".to_owned(),
                now: "create it".to_owned(),
                reason: "it does not exist".to_owned(),
            },
            Leftover::Nothing,
        ),
        (
            StepProblem::Meddled {
                object: id(),
                gone: true,
            },
            Leftover::Nothing,
        ),
        (
            StepProblem::Meddled {
                object: id(),
                gone: false,
            },
            known(),
        ),
        (StepProblem::NotOurs { id: id() }, Leftover::Nothing),
        (
            StepProblem::Hopeless {
                object: id(),
                state: "deleting".to_owned(),
                why: "somebody deleted it".to_owned(),
            },
            known(),
        ),
        (
            StepProblem::TimedOut {
                goal: Goal::Ready,
                object: id(),
                state: "pending".to_owned(),
                waited: Duration::from_secs(2405),
                usual: Usual::secs(180, 360, 2400),
            },
            known(),
        ),
        (
            StepProblem::LastTunnel {
                connection: id(),
                tunnel: "203.0.113.9".to_owned(),
                other: "203.0.113.77".to_owned(),
            },
            Leftover::Nothing,
        ),
        (
            StepProblem::TunnelStaysDown {
                connection: id(),
                tunnel: "203.0.113.9".to_owned(),
                waited: Duration::from_secs(1800),
            },
            known(),
        ),
        (conflict.into(), Leftover::Nothing),
        (
            StepProblem::Journal(JournalProblem {
                cause: JournalCause::Machine,
                text: "No space left on device".to_owned(),
            }),
            maybe(),
        ),
        (
            StepProblem::Journal(JournalProblem {
                cause: JournalCause::Lost,
                text: "the lock of the site plant-7 was taken away by kim".to_owned(),
            }),
            maybe(),
        ),
        (StepProblem::Cancelled { goal: Goal::Gone }, known()),
        (
            StepProblem::Internal("its worker panicked".to_owned()),
            maybe(),
        ),
    ]
}

#[test]
fn a_failure_says_what_and_why_and_what_is_left_and_what_to_do() {
    let mut page = Vec::new();
    for (problem, left) in problems() {
        let error = StepError {
            step: StepId::new("connection"),
            problem,
            left,
        };
        let next = |mode| error.next_command(mode, "plant-7.yaml");
        page.push(format!(
            "{error}\n  left: {}\n  next: {} | {}",
            error.left_behind(),
            next(Mode::Onboard),
            next(Mode::Teardown)
        ));
        let json = serde_json::to_value(&error).unwrap();
        assert!(
            json["problem"].is_object() && !json["left"].is_null(),
            "{json}"
        );
    }
    insta::assert_snapshot!(page.join("\n"));
}
