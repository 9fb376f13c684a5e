//! Resource types that cannot do without one another.
//!
//! A reference that is neither optional nor a list always holds an id. Where such references lead in a circle,
//! `restrict` never lets any of the resources go, and where they are validated the first one can never be made. A
//! circle that is open somewhere is fine: a tree of optional parents, a list of friends.

use crate::descriptor::{OnDelete, ReferenceDescriptor, ReferenceKind};
use crate::resource::ResourceEntry;

/// The longest circle that is shown; longer ones are cut.
const SHOWN: usize = 16;
/// Types behind this position are not looked at: a bit of a mask stands for each type.
const MOST: usize = 1024;

/// A way through the list: which reference of which entry, in turn.
#[derive(Clone, Copy)]
pub(super) struct Cycle {
    pub(super) steps: [(usize, usize); SHOWN],
    pub(super) len: usize,
}

/// The circle whose last entry in the list is the one at `goal`, so that each circle is found once.
pub(super) const fn closed_by(entries: &[ResourceEntry], goal: usize) -> Option<Cycle> {
    if goal >= MOST || !has_strict(&entries[goal]) {
        return None;
    }
    let mut seen = [0; MOST / 64];
    let mut cycle = Cycle { steps: [(0, 0); SHOWN], len: 0 };
    if leads_back(entries, goal, goal, &mut seen, &mut cycle) { Some(cycle) } else { None }
}

/// Whether every step refuses the delete.
pub(super) const fn is_restrict(entries: &[ResourceEntry], cycle: &Cycle) -> bool {
    let mut at = 0;
    while at < cycle.len && at < SHOWN {
        let (entry, reference) = cycle.steps[at];
        if !matches!(entries[entry].descriptor.references[reference].on_delete, OnDelete::Restrict) {
            return false;
        }
        at += 1;
    }
    true
}

const fn leads_back(
    entries: &[ResourceEntry],
    goal: usize,
    from: usize,
    seen: &mut [u64; MOST / 64],
    cycle: &mut Cycle,
) -> bool {
    let references = entries[from].descriptor.references;
    let mut at = 0;
    while at < references.len() {
        if is_strict(&references[at])
            && let Some(to) = position(entries, &references[at], goal)
        {
            if cycle.len < SHOWN {
                cycle.steps[cycle.len] = (from, at);
            }
            cycle.len += 1;
            if to == goal {
                return true;
            }
            let bit = 1 << (to % 64);
            if seen[to / 64] & bit == 0 {
                seen[to / 64] |= bit;
                if leads_back(entries, goal, to, seen, cycle) {
                    return true;
                }
            }
            cycle.len -= 1;
        }
        at += 1;
    }
    false
}

const fn has_strict(entry: &ResourceEntry) -> bool {
    let mut at = 0;
    while at < entry.descriptor.references.len() {
        if is_strict(&entry.descriptor.references[at]) {
            return true;
        }
        at += 1;
    }
    false
}

const fn is_strict(reference: &ReferenceDescriptor) -> bool {
    let always_there = !reference.list && !reference.nullable;
    let by_id = matches!(reference.kind, ReferenceKind::ResourceId);
    let holds = match reference.on_delete {
        OnDelete::Restrict => true,
        OnDelete::Cascade => reference.validate,
        OnDelete::Dangling | OnDelete::SetNull => false,
    };
    always_there && by_id && holds
}

/// The entry a reference leads to, among those up to `last`.
const fn position(entries: &[ResourceEntry], reference: &ReferenceDescriptor, last: usize) -> Option<usize> {
    let mut at = 0;
    while at <= last {
        if entries[at].descriptor.id.path_hash == reference.target.path_hash {
            return Some(at);
        }
        at += 1;
    }
    None
}
