//! Every half of a site: whatever is gone already, a teardown takes the rest in an order that works.

use crate::aws::{State, View};
use crate::plan::testing::{account, applied, now, planned, static_site, ulid, view};
use crate::plan::{lint_in, teardown};

/// The site's objects, one bit each: connection, static route, customer gateway, attachment,
/// virtual private gateway, and the two propagations.
fn take(view: &mut View, subset: u32, word: &str) {
    let gone = |bit: u32| subset & (1 << bit) != 0;
    let state = State::new(word);
    for connection in view.vpn_connections.values_mut() {
        if gone(0) {
            connection.state = state.clone();
        }
        if gone(1) {
            connection
                .routes
                .iter_mut()
                .for_each(|it| it.state = state.clone());
        }
    }
    for gateway in view.customer_gateways.values_mut().filter(|_| gone(2)) {
        gateway.state = state.clone();
    }
    for gateway in view.vpn_gateways.values_mut() {
        if gone(3) {
            let word = if word == "deleted" {
                "detached"
            } else {
                "detaching"
            };
            gateway
                .attachments
                .iter_mut()
                .for_each(|it| it.state = State::new(word));
        }
        if gone(4) {
            gateway.state = state.clone();
            gateway.attachments.clear();
        }
    }
    for (bit, table) in (5..).zip(view.route_tables.values_mut()) {
        if gone(bit) {
            table.propagating.clear();
        }
    }
}

/// What would still be there, by kind, once AWS has deleted what it is deleting.
fn left(view: &View) -> [usize; 4] {
    let propagating = view.route_tables.values().filter(|table| {
        let live = |id| {
            view.vpn_gateways
                .get(id)
                .is_some_and(|it| !it.state.is_ending())
        };
        table.propagating.iter().any(live)
    });
    [
        view.vpn_connections
            .values()
            .filter(|it| !it.state.is_ending())
            .count(),
        view.vpn_gateways
            .values()
            .filter(|it| !it.state.is_ending())
            .count(),
        view.customer_gateways
            .values()
            .filter(|it| !it.state.is_ending())
            .count(),
        propagating.count(),
    ]
}

#[test]
fn whatever_half_is_gone_the_other_half_goes_too() {
    let site = static_site();
    let whole = applied(&planned(&site, &view()).unwrap(), &view());
    for subset in 0..1_u32 << 7 {
        let mut half = whole.clone();
        take(&mut half, subset, "deleted");
        let plan = teardown(
            &site.name,
            &site.region,
            Some(account()),
            &half,
            ulid(9),
            now(),
        );
        let plan = plan.unwrap();
        assert_eq!(lint_in(&plan, &half), [], "{subset:07b}");
        assert_eq!(left(&applied(&plan, &half)), [0; 4], "{subset:07b}");
        // The same while AWS is still deleting it: waited for, each before what it hangs on.
        let mut leaving = whole.clone();
        take(&mut leaving, subset, "deleting");
        let plan = teardown(
            &site.name,
            &site.region,
            Some(account()),
            &leaving,
            ulid(9),
            now(),
        );
        let plan = plan.unwrap();
        assert_eq!(lint_in(&plan, &leaving), [], "{subset:07b}");
        let waits = plan.steps.iter().filter(|it| it.reason.contains("already"));
        let wants = usize::from(subset & 1 != 0) + usize::from(subset & 0b11000 == 0b1000);
        assert_eq!(waits.count(), wants, "{subset:07b}");
    }
}
