use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use proptest::prelude::*;
use secrecy::SecretString;
use serde_json::json;
use tempfile::TempDir;

use super::line::{self, Sum};
use super::testing::{RUN, owner, plan, step};
use super::*;
use crate::aws::{Fault, FaultKind};
use crate::clock::{Clock, IdSource};
use crate::files;
use crate::playbook::StepId;
use crate::resource::{Change, Keys};
use crate::tunnel::PreSharedKey;

fn clock() -> Clock {
    Clock::starting_at("2026-03-01T08:00:00Z".parse().unwrap(), 1.0)
}

fn two_steps() -> crate::plan::Plan {
    plan(vec![
        step("gateway", "vpn_gateway", Change::Create, &[]),
        step("connection", "vpn_connection", Change::Create, &["gateway"]),
    ])
}

fn fault(kind: FaultKind) -> Fault {
    Fault {
        action: "CreateVpnGateway".to_owned(),
        kind,
        code: None,
        message: "connection reset".to_owned(),
        request_id: None,
    }
}

fn intent(step: &str) -> Record {
    Record::Intent {
        step: StepId::new(step),
        action: "CreateVpnGateway".to_owned(),
        about: "AS64512".to_owned(),
        attempt: 1,
    }
}

fn done(step: &str) -> Record {
    Record::Result {
        step: StepId::new(step),
        outcome: Outcome::Done {
            id: Some("vgw-0a1b2c3d".to_owned()),
            request_id: Some("r-1".to_owned()),
        },
    }
}

fn unknown(step: &str) -> Record {
    Record::Result {
        step: StepId::new(step),
        outcome: Outcome::Unknown(fault(FaultKind::Lost)),
    }
}

fn ready(step: &str) -> Record {
    Record::Ready {
        step: StepId::new(step),
        id: Some("vgw-0a1b2c3d".to_owned()),
        outputs: BTreeMap::from([("id".to_owned(), json!("vgw-0a1b2c3d"))]),
    }
}

fn finished(result: RunResult) -> Record {
    Record::Finished { result }
}

fn started() -> Record {
    Record::Started {
        schema: JOURNAL_SCHEMA,
        run: RUN,
        plan: Box::new(two_steps()),
    }
}

/// The bytes of a journal of these records, legal or not.
fn written(records: &[Record]) -> Vec<u8> {
    let mut sum = Sum::default();
    let mut bytes = Vec::new();
    for (seq, record) in (0..).zip(records) {
        let entry = Entry {
            seq,
            at: Timestamp::UNIX_EPOCH,
            record: record.clone(),
        };
        let (text, next) = line::encode(&entry, &sum).unwrap();
        bytes.extend_from_slice(text.as_bytes());
        sum = next;
    }
    bytes
}

fn disorder(records: &[Record]) -> Disorder {
    match replay(&written(records)) {
        Err(Damage::Order { source, .. }) => source,
        other => panic!("expected a disorder: {other:?}"),
    }
}

#[test]
fn a_run_that_was_killed_and_resumed_adds_up() {
    let records = [
        started(),
        intent("gateway"),
        Record::Resumed { pid: 7 },
        unknown("gateway"),
        intent("gateway"),
        done("gateway"),
        finished(RunResult::TimedOut),
        Record::Resumed { pid: 8 },
        ready("gateway"),
        intent("connection"),
    ];
    let history = replay(&written(&records)).unwrap();
    assert_eq!((history.resumed, history.result), (2, None));
    let gateway = history.step(&StepId::new("gateway")).unwrap();
    assert_eq!(gateway.calls, 2);
    assert_eq!(gateway.made.as_deref(), Some("vgw-0a1b2c3d"));
    assert!(gateway.in_doubt().is_none());
    let connection = history.step(&StepId::new("connection")).unwrap();
    assert_eq!(connection.in_doubt().unwrap().attempt, 1);

    // After the kill, and after the unknown result, the gateway was in doubt.
    for upto in [2, 3, 4] {
        let history = replay(&written(&records[..upto])).unwrap();
        let gateway = history.step(&StepId::new("gateway")).unwrap();
        assert!(gateway.in_doubt().is_some(), "{upto}");
    }
}

