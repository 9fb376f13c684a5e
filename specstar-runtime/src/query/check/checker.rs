//! What holds for a query as a whole: its size, and what happens to names nothing is indexed under.

use super::{ConditionError, MetaField, Operator, Predicate, ResourceDescriptor, Target};
use crate::query::error::QueryError;
use crate::query::limit;
use crate::query::predicate::Size;

/// What a condition on a field that is not indexed does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnindexedPolicy {
    /// The field is missing on every row; the names are collected, to be logged.
    Warn,
    /// The query is refused.
    #[default]
    Error,
}

/// Which names a condition can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Metadata, then indexed data.
    Everything,
    /// Indexed data only.
    Data,
}

/// Checks the conditions of one query against one resource.
///
/// Each name goes through [`Checker::target`] and each finished condition through [`Checker::admit`];
/// [`Checker::finish`] says whether the whole can run.
#[derive(Debug)]
pub struct Checker<'d> {
    descriptor: &'d ResourceDescriptor,
    policy: UnindexedPolicy,
    unindexed: Vec<String>,
    size: Size,
    patterns: usize,
    regular_expressions: usize,
}

impl<'d> Checker<'d> {
    /// Nothing seen yet.
    pub const fn new(descriptor: &'d ResourceDescriptor, policy: UnindexedPolicy) -> Self {
        Self {
            descriptor,
            policy,
            unindexed: Vec::new(),
            size: Size { conditions: 0, patterns: 0, values: 0 },
            patterns: 0,
            regular_expressions: 0,
        }
    }

    /// Looks a name up and remembers it when nothing is indexed under it.
    pub fn target<'n>(&mut self, name: &'n str, scope: Scope) -> Target<'n> {
        let target = Target::find(self.descriptor, name, scope);
        if target.found.is_none() && !self.unindexed.iter().any(|seen| seen == name) {
            self.unindexed.push(name.to_owned());
        }
        target
    }

    /// Counts what takes long to compile, before it is compiled.
    pub fn expect(&mut self, operator: Operator) -> Result<(), ConditionError> {
        use Operator::{IContains, IEndsWith, IStartsWith, Like, Regex};
        if operator == Regex {
            self.regular_expressions += 1;
        }
        if matches!(operator, Regex | IContains | IStartsWith | IEndsWith | Like) {
            self.patterns += 1;
        }
        if self.regular_expressions > limit::REGULAR_EXPRESSIONS {
            return Err(ConditionError::TooManyRegularExpressions);
        }
        if self.patterns > limit::PATTERNS { Err(ConditionError::TooManyPatterns) } else { Ok(()) }
    }

    /// Counts a condition against the limits.
    pub fn admit(&mut self, predicate: Predicate) -> Result<Predicate, ConditionError> {
        self.size = self.size.plus(predicate.size());
        if self.size.conditions > limit::CONDITIONS {
            return Err(ConditionError::TooManyConditions);
        }
        if self.size.patterns > limit::PATTERNS {
            return Err(ConditionError::TooManyPatterns);
        }
        if self.size.values > limit::VALUES {
            return Err(ConditionError::TooManyValues);
        }
        Ok(predicate)
    }

    /// The names nothing is indexed under, each once; an error where the policy wants one.
    pub fn finish(self) -> Result<Vec<String>, QueryError> {
        let Some(first) = self.unindexed.first() else { return Ok(Vec::new()) };
        if self.policy == UnindexedPolicy::Warn {
            return Ok(self.unindexed);
        }
        let indexed: Vec<_> = self.descriptor.indexes.iter().map(|index| index.key).collect();
        let names = indexed.iter().copied().chain(MetaField::ALL.map(MetaField::as_str));
        let suggestion = nearest(first, names);
        Err(QueryError::Unindexed { fields: self.unindexed, indexed, suggestion })
    }
}

/// The name at an edit distance of at most two, the nearest of them; two letters in each other's place are one
/// edit. A name that shares no letter is not near.
pub(crate) fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    // The distance takes time by both lengths, and no name this long is near.
    if name.len() > 256 {
        return None;
    }
    known
        .map(|candidate| (strsim::osa_distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 2 && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
