//! Which propagation from an adopted gateway is the site's is known even when its connection is not.

use super::away::{away, ids, living};
use crate::aws::{Tags, View};
use crate::plan::testing::{
    FOREIGN_VGW, TABLES, VPC, add_gateway, applied, as_tags, listing, nets, planned, question,
    site, static_site, view, view_with_gateway,
};
use crate::plan::{lint_in, onboard};
use crate::playbook;
use crate::resource::testing::tags_of;
use crate::resource::{Change, TAG_PROPAGATION};
use crate::spec::Site;

const CGW: &str = "cgw-00000000000000001";

/// A Region whose gateway is somebody else's and propagates into the first table already.
fn before() -> View {
    let mut view = view_with_gateway();
    let first = view.route_tables.values_mut().next().unwrap();
    first.propagating.insert(FOREIGN_VGW.parse().unwrap());
    view
}

fn after(site: &Site, before: &View) -> View {
    let plan = planned(site, before).unwrap();
    assert_eq!(lint_in(&plan, before), []);
    let after = applied(&plan, before);
    assert!(planned(site, &after).unwrap().is_noop());
    after
}

/// A second site on the same gateway, behind another router.
fn second() -> Site {
    let mut second = static_site();
    second.gateway.outside_ip = [18, 184, 30, 8].into();
    second.lan = nets(&["10.40.0.0/24"]);
    second
}

/// The view when a site's connection was deleted and AWS lists it no longer.
fn without_connection(site: &Site, view: &View) -> View {
    let mut view = view.clone();
    view.vpn_connections
        .retain(|_, it| it.tags["underpass:site"] != site.name.as_str());
    view
}

fn memory(view: &mut View, id: &str) -> Vec<(String, String)> {
    let tags = tags_of(view, id).clone().into_iter();
    tags.filter(|(key, _)| key.starts_with(TAG_PROPAGATION))
        .collect()
}

fn learning(view: &View) -> Vec<Vec<&str>> {
    let tables = view.route_tables.values();
    tables
        .map(|it| it.propagating.iter().map(|it| it.as_str()).collect())
        .collect()
}

#[test]
fn a_lost_connection_takes_no_memory_with_it() {
    let after = after(&site(), &before());
    let lost = without_connection(&site(), &after);
    let plan = away(&site(), &lost);
    let second_table = format!("propagation[{}]", TABLES[1]);
    assert_eq!(ids(&plan), [second_table.as_str(), "customer-gateway"]);
    assert_eq!(living(&applied(&plan, &lost)), living(&before()));
    assert_eq!(learning(&applied(&plan, &lost)), learning(&before()));
    // Somebody who onboards again instead goes on with it.
    let healed = applied(&planned(&site(), &lost).unwrap(), &lost);
    let plan = away(&site(), &healed);
    assert_eq!(learning(&applied(&plan, &healed)), learning(&before()));
}

#[test]
fn a_customer_gateway_of_an_earlier_version_is_told_once_and_only_where_it_matters() {
    let mut old = after(&site(), &before());
    let told = vec![(
        format!("{TAG_PROPAGATION}:{FOREIGN_VGW}"),
        TABLES[1].to_owned(),
    )];
    assert_eq!(memory(&mut old, CGW), told);
    tags_of(&mut old, CGW).retain(|key, _| !key.starts_with(TAG_PROPAGATION));
    let plan = planned(&site(), &old).unwrap();
    let changed: Vec<_> = plan
        .steps
        .iter()
        .filter(|it| !matches!(it.change, Change::Keep | Change::Adopt))
        .map(|it| (it.node.id.as_str(), it.change, it.actions.as_slice()))
        .collect();
    let tags = ["CreateTags".to_owned()];
    assert_eq!(changed, [("customer-gateway", Change::Update, &tags[..])]);
    let mut new = applied(&plan, &old);
    assert_eq!(memory(&mut new, CGW), told);
    assert!(planned(&site(), &new).unwrap().is_noop());

    // All tables learnt before the site came.
    let mut learnt = before();
    for table in learnt.route_tables.values_mut() {
        table.propagating.insert(FOREIGN_VGW.parse().unwrap());
    }
    let mut after_learnt = after(&site(), &learnt);
    assert_eq!(memory(&mut after_learnt, CGW), []);
    // The gateway is the site's own.
    let mut own = after(&site(), &view());
    assert_eq!(memory(&mut own, CGW), []);
}

#[test]
fn an_adopted_customer_gateway_is_never_told() {
    let mut before = before();
    let other = after(&second(), &before);
    let mut named = other.customer_gateways[&CGW.parse().unwrap()].clone();
    named.ip_address = Some(std::net::Ipv4Addr::from([18, 184, 30, 7]).into());
    named.bgp_asn = Some(site().gateway.asn);
    named.tags = as_tags(&[("Name", "by hand")]);
    before.customer_gateways.insert(named.id.clone(), named);
    let mut adopting = site();
    adopting.aws.customer_gateway = Some(CGW.parse().unwrap());
    let mut built = after(&adopting, &before);
    assert_eq!(*tags_of(&mut built, CGW), as_tags(&[("Name", "by hand")]));
    let plan = away(&adopting, &built);
    assert_eq!(learning(&applied(&plan, &built)), learning(&before));
}

