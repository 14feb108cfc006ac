//! The actions, one file per kind of resource.

mod context;
mod customer_gateways;
mod describe;
mod device_samples;
mod devices;
mod propagation;
mod regions;
mod route_tables;
mod static_routes;
mod sts;
mod table;
mod tags;
mod transit_attachments;
mod transit_gateways;
mod transit_options;
mod transit_relations;
mod transit_routes;
mod transit_tables;
mod transit_vpcs;
mod tunnels;
mod vpcs;
mod vpn_connections;
mod vpn_create;
mod vpn_gateways;
mod vpn_modify;
mod vpn_targets;

pub(super) use context::{Context, Done};
pub(super) use route_tables::{not_attached, unknown_transit_gateway};
pub(super) use table::{Action, action};
