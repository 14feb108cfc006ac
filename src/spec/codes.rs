//! The one table of what can be wrong with a site file.
//!
//! The codes are stable: scripts and search engines know them. A code is never given a new
//! meaning.

use std::fmt;

use serde::{Serialize, Serializer};

/// Where every code of this stage begins.
const PREFIX: &str = "underpass::spec::";

macro_rules! codes {
    ($($(#[$warning:ident])? $variant:ident $word:literal cause $cause:literal mend $mend:literal)+) => {
        /// What is wrong, as a stable word; `underpass explain` tells the rest.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $cause] $variant),+
        }

        impl Code {
            /// All codes, in the order in which a file is read and checked.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code without the stage's prefix, such as `asn_reserved`.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            /// How one comes to it and why it is refused.
            pub const fn cause(self) -> &'static str {
                match self {
                    $(Self::$variant => $cause),+
                }
            }

            /// How to mend it.
            pub const fn mend(self) -> &'static str {
                match self {
                    $(Self::$variant => $mend),+
                }
            }

            /// Whether it leaves the file usable.
            pub const fn is_warning(self) -> bool {
                match self {
                    $(Self::$variant => codes!(@ $($warning)?)),+
                }
            }
        }
    };
    (@ warning) => { true };
    (@) => { false };
}

