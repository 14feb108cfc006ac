//! Where a connection ends: on a virtual private gateway, or on a transit gateway.

use std::collections::BTreeSet;

use super::NAME;
use crate::aws::{
    Collection, ConnectionEnd, ConnectionTraits, State, Tags, TransitAttachment, View,
    VpnConnection,
};
use crate::resource::inputs::{Inputs, KindError, Maybe};
use crate::resource::kind::{InputSpec, Progress};
use crate::resource::remembered;
use crate::resource::remembered_routes::{WrittenRoutes, missing_routes, missing_vpc};
use crate::resource::remembered_tables::{TAG_ASSOCIATED, TAG_PROPAGATES, missing_tables};
use crate::spec::{
    RouteTableId, Routing, TransitGatewayAttachmentId, TransitGatewayRouteTableId, VpcId,
};

/// The kind of gateway on AWS's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    VpnGateway,
    TransitGateway,
}

const CUSTOMER_GATEWAY: InputSpec = InputSpec::required("customer_gateway", "the customer gateway");
const ROUTING: InputSpec = InputSpec::required("routing", "`bgp` or `static`; cannot be changed");
const TUNNELS: InputSpec =
    InputSpec::required("tunnels", "the two tunnels' options, tunnel 1 first");
const ID: InputSpec = InputSpec::optional("id", "an existing connection to use");

const VPN_GATEWAY: &[InputSpec] = &[
    CUSTOMER_GATEWAY,
    InputSpec::required("vpn_gateway", "the virtual private gateway"),
    ROUTING,
    TUNNELS,
    InputSpec::optional(
        "enables_propagation",
        "route tables into which this site enables propagation from a gateway that is \
                     not its own; remembered in a tag",
    ),
    ID,
];
const TRANSIT_GATEWAY: &[InputSpec] = &[
    CUSTOMER_GATEWAY,
    InputSpec::required("transit_gateway", "the transit gateway"),
    InputSpec::required(
        "vpc",
        "the VPC that the site shall reach; remembered in a tag",
    ),
    ROUTING,
    TUNNELS,
    InputSpec::optional(
        "writes_routes",
        "the VPC's route tables, each with the networks that this site writes routes \
                     to; remembered in tags",
    ),
    InputSpec::optional(
        "associates_with",
        "the transit gateway's table that the site file names for the connection; remembered in \
         a tag",
    ),
    InputSpec::optional(
        "propagates_to",
        "the transit gateway's tables that the site file spreads routes to; remembered in a tag",
    ),
    InputSpec::optional(
        "accelerated",
        "over AWS Global Accelerator; cannot be changed",
    ),
    InputSpec::optional("large_bandwidth", "large tunnels; cannot be changed"),
    InputSpec::optional(
        "transport",
        "the Direct Connect gateway's attachment that carries it; cannot be changed",
    ),
    ID,
];

