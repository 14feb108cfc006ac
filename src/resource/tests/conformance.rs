//! The same questions to every registered kind, each with its fixture.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::aws::{Call, Fault, FaultKind, Tags, View};
use crate::playbook::StepId;
use crate::resource::testing::{
    BGP_KEY, Fixture, KEY, apply, cluttered, fixture, keys, looked, owner, set_state, tunnels,
};
use crate::resource::{
    Change, Finding, Goal, Inputs, Kind, KindError, Maybe, Owner, Ownership, Policy, Progress,
    Seen, registry,
};

/// What may be ordered is ordered.
const POLICY: Policy = Policy {
    adopt_changes: false,
    remove_duplicates: false,
    order: true,
};

/// One kind with its fixture and owner.
struct Case {
    kind: &'static dyn Kind,
    owner: Owner,
    before: Fixture,
}

impl Case {
    fn all() -> impl Iterator<Item = Self> {
        registry().kinds().iter().map(|kind| {
            let owner = owner("plant-7", 1_000_000);
            let before = fixture(kind.name(), &owner);
            let kind = *kind;
            Self {
                kind,
                owner,
                before,
            }
        })
    }

    fn find(&self, view: &View) -> Finding {
        let (step, inputs) = (&self.before.step, &self.before.inputs);
        self.kind.find(step, inputs, &self.owner, view).unwrap()
    }

    fn create(&self) -> Call {
        let (step, inputs) = (&self.before.step, &self.before.inputs);
        let keys = keys(&tunnels());
        self.kind.create(step, inputs, &self.owner, &keys).unwrap()
    }

    /// The world after the step.
    fn after(&self) -> View {
        let mut world = self.before.world.clone();
        apply(&mut world, &self.create()).unwrap();
        world
    }

    fn present(&self, view: &View) -> Seen {
        match self.find(view) {
            Finding::Present(seen) => seen,
            other => panic!("{}: {other:?}", self.kind.name()),
        }
    }

    fn progress(&self, id: Option<&str>, goal: Goal, view: &View) -> Progress {
        self.kind.progress(&self.before.inputs, id, goal, view)
    }
}

fn fault(kind: FaultKind, code: &str) -> Fault {
    Fault {
        action: String::new(),
        kind,
        code: Some(code.to_owned()),
        message: String::new(),
        request_id: None,
    }
}

#[test]
fn what_is_created_is_found_and_needs_nothing_more() {
    for case in Case::all() {
        let name = case.kind.name();
        let (inputs, before) = (&case.before.inputs, &case.before.world);
        assert_eq!(case.find(&looked()), Finding::Absent, "{name}");
        assert_eq!(case.find(before), Finding::Absent, "{name}");
        let decide = |finding: &Finding, view: &View| {
            let decision = case.kind.decide(inputs, finding, view, POLICY);
            let again = case.kind.decide(inputs, finding, view, POLICY);
            assert_eq!(decision, again, "{name}");
            decision.unwrap()
        };
        assert_eq!(decide(&Finding::Absent, before).change, Change::Create);
        assert_eq!(
            decide(&Finding::Absent, &View::default()).change,
            Change::Create
        );
        let waiting = case.progress(None, Goal::Ready, before);
        assert!(matches!(waiting, Progress::Waiting { state, .. } if state == "absent"));

        let mut after = case.before.world.clone();
        let answered = apply(&mut after, &case.create()).unwrap();
        let seen = case.present(&after);
        assert_eq!(seen.ownership, Ownership::Ours, "{name}");
        assert_eq!(answered.unwrap_or(seen.id.clone()), seen.id, "{name}");
        let decision = decide(&Finding::Present(seen.clone()), &after);
        assert_eq!(
            (decision.change, decision.differences),
            (Change::Keep, vec![]),
            "{name}"
        );
        assert_eq!(
            case.progress(Some(&seen.id), Goal::Ready, &after),
            Progress::Done,
            "{name}"
        );
        let (step, keys) = (&case.before.step, keys(&tunnels()));
        let update = case
            .kind
            .update(step, inputs, &seen, &after, &case.owner, &keys);
        assert!(update.unwrap().is_none(), "{name}");
        let outputs = case.kind.outputs_of(inputs, &seen.id, &after);
        assert_eq!(outputs, seen.outputs, "{name}");
        let promised: Vec<&str> = case.kind.outputs().to_vec();
        assert!(
            promised.iter().all(|it| outputs.contains_key(*it)),
            "{name}: {outputs:?}"
        );
        assert_eq!(outputs["id"], Value::from(seen.id), "{name}");
    }
}

