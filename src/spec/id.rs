//! Ids of AWS objects, one type each, so that a VPC is never passed where a gateway belongs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::net::InvalidValue;
use super::problem::quoted;

/// Why a text is not an id of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not {wanted}: expected {}", quoted(.found), self.form())]
pub struct InvalidId {
    found: String,
    wanted: &'static str,
    prefix: &'static str,
}

impl InvalidId {
    fn form(&self) -> String {
        match self.prefix {
            "" => "twelve digits".to_owned(),
            prefix => format!("`{prefix}` and 8 or 17 hexadecimal digits in lower case"),
        }
    }
}

impl From<InvalidId> for InvalidValue {
    fn from(error: InvalidId) -> Self {
        let problem = format!("{} is not {}", quoted(&error.found), error.wanted);
        Self::new(problem, format!("write {}", error.form()))
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $wanted:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as AWS writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let digits = text.strip_prefix($prefix).unwrap_or_default();
                let hex = digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                if hex && matches!(digits.len(), 8 | 17) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidId { found: text.to_owned(), wanted: $wanted, prefix: $prefix })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A VPC.
    VpcId, "vpc-", "a VPC id"
);
id!(
    /// A subnet of a VPC.
    SubnetId, "subnet-", "a subnet id"
);
id!(
    /// A route table of a VPC.
    RouteTableId, "rtb-", "a route table id"
);
id!(
    /// A customer gateway: AWS's record of the site's device.
    CustomerGatewayId, "cgw-", "a customer gateway id"
);
id!(
    /// A virtual private gateway.
    VpnGatewayId, "vgw-", "a virtual private gateway id"
);
id!(
    /// A transit gateway.
    TransitGatewayId, "tgw-", "a transit gateway id"
);
id!(
    /// What joins a VPC, a VPN connection or a Direct Connect gateway to a transit gateway.
    TransitGatewayAttachmentId, "tgw-attach-", "a transit gateway attachment id"
);
id!(
    /// A route table of a transit gateway.
    TransitGatewayRouteTableId, "tgw-rtb-", "a transit gateway route table id"
);
id!(
    /// A Site-to-Site VPN connection.
    VpnConnectionId, "vpn-", "a VPN connection id"
);

/// A twelve-digit AWS account id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

impl AccountId {
    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            let wanted = "an account id";
            Err(InvalidId {
                found: text.to_owned(),
                wanted,
                prefix: "",
            })
        }
    }
}

impl TryFrom<String> for AccountId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
