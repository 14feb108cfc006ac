//! A client for the unit tests, as small as can be.

use std::time::Duration;

use jiff::Timestamp;

use super::{Faults, GatewaySim, Reply, Request, Sandbox, SandboxOptions};
use crate::clock::{Clock, IdSource};

pub(super) const VPC: &str = "vpc-0a1b2c3d4e5f67890";
pub(super) const TABLE: &str = "rtb-0a1b2c3d4e5f60002";
pub(super) const CLINIC_VGW: &str = "vgw-0b1b2c3d4e5f60009";

pub(super) fn options() -> SandboxOptions {
    SandboxOptions {
        clock: Clock::starting_at("2026-11-22T08:00:00Z".parse::<Timestamp>().unwrap(), 1.0),
        ids: IdSource::seeded(1),
        faults: Faults::default(),
        file: None,
        gateway: GatewaySim::Offline,
    }
}

/// Calls a sandbox as an SDK would, minus the network.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) sandbox: Sandbox,
    pub(super) region: String,
    pub(super) key: String,
}

#[derive(Debug)]
pub(super) struct Document(pub(super) String);

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
}

pub(super) type Answer = Result<Document, Failure>;

pub(super) fn client() -> Client {
    with(options())
}

pub(super) fn with(options: SandboxOptions) -> Client {
    of(Sandbox::open(options).unwrap())
}

pub(super) fn of(sandbox: Sandbox) -> Client {
    Client {
        sandbox,
        region: "eu-central-1".to_owned(),
        key: "AKIDSANDBOX".to_owned(),
    }
}

/// Lets the world's time pass, at scale 1.
pub(super) async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

