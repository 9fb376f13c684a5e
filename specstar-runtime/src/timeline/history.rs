//! The history of a resource: what a revision list shows, and what pruning removes.

use std::collections::{HashMap, HashSet};

use crate::datetime::Timestamp;
use crate::error::{Error, Result};
use crate::id;
use crate::meta::Revision;

/// Order of a revision list: by creation time, equal times by number, in the same direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Oldest first.
    Ascending,
    /// Newest first.
    #[default]
    Descending,
}

/// What a revision list shows (`http-api.md` section 6.4).
#[derive(Clone, Debug)]
pub struct HistoryRequest {
    /// Order.
    pub direction: Direction,
    /// Earliest creation time, inclusive.
    pub created_from: Option<Timestamp>,
    /// Latest creation time, inclusive.
    pub created_to: Option<Timestamp>,
    /// The list starts here.
    pub from_revision_id: Option<String>,
    /// Only the chain of parents, newest first.
    pub chain_only: bool,
    /// Skip this many.
    pub offset: usize,
    /// Show at most this many.
    pub limit: usize,
}

/// A page of a revision list.
#[derive(Clone, Debug)]
pub struct HistoryPage {
    /// The revisions shown.
    pub revisions: Vec<Revision>,
    /// How many there are without paging.
    pub total: usize,
    /// There are more after this page.
    pub has_more: bool,
}

/// Selects a page from all revisions of a resource, of which `current_seq` is the current one.
pub fn select(
    resource_id: &str,
    current_seq: i64,
    mut revisions: Vec<Revision>,
    request: &HistoryRequest,
) -> Result<HistoryPage> {
    revisions.sort_by_key(|revision| (revision.created.time, revision.seq));
    if request.direction == Direction::Descending {
        revisions.reverse();
    }
    revisions.retain(|revision| {
        let time = revision.created.time;
        request.created_from.is_none_or(|from| time >= from) && request.created_to.is_none_or(|to| time <= to)
    });
    let start = start_of(resource_id, &revisions, request)?;
    if let Some(position) = start {
        revisions.drain(..position);
    }
    if request.chain_only {
        let from = if start.is_some() { revisions[0].seq } else { current_seq };
        revisions = chain(revisions, from);
    }
    let total = revisions.len();
    let has_more = request.offset.saturating_add(request.limit) < total;
    let revisions = revisions.into_iter().skip(request.offset).take(request.limit).collect();
    Ok(HistoryPage { revisions, total, has_more })
}

fn start_of(resource_id: &str, listed: &[Revision], request: &HistoryRequest) -> Result<Option<usize>> {
    let Some(from) = request.from_revision_id.as_deref() else { return Ok(None) };
    id::parse_revision(resource_id, from)
        .and_then(|seq| listed.iter().position(|revision| revision.seq == seq))
        .map(Some)
        .ok_or_else(|| Error::RevisionNotFound {
            resource_id: resource_id.to_owned(),
            revision_id: from.to_owned(),
        })
}

/// `from` and its ancestors, as far as they are among `listed`.
fn chain(listed: Vec<Revision>, from: i64) -> Vec<Revision> {
    let mut by_seq: HashMap<i64, Revision> =
        listed.into_iter().map(|revision| (revision.seq, revision)).collect();
    let mut found = Vec::new();
    let mut next = Some(from);
    // Removing what was visited also ends the walk should stored parents ever form a cycle.
    while let Some(revision) = next.and_then(|seq| by_seq.remove(&seq)) {
        next = revision.parent_seq;
        found.push(revision);
    }
    found
}

/// What pruning keeps; with both, whatever either keeps.
#[derive(Clone, Copy, Debug)]
pub enum Keep {
    /// The last `n` (at least 1): ancestors of the current revision before others, newer before older.
    Last(usize),
    /// Those made at this instant or later.
    Since(Timestamp),
    /// The union of both.
    LastOrSince(usize, Timestamp),
}

/// The numbers of the superseded revisions that pruning removes. The current one always stays.
pub fn prune(current_seq: i64, revisions: &[Revision], keep: Keep) -> Result<Vec<i64>> {
    let (last, since) = match keep {
        Keep::Last(n) => (Some(n), None),
        Keep::Since(time) => (None, Some(time)),
        Keep::LastOrSince(n, time) => (Some(n), Some(time)),
    };
    if last == Some(0) {
        return Err(Error::BadRequest("at least one revision must be kept".into()));
    }
    let mut kept: HashSet<i64> = HashSet::from([current_seq]);
    if let Some(count) = last {
        kept.extend(ranking(current_seq, revisions).into_iter().take(count));
    }
    if let Some(time) = since {
        kept.extend(revisions.iter().filter(|r| r.created.time >= time).map(|r| r.seq));
    }
    Ok(revisions.iter().map(|r| r.seq).filter(|seq| !kept.contains(seq)).collect())
}

/// All numbers, the most worth keeping first.
fn ranking(current_seq: i64, revisions: &[Revision]) -> Vec<i64> {
    let parents: HashMap<i64, Option<i64>> = revisions.iter().map(|r| (r.seq, r.parent_seq)).collect();
    let mut ranked = Vec::with_capacity(revisions.len());
    let mut seen = HashSet::new();
    let mut next = Some(current_seq);
    while let Some(seq) = next
        && let Some(parent) = parents.get(&seq)
        && seen.insert(seq)
    {
        ranked.push(seq);
        next = *parent;
    }
    let mut others: Vec<i64> = parents.keys().copied().filter(|seq| !seen.contains(seq)).collect();
    others.sort_unstable_by(|a, b| b.cmp(a));
    ranked.extend(others);
    ranked
}
