//! The one table of what this stage refuses, warns about and finds in a plan.
//!
//! The codes are stable: scripts know them. A code is never given a new meaning.

use serde::Serialize;

/// One code with everything that `underpass explain CODE` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Code {
    /// The code, such as `preflight::asn_equal`.
    pub code: &'static str,
    /// What it is about, in a few words.
    pub title: &'static str,
    /// How one comes to it and what would happen.
    pub cause: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    /// Whether `--accept CODE` turns a refusal into a warning.
    pub acceptable: bool,
}

/// Every code of this stage, sorted.
pub fn codes() -> &'static [Code] {
    CODES
}

/// The code of that name.
pub fn find(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|known| known.code == code)
}

const fn refused(
    code: &'static str,
    title: &'static str,
    cause: &'static str,
    remedy: &'static str,
) -> Code {
    Code {
        code,
        title,
        cause,
        remedy,
        acceptable: false,
    }
}

const fn acceptable(
    code: &'static str,
    title: &'static str,
    cause: &'static str,
    remedy: &'static str,
) -> Code {
    Code {
        code,
        title,
        cause,
        remedy,
        acceptable: true,
    }
}

const CODES: &[Code] = &[
    refused(
        "lint::actions",
        "A step's API actions do not fit its change",
        "A step that keeps or adopts must call nothing, every other one something, and only calls \
         that underpass has. Otherwise the permissions that are shown would be wrong.",
        "The plan was edited by hand or this is a bug: plan again, and report it if it comes back.",
    ),
    refused(
        "lint::asn_equal",
        "Both ends of the BGP session have one ASN",
        "The customer gateway and the virtual private gateway that the plan creates carry the same \
         number. AWS accepts that and says nothing; BGP then never comes up.",
        "Give the site another `gateway.asn`, and plan again.",
    ),
    refused(
        "lint::cost",
        "The bill is not complete",
        "A step creates or deletes something that is billed by the hour, and the plan has no line \
         for it, or one with the wrong sign. The sum that is shown would be wrong.",
        "Plan again; with `--prices FILE`, see that the file has every kind and Region.",
    ),
    refused(
        "lint::existing",
        "A step and the object it is about do not fit",
        "What is created must not exist yet; what is kept, adopted, changed or deleted must be \
         named by its id. A step without the id would act on nothing, or on the wrong thing.",
        "The plan was edited by hand or this is a bug: plan again.",
    ),
    refused(
        "lint::foreign",
        "A step touches what is not the site's",
        "An object that a step deletes, replaces or changes does not carry the site's tags in AWS. \
         Only what underpass made for this very site is ever deleted.",
        "Do not apply this plan. Plan again and compare; report it if it comes back.",
    ),
    refused(
        "lint::impact",
        "An outage that nothing announces",
        "A step drops both tunnels at once and the plan has no `plan::outage` warning, or a step \
         that keeps everything claims to drop tunnels. Nobody would be told before saying yes.",
        "Plan again; report it if it comes back.",
    ),
    refused(
        "lint::mode",
        "A change that this plan may not have",
        "Onboarding never deletes and teardown does nothing else. A mixed plan was edited by hand.",
        "Plan again.",
    ),
    refused(
        "lint::order",
        "The steps are not in a possible order",
        "A step stands before something that it needs: a connection before its gateways, \
         propagation before the attachment, or on teardown a gateway before what hangs on it. AWS \
         would refuse the call in the middle of the run.",
        "The plan or the playbook was edited by hand: plan again.",
    ),
    refused(
        "lint::owner",
        "The tags would not say whose the objects are",
        "The owner's site or run is not the plan's, or a production site has an expiry. Objects \
         with wrong tags are lost to teardown, or taken by `reap`.",
        "Plan again.",
    ),
    refused(
        "lint::permission",
        "A permission is missing from the list",
        "A step calls an action that the plan does not list among its permissions. The policy that \
         is printed for the plan would be too small and the run would stop half-way.",
        "Plan again; report it if it comes back.",
    ),
    refused(
        "lint::reference",
        "A step refers to one that it does not wait for",
        "An input is another step's output and that step is not among what it needs, or is not \
         there at all. The engine could start it before the value is known.",
        "The plan was edited by hand: plan again.",
    ),
    refused(
        "lint::schema",
        "A plan of another format",
        "The plan was written by a version of underpass whose plan format is not this one's.",
        "Plan again with this version.",
    ),
    refused(
        "lint::secret",
        "Something in the plan looks like a key",
        "A plan is shown, saved and sent around, so it must hold no pre-shared key. One of its \
         texts has the length and the alphabet of one, or stands in a field named like one.",
        "Do not share the file. Take the secret out of tags and options of the site file; if you \
         find it nowhere, report it without the plan.",
    ),
    refused(
        "lint::step_name",
        "Two steps have one name",
        "Steps are told apart by name in the journal and in tags. With two of a name a resumed run \
         could not tell which of them is done.",
        "Rename one in the playbook.",
    ),
    refused(
        "lint::tunnels",
        "The tunnels are not two different, equal halves",
        "A connection has exactly two tunnels, numbered 1 and 2, each with a /30 of its own; what \
         AWS is asked for must be what the plan shows; lifetimes, margins and sizes must fit each \
         other. Anything else leaves a tunnel with AWS's weak defaults or with no traffic.",
        "The plan was edited by hand: plan again.",
    ),
    refused(
        "lint::usual",
        "A step's usual time makes no sense",
        "The shortest usual time is above the longest, or that is above the limit at which a wait \
         gives up. The run would give up on something that is going well.",
        "Plan again; report it if it comes back.",
    ),
    refused(
        "lint::weak",
        "Weak cryptography that nothing announces",
        "A tunnel has AES-128, SHA-1, a Diffie-Hellman group below 14 or IKEv1, and the plan has \
         no `preflight::weak_cryptography` warning, which `security: compatible` always gives.",
        "Plan again; the floor of `security: strong` must not be lowered by hand.",
    ),
    refused(
        "plan::adopted_differs",
        "An adopted connection has other tunnel options",
        "The site file names a connection that somebody else made, and its tunnel options are not \
         those that were negotiated. The router's half is written for the negotiated ones, so the \
         two ends would not meet. What was adopted is not changed without being asked.",
        "Allow the change with `--adopt-changes` (each tunnel drops for minutes, one after the \
         other), or write the options that the connection has into `tunnels` of the site file.",
    ),
    refused(
        "plan::conflict",
        "Neither using what exists nor making a new one is right",
        "Something exists in AWS that stands in the way: it cannot be changed, belongs to somebody \
         else, or AWS would hand it out instead of making what was asked for. A person must decide.",
        "Do what the message says, then plan again. Nothing was written.",
    ),
    refused(
        "plan::inputs",
        "A playbook gives a kind what it cannot use",
        "A step's inputs are missing or have the wrong type. This happens with playbooks of your \
         own; the built-in ones are tested.",
        "Correct the step that is named: `underpass playbook show` lists each kind's inputs.",
    ),
    refused(
        "plan::left_adopted",
        "Something is left because underpass did not make it",
        "The site used a gateway that was there before. Teardown removes only what carries the \
         site's tags.",
        "Nothing to do. If nobody needs it, delete it by hand.",
    ),
    refused(
        "plan::left_in_use",
        "Something is left because others use it",
        "The site made a gateway on which another site's connection has come to depend: a VPC has \
         room for one. Removing it would cut the other site off, so it stays, with its attachment \
         and propagation. It costs nothing.",
        "When the other site is gone, run the teardown of this one again.",
    ),
    refused(
        "plan::outage",
        "Both tunnels drop",
        "Replacing or deleting a connection ends both of its tunnels. A replaced one comes back \
         with other outside addresses and other keys: the router must be configured anew.",
        "Choose a time when the site may be cut off, and have the router's new bundle at hand.",
    ),
    refused(
        "plan::tunnels_drop",
        "Tunnels drop, one after the other",
        "AWS changes the options of a tunnel by replacing its end; that takes minutes. underpass \
         changes the second only when the first is up again.",
        "See first that both tunnels are up: `underpass verify`. Then the site stays reachable.",
    ),
    refused(
        "preflight::account_mismatch",
        "The credentials are for another account",
        "`aws.account` says which account the site belongs to, and the credentials are for a \
         different one. Onboarding would build a second site where nobody looks for it.",
        "Choose the profile with --profile or AWS_PROFILE, or correct `aws.account`.",
    ),
    refused(
        "preflight::amazon_asn_differs",
        "AWS's ASN is not the one asked for",
        "The VPC has a virtual private gateway already, and its number cannot be changed. The site \
         file asks for a different one in `aws.amazon_side_asn`.",
        "Nothing, if the router may use the gateway's number: the bundle has the right one. Write \
         it into the site file to be rid of the warning.",
    ),
    refused(
        "preflight::amazon_asn_range",
        "AWS's ASN is out of range",
        "A new virtual private gateway takes 64512 to 65534 or 4200000000 to 4294967294, the \
         private ranges of RFC 6996.",
        "Leave out `aws.amazon_side_asn`, or choose one in range that no site uses.",
    ),
    refused(
        "preflight::announces_default",
        "The site announces the default route",
        "`lan` has 0.0.0.0/0. Wherever the VPC's tables have no default route of their own, \
         everything in the VPC would leave through the site.",
        "List the networks that the site has, unless central egress is what you want.",
    ),
    refused(
        "preflight::asn_equal",
        "Both ends have one ASN",
        "The site and the virtual private gateway have the same autonomous system number. AWS \
         accepts that without a word; BGP treats the session as internal and it never comes up.",
        "Give the site another `gateway.asn`. The number of a gateway that exists is fixed; one \
         that is to be made takes `aws.amazon_side_asn`.",
    ),
    refused(
        "preflight::asn_refused",
        "AWS refuses this ASN",
        "7224 everywhere, and one more in each of three Regions, are numbers of AWS itself that \
         CreateCustomerGateway refuses.",
        "Use your own number, or a private one: 64512 to 65534.",
    ),
    refused(
        "preflight::asn_shared",
        "Another site on the gateway has the same ASN",
        "A virtual private gateway passes routes from site to site. A router refuses routes with \
         its own number in the path, so two sites with one number never reach each other, without \
         any error. Both reach the VPC.",
        "Give each site its own ASN if they shall reach each other; else ignore it.",
    ),
    refused(
        "preflight::connection_not_found",
        "The named connection does not exist",
        "`aws.connection` names a VPN connection that is not in this account and Region, or that \
         is being deleted.",
        "Correct the id, `region` or the profile; leave it out to have a connection made.",
    ),
    refused(
        "preflight::customer_gateway_not_found",
        "The named customer gateway does not exist",
        "`aws.customer_gateway` names one that is not in this account and Region, or that is being \
         deleted.",
        "Correct the id, `region` or the profile; leave it out to have one made.",
    ),
    refused(
        "preflight::default_route_wins",
        "A default route in the VPC wins over the site's",
        "The site announces 0.0.0.0/0 and a route table has a static default route, usually to an \
         Internet or NAT gateway. For equal prefixes what was written by hand wins.",
        "Remove the static route from the tables whose traffic shall leave through the site.",
    ),
    refused(
        "preflight::device_option",
        "The device's options are not right",
        "`gateway.options` lacks something that the router's configuration needs, or has something \
         that the device does not know.",
        "`underpass devices NAME` lists the options with their defaults.",
    ),
    refused(
        "preflight::device_shared",
        "Another connection ends on the same router",
        "A live VPN connection has a customer gateway with this outside address. That is right \
         when one router serves two VPCs; the inside CIDRs are then kept apart.",
        "See that the router's configuration keeps both. If the other one is forgotten, end it: it \
         costs money by the hour.",
    ),
    refused(
        "preflight::documentation_address",
        "The outside address is one of documentation",
        "192.0.2.0/24, 198.51.100.0/24 and 203.0.113.0/24 are for examples (RFC 5737). The sandbox \
         takes them; in AWS the tunnels would never come up.",
        "Set `gateway.outside_ip` to the router's public address.",
    ),
    refused(
        "preflight::environment_differs",
        "The name belongs to a site of another environment",
        "Objects with this site's name exist and are tagged with the other environment. Going on \
         would change a production site by a test file, or the other way round.",
        "Give this site a name of its own, or correct `environment`.",
    ),
    refused(
        "preflight::gateway_attached_elsewhere",
        "The named gateway belongs to another VPC",
        "A virtual private gateway is attached to one VPC at a time, and the named one is attached \
         to a different one.",
        "Leave the id out of `aws.attach_to`: the VPC's own gateway is used, or one is made.",
    ),
    refused(
        "preflight::gateway_not_found",
        "The named gateway does not exist",
        "`aws.attach_to` names a virtual private gateway that is not in this account and Region, \
         or that is being deleted.",
        "Correct the id, `region` or the profile; leave it out to use the VPC's own or a new one.",
    ),
    refused(
        "preflight::inside_cidr_exhausted",
        "No inside CIDR is free",
        "Every /30 of 169.254.0.0/16 is in use on the gateway or the router, or covered by `lan`; \
         or the site file asks for the same one twice.",
        "Give the tunnels different ones, and keep 169.254.0.0/16 out of `lan`.",
    ),
    refused(
        "preflight::inside_cidr_taken",
        "The inside CIDR is in use",
        "Another connection on the same virtual private gateway or on the same router has this \
         /30. AWS refuses the first; the second leaves the router with one address twice.",
        "Leave out `inside_cidr` and a free one is chosen, the same one every time.",
    ),
    refused(
        "preflight::lan_overlaps_inside",
        "The site's network overlaps the tunnels' own",
        "The addresses inside the tunnels come out of 169.254.0.0/16. A site network there makes \
         the router answer itself.",
        "Leave link-local networks out of `lan`; leave out `inside_cidr`.",
    ),
    refused(
        "preflight::lan_overlaps_vpc",
        "The site and the VPC have addresses in common",
        "A VPC always delivers its own networks itself, whatever more specific route it learns. \
         Machines of the site with such addresses can never be reached from the VPC.",
        "Leave the network out of `lan`, renumber one side, or translate addresses on the router.",
    ),
    refused(
        "preflight::no_route_tables",
        "No route table learns the way back",
        "No route table is selected, so packets reach the VPC and the answers do not find back.",
        "List tables in `aws.route_tables`, or say `all`.",
    ),
    refused(
        "preflight::outside_address",
        "AWS cannot reach the router",
        "`gateway.outside_ip` is private, shared or reserved. AWS accepts it for private VPNs only \
         and sends packets for it nowhere.",
        "Set the public address. With a NAT in front of the router that is the NAT's, and the \
         router's own goes into `gateway.local_ip`.",
    ),
    acceptable(
        "preflight::prefix_announced",
        "Another connection has the network already",
        "A connection on the same gateway announces or routes a network that overlaps this \
         site's. The longer prefix, else the shorter path, takes all the traffic.",
        "Correct `lan`, or end the other connection. Accept it for two routers of one site.",
    ),
    acceptable(
        "preflight::quota_connections",
        "No room for another connection in the Region",
        "As many VPN connections exist as the default quota allows (50, L-3E6EC3A3). \
         CreateVpnConnection would fail after the gateways were made.",
        "Ask for more in Service Quotas or end one. If your quota has been raised, accept this: \
         underpass counts against the default.",
    ),
    acceptable(
        "preflight::quota_connections_per_gateway",
        "No room for another connection on the gateway",
        "A virtual private gateway takes 10 connections by default (L-B91E5754).",
        "Ask for more in Service Quotas, or end one. If your quota has been raised, accept this.",
    ),
    acceptable(
        "preflight::quota_customer_gateways",
        "No room for another customer gateway",
        "A Region takes 50 customer gateways by default (L-4FB7FF5D). Forgotten ones cost nothing \
         and are the usual reason.",
        "Delete unused ones, or ask for more in Service Quotas. If your quota has been raised, \
         accept this.",
    ),
    acceptable(
        "preflight::quota_vpn_gateways",
        "No room for another virtual private gateway",
        "A Region takes 5 virtual private gateways by default (L-7029FAB6); the VPC has none yet, \
         so one would have to be made.",
        "Delete a detached one, or ask for more in Service Quotas. If your quota has been raised, \
         accept this.",
    ),
    acceptable(
        "preflight::route_shadowed",
        "A route that was written by hand wins over the site's",
        "A selected route table has a static route to a network of the site, or to a part of it. \
         It wins over what is propagated, so the traffic never enters the tunnel. AWS says nothing.",
        "Delete that route, or leave the table out of `aws.route_tables`. Accept it when it is \
         meant, such as during a migration.",
    ),
    refused(
        "preflight::route_table_not_found",
        "A route table is not one of the VPC",
        "`aws.route_tables` names a table that does not exist in the Region, or that belongs to \
         another VPC. Propagation into it is impossible.",
        "Correct the id, or say `all`.",
    ),
    refused(
        "preflight::route_taken_over",
        "Traffic that goes elsewhere today will use the VPN",
        "A wider static route covers a network of the site today. The propagated route is more \
         specific and wins as soon as the tunnels are up.",
        "Right when the site moves to the VPN. Otherwise find out whose the network is.",
    ),
    acceptable(
        "preflight::static_beats_bgp",
        "A static connection takes this site's traffic",
        "Another connection on the same gateway has a static route that overlaps this site's \
         networks. A virtual private gateway prefers static routes to BGP, whether or not the \
         other tunnel leads anywhere useful.",
        "Delete that route, or the connection if it is forgotten. Accept it during a migration.",
    ),
    refused(
        "preflight::static_beside_bgp",
        "Static routes beside a BGP connection",
        "The site uses static routes on a gateway on which another connection uses BGP. Where both \
         know a network, the static route wins.",
        "See that the other site announces none of these networks.",
    ),
    refused(
        "preflight::too_many_prefixes",
        "Too many networks",
        "A virtual private gateway takes 100 prefixes from a site, statically or by BGP. With one \
         more AWS ends the BGP session: the whole site goes dark.",
        "Summarise: announce 10.20.0.0/16 instead of its many parts.",
    ),
    refused(
        "preflight::transit_gateway",
        "Transit gateways are not available yet",
        "The site attaches to a transit gateway. This version brings up connections that end on a \
         virtual private gateway only.",
        "Use `attach_to: virtual-private-gateway` where the site needs a single VPC.",
    ),
    refused(
        "preflight::tunnel_options",
        "Site, device and AWS share no tunnel options",
        "What the site file asks for, what the device can and what AWS has leave nothing to choose \
         from, or what is left is weaker than `security` allows.",
        "Do what the message says: widen the list, or say `security: compatible` if the device can \
         do no better.",
    ),
    refused(
        "preflight::unknown_device",
        "There is no such device",
        "`gateway.device` names a router that underpass cannot configure.",
        "`underpass devices` lists them. `generic` writes down every value for any other router.",
    ),
    refused(
        "preflight::vpc_has_other_gateway",
        "The VPC has another gateway",
        "A VPC has room for one virtual private gateway, and a different one than the named one is \
         attached.",
        "Name the attached one, or leave the id out: it is then used.",
    ),
    refused(
        "preflight::vpc_not_found",
        "The VPC is not there",
        "`aws.vpc` does not exist in this account and Region. Most often the Region or the profile \
         is the wrong one.",
        "Correct `region`, `aws.vpc`, or choose the right profile.",
    ),
    refused(
        "preflight::weak_cryptography",
        "The tunnels settle for weak algorithms",
        "Under `security: compatible` the device or the site file left nothing better than \
         AES-128, SHA-1, a Diffie-Hellman group below 14, or IKEv1.",
        "Update the device, then say `security: strong`.",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_table_is_sorted_and_says_enough() {
        assert!(CODES.is_sorted_by(|a, b| a.code < b.code));
        for code in CODES {
            assert!(code.cause.len() > 60, "{}", code.code);
            assert!(
                code.title.len() < 70 && !code.remedy.is_empty(),
                "{}",
                code.code
            );
        }
    }

    #[test]
    fn what_is_used_is_explained_and_what_is_explained_is_used() {
        let mut used = BTreeSet::new();
        collect(
            Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/plan")),
            &mut used,
        );
        let known: BTreeSet<String> = CODES.iter().map(|code| code.code.to_owned()).collect();
        assert_eq!(used, known);
    }

    /// Codes in string literals of the stage's files, this one and tests apart.
    fn collect(folder: &Path, used: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.contains("tests") || name == "testing.rs" || name == "codes.rs" {
                continue;
            }
            if path.is_dir() {
                collect(&path, used);
            } else if name.ends_with(".rs") {
                let text = fs::read_to_string(&path).unwrap();
                let text = text
                    .split("#[cfg(test)]\nmod tests {")
                    .next()
                    .unwrap()
                    .to_owned();
                let words = text.split('"').skip(1).step_by(2);
                used.extend(
                    words
                        .filter(|word| {
                            ["lint::", "plan::", "preflight::"]
                                .iter()
                                .any(|stage| word.starts_with(stage))
                        })
                        .map(str::to_owned),
                );
            }
        }
    }
}
