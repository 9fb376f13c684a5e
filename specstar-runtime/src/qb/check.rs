//! From a tree to a predicate, or to the reason why not. Everything that can be wrong is found here, before
//! any row is read.

use super::error::{Error, Fault, Problem};
use super::period;
use super::print::method;
use super::span::Span;
use super::tree::{Condition, Form, Query, Question, Sort, SortTerm, Test};
use crate::datetime::Timestamp;
use crate::descriptor::ResourceDescriptor;
use crate::query::{
    Blame, Checker, ConditionError, DeletedFilter, Field, MetaField, Operator, Predicate, Ranking, Scope,
    SortKey, Target, UnindexedPolicy, limit,
};

/// What an expression is checked against besides the resource.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// What a condition on a field without an index does.
    pub unindexed: UnindexedPolicy,
    /// The moment the calendar methods look from.
    pub now: Timestamp,
    /// Seconds east of UTC of their calendar, where an expression does not say.
    pub utc_offset: i32,
}

impl Context {
    /// The defaults of the product, at this moment.
    pub const fn at(now: Timestamp) -> Self {
        Self { unindexed: UnindexedPolicy::Error, now, utc_offset: 0 }
    }
}

/// An expression that can run.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// Which rows; the deletion state is not part of it.
    pub predicate: Predicate,
    /// In which order; names that nothing is sorted by are left out.
    pub sorts: Vec<SortKey>,
    /// Names in conditions that nothing is indexed under, for one line of the log.
    pub unindexed: Vec<String>,
    /// The expression itself says which deletion state it wants.
    pub says_deleted: bool,
}

impl Checked {
    /// The deletion state that is looked at where only the expression can say.
    pub fn default_state(&self) -> DeletedFilter {
        if self.says_deleted { DeletedFilter::Any } else { DeletedFilter::Live }
    }
}

impl Query {
    /// Checks the whole against a resource.
    pub fn check(&self, descriptor: &ResourceDescriptor, context: &Context) -> Result<Checked, Error> {
        let mut pass = Pass { checker: Checker::new(descriptor, context.unindexed), context };
        // Counted before the first of them is compiled.
        let mut left = limit::REGULAR_EXPRESSIONS;
        if let Some(test) = surplus(&self.condition, &mut left) {
            return Err(self.located(refused(ConditionError::TooManyRegularExpressions, test)));
        }
        let predicate = pass.condition(&self.condition).map_err(|fault| self.located(fault))?;
        let sorts = self.sort_keys(descriptor).map_err(|fault| self.located(fault))?;
        let unindexed = pass.checker.finish().map_err(|error| Error::whole(error.into()))?;
        let says_deleted = self.condition.mentions(MetaField::IsDeleted.as_str());
        Ok(Checked { predicate, sorts, unindexed, says_deleted })
    }

    /// Refuses a limit above `most`.
    pub fn check_limit(&self, most: u64) -> Result<(), Error> {
        match self.limit {
            Some(found) if found > most => {
                Err(self.located(Problem::LimitTooLarge { most, found }.at(self.limit_at)))
            }
            _ => Ok(()),
        }
    }

    fn located(&self, fault: Fault) -> Error {
        match &self.source.0 {
            Some(source) => fault.in_source(source),
            None => Error::whole(*fault.problem),
        }
    }

    fn sort_keys(&self, descriptor: &ResourceDescriptor) -> Result<Vec<SortKey>, Fault> {
        let mut keys = Vec::with_capacity(self.sorts.len());
        for sort in &self.sorts {
            keys.extend(sort_key(descriptor, sort)?);
            if keys.len() > limit::SORT_KEYS {
                return Err(Problem::TooManySortKeys.at(sort.at));
            }
        }
        Ok(keys)
    }
}