#[test]
fn orders_that_no_run_can_write_are_refused() {
    let gateway = || StepId::new("gateway");
    let newer = Record::Started {
        schema: JOURNAL_SCHEMA + 1,
        run: RUN,
        plan: Box::new(two_steps()),
    };
    let cases: Vec<(Vec<Record>, Disorder)> = vec![
        (vec![intent("gateway")], Disorder::NotStarted),
        (vec![newer], Disorder::Schema { found: 2 }),
        (vec![started(), started()], Disorder::NotStarted),
        (
            vec![started(), done("gateway")],
            Disorder::ResultWithoutIntent(gateway()),
        ),
        (
            vec![started(), intent("gateway"), intent("gateway")],
            Disorder::IntentTwice(gateway()),
        ),
        (
            vec![started(), intent("gateway"), ready("gateway")],
            Disorder::ReadyWithOpenCall(gateway()),
        ),
        (
            vec![started(), ready("gateway"), ready("gateway")],
            Disorder::AfterReady(gateway()),
        ),
        (
            vec![started(), ready("gateway"), intent("gateway")],
            Disorder::AfterReady(gateway()),
        ),
        (
            vec![started(), intent("connection")],
            Disorder::TooEarly {
                step: StepId::new("connection"),
                needed: gateway(),
            },
        ),
        (
            vec![started(), intent("tunnel")],
            Disorder::NoSuchStep(StepId::new("tunnel")),
        ),
        (
            vec![started(), finished(RunResult::Failed), intent("gateway")],
            Disorder::AfterEnd,
        ),
        (
            vec![started(), ready("gateway"), finished(RunResult::Done)],
            Disorder::DoneTooEarly(StepId::new("connection")),
        ),
    ];
    for (records, expected) in cases {
        assert_eq!(disorder(&records), expected, "{records:?}");
    }
}

#[test]
fn a_failed_run_is_gone_on_with_only_while_an_answer_may_still_show() {
    let worth = |records: &[Record], minutes: i64| {
        let now = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_mins(minutes);
        replay(&written(records)).unwrap().is_worth_resuming(now)
    };
    let killed = [started(), intent("gateway"), done("gateway")];
    assert!(worth(&killed, 1000));
    let failed = [killed.as_slice(), &[finished(RunResult::Failed)]].concat();
    assert!(!worth(&failed, 0), "a new plan knows more");
    let timed_out = [killed.as_slice(), &[finished(RunResult::TimedOut)]].concat();
    assert!(worth(&timed_out, 0));
    let doubt = [
        started(),
        intent("gateway"),
        unknown("gateway"),
        finished(RunResult::Failed),
    ];
    assert!(worth(&doubt, 4) && !worth(&doubt, 6));
}

#[test]
fn a_missing_line_and_one_of_another_journal_are_found() {
    let whole = written(&[started(), intent("gateway"), done("gateway")]);
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let without_intent = [lines[0], lines[2]].concat();
    assert!(matches!(
        replay(&without_intent),
        Err(Damage::Line { line: 2, .. })
    ));
    let other = written(&[started(), intent("gateway"), unknown("gateway")]);
    let foreign = other.split_inclusive(|byte| *byte == b'\n').nth(2).unwrap();
    let same_place = [lines[0], lines[1], foreign].concat();
    assert!(
        replay(&same_place).is_ok(),
        "equal lines before it: it fits"
    );
    let moved = [lines[0], lines[1], lines[1]].concat();
    assert!(matches!(replay(&moved), Err(Damage::Line { line: 3, .. })));
}

#[tokio::test(start_paused = true)]
async fn a_torn_last_line_is_cut_off_and_the_journal_goes_on() {
    let home = TempDir::new().unwrap();
    let folder = Store::open(home.path()).site(&"plant-7".parse().unwrap());
    let lock = folder.lock(&owner("underpass onboard")).await.unwrap();
    let journal = folder.begin(&lock, &two_steps(), clock()).await.unwrap();
    journal.append(intent("gateway")).await.unwrap();
    let path = PathBuf::from(journal.place());
    drop(journal);

    let whole = fs::read(&path).unwrap();
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for cut in [first + 1, first + 40, whole.len() - 1] {
        files::write_secret(&path, &whole[..cut]).unwrap();
        let (journal, history) = folder.open(&lock, RUN, clock()).await.unwrap();
        assert_eq!(history.torn, cut - first);
        assert!(
            history
                .step(&StepId::new("gateway"))
                .unwrap()
                .open
                .is_none()
        );
        journal.append(Record::Resumed { pid: 2 }).await.unwrap();
        journal.append(intent("gateway")).await.unwrap();
        let history = folder.read(RUN).await.unwrap();
        assert_eq!((history.torn, history.resumed), (0, 1));
        assert_eq!(history, journal.history().await);
    }
}

