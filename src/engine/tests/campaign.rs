//! Random fleets on bad days: any order of onboarding, changing and tearing down, with faults,
//! crashes and cancellations, must end in exactly what was planned, and then in nothing.
//!
//! `UNDERPASS_CAMPAIGN=500` plays that many cases instead of a few, `UNDERPASS_CAMPAIGN_SEED=7`
//! begins with that one.

mod fleet;
mod site;
mod world;

use std::time::Duration;

use fleet::{Fleet, Trouble};

/// How many cases the normal run plays.
const CASES: u64 = 8;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[tokio::test(start_paused = true)]
async fn any_fleet_ends_as_planned_and_leaves_nothing() {
    let first = number("UNDERPASS_CAMPAIGN_SEED").unwrap_or(0);
    let cases = number("UNDERPASS_CAMPAIGN").unwrap_or(CASES);
    for seed in first..first + cases {
        play(seed).await;
    }
}

async fn play(seed: u64) {
    let mut fleet = Fleet::new(seed).await;
    for _ in 0..3 + fleet.dice.below(5) {
        let which = fleet.pick();
        let trouble = Trouble::draw(&fleet.dice);
        match fleet.dice.below(6) {
            0 | 1 => fleet.teardown(which, trouble).await,
            2 => {
                fleet.sites[which].change(&fleet.dice);
                fleet.onboard(which, trouble).await;
            }
            _ => fleet.onboard(which, trouble).await,
        }
        fleet.check_others();
        fleet.check_tunnels();
        let nap = fleet.dice.below(3) * fleet.dice.below(200);
        fleet.clock.sleep(Duration::from_secs(nap)).await;
    }
    fleet.calm().await;
    for which in 0..fleet.sites.len() {
        fleet.finish(which).await;
    }
    for which in 0..fleet.sites.len() {
        fleet.check_exact(which);
        fleet.expect_noop(which).await;
    }
    // Twice: what another site needs goes only after that one.
    for _ in 0..2 {
        for which in fleet.shuffled() {
            fleet.remove(which).await;
            fleet.check_others();
        }
    }
    fleet.check_empty();
    fleet.check_secrets();
}

/// Somebody else's gateway that hangs nowhere: attaching it makes something without tags on
/// something that is not ours.
#[tokio::test(start_paused = true)]
async fn an_adopted_gateway_is_attached_whenever_the_run_dies() {
    for at in (0..20).step_by(4) {
        let mut fleet = Fleet::with_a_spare_gateway().await;
        let trouble = if at == 0 {
            Trouble::None
        } else {
            Trouble::Crash(at)
        };
        fleet.onboard(0, trouble).await;
        if at > 0 {
            fleet.onboard(0, Trouble::None).await;
        }
        assert!(fleet.up.contains(&0), "{}", fleet.story());
        fleet.check_exact(0);
        fleet.expect_noop(0).await;
        fleet.remove(0).await;
        fleet.check_empty();
    }
}

/// The old connection has its inside CIDRs until it is gone, and the new one wants the same.
#[tokio::test(start_paused = true)]
async fn a_replacement_goes_on_wherever_the_run_died() {
    for at in 1..14 {
        let mut fleet = Fleet::with_a_spare_gateway().await;
        fleet.onboard(0, Trouble::None).await;
        fleet.sites[0].reroute();
        fleet.onboard(0, Trouble::Crash(at)).await;
        if at % 2 == 0 {
            // Another file makes another plan, which knows only what AWS tells.
            fleet.sites[0].note(at);
        }
        fleet.onboard(0, Trouble::None).await;
        assert!(fleet.up.contains(&0), "died at {at}: {}", fleet.story());
        fleet.check_exact(0);
        fleet.expect_noop(0).await;
        fleet.remove(0).await;
        fleet.check_empty();
    }
}