impl Client {
    pub(super) fn send(&self, service: &str, action: &str, params: &[(&str, &str)]) -> Reply {
        let version = if service == "sts" {
            "2011-06-15"
        } else {
            "2016-11-15"
        };
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", action)
            .append_pair("Version", version)
            .extend_pairs(params)
            .finish();
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential={}/20261122/{}/{service}/aws4_request, SignedHeaders=host",
            self.key, self.region
        );
        let request = Request::from_http(
            "POST",
            "/",
            [("Authorization", scope.as_str())],
            body.as_bytes(),
        );
        self.sandbox.handle(&request)
    }

    pub(super) fn call(&self, action: &str, params: &[(&str, &str)]) -> Answer {
        let reply = self.send("ec2", action, params);
        let document = Document(String::from_utf8(reply.body).unwrap());
        if reply.status == 200 {
            return Ok(document);
        }
        Err(Failure {
            status: reply.status,
            code: document.text("Code"),
            message: document.text("Message"),
        })
    }

    /// Like [`call`](Self::call), with the parameters as a form.
    pub(super) fn call_with(&self, action: &str, form: &str) -> Answer {
        let params: Vec<_> = form_urlencoded::parse(form.as_bytes())
            .into_owned()
            .collect();
        let params: Vec<_> = params
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        self.call(action, &params)
    }

    pub(super) fn ok(&self, action: &str, params: &[(&str, &str)]) -> Document {
        match self.call(action, params) {
            Ok(document) => document,
            Err(failure) => panic!("{action}: {failure:?}"),
        }
    }

    /// The code of the error that a call must end with.
    pub(super) fn code(&self, action: &str, params: &[(&str, &str)]) -> String {
        match self.call(action, params) {
            Ok(document) => panic!("{action} succeeded: {document:?}"),
            Err(failure) => failure.code,
        }
    }

    pub(super) fn customer_gateway(&self, ip: &str, asn: &str) -> String {
        let params = [("Type", "ipsec.1"), ("IpAddress", ip), ("BgpAsn", asn)];
        self.ok("CreateCustomerGateway", &params)
            .text("customerGatewayId")
    }

    pub(super) fn vpn_gateway(&self) -> String {
        self.ok("CreateVpnGateway", &[("Type", "ipsec.1")])
            .text("vpnGatewayId")
    }

    /// A transit gateway, available, with parameters besides the defaults.
    pub(super) async fn transit_gateway(&self, more: &[(&str, &str)]) -> String {
        let made = self.ok("CreateTransitGateway", more);
        pass(130).await;
        made.text("transitGatewayId")
    }

    /// Attaches a VPC to a transit gateway by subnets; the attachment is available.
    pub(super) async fn attach_vpc(&self, gateway: &str, vpc: &str, subnets: &[&str]) -> String {
        let names: Vec<String> = (1..=subnets.len())
            .map(|number| format!("SubnetIds.{number}"))
            .collect();
        let mut params = vec![("TransitGatewayId", gateway), ("VpcId", vpc)];
        params.extend(
            names
                .iter()
                .map(String::as_str)
                .zip(subnets.iter().copied()),
        );
        let made = self.ok("CreateTransitGatewayVpcAttachment", &params);
        pass(120).await;
        made.text("transitGatewayAttachmentId")
    }

    /// A VPN connection on a transit gateway, just asked for.
    pub(super) fn transit_vpn(
        &self,
        customer: &str,
        gateway: &str,
        more: &[(&str, &str)],
    ) -> Answer {
        let mut params = vec![
            ("Type", "ipsec.1"),
            ("CustomerGatewayId", customer),
            ("TransitGatewayId", gateway),
        ];
        params.extend(more);
        self.call("CreateVpnConnection", &params)
    }

    /// The attachment of a VPN connection that is listed.
    pub(super) fn attachment_of(&self, vpn: &str) -> String {
        let filters = [
            ("Filter.1.Name", "resource-type"),
            ("Filter.1.Value.1", "vpn"),
            ("Filter.2.Name", "resource-id"),
            ("Filter.2.Value.1", vpn),
        ];
        self.ok("DescribeTransitGatewayAttachments", &filters)
            .text("transitGatewayAttachmentId")
    }

    pub(super) fn vpn(&self, customer: &str, gateway: &str, more: &[(&str, &str)]) -> Answer {
        let mut params = vec![
            ("Type", "ipsec.1"),
            ("CustomerGatewayId", customer),
            ("VpnGatewayId", gateway),
        ];
        params.extend(more);
        self.call("CreateVpnConnection", &params)
    }

    /// A gateway pair with a connection, available; ids of the three, in that order.
    pub(super) async fn site(&self, more: &[(&str, &str)]) -> (String, String, String) {
        let customer = self.customer_gateway("198.51.100.7", "65010");
        let gateway = self.vpn_gateway();
        pass(10).await;
        let vpn = self
            .vpn(&customer, &gateway, more)
            .unwrap()
            .text("vpnConnectionId");
        pass(301).await;
        (customer, gateway, vpn)
    }

    pub(super) fn describe_vpn(&self, vpn: &str) -> Document {
        self.ok("DescribeVpnConnections", &[("VpnConnectionId.1", vpn)])
    }
}

impl Document {
    /// The unescaped text of the first element of that name.
    pub(super) fn text(&self, name: &str) -> String {
        self.all(name)
            .into_iter()
            .next()
            .unwrap_or_else(|| panic!("no <{name}> in {}", self.0))
    }

    pub(super) fn all(&self, name: &str) -> Vec<String> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        self.0
            .split(&open)
            .skip(1)
            .map(|rest| rest.split(&close).next().unwrap_or_default())
            .map(|text| quick_xml::escape::unescape(text).unwrap().into_owned())
            .collect()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains(&format!("<{name}>"))
    }

    /// The texts of an element inside the first list or structure of that name.
    pub(super) fn inside(&self, outer: &str, name: &str) -> Vec<String> {
        let (open, close) = (format!("<{outer}>"), format!("</{outer}>"));
        let part = self.0.split(&open).nth(1).unwrap_or_default();
        Self(part.split(&close).next().unwrap_or_default().to_owned()).all(name)
    }
}