#[test]
fn order_and_what_was_deleted_change_nothing() {
    for case in Case::all() {
        let name = case.kind.name();
        let (plain, cluttered) = (case.after(), cluttered(&case.after()));
        let seen = case.present(&plain);
        assert_eq!(case.present(&cluttered), seen, "{name}");
        let inputs = &case.before.inputs;
        let decide = |view| {
            let finding = Finding::Present(seen.clone());
            case.kind.decide(inputs, &finding, view, POLICY)
        };
        assert_eq!(decide(&plain), decide(&cluttered), "{name}");
        for goal in [Goal::Ready, Goal::Gone] {
            let progress = |view| case.progress(Some(&seen.id), goal, view);
            assert_eq!(progress(&plain), progress(&cluttered), "{name}");
        }
        let site = &case.owner.site;
        assert_eq!(
            case.kind.owned(site, &plain),
            case.kind.owned(site, &cluttered),
            "{name}"
        );
    }
}

#[test]
fn what_is_deleted_is_gone_and_not_found_is_as_good() {
    for case in Case::all() {
        let name = case.kind.name();
        let mut view = case.after();
        let seen = case.present(&view);
        let delete = case.kind.delete(&seen, &view).unwrap();
        for code in [
            "InvalidVpnConnectionID.NotFound",
            "InvalidVpnGatewayAttachment.NotFound",
        ] {
            let gone = fault(FaultKind::NotFound, code);
            assert!(case.kind.forgives(&delete, &gone), "{name}: {code}");
            assert!(!case.kind.forgives(&case.create(), &gone), "{name}: {code}");
        }
        let denied = fault(FaultKind::Denied, "UnauthorizedOperation");
        assert!(!case.kind.forgives(&delete, &denied), "{name}");
        let still = case.progress(Some(&seen.id), Goal::Gone, &view);
        assert!(
            matches!(still, Progress::Waiting { .. }),
            "{name}: {still:?}"
        );

        apply(&mut view, &delete).unwrap();
        assert_eq!(case.find(&view), Finding::Absent, "{name}");
        let id = Some(seen.id.as_str());
        assert_eq!(
            case.progress(id, Goal::Gone, &view),
            Progress::Done,
            "{name}"
        );
        assert_eq!(
            case.progress(id, Goal::Gone, &looked()),
            Progress::Done,
            "{name}"
        );
        assert!(
            case.kind.owned(&case.owner.site, &view).is_empty(),
            "{name}"
        );
        // A view that did not look proves nothing.
        let blind = case.progress(id, Goal::Gone, &View::default());
        assert!(
            matches!(blind, Progress::Waiting { .. }),
            "{name}: {blind:?}"
        );
    }
}

#[test]
fn unknown_states_mean_waiting_and_dead_ones_no_hope() {
    for case in Case::all() {
        let name = case.kind.name();
        let seen = case.present(&case.after());
        let stateless = ["route_propagation", "vpc_route"].contains(&name);
        for word in [
            "pending",
            "modifying",
            "attaching",
            "detaching",
            "deleting",
            "deleted",
            "detached",
            "failed",
            "available",
            "attached",
            "half-baked",
            "",
            "associating",
            "associated",
            "disassociated",
            "enabled",
            "disabled",
            "active",
        ] {
            let mut view = case.after();
            set_state(&mut view, word);
            let ready = case.progress(Some(&seen.id), Goal::Ready, &view);
            let gone = case.progress(Some(&seen.id), Goal::Gone, &view);
            if stateless {
                continue;
            }
            let (wanted, ended) = match name {
                "vpn_gateway_attachment" => ("attached", "detached"),
                "transit_gateway_association" | "dx_gateway_association" => {
                    ("associated", "disassociated")
                }
                "transit_gateway_propagation" => ("enabled", "disabled"),
                "transit_gateway_route" => ("active", "deleted"),
                _ => ("available", "deleted"),
            };
            assert_eq!(
                ready == Progress::Done,
                word == wanted,
                "{name} {word}: {ready:?}"
            );
            assert_eq!(
                gone == Progress::Done,
                word == ended,
                "{name} {word}: {gone:?}"
            );
            if ["pending", "modifying", "half-baked", ""].contains(&word) {
                // What waits for people says for whom.
                let parks = name == "dx_connection";
                let shown = |it: &Progress| match it {
                    Progress::Waiting { state, object } => state == word && *object == seen.id,
                    Progress::Parked { state, object, .. } => {
                        parks && state == word && *object == seen.id
                    }
                    _ => false,
                };
                assert!(
                    shown(&ready) && shown(&gone),
                    "{name} {word}: {ready:?} {gone:?}"
                );
            }
        }
    }
}

