//! Runs and locks in S3: moto's and ministack's, which nobody here wrote.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpListener;
use underpass::aws::{BucketTarget, Objects};
use underpass::clock::{Clock, IdSource};
use underpass::journal::{Bucket, End, JournalError, LockError, LockOwner, LockTimes, Storage};
use underpass::sandbox::{Faults, GatewaySim};

use crate::aws_child;
use crate::env::{Env, Ran, ran};
use crate::stores::{JOURNAL, Store, operator};

const SITE: &str = "examples/plant-7.yaml";
const WRITERS: u32 = 32;
const ROUNDS: u32 = 15;

fn run(env: &Env, store: &Store, home: &str, args: &[&str]) -> Ran {
    ran(operator(env, store, home, args).output().unwrap())
}

#[test]
fn of_32_writers_one_wins_on_moto() {
    race(&Store::serial_moto());
}

#[test]
fn of_32_writers_one_wins_on_ministack() {
    race(&Store::ministack());
}

fn race(store: &Store) {
    let home = tempfile::tempdir().unwrap();
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKIDTEST"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "us-east-1"),
        ("TEST_ENDPOINT", store.url.as_str()),
    ];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let name = "journal_bucket::child_races";
    let output = runtime.block_on(aws_child::run(name, home.path(), &variables));
    aws_child::passed(&output);
}

async fn bucket() -> Bucket {
    let target = BucketTarget {
        address: JOURNAL.parse().unwrap(),
        profile: None,
        endpoint_url: std::env::var("TEST_ENDPOINT").ok(),
    };
    let objects = Objects::connect(&target).await.unwrap();
    Bucket::open(objects, LockTimes::default(), IdSource::system())
}

fn owner(number: u32) -> LockOwner {
    LockOwner {
        who: format!("writer-{number}"),
        host: "bench".to_owned(),
        pid: number,
        since: Clock::system().now(),
        run: None,
        command: "underpass onboard".to_owned(),
    }
}