#[tokio::test(start_paused = true)]
async fn an_illegal_record_is_refused_before_it_is_written() {
    let home = TempDir::new().unwrap();
    let folder = Store::open(home.path()).site(&"plant-7".parse().unwrap());
    let lock = folder.lock(&owner("underpass onboard")).await.unwrap();
    let journal = folder.begin(&lock, &two_steps(), clock()).await.unwrap();
    let before = fs::read(Path::new(journal.place())).unwrap();
    let refused = journal.append(done("gateway")).await;
    assert!(matches!(refused, Err(JournalError::Refused { .. })));
    assert_eq!(fs::read(Path::new(journal.place())).unwrap(), before);
    journal.append(intent("gateway")).await.unwrap();
    assert_eq!(files::mode(Path::new(journal.place())).unwrap(), 0o600);
}

#[tokio::test(start_paused = true)]
async fn a_store_knows_its_runs_and_what_is_left_to_do() {
    let home = TempDir::new().unwrap();
    let home = home.path().join("not-yet");
    let store = Store::open(&home);
    let folder = store.site(&"plant-7".parse().unwrap());
    assert!(folder.unfinished().await.unwrap().is_none());
    assert!(!home.exists(), "reading creates nothing");

    let lock = folder.lock(&owner("underpass onboard")).await.unwrap();
    let journal = folder.begin(&lock, &two_steps(), clock()).await.unwrap();
    assert_eq!(folder.unfinished().await.unwrap(), Some(RUN));
    journal.append(ready("gateway")).await.unwrap();
    journal.append(ready("connection")).await.unwrap();
    journal.append(finished(RunResult::Done)).await.unwrap();
    assert_eq!(folder.unfinished().await.unwrap(), None);
    let runs = store.runs().await.unwrap();
    assert_eq!((runs.len(), runs[0].ready, runs[0].steps), (1, 2, 2));

    assert_eq!(files::mode(&folder.path()).unwrap(), 0o700);
    assert_eq!(fs::read_to_string(home.join(".gitignore")).unwrap(), "*\n");
    fs::File::options()
        .append(true)
        .open(Path::new(journal.place()))
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"{}\n"))
        .unwrap();
    let problem = folder.runs().await.unwrap()[0].problem.clone().unwrap();
    assert!(problem.contains("line 5"), "{problem}");
    assert_eq!(
        folder.unfinished().await.unwrap(),
        Some(RUN),
        "unreadable is not done"
    );
}

#[tokio::test(start_paused = true)]
async fn a_second_writer_learns_who_holds_the_lock() {
    let home = TempDir::new().unwrap();
    let folder = Store::open(home.path()).site(&"plant-7".parse().unwrap());
    let first = folder
        .lock(&owner("underpass onboard plant-7.yaml"))
        .await
        .unwrap();
    let error = folder.lock(&owner("underpass teardown")).await.unwrap_err();
    insta::assert_snapshot!(error, @"the site plant-7 is locked by kim on bench-2 (process 4711, since 1970-01-01T00:00:00Z: `underpass onboard plant-7.yaml`)");
    let other = Store::open(home.path()).site(&"plant-8".parse().unwrap());
    let other_lock = other.lock(&owner("underpass onboard")).await.unwrap();
    assert!(matches!(
        folder
            .begin(&other_lock, &two_steps(), Clock::system())
            .await,
        Err(JournalError::OtherSite { what: "lock", .. })
    ));
    drop(first);
    folder.lock(&owner("underpass teardown")).await.unwrap();
}

