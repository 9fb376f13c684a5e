//! The structured filters of the wire: time bounds, lists of users, and JSON conditions and sort keys.

mod entry;

use super::check::{Checker, Operator, Scope, Target, UnindexedPolicy};
use super::error::{FormatProblem, QueryError};
use super::field::MetaField;
use super::instant::parse_instant;
use super::limit;
use super::literal::Literal;
use super::predicate::{Comparison, Operand, Predicate, Test, ValueTest};
use super::sort::SortKey;
use crate::descriptor::ResourceDescriptor;

/// The structured filters of one request, as they came. All parts are joined by AND; an absent or an empty
/// part restricts nothing.
///
/// ```
/// # use specstar_runtime::query::{StructuredFilter, UnindexedPolicy};
/// # use specstar_runtime::descriptor::ResourceDescriptor;
/// # fn show(descriptor: &ResourceDescriptor) -> Result<(), specstar_runtime::query::QueryError> {
/// let filter = StructuredFilter {
///     conditions: Some(r#"[{"field_path": "age", "operator": "gte", "value": 18}]"#),
///     sorts: Some(r#"[{"type": "meta", "key": "created_time", "direction": "-"}]"#),
///     created_bys: vec!["ann", "bob"],
///     ..StructuredFilter::default()
/// };
/// let compiled = filter.compile(descriptor, UnindexedPolicy::Error)?;
/// assert!(compiled.sorts[0].descending);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct StructuredFilter<'a> {
    /// JSON list of conditions on metadata and indexed data.
    pub conditions: Option<&'a str>,
    /// JSON list of conditions on indexed data only.
    pub data_conditions: Option<&'a str>,
    /// JSON list of sort keys.
    pub sorts: Option<&'a str>,
    pub created_time_start: Option<&'a str>,
    pub created_time_end: Option<&'a str>,
    pub updated_time_start: Option<&'a str>,
    pub updated_time_end: Option<&'a str>,
    pub rev_created_time_start: Option<&'a str>,
    pub rev_created_time_end: Option<&'a str>,
    pub rev_updated_time_start: Option<&'a str>,
    pub rev_updated_time_end: Option<&'a str>,
    pub created_bys: Vec<&'a str>,
    pub updated_bys: Vec<&'a str>,
    pub rev_statuses: Vec<&'a str>,
    pub rev_created_bys: Vec<&'a str>,
    pub rev_updated_bys: Vec<&'a str>,
    /// Which deletion state.
    pub is_deleted: DeletedFilter,
}

/// Which deletion state a search sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeletedFilter {
    /// Live resources.
    #[default]
    Live,
    /// Soft-deleted resources.
    Deleted,
    /// Both.
    Any,
}

impl DeletedFilter {
    /// As a condition.
    pub fn predicate(self) -> Predicate {
        match self {
            Self::Live => Predicate::is_deleted(false),
            Self::Deleted => Predicate::is_deleted(true),
            Self::Any => Predicate::everything(),
        }
    }
}

/// A filter that can run.
#[derive(Clone, Debug, PartialEq)]
pub struct CompiledFilter {
    /// Which rows, the deletion state included.
    pub predicate: Predicate,
    /// In which order.
    pub sorts: Vec<SortKey>,
    /// Names in conditions that nothing is indexed under, for one line of the log.
    pub unindexed: Vec<String>,
}

