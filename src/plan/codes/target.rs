//! Places, gateways, quotas, devices that preflight refuses or warns about.

use super::{Code, acceptable, refused};

pub(super) const CODES: &[Code] = &[
    refused(
        "preflight::account_mismatch",
        "The credentials are for another account",
        "`aws.account` says which account the site belongs to, and the credentials are for a \
         different one. Onboarding would build a second site where nobody looks for it.",
        "Choose the profile with --profile or AWS_PROFILE, or correct `aws.account`.",
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
        "preflight::device_option",
        "The device's options are not right",
        "`gateway.options` lacks something that the router's configuration needs, or has something \
         that the device does not know.",
        "`underpass devices show NAME` lists the options with their defaults.",
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
        "preflight::duplicate",
        "Something of the site exists twice",
        "Two runs made the same at once, from two machines that share no lock, or somebody copied \
         tags: AWS answers a second create of a customer gateway, or of a connection between the \
         same two gateways, with the first, but makes a second virtual private gateway, and with it \
         a second connection that is billed. The one that carries traffic is kept, then the one \
         that is attached or used by what is kept, then the older one. The rest is left alone.",
        "`underpass onboard SITE --remove-duplicates` removes what is not kept, once everything \
         that is kept is ready. Whatever is attached to a VPC, or used by somebody else, stays.",
    ),
    acceptable(
        "preflight::duplicate_up",
        "A duplicate that would be removed has tunnels that are up",
        "--remove-duplicates was asked for, and AWS sees tunnels of the connection that is not kept \
         up: the router uses it. Removing it would end them, and the router may have no other.",
        "Configure the router for the connection that is kept, with the files that `underpass \
         render` writes, and wait until the duplicate's tunnels are down. If you know that nothing \
         uses them, accept it.",
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
        "preflight::no_route_tables",
        "No route table learns the way back",
        "No route table is selected, so packets reach the VPC and the answers do not find back.",
        "List tables in `aws.route_tables`, or say `all`.",
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
    refused(
        "preflight::route_table_not_found",
        "A route table is not one of the VPC",
        "`aws.route_tables` names a table that does not exist in the Region, or that belongs to \
         another VPC. Propagation into it is impossible.",
        "Correct the id, or say `all`.",
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