/// Lets all writers do the same at the same moment.
async fn all<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    buckets: &[Bucket],
    work: impl Fn(u32, Bucket) -> F,
) -> Vec<T> {
    let tasks: Vec<_> = (0..)
        .zip(buckets)
        .map(|(number, bucket)| tokio::spawn(work(number, bucket.clone())))
        .collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a child of the other tests"]
async fn child_races() {
    if !aws_child::is_child() {
        return;
    }
    let mut buckets = Vec::new();
    for _ in 0..WRITERS {
        buckets.push(bucket().await);
    }
    let site: underpass::spec::SiteName = "plant-7".parse().unwrap();
    let ids = IdSource::system();
    let mut winners = BTreeSet::new();
    for round in 0..ROUNDS {
        // The lock: absent in the first round, released in all others.
        let taken = all(&buckets, |number, bucket| {
            let site = site.clone();
            async move { bucket.lock(&site, &owner(number)).await }
        })
        .await;
        let (held, refused): (Vec<_>, Vec<_>) = taken.into_iter().partition(Result::is_ok);
        assert_eq!(held.len(), 1, "round {round}");
        let names: BTreeSet<String> = refused
            .into_iter()
            .map(|refused| match refused {
                Err(LockError::Held { owner, .. }) => owner.map(|it| it.who).unwrap_or_default(),
                other => panic!("{other:?}"),
            })
            .filter(|name| !name.is_empty())
            .collect();
        assert_eq!(
            names.len(),
            1,
            "all losers are told the same name: {names:?}"
        );
        winners.extend(names);
        for lease in held {
            lease.unwrap().release().await.unwrap();
        }

        // One run, and its record 1: the same bytes from all of them.
        let run = ids.ulid(Clock::system().now());
        let begun = all(&buckets, |_, bucket| {
            let site = site.clone();
            async move { bucket.begin(&site, run, b"{}\n").await.map(drop) }
        })
        .await;
        assert_eq!(one_winner(begun), WRITERS as usize - 1, "round {round}");
        let end = End {
            whole: 3,
            torn: 0,
            next: 1,
        };
        let written = all(&buckets, |_, bucket| {
            let site = site.clone();
            async move {
                let mut tape = bucket.go_on(&site, run, end).await?;
                tape.append(1, b"{}\n").await
            }
        })
        .await;
        assert_eq!(one_winner(written), WRITERS as usize - 1, "round {round}");
        assert_eq!(buckets[0].read(&site, run).await.unwrap(), b"{}\n{}\n");
    }
    assert!(winners.len() > 1, "it is not always the same: {winners:?}");
    assert_eq!(buckets[0].runs(&site).await.unwrap().len(), ROUNDS as usize);
    assert_eq!(buckets[0].sites().await.unwrap(), [site]);
}

/// The losers of a race with one winner.
fn one_winner(results: Vec<Result<(), JournalError>>) -> usize {
    let total = results.len();
    let losers = results
        .into_iter()
        .filter_map(Result::err)
        .inspect(|error| assert!(matches!(error, JournalError::Taken { .. }), "{error:?}"))
        .count();
    assert_eq!(losers + 1, total);
    losers
}

#[test]
fn a_killed_run_is_resumed_from_another_home_through_moto() {
    killed_and_resumed(&Store::moto());
}

#[test]
fn a_killed_run_is_resumed_from_another_home_through_ministack() {
    killed_and_resumed(&Store::ministack());
}

fn live(env: &Env) -> [usize; 3] {
    let now = env.sandbox().now();
    let world = env.sandbox().world();
    let region = &world.regions["eu-central-1"];
    [
        region
            .customer_gateways
            .values()
            .filter(|it| it.life.exists(now))
            .count(),
        region
            .vpn_gateways
            .values()
            .filter(|it| it.life.exists(now))
            .count(),
        region
            .vpn_connections
            .values()
            .filter(|it| it.life.exists(now))
            .count(),
    ]
}

/// Waits until the sandbox was asked to do something.
pub(crate) fn until_called(env: &Env, action: &str) {
    for _ in 0..1200 {
        if env
            .sandbox()
            .calls()
            .iter()
            .any(|call| call.action == action)
        {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{action} was not called within a minute");
}

fn killed_and_resumed(store: &Store) {
    let env = Env::served(100.0, Faults::default(), GatewaySim::Online);
    let before = live(&env);
    // Two kills: one before any connection exists, one while it comes up.
    for action in ["CreateCustomerGateway", "CreateVpnConnection"] {
        let args = ["onboard", SITE, "--yes", "--lock-expiry", "3s"];
        let mut child = operator(&env, store, "kim", &args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until_called(&env, action);
        child.kill().unwrap();
        child.wait().unwrap();
        // Dead, but nobody knows yet.
        let args = [
            "onboard",
            SITE,
            "--yes",
            "--lock-expiry",
            "3s",
            "--out",
            "x",
        ];
        let refused = run(&env, store, "ari", &args);
        if action == "CreateVpnConnection" {
            assert!(
                refused.stderr.contains("is locked by kim"),
                "{}",
                refused.stderr
            );
            refused.exits(5);
        }
        std::thread::sleep(Duration::from_secs(5));
    }
    let runs = run(&env, store, "ari", &["runs", "--format", "json"]).exits(0);
    let listed = runs.json();
    assert!(listed["runs"][0]["result"].is_null(), "{listed}");

    // The other machine has never seen a key of this site.
    let keys = env.file("ari/plant-7/keys.json");
    fs::remove_file(&keys).ok();
    run(&env, store, "ari", &["resume"]).exits(0);
    let [customers, gateways, connections] = live(&env);
    assert_eq!(
        [customers, gateways, connections],
        [before[0] + 1, before[1] + 1, before[2] + 1]
    );
    // It took AWS's keys for the tunnels that were there: the files can be written, by both.
    run(
        &env,
        store,
        "ari",
        &["onboard", SITE, "--yes", "--out", "ari.bundle"],
    )
    .exits(0);
    run(
        &env,
        store,
        "kim",
        &["onboard", SITE, "--yes", "--out", "kim.bundle"],
    )
    .exits(0);
    let ours = fs::read_to_string(env.file("kim/plant-7/keys.json")).unwrap();
    let theirs = fs::read_to_string(&keys).unwrap();
    assert_eq!(ours, theirs);

    run(&env, store, "kim", &["teardown", SITE, "--yes"]).exits(0);
    assert_eq!(live(&env), before);
    let lock = store.read("underpass/plant-7/lock.json");
    assert!(lock.contains("\"released\""), "{lock}");
    // No key, and nothing else of a site, lies beside the runs of either.
    for home in ["kim", "ari"] {
        assert!(!env.file(&format!("{home}/plant-7/lock")).exists());
    }
}

#[test]
fn a_lock_of_garbage_and_a_missing_bucket_say_what_to_do() {
    let store = Store::moto();
    let env = Env::served(400.0, Faults::default(), GatewaySim::Online);
    store.write("underpass/plant-7/lock.json", "{\"oops\": true}");
    let args = ["onboard", SITE, "--yes"];
    let refused = run(&env, &store, "kim", &args).exits(5);
    let said = &refused.stderr;
    assert!(
        said.contains("s3://acme-vpn/underpass/plant-7/lock.json is not a lock of underpass: unknown field `oops`"),
        "{said}"
    );
    assert!(said.contains("--break-lock"), "{said}");
    let next = said.lines().last().unwrap();
    assert!(next.ends_with("--home kim --break-lock"), "{next}");
    let args = [
        "onboard",
        SITE,
        "--yes",
        "--break-lock",
        "--lock-expiry",
        "3s",
    ];
    run(&env, &store, "kim", &args).exits(0);
    assert!(
        store
            .read("underpass/plant-7/lock.json")
            .contains("\"released\"")
    );

    let mut missing = env.command(&[
        "onboard",
        SITE,
        "--yes",
        "--journal",
        "s3://no-such-bucket/x",
    ]);
    let missing = ran(missing
        .env("AWS_ENDPOINT_URL_S3", &store.url)
        .output()
        .unwrap())
    .exits(3);
    let said = &missing.stderr;
    assert!(
        said.contains("cannot read s3://no-such-bucket/x/plant-7/lock.json"),
        "{said}"
    );
    assert!(said.contains("NoSuchBucket"), "{said}");
    assert!(said.contains("the bucket does not exist"), "{said}");
    let typo = env.run(&["runs", "--journal", "acme/underpass"]);
    assert!(typo.stderr.contains("write s3://bucket"), "{}", typo.stderr);
    typo.exits(3);
}

/// An S3 that answers everything with one answer.
fn one_answer(answer: &'static str) -> (String, tokio::runtime::Runtime) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut request = vec![0; 65536];
                let _read = stream.read(&mut request).await;
                let _sent = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    (url, runtime)
}

#[test]
fn denied_access_names_what_the_journal_needs() {
    let (url, _runtime) = one_answer(
        "HTTP/1.1 403 Forbidden\r\nx-amz-request-id: 4442587FB7D0A2F9\r\nconnection: close\r\n\
         content-type: application/xml\r\ncontent-length: 109\r\n\r\n\
         <Error><Code>AccessDenied</Code><Message>User kim is not authorized to do that to anything.</Message></Error>",
    );
    let env = Env::served(400.0, Faults::default(), GatewaySim::Online);
    let mut command = env.command(&["onboard", SITE, "--yes", "--journal", JOURNAL]);
    let denied = ran(command.env("AWS_ENDPOINT_URL_S3", &url).output().unwrap()).exits(4);
    let said = &denied.stderr;
    assert!(said.contains("request id 4442587FB7D0A2F9"), "{said}");
    assert!(said.contains("AccessDenied"), "{said}");
    assert!(said.contains("s3:ListBucket"), "{said}");
    assert!(env.sandbox().calls().iter().all(|call| !call.mutating));

    let policy = env.run(&["policy", SITE, "--journal", JOURNAL]).exits(0);
    let policy: serde_json::Value = serde_json::from_str(&policy.stdout).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let [.., journal, list] = statements.as_slice() else {
        panic!("{policy:#}")
    };
    assert_eq!(journal["Resource"][0], "arn:aws:s3:::acme-vpn/underpass/*");
    assert_eq!(list["Condition"]["StringLike"]["s3:prefix"], "underpass/*");
    assert!(!policy.to_string().contains("DeleteObject"));
    assert!(policy.to_string().len() < underpass::plan::LARGEST_POLICY);
}