impl StructuredFilter<'_> {
    /// Checks every part against a resource.
    pub fn compile(
        &self,
        descriptor: &ResourceDescriptor,
        policy: UnindexedPolicy,
    ) -> Result<CompiledFilter, QueryError> {
        let mut parts = vec![self.is_deleted.predicate()];
        for (parameter, field, comparison, text) in self.bounds() {
            parts.extend(bound(parameter, field, comparison, text)?);
        }
        for (parameter, field, values) in self.choices() {
            parts.extend(choice(parameter, field, values)?);
        }
        let mut checker = Checker::new(descriptor, policy);
        let lists = [
            ("conditions", Scope::Everything, self.conditions),
            ("data_conditions", Scope::Data, self.data_conditions),
        ];
        for (parameter, scope, text) in lists {
            let format = |problem| QueryError::Format { parameter, problem };
            let conditions = conditions(&mut checker, scope, text).map_err(format)?;
            parts.extend(conditions);
        }
        let sorts = sorts(descriptor, self.sorts)
            .map_err(|problem| QueryError::Format { parameter: "sorts", problem })?;
        Ok(CompiledFilter { predicate: Predicate::all(parts), sorts, unindexed: checker.finish()? })
    }

    fn bounds(&self) -> [(&'static str, MetaField, Comparison, Option<&str>); 8] {
        use Comparison::{Gte, Lte};
        use MetaField::{CreatedTime, RevCreatedTime, RevUpdatedTime, UpdatedTime};
        [
            ("created_time_start", CreatedTime, Gte, self.created_time_start),
            ("created_time_end", CreatedTime, Lte, self.created_time_end),
            ("updated_time_start", UpdatedTime, Gte, self.updated_time_start),
            ("updated_time_end", UpdatedTime, Lte, self.updated_time_end),
            ("rev_created_time_start", RevCreatedTime, Gte, self.rev_created_time_start),
            ("rev_created_time_end", RevCreatedTime, Lte, self.rev_created_time_end),
            ("rev_updated_time_start", RevUpdatedTime, Gte, self.rev_updated_time_start),
            ("rev_updated_time_end", RevUpdatedTime, Lte, self.rev_updated_time_end),
        ]
    }

    fn choices(&self) -> [(&'static str, MetaField, &[&str]); 5] {
        [
            ("created_bys", MetaField::CreatedBy, &self.created_bys),
            ("updated_bys", MetaField::UpdatedBy, &self.updated_bys),
            ("rev_statuses", MetaField::RevStatus, &self.rev_statuses),
            ("rev_created_bys", MetaField::RevCreatedBy, &self.rev_created_bys),
            ("rev_updated_bys", MetaField::RevUpdatedBy, &self.rev_updated_bys),
        ]
    }
}

/// An empty parameter counts as absent.
fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

fn bound(
    parameter: &'static str,
    field: MetaField,
    comparison: Comparison,
    text: Option<&str>,
) -> Result<Option<Predicate>, QueryError> {
    let Some(text) = given(text) else { return Ok(None) };
    let Some(instant) = parse_instant(text) else {
        let problem = FormatProblem::NotATime { text: text.to_owned() };
        return Err(QueryError::Format { parameter, problem });
    };
    let operand = Operand::Integer(instant.0);
    Ok(Some(Predicate::leaf(field, Test::Value(ValueTest::Compare(comparison, operand)))))
}

fn choice(
    parameter: &'static str,
    field: MetaField,
    values: &[&str],
) -> Result<Option<Predicate>, QueryError> {
    let values: Vec<&str> = values.iter().copied().filter(|value| !value.is_empty()).collect();
    match values.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(Predicate::equals(field, Operand::Text((*only).to_owned())))),
        many if many.len() > limit::LIST_ELEMENTS => {
            let problem = FormatProblem::TooMany { limit: limit::LIST_ELEMENTS, found: many.len() };
            Err(QueryError::Format { parameter, problem })
        }
        many => {
            let operands = many.iter().map(|&value| Operand::Text(value.to_owned())).collect();
            Ok(Some(Predicate::leaf(field, Test::Value(ValueTest::In(operands)))))
        }
    }
}

fn conditions(
    checker: &mut Checker<'_>,
    scope: Scope,
    text: Option<&str>,
) -> Result<Vec<Predicate>, FormatProblem> {
    let Some(text) = given(text) else { return Ok(Vec::new()) };
    let entries = entry::list(text, limit::CONDITIONS)?;
    let mut predicates = Vec::with_capacity(entries.len());
    for (at, entry) in entries.into_iter().enumerate() {
        let condition = entry::condition(entry, |name, operator: Operator, literal: &Literal| {
            checker.expect(operator)?;
            checker.target(name, scope).condition(operator, literal)
        });
        let located = |problem| FormatProblem::Entry { position: at + 1, problem };
        predicates.push(checker.admit(condition.map_err(located)?)?);
    }
    Ok(predicates)
}

/// A data field nothing is indexed under sorts nothing and is left out.
fn sorts(descriptor: &ResourceDescriptor, text: Option<&str>) -> Result<Vec<SortKey>, FormatProblem> {
    let Some(text) = given(text) else { return Ok(Vec::new()) };
    let mut keys = Vec::new();
    for (at, entry) in entry::list(text, limit::SORT_KEYS)?.into_iter().enumerate() {
        let key = entry::sort_key(entry, |name| Target::find(descriptor, name, Scope::Data).found());
        keys.extend(key.map_err(|problem| FormatProblem::Entry { position: at + 1, problem })?);
    }
    Ok(keys)
}
