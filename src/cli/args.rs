//! What can be typed: the global options and the list of commands.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use super::output::Format;
use super::{
    cutover, devices, docs, explain, init, onboard, plan, playbooks, policy, reap, render, resume,
    runs, sandbox, schema, status, teardown, verify,
};
use crate::aws::BucketAddress;
use crate::sandbox::{Faults, GatewaySim};

/// Takes a site's traffic off the open Internet.
///
/// One command makes the AWS half of a site-to-site VPN, writes the router's half, and proves that
/// the two meet. It plans before it acts, can be stopped anywhere and run again, and removes test
/// sites without leaving a bill.
#[derive(Debug, Parser)]
#[command(
    name = "underpass",
    version,
    max_term_width = 100,
    after_help = "Start here:  underpass init\n             underpass plan site.yaml --sandbox\n             underpass onboard site.yaml --sandbox"
)]
pub struct Cli {
    /// What applies to every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What applies to every command.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// Form of the result on stdout
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        help_heading = "Output"
    )]
    pub format: Format,
    /// Print only results and failures
    #[arg(short, long, global = true, help_heading = "Output")]
    pub quiet: bool,
    /// Folder for journals, keys and the sandbox's world
    #[arg(
        long,
        global = true,
        env = "UNDERPASS_HOME",
        hide_env_values = true,
        default_value = ".underpass",
        value_name = "DIR",
        help_heading = "Where"
    )]
    pub home: PathBuf,
    /// Keep runs and locks in S3, for a team: s3://BUCKET/PREFIX; keys stay in the folder
    #[arg(
        long,
        global = true,
        env = "UNDERPASS_JOURNAL",
        value_name = "URL",
        help_heading = "Where"
    )]
    pub journal: Option<BucketAddress>,
    /// After how long without a sign of life a lock in S3 is free, in seconds: for tests
    #[arg(long, global = true, hide = true, value_parser = super::duration)]
    pub lock_expiry: Option<Duration>,
    /// Named AWS profile
    #[arg(
        long,
        global = true,
        env = "AWS_PROFILE",
        hide_env_values = true,
        value_name = "NAME",
        help_heading = "Where"
    )]
    pub profile: Option<String>,
    /// Talk to this address instead of AWS, such as a sandbox that listens
    #[arg(
        long,
        global = true,
        env = "AWS_ENDPOINT_URL",
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Where"
    )]
    pub endpoint_url: Option<String>,
    /// Use the built-in AWS look-alike: no account, no cost
    #[arg(
        long,
        global = true,
        env = "UNDERPASS_SANDBOX",
        hide_env_values = true,
        value_parser = clap::builder::FalseyValueParser::new(),
        conflicts_with = "profile",
        help_heading = "Sandbox"
    )]
    pub sandbox: bool,
    /// How many seconds pass in the sandbox in a real one [default: 30; 1 for AWS]
    #[arg(long, global = true, value_name = "FACTOR", value_parser = time_scale, help_heading = "Sandbox")]
    pub time_scale: Option<f64>,
    /// Faults to inject, such as resets,lost-replies; `underpass sandbox --help` explains all
    #[arg(
        long,
        global = true,
        value_name = "LIST",
        requires = "sandbox",
        help_heading = "Sandbox"
    )]
    pub faults: Option<Faults>,
    /// Seed of the sandbox's faults and times
    #[arg(
        long,
        global = true,
        value_name = "N",
        requires = "sandbox",
        help_heading = "Sandbox"
    )]
    pub seed: Option<u64>,
    /// What the site's router does: online, offline, half-up, no-bgp
    #[arg(
        long,
        global = true,
        value_name = "STATE",
        requires = "sandbox",
        help_heading = "Sandbox"
    )]
    pub gateway: Option<GatewaySim>,
}

fn time_scale(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(scale) if (0.01..=100_000.0).contains(&scale) => Ok(scale),
        _ => Err("a number between 0.01 and 100000".to_owned()),
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a commented site file from flags or questions.
    Init(init::Args),
    /// Show what onboarding would do, without touching anything.
    Plan(plan::Args),
    /// Bring a site up: AWS's half, the router's half, and what to do next.
    Onboard(onboard::Args),
    /// Write the router's configuration anew, or compare it: from AWS, or from a saved XML.
    Render(render::Args),
    /// Check that the two halves meet, with the likely cause of each miss.
    Verify(verify::Args),
    /// Show how a site is doing.
    Status(status::Args),
    /// Move a site's traffic between its tunnels and Direct Connect, or try the fail-over.
    Cutover(cutover::Args),
    /// Remove what onboarding made, and only that.
    Teardown(teardown::Args),
    /// Remove test sites whose time is over.
    Reap(reap::Args),
    /// List the runs that the journal remembers.
    Runs(runs::Args),
    /// Go on with a run that was stopped.
    Resume(resume::Args),
    /// Print the exact IAM policy for a site.
    Policy(policy::Args),
    /// List and show the topologies.
    Playbooks(playbooks::Args),
    /// List the routers that can be configured.
    Devices(devices::Args),
    /// Explain a code that plan, onboard or a site file's error names.
    Explain(explain::Args),
    /// Print the JSON Schema of the site file, for editors.
    Schema(schema::Args),
    /// Serve the AWS look-alike to any AWS client.
    Sandbox(sandbox::Args),
    /// Print completions for a shell.
    Completions(docs::CompletionsArgs),
    /// Write the man pages.
    #[command(hide = true)]
    Man(docs::ManArgs),
}
