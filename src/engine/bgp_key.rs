//! The key of a Direct Connect's BGP session: made before the virtual interface is, or AWS's.

use super::keys::KeysError;
use crate::aws::{Client, Collection};
use crate::clock::IdSource;
use crate::plan::{Plan, PlannedStep};
use crate::resource::{Change, Keys, TAG_RUN, TAG_SITE};
use crate::spec::SiteName;
use crate::tunnel::BgpKey;

/// The step of a plan that makes or keeps the virtual interface.
fn interface(plan: &Plan) -> Option<&PlannedStep> {
    let mut steps = plan.steps.iter();
    steps.find(|step| step.node.kind.ends_with("_virtual_interface"))
}

/// Sets the key that a plan needs: the one that AWS shows of a virtual interface that is there, else
/// the one that was kept, else a new one.
///
/// A run that was stopped may have made the virtual interface already; its tags tell.
pub(super) async fn complete(
    keys: &mut Keys,
    plan: &Plan,
    resumed: bool,
    client: &Client,
    ids: &IdSource,
) -> Result<(), KeysError> {
    let Some(step) = interface(plan) else {
        return Ok(());
    };
    let makes = matches!(step.change, Change::Create | Change::Replace);
    if (!makes || resumed)
        && let Some(key) = of_aws(step, plan, client).await?
    {
        keys.bgp = Some(key);
    }
    if makes && keys.bgp.is_none() {
        keys.bgp = Some(BgpKey::generate(ids));
    }
    Ok(())
}

/// The key that AWS shows of the site's virtual interface, whoever made it.
pub async fn bgp_key_of(site: &SiteName, client: &Client) -> Result<Option<BgpKey>, KeysError> {
    let view = client.view(&[Collection::VirtualInterfaces]).await?;
    let mut interfaces = view.virtual_interfaces.values();
    let own = interfaces.find(|it| {
        it.tags
            .get(TAG_SITE)
            .is_some_and(|tag| tag == site.as_str())
            && !it.state.is_ending()
    });
    Ok(own.and_then(|it| it.peers.iter().find_map(|peer| peer.key.clone())))
}

async fn of_aws(
    step: &PlannedStep,
    plan: &Plan,
    client: &Client,
) -> Result<Option<BgpKey>, KeysError> {
    let view = client.view(&[Collection::VirtualInterfaces]).await?;
    let run = plan.run.to_string();
    let mut interfaces = view.virtual_interfaces.into_values();
    let it = interfaces.find(|it| {
        let tag = |name: &str| it.tags.get(name).map(String::as_str);
        let made = tag(TAG_SITE) == Some(plan.site.as_str()) && tag(TAG_RUN) == Some(run.as_str());
        let existing = step.existing.as_deref() == Some(it.id.as_str());
        (made || (existing && step.change != Change::Replace)) && !it.state.is_ending()
    });
    Ok(it.and_then(|it| it.peers.into_iter().find_map(|peer| peer.key)))
}