#[test]
fn keys_come_back_from_a_private_file_and_never_in_a_message() {
    let home = TempDir::new().unwrap();
    let folder = Store::open(home.path()).site(&"plant-7".parse().unwrap());
    let place =
        |account: &str| KeyPlace::new(&account.parse().unwrap(), &"eu-central-1".parse().unwrap());
    let (here, there) = (place("111122223333"), place("444455556666"));
    assert!(folder.keys(&here).unwrap().is_empty());
    let secret = "a_secret.that_must_not_show";
    let keys = Keys::from([(
        "169.254.10.0/30".parse().unwrap(),
        PreSharedKey::new(SecretString::from(secret)).unwrap(),
    )]);
    folder.save_keys(&here, &keys).unwrap();
    let back = folder.keys(&here).unwrap();
    assert_eq!(back.values().next().unwrap().expose(), secret);

    // The same site in another account has keys of its own, and who names no account gets none
    // of which there are two.
    let region = "eu-central-1".parse().unwrap();
    assert!(folder.keys(&there).unwrap().is_empty());
    assert_eq!(folder.keys_in(&region).unwrap().len(), 1);
    let other = PreSharedKey::new(SecretString::from("another_key.of.no.use")).unwrap();
    let others = Keys::from([("169.254.10.0/30".parse().unwrap(), other)]);
    folder.save_keys(&there, &others).unwrap();
    assert_eq!(
        folder
            .keys(&here)
            .unwrap()
            .values()
            .next()
            .unwrap()
            .expose(),
        secret
    );
    assert!(folder.keys_in(&region).unwrap().is_empty());
    assert!(
        folder
            .keys_in(&"us-east-1".parse().unwrap())
            .unwrap()
            .is_empty()
    );
    let path = folder.path().join("keys.json");
    assert_eq!(files::mode(&path).unwrap(), 0o600);

    let text = fs::read_to_string(&path).unwrap();
    let broken = [
        text.replace(": 1", ": \"a_secret.that_must_not_show\""),
        text.replace("169.254.10.0/30", secret),
        text.replace(secret, "0a_secret.that_must_not_show"),
        text.replace("\"keys\"", "\"a_secret.that_must_not_show\""),
    ];
    for broken in broken {
        files::write_secret(&path, broken.as_bytes()).unwrap();
        let error = folder.keys(&here).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("must_not_show"), "{shown}");
    }
    files::write_public(&path, text.as_bytes()).unwrap();
    assert!(matches!(
        folder.keys(&here),
        Err(JournalError::KeysExposed { mode: 0o644, .. })
    ));
}

/// A random journal that a run could have written.
fn legal(seed: u64, length: usize) -> Vec<Record> {
    let ids = IdSource::seeded(seed);
    let mut records = vec![started()];
    while records.len() < length {
        let step = ["gateway", "connection"][usize::from(ids.below(2) == 1)];
        let record = match ids.below(9) {
            0 => Record::Resumed { pid: 1 },
            1..=3 => intent(step),
            4 | 5 => done(step),
            6 => unknown(step),
            7 => ready(step),
            _ => finished(RunResult::Failed),
        };
        records.push(record);
        if replay(&written(&records)).is_err() {
            records.pop();
        }
    }
    records
}

#[test]
fn a_torn_line_that_begins_with_a_whole_record_is_damage() {
    let bytes = written(&[
        started(),
        intent("gateway"),
        done("gateway"),
        ready("gateway"),
    ]);
    let mut torn = bytes[..bytes.len() - 10].to_vec();
    assert_eq!(replay(&torn).unwrap().next_seq(), 3);
    let end = torn.iter().rposition(|byte| *byte == b'\n').unwrap();
    torn[end] = b' ';
    // The result was acknowledged: forgetting it would make the gateway twice.
    let error = replay(&torn).unwrap_err().to_string();
    assert_eq!(error, "line 3: its line end was changed");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_prefix_of_a_legal_journal_replays(seed: u64, length in 1..14_usize, cut: prop::sample::Index) {
        let bytes = written(&legal(seed, length));
        let first = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let cut = first + cut.index(bytes.len() - first + 1);
        let history = replay(&bytes[..cut]).unwrap();
        let whole = bytes[..cut].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
        prop_assert_eq!(history.torn, cut - whole);
        prop_assert_eq!(history.next_seq(), bytes[..whole].split_inclusive(|b| *b == b'\n').count() as u64);
    }

    #[test]
    fn random_bytes_never_panic(bytes: Vec<u8>, tail: Vec<u8>) {
        drop(replay(&bytes));
        let mut begun = written(&[started(), intent("gateway")]);
        begun.extend(tail);
        drop(replay(&begun));
    }

    #[test]
    fn a_flipped_byte_is_found_or_harmless(seed: u64, length in 1..8_usize, at: prop::sample::Index, flip in 1..=255_u8) {
        let whole = written(&legal(seed, length));
        let before = replay(&whole).unwrap();
        let mut bytes = whole;
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        // Nothing is torn here, so everything counts: a change must be found.
        prop_assert!(replay(&bytes).map(|after| after != before).is_err());
    }

    #[test]
    fn a_flipped_byte_in_a_torn_journal_changes_nothing_but_the_torn_line(
        seed: u64, length in 2..8_usize, cut: prop::sample::Index, at: prop::sample::Index, flip in 1..=255_u8,
    ) {
        let bytes = written(&legal(seed, length));
        let last = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
        let cut = last + 1 + cut.index(bytes.len() - last - 1);
        let mut torn = bytes[..cut].to_vec();
        let before = replay(&torn).unwrap();
        let at = at.index(torn.len());
        torn[at] ^= flip;
        if let Ok(after) = replay(&torn) {
            prop_assert_eq!(after, before);
        }
    }
}
