//! `underpass sandbox`.

use std::net::SocketAddr;

use super::args::Global;
use super::connect::{clock, open_sandbox};
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::output::{Line, Output};
use crate::sandbox::{Faults, serve};

/// Serve the AWS look-alike to any AWS client
#[derive(Debug, clap::Args)]
#[command(after_long_help = faults())]
pub struct Args {
    /// Where to listen; loopback only
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4599")]
    listen: SocketAddr,
    /// Begin with a new world, and forget the old one
    #[arg(long)]
    reset: bool,
    /// With --reset: do not serve
    #[arg(long, requires = "reset")]
    only: bool,
}

/// The page about `--faults`.
fn faults() -> String {
    let lines = Faults::table().map(|(name, what)| format!("  {name}\n          {what}\n"));
    format!("Faults:\n{}", lines.collect::<String>())
}

pub(super) async fn run(
    args: &Args,
    global: &Global,
    output: Output,
    stop: &Interrupt,
) -> Result<Exit, Failure> {
    if !args.listen.ip().is_loopback() {
        return Err(Failure::new(
            Exit::Input,
            format!("{} is not a loopback address", args.listen),
        )
        .hint("the sandbox checks no signature: it must not be reachable from elsewhere")
        .next("underpass sandbox --listen 127.0.0.1:4599"));
    }
    if args.reset {
        let folder = global.home.join("sandbox");
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::file("remove", &folder, &error));
            }
            _ => output.say(Line::Ready, "the sandbox's world is new"),
        }
        if args.only {
            return Ok(Exit::Ok);
        }
    }
    let sandboxed = Global {
        sandbox: true,
        time_scale: Some(global.time_scale.unwrap_or(1.0)),
        ..global.clone()
    };
    let sandbox = open_sandbox(&sandboxed, &clock(&sandboxed))?;
    let listener = tokio::net::TcpListener::bind(args.listen)
        .await
        .map_err(|error| {
            Failure::new(
                Exit::Internal,
                format!("cannot listen on {}: {error}", args.listen),
            )
            .hint("another sandbox may run already; port 0 takes any free port")
            .next("underpass sandbox --listen 127.0.0.1:0")
        })?;
    let address = listener.local_addr().map_err(|error| {
        Failure::new(
            Exit::Internal,
            format!("the listener has no address: {error}"),
        )
    })?;
    output.text(&format!("listening on http://{address}\nnext: AWS_ENDPOINT_URL=http://{address} aws ec2 describe-vpcs --region eu-central-1"));
    output.say(
        Line::Do,
        "Ctrl-C ends it; the world stays in the home folder",
    );
    let _serving = stop.watch("the world stays in the home folder");
    serve(sandbox, listener, stop.asked())
        .await
        .map_err(|error| Failure::new(Exit::Internal, format!("the sandbox stopped: {error}")))?;
    Ok(Exit::Ok)
}