fn sort_key(descriptor: &ResourceDescriptor, sort: &Sort) -> Result<Option<SortKey>, Fault> {
    let find = |name| Target::find(descriptor, name, Scope::Everything);
    let ranked = |ranking: Result<Option<Ranking>, ConditionError>| {
        let ranking = ranking.map_err(|error| Problem::Condition(error).at(sort.at))?;
        Ok(ranking.map(|ranking| SortKey::ranked(ranking, sort.descending)))
    };
    let name = match &sort.by {
        SortTerm::Field(name) => name,
        SortTerm::Similarity { field, query } => return ranked(find(field).similarity(query)),
        SortTerm::Distance { field, metric, vector } => return ranked(find(field).distance(*metric, vector)),
    };
    match find(name).found() {
        Some((_, shape)) if shape.list => Err(Problem::SortByList(name.to_string()).at(sort.at)),
        Some((Field::Meta(field), _)) if !field.is_sort_key() => Ok(None),
        found => Ok(found.map(|(field, _)| SortKey::new(field, sort.descending))),
    }
}

struct Pass<'d, 'c> {
    checker: Checker<'d>,
    context: &'c Context,
}

impl Pass<'_, '_> {
    fn condition(&mut self, condition: &Condition) -> Result<Predicate, Fault> {
        match condition {
            Condition::All => Ok(Predicate::everything()),
            Condition::Test(test) => self.test(test),
            Condition::And(parts) => Ok(Predicate::all(self.parts(parts)?)),
            Condition::Or(parts) => Ok(Predicate::any(self.parts(parts)?)),
            Condition::Not(inner) => Ok(!self.condition(inner)?),
        }
    }

    fn parts(&mut self, parts: &[Condition]) -> Result<Vec<Predicate>, Fault> {
        parts.iter().map(|part| self.condition(part)).collect()
    }

    fn test(&mut self, test: &Test) -> Result<Predicate, Fault> {
        if let Question::Is { operator, .. } = &test.question {
            self.checker.expect(*operator).map_err(|error| refused(error, test))?;
        }
        let target = self.checker.target(&test.field, Scope::Everything);
        let predicate = match &test.question {
            Question::Is { form: Form::Value, operator, operand } => target.condition(*operator, operand),
            Question::Is { form: Form::Length, operator, operand } => target.length(*operator, operand),
            Question::Is { form: Form::Elements(quantifier), operator, operand } => {
                target.quantified(*quantifier, *operator, operand)
            }
            Question::Truthy => Ok(target.truthy()),
            Question::Empty => Ok(target.is_empty()),
            Question::Blank => target.is_blank(),
            Question::During(period) => return self.during(test, &target, period),
            Question::Fuzzy { query, threshold } => target.fuzzy(query, threshold.as_ref()),
            Question::Within { metric, vector, comparison, bound } => {
                target.within(*metric, vector, *comparison, *bound)
            }
        };
        self.admitted(predicate, test)
    }

    fn during(
        &mut self,
        test: &Test,
        target: &Target<'_>,
        period: &super::Period,
    ) -> Result<Predicate, Fault> {
        let interval = period::interval(period, self.context.now, self.context.utc_offset);
        let (start, end) = interval.ok_or_else(|| Problem::TimeRange.at(test.operator_at))?;
        self.admitted(period::within(target, period, start, end), test)
    }

    fn admitted(
        &mut self,
        predicate: Result<Predicate, ConditionError>,
        test: &Test,
    ) -> Result<Predicate, Fault> {
        predicate.and_then(|predicate| self.checker.admit(predicate)).map_err(|error| refused(error, test))
    }
}

/// The first test with a regular expression beyond those that are left.
fn surplus<'q>(condition: &'q Condition, left: &mut usize) -> Option<&'q Test> {
    match condition {
        Condition::All => None,
        Condition::And(parts) | Condition::Or(parts) => parts.iter().find_map(|part| surplus(part, left)),
        Condition::Not(inner) => surplus(inner, left),
        Condition::Test(test) => {
            if !matches!(test.question, Question::Is { operator: Operator::Regex, .. }) {
                return None;
            }
            let none = *left == 0;
            *left = left.saturating_sub(1);
            none.then_some(test)
        }
    }
}

/// The error at the part of the condition that is to blame, with the names of this language.
fn refused(error: ConditionError, test: &Test) -> Fault {
    let at: Span = match error.blame() {
        Blame::Operator => test.operator_at,
        Blame::Operand => test.operand_at,
    };
    let error = match (error, &test.question) {
        (ConditionError::Operand { expected, found, .. }, Question::Is { operator, .. }) => {
            ConditionError::Operand { operator: method(*operator), expected, found }
        }
        (error, _) => error,
    };
    Problem::Condition(error).at(at)
}
