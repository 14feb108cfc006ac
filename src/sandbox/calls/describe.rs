//! What all describe calls share: ids, filters, pages, and how far they see.

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::error::ApiError;
use crate::sandbox::fault::Trouble;
use crate::sandbox::filter::Filters;
use crate::sandbox::ids::ResourceId;
use crate::sandbox::resource::Resource;
use crate::sandbox::xml::Xml;

/// How one describe call differs from the others.
pub(super) struct Describe<'a> {
    /// The request's list of ids, like `VpcId`.
    pub(super) ids: &'a str,
    /// The response's list, like `vpcSet`.
    pub(super) set: &'a str,
    /// The filters, besides those on tags.
    pub(super) filters: &'a [&'a str],
    /// Whether it takes `MaxResults` and `NextToken`; the three VPN calls do not.
    pub(super) paged: bool,
}

impl Describe<'_> {
    /// Answers the call; `values` says what an object has under a filter's name.
    pub(super) fn run<R: Resource>(
        &self,
        context: &Context<'_>,
        values: impl Fn(&R, &str) -> Vec<String>,
        write: impl Fn(&mut Xml, &R),
    ) -> Outcome {
        self.run_among(context, |_| true, values, write)
    }

    /// Like [`run`](Self::run), for a call that knows only some of a shelf's objects.
    pub(super) fn run_among<R: Resource>(
        &self,
        context: &Context<'_>,
        knows: impl Fn(&R) -> bool,
        values: impl Fn(&R, &str) -> Vec<String>,
        write: impl Fn(&mut Xml, &R),
    ) -> Outcome {
        let ids = self.wanted::<R>(context)?;
        let filters = Filters::parse(&context.params, self.filters)?;
        let page = if self.paged {
            Page::parse(context, ids.is_some())?
        } else {
            Page::all()
        };
        context.gate()?;
        let mut found = look_up::<R>(context, ids.as_deref(), knows)?;
        found.retain(|item| filters.match_all(item.tags(), |name| values(item, name)));
        // Pages of a list that changes its order would lose some of it. The older calls with pages
        // never change theirs.
        let whole = !self.paged || R::KIND.is_transit() && page.is_whole(found.len());
        if context.faults.has(Trouble::Shuffle) && whole {
            shuffle(context, &mut found);
        }
        let mut body = Xml::new();
        body.list(self.set, page.of(&found), |xml, item| write(xml, item));
        body.optional("nextToken", page.next(found.len()));
        Ok(Done::read(body))
    }

    /// The ids that were asked for, each once; `None` for all.
    fn wanted<R: Resource>(
        &self,
        context: &Context<'_>,
    ) -> Result<Option<Vec<ResourceId>>, ApiError> {
        let mut wanted: Vec<ResourceId> = Vec::new();
        for text in context.params.strings(self.ids) {
            let id = ResourceId::parse(R::KIND, text)?;
            if !wanted.contains(&id) {
                wanted.push(id);
            }
        }
        Ok(Some(wanted).filter(|wanted| !wanted.is_empty()))
    }
}

/// The objects of those ids, or all that a list shows.
fn look_up<'a, R: Resource>(
    context: &'a Context<'_>,
    ids: Option<&[ResourceId]>,
    knows: impl Fn(&R) -> bool,
) -> Result<Vec<&'a R>, ApiError> {
    let known = R::shelf(context.region);
    let seen = |found: &&R| found.is_visible(context.now) && knows(found);
    let Some(ids) = ids else {
        return Ok(known.values().filter(seen).collect());
    };
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for id in ids {
        match known.get(id).filter(seen) {
            Some(object) => found.push(object),
            None => missing.push(id.as_str()),
        }
    }
    if missing.is_empty() {
        Ok(found)
    } else {
        Err(R::KIND.not_found(&missing))
    }
}

/// A window on a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    start: usize,
    size: usize,
}

impl Page {
    pub(super) fn all() -> Self {
        Self {
            start: 0,
            size: usize::MAX,
        }
    }

    /// Reads `MaxResults`, 5 to 1000, and `NextToken`.
    pub(super) fn parse(context: &Context<'_>, by_id: bool) -> Result<Self, ApiError> {
        Self::parse_within(context, by_id, 5, 1_000)
    }

    pub(super) fn parse_within(
        context: &Context<'_>,
        by_id: bool,
        least: usize,
        most: usize,
    ) -> Result<Self, ApiError> {
        let size: Option<usize> = context.params.parsed("MaxResults")?;
        if by_id && size.is_some() {
            return Err(ApiError::combination(
                "The parameter MaxResults cannot be used together with a list of IDs.",
            ));
        }
        if let Some(size) = size.filter(|size| !(least..=most).contains(size)) {
            let why = format!("Expecting a value between {least} and {most}.");
            return Err(ApiError::value("maxResults", &size.to_string(), &why));
        }
        let start = match context
            .params
            .text("NextToken")
            .filter(|token| !token.is_empty())
        {
            None => 0,
            Some(token) => token
                .strip_prefix("page-")
                .and_then(|start| start.parse().ok())
                .ok_or_else(|| ApiError::value("nextToken", token, ""))?,
        };
        Ok(Self {
            start,
            size: size.unwrap_or(most),
        })
    }

    /// Whether a list of that length is on this page from end to end.
    pub(super) fn is_whole(self, total: usize) -> bool {
        self.start == 0 && total <= self.size
    }

    pub(super) fn of<T>(self, items: &[T]) -> impl Iterator<Item = &T> {
        items.iter().skip(self.start).take(self.size)
    }

    pub(super) fn next(self, total: usize) -> Option<String> {
        let end = self.start.saturating_add(self.size);
        (end < total).then(|| format!("page-{end}"))
    }
}

pub(super) fn shuffle<T>(context: &Context<'_>, items: &mut [T]) {
    for last in (1..items.len()).rev() {
        let other = usize::try_from(context.ids.below(last as u64 + 1)).unwrap_or(last);
        items.swap(last, other);
    }
}
