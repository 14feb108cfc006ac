//! Looks: some collections, or everything that a site may have.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::client::{Client, Shared};
use super::decoded::Asked;
use super::describe;
use super::fault::Fault;
use super::pace::Group;
use super::view::{Breadth, Collection, View};
use crate::clock::Mark;

impl Client {
    /// Looks at `collections`, anew and all at once.
    pub async fn view(&self, collections: &[Collection]) -> Result<View, Fault> {
        let looks = collections.iter();
        let looks = looks.map(async |collection| self.look(*collection).await.1);
        let mut view = View::default();
        for seen in try_join_all(looks).await? {
            view.merge(seen);
        }
        Ok(view)
    }

    /// From now on a whole look is at transit gateways, too.
    pub fn expect_transit(&self) {
        self.shared.transit.store(true, Ordering::Relaxed);
    }

    /// From now on a whole look is at Direct Connect, too.
    pub fn expect_direct_connect(&self) {
        self.shared.direct_connect.store(true, Ordering::Relaxed);
    }

    /// Looks at everything that a site may have.
    ///
    /// For a site, at transit gateways and at Direct Connect only where it has them, by its file or
    /// by its tags: nobody else waits for those calls, or needs the permissions. Everything is looked
    /// at where something is going to be removed; where Direct Connect cannot be looked at, and no
    /// object speaks of one, the view is without it.
    pub async fn whole_view(&self, breadth: Breadth<'_>) -> Result<View, Fault> {
        let all = matches!(breadth, Breadth::Everything(_));
        let transit = all || self.shared.transit.load(Ordering::Relaxed);
        let direct = self.shared.direct_connect.load(Ordering::Relaxed);
        let mut collections = Collection::VPN.to_vec();
        collections.extend(Collection::TRANSIT.iter().filter(|_| transit));
        collections.extend(Collection::DIRECT_CONNECT.iter().filter(|_| direct));
        let mut view = self.view(&collections).await?;
        match breadth {
            Breadth::Site(site) => {
                if !transit && view.mentions_transit(Some(site)) {
                    self.expect_transit();
                    view.merge(self.view(&Collection::TRANSIT).await?);
                }
                if !direct && view.mentions_direct_connect(Some(site)) {
                    self.expect_direct_connect();
                    view.merge(self.view(&Collection::DIRECT_CONNECT).await?);
                }
            }
            Breadth::Everything(site) if !direct => {
                let needed = view.mentions_direct_connect(site);
                match self.view(&Collection::DIRECT_CONNECT).await {
                    Ok(seen) => view.merge(seen),
                    Err(_) if !needed => {}
                    Err(fault) => return Err(fault),
                }
            }
            Breadth::Everything(_) => {}
        }
        Ok(view)
    }

    /// A view of `collections` that is not older than `since`.
    ///
    /// Concurrent askers share one Describe whose request began at or after `since`; at most one
    /// is in flight per collection. A failure is shared the same way.
    pub async fn view_since(
        &self,
        collections: &[Collection],
        since: Mark,
    ) -> Result<Arc<View>, Fault> {
        let looks = collections.iter().map(|collection| {
            let fresh = || self.look(*collection);
            self.shared.share.look(*collection, since, fresh)
        });
        let mut views = try_join_all(looks).await?;
        if views.len() == 1 {
            return Ok(views.swap_remove(0));
        }
        let mut view = View::default();
        for seen in views {
            view.merge(View::clone(&seen));
        }
        Ok(Arc::new(view))
    }

    /// When the look began, and what it saw.
    async fn look(&self, collection: Collection) -> (Mark, Result<View, Fault>) {
        self.shared.pace.turn(Group::Read).await;
        let mark = self.shared.clock.mark();
        let began = self.shared.clock.now();
        (mark, self.look_now(collection, began).await)
    }

    async fn look_now(&self, collection: Collection, began: Timestamp) -> Result<View, Fault> {
        let Some(asker) = &self.shared.asker else {
            return self.look_by_sdk(collection, began).await;
        };
        // What takes several calls is not told by one text.
        if collection == Collection::TransitTableContents || collection.is_direct_connect() {
            return self.look_by_sdk(collection, began).await;
        }
        match asker.ask(collection) {
            Asked::Known(mut view, date) => {
                if let Some(date) = date {
                    self.shared.server_clock.hear(&date);
                }
                view.looked_at.insert(collection, began);
                Ok(*view)
            }
            Asked::New(text) => {
                let seen = self.look_by_sdk(collection, began).await;
                if let (Some(text), Ok(view)) = (text, &seen) {
                    asker.keep(text, view.clone());
                }
                seen
            }
        }
    }

    async fn look_by_sdk(&self, collection: Collection, began: Timestamp) -> Result<View, Fault> {
        let Shared {
            reader,
            dx_reader,
            pace,
            ..
        } = &*self.shared;
        describe::look(reader, dx_reader, pace, collection, began).await
    }
}
