//! The one integration binary: every further one would link the AWS SDK again.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(
    clippy::print_stdout,
    reason = "figures, for who asks with --nocapture"
)]

mod aws_child;
mod aws_remote;
mod broken_disk;
mod bundle_install;
mod bundle_sample;
mod bundle_strongswan;
mod campaign;
mod clocks;
mod command_line;
mod config_xml;
mod cutover;
mod device_commands;
mod direct_connect;
mod direct_connect_order;
mod direct_connect_reaping;
mod engine_makespan;
mod engine_takeover;
mod env;
mod healing;
mod hostile;
mod house;
mod interrupts;
mod journal_bucket;
mod journal_fencing;
mod journal_format;
mod journey;
mod judge;
mod judge_asa;
mod judge_checkpoint;
mod judge_direct_connect;
mod judge_edgeos;
mod judge_eos;
mod judge_fortios;
mod judge_iked;
mod judge_ios_xe;
mod judge_libreswan;
mod judge_mikrotik;
mod judge_opnsense;
mod judge_panos;
mod judge_pfsense;
mod judge_screens;
mod judge_sonicos;
mod judge_srx;
mod judge_starter;
mod judge_vyos;
mod judge_yamaha;
mod kills;
mod moto;
mod moto_differences;
mod moto_direct;
mod moto_journey;
mod moto_transit;
mod operators;
mod private_ip_vpn;
mod races;
mod reaping;
mod rendering;
mod sandbox_clients;
mod sandbox_file;
mod sandbox_http;
mod secrets;
mod skeleton;
mod stores;
mod town;
mod transit;

#[test]
fn no_test_file_is_forgotten() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let listed = include_str!("main.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "rs") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let known = name == "main" || listed.contains(&format!("mod {name};"));
            assert!(known, "{name} is not listed");
        }
    }
}