#[test]
fn only_what_carries_our_tags_is_owned() {
    for case in Case::all() {
        let name = case.kind.name();
        let mut view = case.after();
        let seen = case.present(&view);
        let owned = case.kind.owned(&case.owner.site, &view);
        if case.kind.is_made_by_aws() {
            assert!(owned.is_empty(), "{name} ends with what it hangs on");
            continue;
        }
        let [owned] = owned.as_slice() else {
            panic!("{name}: {owned:?}");
        };
        assert_eq!(
            (&owned.id, &owned.step),
            (&seen.id, &case.before.step),
            "{name}"
        );
        let again = case
            .kind
            .find(&owned.step, &owned.inputs, &case.owner, &view);
        let Finding::Present(again) = again.unwrap() else {
            panic!("{name}: teardown cannot find it again");
        };
        assert_eq!(
            (again.id, again.ownership),
            (seen.id.clone(), Ownership::Ours),
            "{name}"
        );
        let stranger = "plant-8".parse().unwrap();
        assert!(case.kind.owned(&stranger, &view).is_empty(), "{name}");

        strip(&mut view, &mut |tags| tags.clear());
        assert!(
            case.kind.owned(&case.owner.site, &view).is_empty(),
            "{name}"
        );
        let Finding::Present(adopted) = case.find(&view) else {
            continue;
        };
        assert!(matches!(adopted.ownership, Ownership::Adopted(_)), "{name}");
        assert!(
            adopted.missing_tags.is_empty(),
            "{name}: what is adopted is never tagged"
        );
        let refused = case.kind.delete(&adopted, &view);
        assert!(matches!(refused, Err(KindError::Conflict { .. })), "{name}");
    }
}

fn strip(view: &mut View, change: &mut dyn FnMut(&mut Tags)) {
    view.customer_gateways
        .values_mut()
        .for_each(|it| change(&mut it.tags));
    view.vpn_gateways
        .values_mut()
        .for_each(|it| change(&mut it.tags));
    view.vpn_connections
        .values_mut()
        .for_each(|it| change(&mut it.tags));
    view.transit_gateways
        .values_mut()
        .for_each(|it| change(&mut it.tags));
    view.transit_attachments
        .values_mut()
        .for_each(|it| change(&mut it.tags));
    view.dx_connections
        .values_mut()
        .for_each(|it| change(&mut it.tags));
    view.dx_gateways
        .values_mut()
        .for_each(|it| change(&mut it.tags));
    view.virtual_interfaces
        .values_mut()
        .for_each(|it| change(&mut it.tags));
}

#[test]
fn inputs_that_come_later_hinder_nothing_but_the_call() {
    for case in Case::all() {
        let name = case.kind.name();
        let later = |required: bool| {
            let inputs = case
                .kind
                .inputs()
                .iter()
                .filter(|it| it.required || !required);
            let later = |name: &str| (name.to_owned(), Maybe::Later("another step".into()));
            Inputs::new(inputs.map(|it| later(it.name)).collect())
        };
        for inputs in [later(true), later(false)] {
            let finding = case
                .kind
                .find(
                    &StepId::new("new"),
                    &inputs,
                    &case.owner,
                    &case.before.world,
                )
                .unwrap();
            assert_eq!(finding, Finding::Absent, "{name}");
            let view = &case.before.world;
            let decision = case.kind.decide(&inputs, &finding, view, POLICY);
            assert_eq!(decision.unwrap().change, Change::Create, "{name}");
            let call = case
                .kind
                .create(&case.before.step, &inputs, &case.owner, &keys(&tunnels()));
            assert!(
                matches!(call, Err(KindError::NotYet { .. })),
                "{name}: {call:?}"
            );
        }
        let nothing = Inputs::new(BTreeMap::new());
        let call = case
            .kind
            .create(&case.before.step, &nothing, &case.owner, &keys(&tunnels()));
        assert!(
            matches!(call, Err(KindError::Missing { .. })),
            "{name}: {call:?}"
        );
    }
}

#[test]
fn no_key_shows_anywhere() {
    for case in Case::all() {
        let call = case.create();
        let view = case.after();
        let seen = case.present(&view);
        let owned = case.kind.owned(&case.owner.site, &view);
        let json = serde_json::to_string(&view).unwrap();
        let shown = format!(
            "{call:?} {} {seen:?} {owned:?} {view:?} {json}",
            call.describe()
        );
        for key in [KEY, BGP_KEY] {
            assert!(!shown.contains(key), "{}", case.kind.name());
        }
    }
}
