//! The one client of an account and Region.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use aws_sdk_directconnect::config::Builder as DirectConnectConfig;
use aws_sdk_ec2::config::Builder as Ec2Config;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::OnceCell;

use super::call::{Answer, Call};
use super::convert;
use super::convert_vpn;
use super::decoded::{Asker, Decoded, Early};
use super::endpoint::Endpoints;
use super::fault::{Fault, FaultKind};
use super::in_process;
use super::model::NegotiatedTunnel;
use super::pace::{Group, Pace};
use super::request;
use super::server_clock::ServerClock;
use super::share::Share;
use super::transport::{self, Patience};
use crate::clock::{Clock, IdSource};
use crate::sandbox::Sandbox;
use crate::spec::{AccountId, Region, VpnConnectionId};

/// How often a repeatable call is made when AWS answers "too often".
const WRITE_ATTEMPTS: u32 = 5;

/// A gateway that nobody has.
const NOBODY: &str = "vgw-00000000000000000";

/// Which AWS to talk to, and as whom.
#[derive(Clone, Debug)]
pub struct Target {
    /// The Region.
    pub region: Region,
    /// A profile of the AWS configuration files, and then no other source of credentials; none for
    /// the SDK's usual order of sources.
    pub profile: Option<String>,
    /// Another endpoint for every service, such as a look-alike on loopback.
    pub endpoint_url: Option<String>,
    /// The look-alike inside this process: no network, no credentials, the rest is ignored.
    pub sandbox: Option<Sandbox>,
}

/// Who the credentials belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub account: AccountId,
    /// The principal.
    pub arn: String,
}

/// Talks to EC2 and STS; clones share connections, pace and looks.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    region: Region,
    pub(super) clock: Clock,
    ids: IdSource,
    pub(super) reader: aws_sdk_ec2::Client,
    writer: aws_sdk_ec2::Client,
    /// Direct Connect, for looks and for calls.
    pub(super) dx_reader: aws_sdk_directconnect::Client,
    dx_writer: aws_sdk_directconnect::Client,
    sts: aws_sdk_sts::Client,
    pub(super) pace: Pace,
    pub(super) share: Share,
    pub(super) server_clock: ServerClock,
    /// Where requests have gone; none of the look-alike inside this process leaves it.
    endpoints: Endpoints,
    in_sandbox: bool,
    /// Whether a site is on a transit gateway, or has a Direct Connect.
    pub(super) transit: AtomicBool,
    pub(super) direct_connect: AtomicBool,
    /// Set once the endpoint has shown that it looks at `DryRun`.
    probed: OnceCell<()>,
    /// Looks at a look-alike in this process without decoding anything twice.
    pub(super) asker: Option<Asker>,
}

impl Client {
    /// A client for `target` that paces itself by `clock`: for a sandbox, the sandbox's own.
    ///
    /// Sends nothing: missing or expired credentials show at the first call.
    pub async fn connect(target: &Target, clock: Clock, ids: IdSource) -> Result<Self, Fault> {
        if let Some(sandbox) = &target.sandbox {
            let http = in_process::sandbox(sandbox.clone(), Early::default());
            return Ok(Self::in_process(target, http, clock, ids));
        }
        target.check_endpoint()?;
        let config = transport::remote(target, Patience::default()).await;
        Ok(Self::over(target, &config, clock, ids))
    }

    /// A client for a sandbox in this process that decodes no answer to a look that `decoded` has.
    ///
    /// For programs that play thousands of runs; it sees what any other sees. Only the SDK's quota of
    /// retries, which a good answer fills up again, hears nothing of what was known.
    pub fn remembering(
        target: &Target,
        sandbox: &Sandbox,
        decoded: &Decoded,
        clock: Clock,
        ids: IdSource,
    ) -> Self {
        let early = Early::default();
        let http = in_process::sandbox(sandbox.clone(), early.clone());
        let config = transport::in_process(target, http, Patience::default());
        let (region, decoded) = (target.region.clone(), decoded.clone());
        let asker = Asker::new(sandbox.clone(), region, decoded, early);
        Self::with(target, &config, clock, ids, Some(asker))
    }

    /// A client whose requests go to `http` and never to a network.
    pub(super) fn in_process(
        target: &Target,
        http: SharedHttpClient,
        clock: Clock,
        ids: IdSource,
    ) -> Self {
        let config = transport::in_process(target, http, Patience::default());
        Self::over(target, &config, clock, ids)
    }

