//! What is asked about one virtual interface: its routes and its tests.

use aws_sdk_directconnect::types::{Route, RouteDirection, VirtualInterfaceTestHistory};
use ipnet::IpNet;
use jiff::Timestamp;

use super::client::Client;
use super::convert::{parsed, shown};
use super::describe_direct_connect::{PER_PAGE, done, paged};
use super::direct_connect::{FailoverTest, InterfaceRoutes};
use super::fault::Fault;
use crate::spec::VirtualInterfaceId;

const ROUTES: &str = "ListVirtualInterfaceRoutes";
const TESTS: &str = "ListVirtualInterfaceTestHistory";

impl Client {
    /// The routes of a virtual interface (`ListVirtualInterfaceRoutes`), both directions.
    ///
    /// The action is young: an account's policies may not know it, and not every Region has it.
    pub async fn interface_routes(
        &self,
        interface: &VirtualInterfaceId,
    ) -> Result<InterfaceRoutes, Fault> {
        let (client, pace) = self.direct_connect_reader().await;
        let pages = paged(ROUTES, pace, |token| async move {
            let request = client.list_virtual_interface_routes();
            let request = request.virtual_interface_id(interface.as_str());
            let page = request.max_results(PER_PAGE).set_next_token(token);
            let page = done(ROUTES, page.send().await)?;
            Ok((page.routes.unwrap_or_default(), page.next_token))
        });
        let all = pages.await?;
        let of = |wanted: &RouteDirection| -> std::collections::BTreeSet<IpNet> {
            let routes = all.iter().filter(|it| it.route_direction() == Some(wanted));
            routes.filter_map(|it: &Route| parsed(it.cidr())).collect()
        };
        Ok(InterfaceRoutes {
            accepted: of(&RouteDirection::Accepted),
            advertised: of(&RouteDirection::Advertised),
        })
    }

    /// The fail-over tests of a virtual interface (`ListVirtualInterfaceTestHistory`), oldest first.
    pub async fn failover_tests(
        &self,
        interface: &VirtualInterfaceId,
    ) -> Result<Vec<FailoverTest>, Fault> {
        let (client, pace) = self.direct_connect_reader().await;
        let pages = paged(TESTS, pace, |token| async move {
            let request = client.list_virtual_interface_test_history();
            let request = request.virtual_interface_id(interface.as_str());
            let page = request.max_results(PER_PAGE).set_next_token(token);
            let page = done(TESTS, page.send().await)?;
            let tests = page.virtual_interface_test_history.unwrap_or_default();
            Ok((tests, page.next_token))
        });
        let mut tests: Vec<FailoverTest> = pages.await?.iter().map(test).collect();
        tests.sort_by_key(|it| it.started_at);
        Ok(tests)
    }
}

fn test(it: &VirtualInterfaceTestHistory) -> FailoverTest {
    let minutes = it.test_duration_in_minutes();
    let at = |secs: Option<i64>| secs.and_then(|secs| Timestamp::from_second(secs).ok());
    FailoverTest {
        id: shown(it.test_id().unwrap_or_default()),
        status: shown(it.status().unwrap_or_default()),
        minutes: minutes.and_then(|it| u32::try_from(it).ok()),
        started_at: at(it.start_time().map(aws_smithy_types::DateTime::secs)),
        ended_at: at(it.end_time().map(aws_smithy_types::DateTime::secs)),
    }
}