/// Playbooks of one's own, and those written for earlier versions, tell one bearer or none.
#[test]
fn a_playbook_that_keeps_what_it_enables_to_itself_is_warned_of() {
    let builtin = include_str!("../../../playbooks/vgw-bgp.yaml");
    let told = |line: &str| {
        let playbook = playbook::parse(&builtin.replace(line, ""), "mine.yaml").unwrap();
        let [before, site] = [before(), view()].map(|view| {
            let site = site();
            let mut question = question(&site, Some(&view));
            question.playbook = &playbook;
            let plan = onboard(&question).unwrap();
            let told = plan.warnings.into_iter();
            let told = told.filter(|it| it.code == "plan::not_remembered");
            told.map(|it| it.message).collect::<Vec<_>>()
        });
        assert_eq!(site, [""; 0], "a gateway of its own");
        before
    };
    assert_eq!(told("no such line"), [""; 0]);
    for (line, step) in [
        (
            "      remembers_propagation: ${vpc.remembers_propagation}\n",
            "customer-gateway",
        ),
        (
            "      enables_propagation: ${vpc.enables_propagation}\n",
            "connection",
        ),
    ] {
        assert!(builtin.contains(line));
        let [told] = told(line).try_into().unwrap();
        assert!(
            told.ends_with(&format!("does not tell {step} so")),
            "{told}"
        );
    }
}

/// The linter reads the tags for itself.
#[test]
fn a_teardown_of_propagation_that_no_tag_remembers_is_found() {
    let built = after(&site(), &before());
    let plan = away(&site(), &built);
    let found = |change: &dyn Fn(&mut Tags)| {
        let mut view = built.clone();
        let connections = view.vpn_connections.values_mut().map(|it| &mut it.tags);
        let customers = view.customer_gateways.values_mut().map(|it| &mut it.tags);
        connections.chain(customers).for_each(change);
        let found = lint_in(&plan, &view);
        found.into_iter().map(|it| it.code).collect::<Vec<_>>()
    };
    let own = format!("{TAG_PROPAGATION}:{FOREIGN_VGW}");
    assert_eq!(found(&|_| {}), [""; 0]);
    assert_eq!(found(&|tags| drop(tags.remove(&own))), [""; 0]);
    assert_eq!(found(&|tags| drop(tags.remove(TAG_PROPAGATION))), [""; 0]);
    assert_eq!(
        found(&|tags| tags.retain(|key, _| !key.starts_with(TAG_PROPAGATION))),
        ["lint::foreign"]
    );
    // What is remembered of another gateway, or of another table, says nothing of this one.
    let other = format!("{TAG_PROPAGATION}:{}", FOREIGN_VGW.replace("0001", "0002"));
    for (key, value) in [(&other, TABLES[1]), (&own, TABLES[0])] {
        let found = found(&|tags| {
            tags.retain(|key, _| !key.starts_with(TAG_PROPAGATION));
            tags.insert(key.clone(), value.to_owned());
        });
        assert_eq!(found, ["lint::foreign"], "{key} {value}");
    }
}

#[test]
fn a_gateway_that_the_site_has_left_is_still_remembered() {
    let mut moved = without_connection(&site(), &after(&site(), &before()));
    moved
        .vpn_gateways
        .get_mut(&FOREIGN_VGW.parse().unwrap())
        .unwrap()
        .attachments
        .clear();
    let other = FOREIGN_VGW.replace("0001", "0002");
    add_gateway(&mut moved, &other, Some(VPC));
    let was = learning(&moved).concat();
    assert_eq!(was, [FOREIGN_VGW; 2]);
    let mut both = after(&site(), &moved);
    let keys: Vec<String> = memory(&mut both, CGW).into_iter().map(|it| it.0).collect();
    let key = |id: &str| format!("{TAG_PROPAGATION}:{id}");
    assert_eq!(keys, [key(FOREIGN_VGW), key(&other)]);
    let plan = away(&site(), &both);
    assert_eq!(learning(&applied(&plan, &both)), learning(&before()));
}

#[test]
fn a_site_that_lost_its_connection_neither_holds_back_another_nor_robs_it() {
    let mut second = listing(second(), &TABLES[1..]);
    second.name = "shop-13".parse().unwrap();
    let first_alone = after(&site(), &before());
    let lost = without_connection(&site(), &first_alone);
    // Who comes then remembers what the first enabled; the first leaves it, the last takes it.
    let both = after(&second, &lost);
    let first_away = applied(&away(&site(), &both), &both);
    assert_eq!(learning(&first_away), learning(&both));
    let none = applied(&away(&second, &first_away), &first_away);
    assert_eq!(learning(&none), learning(&before()));
    // The other way round: the first needs nothing while it has no connection.
    let second_away = applied(&away(&second, &both), &both);
    assert_eq!(learning(&second_away), learning(&before()));
    let again = after(&site(), &second_away);
    let none = applied(&away(&site(), &again), &again);
    assert_eq!(learning(&none), learning(&before()));
    assert_eq!(living(&none), living(&before()));
}