    /// A client without a network whose every request is answered by `answer`: a form in, a status
    /// and a body out. For programs that try out what answers do.
    pub fn answered_by(
        target: &Target,
        clock: Clock,
        ids: IdSource,
        answer: impl Fn(&[u8]) -> (u16, Vec<u8>) + Send + Sync + 'static,
    ) -> Self {
        let http = in_process::http_client(move |request| {
            let (status, body) = answer(request.body().bytes().unwrap_or_default());
            in_process::Exchange {
                status,
                headers: Vec::new(),
                body,
                delay: Duration::ZERO,
                lost: false,
            }
        });
        Self::in_process(target, http, clock, ids)
    }

    /// A client over a configuration that stands.
    pub(super) fn over(
        target: &Target,
        config: &aws_config::SdkConfig,
        clock: Clock,
        ids: IdSource,
    ) -> Self {
        Self::with(target, config, clock, ids, None)
    }

    fn with(
        target: &Target,
        config: &aws_config::SdkConfig,
        clock: Clock,
        ids: IdSource,
        asker: Option<Asker>,
    ) -> Self {
        let endpoints = Endpoints::default();
        let server_clock = ServerClock::new(clock.clone());
        // What is written down of an answer carries a time that the answer has set right.
        let writer = Ec2Config::from(config)
            .retry_config(transport::no_retries())
            .interceptor(server_clock.clone())
            .interceptor(endpoints.clone());
        let reader = Ec2Config::from(config)
            .interceptor(server_clock.clone())
            .interceptor(endpoints.clone());
        let dx_writer = DirectConnectConfig::from(config)
            .retry_config(transport::no_retries())
            .interceptor(endpoints.clone());
        let dx_reader = DirectConnectConfig::from(config)
            .interceptor(server_clock.clone())
            .interceptor(endpoints.clone());
        // Whoever asks who they are learns the time before anything is judged by it.
        let sts = aws_sdk_sts::config::Builder::from(config).interceptor(server_clock.clone());
        Self {
            shared: Arc::new(Shared {
                region: target.region.clone(),
                reader: aws_sdk_ec2::Client::from_conf(reader.build()),
                writer: aws_sdk_ec2::Client::from_conf(writer.build()),
                dx_reader: aws_sdk_directconnect::Client::from_conf(dx_reader.build()),
                dx_writer: aws_sdk_directconnect::Client::from_conf(dx_writer.build()),
                sts: aws_sdk_sts::Client::from_conf(sts.build()),
                pace: Pace::new(clock.clone()),
                share: Share::default(),
                server_clock,
                endpoints,
                in_sandbox: target.sandbox.is_some() || asker.is_some(),
                transit: AtomicBool::new(false),
                direct_connect: AtomicBool::new(false),
                probed: OnceCell::new(),
                asker,
                clock,
                ids,
            }),
        }
    }

    /// What it paces itself by.
    pub(crate) fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// The Region.
    pub fn region(&self) -> &Region {
        &self.shared.region
    }

    /// How far this machine's clock is ahead of AWS's, to the second.
    ///
    /// None before AWS has answered a look, or when its answers tell no time.
    pub fn clock_ahead(&self) -> Option<SignedDuration> {
        self.shared.server_clock.ahead()
    }

    /// AWS's time, to the second; ours where its answers tell none.
    pub fn now(&self) -> Timestamp {
        self.shared.server_clock.now()
    }

    /// Who is calling (`sts:GetCallerIdentity`).
    pub async fn caller(&self) -> Result<Caller, Fault> {
        const ACTION: &str = "GetCallerIdentity";
        let answer = self.shared.sts.get_caller_identity().send().await;
        let answer = answer.map_err(|error| Fault::from_sdk(ACTION, &error))?;
        let account = answer.account().and_then(|account| account.parse().ok());
        account
            .map(|account| Caller {
                account,
                arn: convert::shown(answer.arn().unwrap_or_default()),
            })
            .ok_or_else(|| {
                let message = "the answer names no account";
                Fault::of_kind(ACTION, FaultKind::Server, message)
            })
    }

    /// Makes a call, when it is its turn.
    ///
    /// A call that may be repeated is, when AWS says "too often"; any other failure comes back at
    /// once, because only the caller knows what to look for before it tries again.
    pub async fn call(&self, call: &Call) -> Result<Answer, Fault> {
        self.turn(call).await;
        self.call_now(call).await
    }

    /// Waits until AWS's rate limits allow `call`.
    pub async fn turn(&self, call: &Call) {
        let group = match call {
            Call::CreateTags { .. } => Group::Tag,
            _ => Group::Write,
        };
        self.shared.pace.turn(group).await;
    }