impl End {
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::VpnGateway => NAME,
            Self::TransitGateway => "transit_vpn_connection",
        }
    }

    /// The input that names the gateway.
    pub(super) const fn input(self) -> &'static str {
        match self {
            Self::VpnGateway => "vpn_gateway",
            Self::TransitGateway => "transit_gateway",
        }
    }

    pub(super) const fn inputs(self) -> &'static [InputSpec] {
        match self {
            Self::VpnGateway => VPN_GATEWAY,
            Self::TransitGateway => TRANSIT_GATEWAY,
        }
    }

    pub(super) const fn outputs(self) -> &'static [&'static str] {
        match self {
            Self::VpnGateway => &["id", "outside_addresses"],
            Self::TransitGateway => &["id", "outside_addresses", "attachment"],
        }
    }

    pub(super) const fn collections(self) -> &'static [Collection] {
        match self {
            Self::VpnGateway => &[Collection::VpnConnections],
            Self::TransitGateway => &[Collection::VpnConnections, Collection::TransitAttachments],
        }
    }

    /// Whether a connection is of this kind; one that ends nowhere yet is taken for the first.
    pub(super) const fn has(self, connection: &VpnConnection) -> bool {
        match self {
            Self::VpnGateway => connection.transit_gateway.is_none(),
            Self::TransitGateway => connection.transit_gateway.is_some(),
        }
    }

    /// The gateway that a new connection ends on.
    pub(super) fn wanted(self, inputs: &Inputs) -> Result<ConnectionEnd, KindError> {
        let name = self.input();
        Ok(match self {
            Self::VpnGateway => ConnectionEnd::VpnGateway(inputs.known(NAME, name)?),
            Self::TransitGateway => ConnectionEnd::TransitGateway(inputs.known(NAME, name)?),
        })
    }

    /// The tags by which a new connection remembers what else is its site's.
    pub(super) fn memory(self, inputs: &Inputs) -> Result<Tags, KindError> {
        self.missing_memory(inputs, &Tags::new())
    }

    /// The tags that a connection lacks to remember it.
    pub(super) fn missing_memory(self, inputs: &Inputs, has: &Tags) -> Result<Tags, KindError> {
        match self {
            Self::VpnGateway => {
                let tables: Option<BTreeSet<RouteTableId>> =
                    inputs.given(NAME, "enables_propagation")?;
                Ok(remembered::missing(&tables.unwrap_or_default(), has))
            }
            Self::TransitGateway => {
                let routes: Option<WrittenRoutes> = inputs.given(NAME, "writes_routes")?;
                let mut tags = missing_routes(&routes.unwrap_or_default(), has);
                let vpc: Option<VpcId> = inputs.given(NAME, "vpc")?;
                tags.extend(vpc.and_then(|vpc| missing_vpc(&vpc, has)));
                let associated: Option<TransitGatewayRouteTableId> =
                    inputs.given(NAME, "associates_with")?;
                let associated = associated.into_iter().collect();
                tags.extend(missing_tables(TAG_ASSOCIATED, &associated, has));
                let spread: Option<BTreeSet<TransitGatewayRouteTableId>> =
                    inputs.given(NAME, "propagates_to")?;
                tags.extend(missing_tables(
                    TAG_PROPAGATES,
                    &spread.unwrap_or_default(),
                    has,
                ));
                Ok(tags)
            }
        }
    }
}

/// Whether a kind of this name is a VPN connection, wherever it ends.
pub fn is_connection(kind: &str) -> bool {
    [End::VpnGateway, End::TransitGateway]
        .iter()
        .any(|end| end.kind() == kind)
}

/// The name of the kind that a connection is.
pub fn kind_of(connection: &VpnConnection) -> &'static str {
    let ends = [End::TransitGateway, End::VpnGateway];
    let its = ends.into_iter().find(|end| end.has(connection));
    its.unwrap_or(End::VpnGateway).kind()
}

/// What a new connection shall be for as long as it lives.
pub(super) fn traits(inputs: &Inputs) -> Result<ConnectionTraits, KindError> {
    let routing: Routing = inputs.known(NAME, "routing")?;
    let transport = match inputs.optional::<TransitGatewayAttachmentId>(NAME, "transport")? {
        None => None,
        Some(Maybe::Known(id)) => Some(id),
        Some(Maybe::Later(_)) => Some(inputs.known(NAME, "transport")?),
    };
    Ok(ConnectionTraits {
        static_routes_only: routing == Routing::Static,
        accelerated: inputs.given(NAME, "accelerated")?.unwrap_or(false),
        large_bandwidth: inputs.given(NAME, "large_bandwidth")?.unwrap_or(false),
        transport,
    })
}

/// The attachment that AWS made for a connection, the living one if there are several.
pub(super) fn attachment_of<'a>(
    view: &'a View,
    connection: &VpnConnection,
) -> Option<&'a TransitAttachment> {
    let of_it = view
        .transit_attachments
        .values()
        .filter(|it| it.resource_type == "vpn" && it.resource == connection.id.as_str());
    of_it.max_by_key(|it| !it.state.is_ending())
}

/// How far AWS is with a connection's attachment: it is listed some time after the connection.
pub(super) fn attaching(view: &View, connection: &VpnConnection) -> Progress {
    let waiting = |state: &State| Progress::Waiting {
        object: format!("the attachment of {}", connection.id),
        state: state.to_string(),
    };
    match attachment_of(view, connection) {
        Some(attachment) if attachment.state.is("available") => Progress::Done,
        Some(attachment) => waiting(&attachment.state),
        None => waiting(&State::new("absent")),
    }
}
