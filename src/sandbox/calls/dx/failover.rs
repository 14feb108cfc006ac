//! Tests of what happens when sessions fail.

use serde_json::{Value, json};

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::dx::documents;
use crate::sandbox::calls::dx::interface_changes::change;
use crate::sandbox::calls::dx::params::{given, page, refused};
use crate::sandbox::direct_connect::{FailoverTest, VirtualInterface};
use crate::sandbox::ids::{self, ResourceId};
use crate::sandbox::lifecycle::later;

/// Minutes of a test that is told none, and of the longest (Direct Connect user guide).
const MINUTES: (u32, u32) = (180, 4_320);

pub(super) fn start(context: &mut Context<'_>) -> Outcome {
    let (id, _) = change(context, |context, it| {
        let (params, now) = (&context.params, context.now);
        let minutes = params.parsed("testDurationInMinutes")?.unwrap_or(MINUTES.0);
        if !(1..=MINUTES.1).contains(&minutes) {
            return Err(refused(format!(
                "Test duration {minutes} is not in the range 1 to {} minutes.",
                MINUTES.1
            )));
        }
        let state = it.state(context.beyond(), now);
        if !matches!(state, "available" | "down") {
            return Err(refused(format!(
                "Virtual Interface {} is in state {state}.",
                it.id
            )));
        }
        let known: Vec<ResourceId> = it.peers_at(now).map(|peer| peer.id.clone()).collect();
        let given = params.strings("bgpPeers");
        if let Some(wrong) = given
            .iter()
            .find(|id| !known.contains(&ResourceId::from(**id)))
        {
            return Err(refused(format!("BGP peer {wrong} does not exist.")));
        }
        let peers = match given.is_empty() {
            true => known,
            false => given.into_iter().map(ResourceId::from).collect(),
        };
        it.tests.push(FailoverTest {
            id: ResourceId::fixed(ids::uuid(context.ids)),
            peers,
            minutes,
            started_at: now,
            ends_at: later(now, std::time::Duration::from_secs(u64::from(minutes) * 60)),
            stopped: false,
        });
        Ok(())
    })?;
    shown(context, &id)
}

pub(super) fn stop(context: &mut Context<'_>) -> Outcome {
    let (id, _) = change(context, |context, it| {
        let now = context.now;
        let id = it.id.clone();
        let mut tests = it.tests.iter_mut();
        let test = tests.find(|test| test.is_running(now));
        let test = test.ok_or_else(|| refused(format!("No test is running on {id}.")))?;
        test.ends_at = now;
        test.stopped = true;
        Ok(())
    })?;
    shown(context, &id)
}

fn shown(context: &Context<'_>, id: &ResourceId) -> Outcome {
    let it = context.direct.interfaces.get(id);
    let test = it.and_then(|it| {
        it.tests
            .last()
            .map(|test| documents::test(context, it, test))
    });
    Ok(Done::change(id, json!({"virtualInterfaceTest": test})))
}

pub(super) fn history(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    let (interface, test_id) = (given(params, "virtualInterfaceId"), given(params, "testId"));
    let (status, peers) = (given(params, "status"), params.strings("bgpPeers"));
    let fits = |test: &&FailoverTest| {
        test_id.is_none_or(|id| test.id.as_str() == id)
            && status.is_none_or(|status| documents::status(test, context) == status)
            && peers
                .iter()
                .all(|peer| test.peers.contains(&ResourceId::from(*peer)))
    };
    let of = |it: &VirtualInterface| -> Vec<Value> {
        let tests = it.tests.iter().filter(fits);
        tests
            .map(|test| documents::test(context, it, test))
            .collect()
    };
    let known = context.direct.interfaces.values();
    let found = known
        .filter(|it| it.region == context.region.name)
        .filter(|it| interface.is_none_or(|id| it.id.as_str() == id))
        .flat_map(of)
        .collect();
    page(context, "virtualInterfaceTestHistory", found)
}
