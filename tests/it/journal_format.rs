//! A journal that an earlier version wrote can still be read.

#[test]
fn a_journal_of_version_0_1_0_replays() {
    let history = underpass::journal::replay(include_bytes!("../fixtures/run.jsonl")).unwrap();
    assert_eq!(history.plan.site.as_str(), "shop-12");
    assert!(!history.is_unfinished());
    let connection = history
        .steps()
        .find(|(step, _)| step.as_str() == "connection")
        .map(|(_, done)| done)
        .unwrap();
    assert!(connection.in_doubt().is_none());
}
