use std::time::Duration;

use super::testing::owner;
use super::{Bucket, LockError, LockTimes, Storage};
use crate::aws::fake_s3::FakeS3;
use crate::clock::{Clock, IdSource};
use crate::spec::SiteName;

async fn after(seconds: u64) {
    Clock::system().sleep(Duration::from_secs(seconds)).await;
}

fn bucket(objects: crate::aws::Objects) -> Bucket {
    Bucket::open(objects, LockTimes::default(), IdSource::system())
}

fn is_held<T>(result: Result<T, LockError>) -> bool {
    matches!(result, Err(LockError::Held { owner: Some(_), .. }))
}

#[tokio::test(start_paused = true)]
async fn a_holder_who_cannot_renew_stops_a_minute_before_anybody_takes_over() {
    let s3 = FakeS3::new("us-east-1");
    let site: SiteName = "plant-7".parse().unwrap();
    let (kims, wire) = s3.client();
    let (kim, ari) = (bucket(kims), bucket(s3.client().0));
    let lease = kim.lock(&site, &owner("underpass onboard")).await.unwrap();
    // An hour of a long run, in which nobody else gets in.
    for _ in 0..60 {
        after(60).await;
        lease.check().await.unwrap();
        assert!(is_held(ari.lock(&site, &owner("underpass teardown")).await));
    }
    let renewals = wire.lock().unwrap().requests;
    assert!((180..=190).contains(&renewals), "{renewals}");

    // Just renewed, and then nothing gets through any more.
    lease.name_run(super::testing::RUN).await.unwrap();
    wire.lock().unwrap().cut = true;
    after(28).await;
    lease.check().await.unwrap();
    after(3).await;
    let refused = lease.check().await;
    assert!(matches!(refused, Err(LockError::Storage(_))), "{refused:?}");
    // The attempt took some seconds, and the lock is still the holder's for nearly a minute.
    after(45).await;
    let held = ari.lock(&site, &owner("underpass teardown")).await;
    let Err(LockError::Held {
        owner: Some(by), ..
    }) = held
    else {
        panic!("{held:?}");
    };
    assert_eq!(by.run, Some(super::testing::RUN.to_string()));
    after(20).await;
    let taken = ari.lock(&site, &owner("underpass teardown")).await.unwrap();

    // The network is back, too late; the word is final.
    wire.lock().unwrap().cut = false;
    for _ in 0..2 {
        let lost = lease.check().await;
        let Err(LockError::Lost {
            owner: Some(by), ..
        }) = lost
        else {
            panic!("{lost:?}");
        };
        assert_eq!(by.command, "underpass teardown");
    }
    taken.check().await.unwrap();
    taken.release().await.unwrap();
    assert!(taken.check().await.is_err());
    kim.lock(&site, &owner("underpass onboard")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_of_a_renewal_does_not_lose_the_lock() {
    let s3 = FakeS3::new("us-east-1");
    let site: SiteName = "plant-7".parse().unwrap();
    let (objects, wire) = s3.client();
    let kim = bucket(objects);
    let lease = kim.lock(&site, &owner("underpass onboard")).await.unwrap();
    for _ in 0..20 {
        wire.lock().unwrap().lose = 3;
        after(25).await;
        lease.check().await.unwrap();
    }
    lease.release().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn whoever_breaks_a_lock_waits_until_its_holder_must_have_stopped() {
    let s3 = FakeS3::new("us-east-1");
    let site: SiteName = "plant-7".parse().unwrap();
    let (kim, ari) = (bucket(s3.client().0), bucket(s3.client().0));
    assert_eq!(ari.break_lock(&site).await.unwrap(), None);
    let lease = kim.lock(&site, &owner("underpass onboard")).await.unwrap();
    after(10).await;
    let began = crate::clock::Moment::now();
    let broken = ari.break_lock(&site).await.unwrap().unwrap();
    assert_eq!(broken.owner.unwrap().command, "underpass onboard");
    assert!(
        began.passed() >= Duration::from_secs(49),
        "{:?}",
        began.passed()
    );
    let lost = lease.check().await;
    assert!(matches!(lost, Err(LockError::Lost { .. })), "{lost:?}");
    ari.lock(&site, &owner("underpass teardown")).await.unwrap();
}
