//! Conditional writes over a wire that loses answers.

use crate::aws::Put;
use crate::aws::fake_s3::FakeS3;

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_told_from_a_lost_race() {
    let s3 = FakeS3::new("us-east-1");
    let (kim, wire) = s3.client();
    let (ari, _) = s3.client();
    // The first try has its effect, the SDK's second one meets it.
    wire.lock().unwrap().lose = 1;
    let Put::Done(first) = kim.put_if_absent("a", b"1", "kim").await.unwrap() else {
        panic!("it was ours");
    };
    // Every answer of a replacement is lost, so that only reading back tells.
    wire.lock().unwrap().lose = 3;
    let second = kim.put_if_match("a", b"2", "kim", &first).await.unwrap();
    assert!(matches!(second, Put::Done(_)), "{second:?}");
    // The same bytes of another writer are not ours.
    for name in ["a", "b"] {
        kim.put_if_absent(name, b"2", "kim").await.unwrap();
        let lost = ari.put_if_absent(name, b"2", "ari").await.unwrap();
        assert_eq!(lost, Put::Lost);
    }
    let stale = ari.put_if_match("a", b"3", "ari", &first).await.unwrap();
    assert_eq!(stale, Put::Lost);
    assert_eq!(ari.get("a").await.unwrap().unwrap().body, b"2");
    assert!(ari.get("c").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_bucket_in_another_region_is_found_once() {
    let s3 = FakeS3::new("eu-central-1");
    let (objects, wire) = s3.client();
    assert!(objects.get("a").await.unwrap().is_none());
    objects.put_if_absent("a", b"1", "kim").await.unwrap();
    assert_eq!(objects.get("a").await.unwrap().unwrap().body, b"1");
    assert_eq!(
        wire.lock().unwrap().requests,
        4,
        "one answer names the Region"
    );
}