codes! {
    // The file.
    FileUnreadable "file_unreadable"
    cause "The site file is missing, or the operating system does not let you read it."
    mend "Check the path and its permissions; `underpass init` writes a new file."

    NotUtf8 "not_utf8"
    cause "The file is not UTF-8: an editor saved it as UTF-16 or Latin-1, or it is no text at all."
    mend "Save it as UTF-8, or convert it: `iconv -f UTF-16 -t UTF-8 old.yaml > new.yaml`."

    TooLarge "too_large"
    cause "A site file has a few dozen lines. One above 256 KiB is something else, and is not parsed."
    mend "Give each site a file of its own; check that the path is the right one."

    EmptyFile "empty_file"
    cause "The file holds nothing but comments or space."
    mend "`underpass init` writes a commented file to start from."

    YamlSyntax "yaml_syntax"
    cause "The text is not YAML. Usual causes: tabs in the indentation, a bracket or quote that is \
           not closed, a value that begins with `@`, `%`, `*`, `&` or contains `: ` without quotes."
    mend "Look at the place shown and at the line above it; quote the value if it has special characters."

    SeveralDocuments "several_documents"
    cause "A line `---` begins a second YAML document. Only one site can be meant."
    mend "Split the file: one site, one file."

    Alias "alias"
    cause "YAML aliases (`*name`, also as `<<: *name`) can make a small file grow without bound and \
           hide what a field really holds, so a site file has none."
    mend "Write the value out. What both tunnels share goes under `tunnel_options`."

    Tag "tag"
    cause "A YAML tag such as `!!binary` or `!include` asks the reader to build something other than \
           text, numbers, lists and mappings."
    mend "Remove the tag. Templates have to be filled in before underpass reads the file."

    ControlCharacter "control_character"
    cause "Names, tags and options end up in router configurations, where a line break would begin a \
           new command. Line breaks, control characters and invisible characters that turn the text's \
           direction are refused everywhere."
    mend "Keep every value to one line of printable characters."

    TooLong "too_long"
    cause "No value of a site file needs more than 1024 characters."
    mend "Shorten it."

    KeyNotText "key_not_text"
    cause "A list or mapping stands where a key belongs. Often this is an unfilled `{{ placeholder }}` \
           of a template."
    mend "Fill the template in before underpass reads the file, or quote the text."

    DuplicateKey "duplicate_key"
    cause "YAML parsers disagree on which of two equal keys counts, so that a reader could be misled."
    mend "Keep one of them."

    SecretInFile "secret_in_file"
    cause "A pre-shared key or password stands in the site file. Site files are shown, stored and \
           reviewed; keys are not."
    mend "Leave it out, and a key is generated; or put your own alone into a file with mode 0600 and \
          name that file in `pre_shared_key_file`. Treat the key as known to others."

    // The shape.
    UnknownField "unknown_field"
    cause "The field does not exist. It would be ignored, and you would believe that it holds."
    mend "Correct the spelling; `docs/site-file.md` lists every field."

    MissingField "missing_field"
    cause "A field that has no safe default was left out or is empty."
    mend "Add it; the message says where."

    WrongType "wrong_type"
    cause "The field holds another kind of value than it should, such as text instead of a list."
    mend "Write it as the message says; `underpass schema` lets an editor check it while you type."

    NotAChoice "not_a_choice"
    cause "The field has a fixed set of values and this is none of them."
    mend "Use one of the values that the message lists."

    EmptyValue "empty_value"
    cause "A list has no entries, or an entry without a value. Whether everything or nothing is meant \
           cannot be told."
    mend "Give it a value, or remove the field to get its default."

    // Single values.
    InvalidValue "invalid_value"
    cause "The value has not the form that this field needs."
    mend "Write it as the message says."

    InvalidId "invalid_id"
    cause "Ids of AWS objects are a prefix and 8 or 17 hexadecimal digits. This one has another \
           prefix, such as a subnet's where a VPC's belongs, or lacks digits."
    mend "Copy the id from the console or from `aws ec2 describe-...`."

    InvalidAddress "invalid_address"
    cause "The text is not an IP address of the version that is needed here."
    mend "Write four decimal numbers with dots, without port and without prefix length."

    InvalidNetwork "invalid_network"
    cause "The text is not an IPv4 network in CIDR notation."
    mend "Write it like 10.20.0.0/24."

    OutOfRange "out_of_range"
    cause "The number is outside what AWS accepts for this option."
    mend "Use a number within the range that the message gives."

    // The gateway.
    AsnReserved "asn_reserved"
    cause "The ASN is reserved by an RFC (0, 23456, 65535, 4294967295) and no router can use it, or it \
           is not a number."
    mend "Use the number that is registered for you, or a private one: 64512 to 65534."

    AsnRefusedByAws "asn_refused_by_aws"
    cause "AWS uses this ASN itself and refuses it for a customer gateway: 7224 in every Region, 9059 in \
           eu-west-1, 10124 in ap-northeast-1, 17943 in ap-southeast-1."
    mend "Use another number, such as a private one: 64512 to 65534."

    AsnSameAsAws "asn_same_as_aws"
    cause "Both ends have the same ASN. BGP would take the session for an internal one, and it would \
           not come up."
    mend "Give the site another number than `aws.amazon_side_asn`, which is 64512 unless given."

    AmazonAsnRange "amazon_asn_range"
    cause "AWS accepts only private numbers for its own side."
    mend "Use 64512 to 65534 or 4200000000 to 4294967294."

    AsnMissing "asn_missing"
    cause "With BGP each site needs an ASN, and there is no number that is right for everyone."
    mend "Set `gateway.asn`, or `routing: static` if the router has no BGP."

    OutsideIpNotPublic "outside_ip_not_public"
    cause "AWS reaches the router over the Internet. An address that is private, shared, local or \
           reserved cannot be reached from there."
    mend "Give the public address. Behind a NAT that is the NAT's; the router's own goes into `local_ip`."

    #[warning] DocumentationAddress "documentation_address"
    cause "192.0.2.0/24, 198.51.100.0/24 and 203.0.113.0/24 are for documentation (RFC 5737). Nothing \
           on the Internet has such an address; the sandbox accepts it."
    mend "Give the router's real public address before you use the file with AWS."

    LocalIpUnusable "local_ip_unusable"
    cause "The address is not one that a router's interface can have on its WAN side."
    mend "Give the address of the router's own WAN interface, or leave it out when no NAT is before it."

    // The networks.
    HostBitsSet "host_bits_set"
    cause "The address has bits set behind the prefix length, so that either of the two may be a \
           typing error."
    mend "Use the network's address, which the message gives, or correct the prefix length."

    LanOverlap "lan_overlap"
    cause "Two networks of the site share addresses. Two routes for the same machines would be sent to \
           AWS, and which one counts depends on their lengths."
    mend "Keep the larger one, or correct the prefix lengths."

    LanHoldsOutsideIp "lan_holds_outside_ip"
    cause "The router's public address lies inside a network that is to be reached through the tunnel, \
           so that the tunnel's own packets would be sent into the tunnel."
    mend "List only the networks behind the router."

    LanUnusable "lan_unusable"
    cause "The network is the whole Internet, or reserved for the local link, for multicast or by the \
           IETF. 169.254.0.0/16 is also where the tunnels' own addresses are."
    mend "List the site's own networks."

    TooManyNetworks "too_many_networks"
    cause "A virtual private gateway takes at most 100 routes from a site, a transit gateway 1000. With \
           one more, AWS ends the BGP session, and everything stands still."
    mend "Summarise neighbouring networks into larger ones."

    ApplianceOutsideLan "appliance_outside_lan"
    cause "The appliance's address lies in none of the site's networks, so that AWS could not answer it."
    mend "Correct the address, or add its network to `lan`."

    ApplianceNotAHost "appliance_not_a_host"
    cause "The address is the first or the last of its network: the network itself or its broadcast."
    mend "Give the appliance's own address."

    ApplianceTwice "appliance_twice"
    cause "Two appliances have the same name or the same address."
    mend "Correct one of them."

    // The AWS side.
    ExpiryInProduction "expiry_in_production"
    cause "`expires_after` lets `underpass reap` remove the site. A production site is never reaped."
    mend "Remove `expires_after`, or set `environment: test`."

    GatewayAmbiguous "gateway_ambiguous"
    cause "`attach_to` names either a virtual private gateway or a transit gateway."
    mend "Keep the one that the VPC is attached to."

    TransitContradiction "transit_contradiction"
    cause "Two wishes about a transit gateway that AWS does not have together: an accelerated connection \
           with large tunnels, or both tunnels at once with static routes."
    mend "Remove one of the two."

    #[warning] FieldUnused "field_unused"
    cause "The field has no effect together with another one."
    mend "Remove it, so that nobody relies on it."

    // The tunnels.
    TooManyTunnels "too_many_tunnels"
    cause "A VPN connection has two tunnels, never more."
    mend "Keep two entries; options for both go under `tunnel_options`."

    InsideCidrUnusable "inside_cidr_unusable"
    cause "A tunnel's inside addresses are a /30 of 169.254.0.0/16, without the seven that AWS reserves."
    mend "Use another /30, or leave it out and a free one is chosen."

    InsideCidrTwice "inside_cidr_twice"
    cause "Both tunnels have the same inside addresses. The router could not tell them apart."
    mend "Give each tunnel its own under `tunnels`, or leave them out."

    #[warning] KeyFileShared "key_file_shared"
    cause "Both tunnels take their pre-shared key from the same file. AWS allows it, but whoever learns \
           one key then has both tunnels."
    mend "Give each tunnel its own file, or leave them out and keys are generated."

    LifetimesDisagree "lifetimes_disagree"
    cause "Phase 2 must end before phase 1, and AWS rekeys at most half of phase 2 before its end."
    mend "Leave the lifetimes out (28800, 3600 and 270 seconds), or bring them into order."

    DhGroupUnusable "dh_group_unusable"
    cause "AWS does not have the Diffie-Hellman group in this phase, or RFC 8247 says that it must not \
           be used (22, 23, 24)."
    mend "Use 20 or 19, or 14 on old devices."

    WeakCryptography "weak_cryptography"
    cause "`security: strong`, the default, keeps to IKEv2, AES-256, SHA-256 and group 14 or better. An \
           algorithm below that was asked for by hand."
    mend "Remove it, or set `security: compatible` if the router has nothing better."

    StartNeedsIkev2 "start_needs_ikev2"
    cause "AWS initiates a tunnel (`startup_action: start`) only with IKEv2."
    mend "Use `startup_action: add`, or IKEv2."

    LogGroupElsewhere "log_group_elsewhere"
    cause "A VPN connection logs only to its own account and Region."
    mend "Give the ARN of a log group beside the VPC."

    // The tags.
    TagUnusable "tag_unusable"
    cause "AWS takes keys of 1 to 128 and values of up to 256 characters; `aws:` is AWS's own and \
           `underpass:` ours."
    mend "Shorten or rename the tag."

    TooManyTags "too_many_tags"
    cause "AWS takes 50 tags for each object, and underpass needs some of them."
    mend "Keep at most 40."

    MoreProblems "more_problems"
    cause "The file has more problems than are shown."
    mend "Mend the ones that are shown; most likely they have one cause."
}

impl Code {
    /// The code called `word`, with or without the stage's prefix.
    pub fn find(word: &str) -> Option<Self> {
        let word = word.strip_prefix(PREFIX).unwrap_or(word);
        Self::ALL.iter().copied().find(|code| code.word() == word)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.word())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
