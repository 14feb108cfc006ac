//! A playbook as it was written: steps with their references not yet resolved.

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::expr::{Condition, Reference, Template};
use super::problem::Source;
use super::yaml::Span;
use crate::spec::{AttachTo, Routing, Site};

/// Which steps a topology needs, as one YAML file says it.
///
/// Well-formed by type; whether its steps fit the kinds and a site is what
/// [`check`](super::check()) and [`compile`](super::compile()) find out.
#[derive(Clone, Debug)]
pub struct Playbook {
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) fits: Option<Fits>,
    pub(super) steps: Vec<Step>,
    pub(super) source: Source,
}

impl Playbook {
    /// Its name, such as `vgw-bgp`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it builds, in one sentence.
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// The sites it is chosen for; none means only when it is asked for by name or file.
    pub fn fits(&self) -> Option<Fits> {
        self.fits
    }

    /// Its steps in the file's order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The YAML that it was read from.
    pub fn source(&self) -> &str {
        &self.source.text
    }
}

/// The sites that a playbook is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fits {
    /// The gateway on AWS's side.
    pub attach_to: Attachable,
    /// How routes are learned.
    pub routing: Routing,
    /// Whether both tunnels carry at once, or one at a time.
    #[serde(skip_serializing_if = "Carrying::is_one")]
    pub tunnels: Carrying,
    /// Whether a Direct Connect stands beside the VPN connection.
    pub direct_connect: bool,
    /// Whether the VPN connection runs over it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub private_vpn: bool,
}

/// How two tunnels share the traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carrying {
    /// AWS sends through one of them.
    #[default]
    One,
    /// AWS spreads flows over both.
    Together,
}

impl Carrying {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
    fn is_one(&self) -> bool {
        *self == Self::One
    }
}

impl Fits {
    /// Whether a site is one of them.
    pub fn site(self, site: &Site) -> bool {
        let attach_to = match site.aws.attach_to {
            AttachTo::VirtualPrivateGateway(_) => Attachable::VirtualPrivateGateway,
            AttachTo::TransitGateway(_) => Attachable::TransitGateway,
        };
        let direct_connect = site.aws.direct_connect.is_some();
        let together =
            attach_to == Attachable::TransitGateway && site.aws.transit.ecmp && !direct_connect;
        self == Self {
            attach_to,
            routing: site.routing,
            tunnels: match together {
                true => Carrying::Together,
                false => Carrying::One,
            },
            direct_connect,
            private_vpn: site.aws.private_vpn().is_some(),
        }
    }
}

/// What a connection ends on in AWS, without saying which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attachable {
    /// A virtual private gateway.
    VirtualPrivateGateway,
    /// A transit gateway.
    TransitGateway,
}

/// One step of a playbook.
#[derive(Clone, Debug)]
pub struct Step {
    pub(super) id: Spot<String>,
    pub(super) kind: Spot<String>,
    pub(super) with: Vec<(Spot<String>, Argument)>,
    pub(super) when: Option<Spot<Condition>>,
    pub(super) for_each: Option<ForEach>,
    pub(super) after: Vec<Spot<String>>,
}

impl Step {
    /// Its name, unique in the playbook.
    pub fn id(&self) -> &str {
        &self.id.value
    }

    /// The kind of resource it manages.
    pub fn kind(&self) -> &str {
        &self.kind.value
    }

    /// The condition under which it is there at all.
    pub fn when(&self) -> Option<&Condition> {
        self.when.as_ref().map(|when| &when.value)
    }

    /// Whether it stands for one step per item of a list.
    pub fn is_for_each(&self) -> bool {
        self.for_each.is_some()
    }

    /// The steps it waits for without needing anything of them.
    pub fn after(&self) -> impl Iterator<Item = &str> {
        self.after.iter().map(|step| step.value.as_str())
    }

    /// Every reference in its inputs.
    pub fn references(&self) -> Vec<&Reference> {
        self.with
            .iter()
            .flat_map(|(_, argument)| argument.references())
            .collect()
    }
}

/// A value and where it stands in the file.
#[derive(Clone, Debug)]
pub(super) struct Spot<T> {
    pub(super) value: T,
    pub(super) at: Span,
}

/// The value of an input, with references in its texts.
#[derive(Clone, Debug)]
pub(super) enum Argument {
    /// Neither text nor a container.
    Scalar(Value),
    /// A text.
    Text(Spot<Template>),
    /// A list.
    List(Vec<Argument>),
    /// A mapping.
    Map(Vec<(String, Argument)>),
}

impl Argument {
    /// Every text in the value.
    pub(super) fn texts(&self) -> Vec<&Spot<Template>> {
        match self {
            Self::Scalar(_) => Vec::new(),
            Self::Text(text) => vec![text],
            Self::List(items) => items.iter().flat_map(Self::texts).collect(),
            Self::Map(entries) => entries
                .iter()
                .flat_map(|(_, value)| value.texts())
                .collect(),
        }
    }

    /// Every reference in the value.
    pub(super) fn references(&self) -> Vec<&Reference> {
        self.texts()
            .into_iter()
            .flat_map(|text| text.value.references())
            .collect()
    }
}

/// What a `for_each` goes through.
#[derive(Clone, Debug)]
pub(super) struct ForEach {
    pub(super) items: Items,
    pub(super) at: Span,
}

/// The items of a `for_each`.
#[derive(Clone, Debug)]
pub(super) enum Items {
    /// Those of a list that is referred to.
    Of(Reference),
    /// Those that are written down.
    Written(Vec<Argument>),
}

// === as JSON: the shape of the YAML, with the expressions as they were understood ===

impl Serialize for Playbook {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Playbook", 4)?;
        fields.serialize_field("playbook", &self.name)?;
        fields.serialize_field("summary", &self.summary)?;
        fields.serialize_field("fits", &self.fits)?;
        fields.serialize_field("steps", &self.steps)?;
        fields.end()
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let with: serde_json::Map<String, Value> = self
            .with
            .iter()
            .map(|(name, argument)| (name.value.clone(), argument.to_json()))
            .collect();
        let for_each = self
            .for_each
            .as_ref()
            .map(|for_each| match &for_each.items {
                Items::Of(reference) => Value::String(reference.to_string()),
                Items::Written(items) => items.iter().map(Argument::to_json).collect(),
            });
        let mut fields = serializer.serialize_struct("Step", 6)?;
        fields.serialize_field("id", self.id())?;
        fields.serialize_field("kind", self.kind())?;
        fields.serialize_field("with", &with)?;
        fields.serialize_field("when", &self.when().map(ToString::to_string))?;
        fields.serialize_field("for_each", &for_each)?;
        fields.serialize_field("after", &self.after().collect::<Vec<_>>())?;
        fields.end()
    }
}

impl Argument {
    fn to_json(&self) -> Value {
        match self {
            Self::Scalar(value) => value.clone(),
            Self::Text(text) => Value::String(text.value.to_string()),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Map(entries) => entries
                .iter()
                .map(|(name, value)| (name.clone(), value.to_json()))
                .collect(),
        }
    }
}
