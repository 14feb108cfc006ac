//! A few cases in every test run, and every case that once broke a rule.

use super::many::{Wish, many, story};
use super::play::play;
use super::script::Script;

/// How many cases the normal run plays.
const CASES: u64 = 60;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// `UNDERPASS_CAMPAIGN=500` plays that many, `UNDERPASS_CAMPAIGN_SEED=7` begins with that one.
#[test]
fn whatever_goes_wrong_the_rules_hold() {
    let first = number("UNDERPASS_CAMPAIGN_SEED").unwrap_or(1);
    let cases = number("UNDERPASS_CAMPAIGN").unwrap_or(CASES);
    let wish = Wish {
        seeds: first..first + cases,
        jobs: 2,
        at_most: None,
    };
    let verdict = many(&wish, |_| {});
    if let Some(seed) = verdict.broken {
        panic!("{verdict}\n{}", story(&Script::draw(seed)));
    }
}

#[test]
fn the_same_seed_tells_the_same_story_to_the_letter() {
    for seed in 1..12 {
        let script = Script::draw(seed);
        let (one, other) = (play(&script, true), play(&script, true));
        assert!(!one.timeline.is_empty());
        let mut lines = one.timeline.lines().zip(other.timeline.lines());
        let differs = lines.find(|(one, other)| one != other);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(one, other, "seed {seed}");
    }
}

#[test]
fn a_script_survives_being_written_down() {
    for seed in 0..500 {
        let script = Script::draw(seed);
        assert_eq!(script.to_string().parse(), Ok(script));
    }
    assert!("site nowhere".parse::<Script>().is_err());
    assert!("onboard plant".parse::<Script>().is_err());
}

/// Plays a script whose `AT` is 1, 2, 3, … up to `last`.
fn sweep(text: &str, last: u64) {
    for at in 1..=last {
        let script: Script = text.replace("AT", &at.to_string()).parse().unwrap();
        let outcome = play(&script, true);
        let told = outcome.timeline;
        assert_eq!(outcome.broken, None, "{script}\n\n{told}");
    }
}

/// Somebody else's gateway that hangs nowhere: attaching it makes something without tags on
/// something that is not ours.
#[test]
fn a_spare_gateway_is_attached_whenever_the_run_dies() {
    let text = "seed 1\nrouters offline\nstranger spare\nsite plant vpc=shop spare\n\
                onboard plant | die record AT after\nend up-and-away";
    sweep(text, 20);
}

/// The old connection has its inside CIDRs until it is gone, and the new one wants the same.
#[test]
fn a_replacement_goes_on_wherever_the_run_died() {
    let text = "seed 1\nrouters offline\nsite plant vpc=shop\nonboard plant\n\
                edit plant routing\nonboard plant | die record AT after\n";
    sweep(&format!("{text}end up-and-away"), 13);
    // Another file makes another plan, which knows only what AWS tells.
    sweep(&format!("{text}edit plant note 7\nend up-and-away"), 13);
}

/// Each file says what went wrong once.
#[test]
fn what_once_broke_a_rule_holds_now() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/campaign/regressions");
    let mut played = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# "), "{} says nothing", path.display());
        let script: Script = text.parse().unwrap();
        let outcome = play(&script, true);
        let told = outcome.timeline;
        assert_eq!(outcome.broken, None, "{}\n{told}", path.display());
        played += 1;
    }
    assert!(played > 0);
}