    /// Makes a call whose turn it is: [`Client::call`] for those who have to prove something
    /// between the wait and the call.
    pub async fn call_now(&self, call: &Call) -> Result<Answer, Fault> {
        let mut further = if call.is_unrepeatable() {
            0
        } else {
            WRITE_ATTEMPTS - 1
        };
        let mut pause = Duration::from_secs(1);
        loop {
            match self.send(call, false).await {
                Err(fault) if fault.kind == FaultKind::Throttled && further > 0 => {
                    let jitter = 0.5 + self.shared.ids.fraction();
                    self.shared.clock.sleep(pause.mul_f64(jitter)).await;
                    further -= 1;
                    pause *= 2;
                    self.turn(call).await;
                }
                result => return result,
            }
        }
    }

    /// Asks whether `call` would be allowed; none when EC2 has no DryRun for it.
    ///
    /// EC2 checks permissions and the form of the parameters, not quotas or what exists.
    ///
    /// Most look-alikes of EC2 ignore `DryRun` and carry the call out. So an endpoint that is not
    /// AWS's, by where the requests so far have gone, is first asked about deleting something that
    /// does not exist: one that says "not found" did not look at `DryRun`, and is asked nothing else.
    pub async fn dry_run(&self, call: &Call) -> Option<Result<(), Fault>> {
        if !call.has_dry_run() {
            return None;
        }
        if (self.shared.in_sandbox || !self.shared.endpoints.are_awss())
            && let Err(fault) = self.probe_dry_run().await
        {
            return Some(Err(fault));
        }
        self.turn(call).await;
        Some(match self.send(call, true).await {
            Err(fault) if fault.kind == FaultKind::WouldSucceed => Ok(()),
            Err(fault) => Err(fault),
            // EC2 answers a dry run with an error in any case. Some look-alikes do not know it.
            Ok(answer) => {
                let made = answer
                    .id
                    .map(|id| format!(" and made {id}"))
                    .unwrap_or_default();
                let message = format!("the endpoint ignored DryRun{made}");
                Err(Fault::of_kind(
                    call.action(),
                    FaultKind::CarriedOut,
                    &message,
                ))
            }
        })
    }

    /// Finds out, once, whether the endpoint looks at `DryRun`.
    async fn probe_dry_run(&self) -> Result<(), Fault> {
        let probe = || async {
            let Ok(nobody) = NOBODY.parse() else {
                return Ok(());
            };
            let ignores = match self.send(&Call::DeleteVpnGateway(nobody), true).await {
                Ok(_) => true,
                Err(fault) => match fault.kind {
                    FaultKind::NotFound => true,
                    FaultKind::Throttled | FaultKind::Server | FaultKind::Lost => {
                        return Err(fault);
                    }
                    _ => false,
                },
            };
            if ignores {
                let message = "the endpoint is not AWS and ignores DryRun: it would carry out \
                               what it is asked about";
                return Err(Fault::of_kind("DryRun", FaultKind::NoDryRun, message));
            }
            Ok(())
        };
        self.shared.probed.get_or_try_init(probe).await.copied()
    }

    async fn send(&self, call: &Call, dry: bool) -> Result<Answer, Fault> {
        let Shared {
            writer, dx_writer, ..
        } = &*self.shared;
        let answer = request::send(writer, dx_writer, call, dry).await;
        answer.map_err(|fault| fault.without(call.secrets()))
    }

    /// EC2's client for looks, when it is a look's turn.
    pub(super) async fn reader(&self) -> &aws_sdk_ec2::Client {
        self.shared.pace.turn(Group::Read).await;
        &self.shared.reader
    }

    /// Direct Connect's client for looks, and its pace, when it is a look's turn.
    pub(super) async fn direct_connect_reader(&self) -> (&aws_sdk_directconnect::Client, &Pace) {
        self.shared.pace.turn(Group::Read).await;
        (&self.shared.dx_reader, &self.shared.pace)
    }

    /// What both ends of a tunnel agreed on (`GetActiveVpnTunnelStatus`).
    pub async fn negotiated(
        &self,
        connection: &VpnConnectionId,
        outside: Ipv4Addr,
    ) -> Result<NegotiatedTunnel, Fault> {
        let reader = self.reader().await;
        let request = reader
            .get_active_vpn_tunnel_status()
            .vpn_connection_id(connection.as_str())
            .vpn_tunnel_outside_ip_address(outside.to_string());
        let answer = request.send().await;
        let answer = answer.map_err(|error| Fault::from_sdk("GetActiveVpnTunnelStatus", &error))?;
        let status = answer.active_vpn_tunnel_status();
        Ok(status.map(convert_vpn::negotiated).unwrap_or_default())
    }
}
