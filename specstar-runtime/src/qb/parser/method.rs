//! Methods of fields and quantifiers.

use super::argument::{Call, Parameter, needed, optional};
use super::condition::CONDITION_METHODS;
use super::date::wrong;
use super::logic;
use super::primary::VALUE;
use super::value::{self, Field, Item, Value};
use super::{Parsed, Parser};
use crate::descriptor::Metric;
use crate::qb::error::{ArgumentProblem, Problem};
use crate::qb::span::Span;
use crate::qb::tree::{Condition, Form, Period, Question, Sort, SortTerm, Unit};
use crate::query::{Literal, Operator, Quantifier, nearest};

/// What a method of a field does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FieldMethod {
    /// An operator with one value.
    Is(Operator),
    /// Its opposite.
    IsNot(Operator),
    /// A null check with an optional boolean.
    Check(Operator),
    NotNull,
    Between,
    Equals(bool),
    Truthy,
    Falsy,
    Empty,
    Blank,
    Length,
    Quantify(Quantifier),
    During(Calendar),
    Sort {
        descending: bool,
    },
    Fuzzy,
    Similarity,
    Distance(Metric),
}

/// The calendar methods, before their arguments are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Calendar {
    Today,
    Yesterday,
    ThisWeek,
    ThisMonth,
    ThisYear,
    LastDays,
}

const FIELD_METHODS: &[(&str, FieldMethod)] = {
    use Calendar as C;
    use FieldMethod as M;
    use Operator as O;
    &[
        ("eq", M::Is(O::Eq)),
        ("ne", M::Is(O::Ne)),
        ("gt", M::Is(O::Gt)),
        ("gte", M::Is(O::Gte)),
        ("lt", M::Is(O::Lt)),
        ("lte", M::Is(O::Lte)),
        ("between", M::Between),
        ("in_range", M::Between),
        ("in_", M::Is(O::In)),
        ("one_of", M::Is(O::In)),
        ("not_in", M::Is(O::NotIn)),
        ("contains_any", M::Is(O::ContainsAny)),
        ("contains", M::Is(O::Contains)),
        ("starts_with", M::Is(O::StartsWith)),
        ("ends_with", M::Is(O::EndsWith)),
        ("not_contains", M::IsNot(O::Contains)),
        ("not_starts_with", M::IsNot(O::StartsWith)),
        ("not_ends_with", M::IsNot(O::EndsWith)),
        ("icontains", M::Is(O::IContains)),
        ("istarts_with", M::Is(O::IStartsWith)),
        ("iends_with", M::Is(O::IEndsWith)),
        ("regex", M::Is(O::Regex)),
        ("match", M::Is(O::Regex)),
        ("like", M::Is(O::Like)),
        ("is_null", M::Check(O::IsNull)),
        ("exists", M::Check(O::Exists)),
        ("isna", M::Check(O::IsNa)),
        ("is_not_null", M::NotNull),
        ("has_value", M::NotNull),
        ("is_true", M::Equals(true)),
        ("is_false", M::Equals(false)),
        ("is_truthy", M::Truthy),
        ("is_falsy", M::Falsy),
        ("is_empty", M::Empty),
        ("is_blank", M::Blank),
        ("length", M::Length),
        ("any", M::Quantify(Quantifier::Any)),
        ("all", M::Quantify(Quantifier::All)),
        ("today", M::During(C::Today)),
        ("yesterday", M::During(C::Yesterday)),
        ("this_week", M::During(C::ThisWeek)),
        ("this_month", M::During(C::ThisMonth)),
        ("this_year", M::During(C::ThisYear)),
        ("last_n_days", M::During(C::LastDays)),
        ("asc", M::Sort { descending: false }),
        ("desc", M::Sort { descending: true }),
        ("fuzzy", M::Fuzzy),
        ("similarity", M::Similarity),
        ("cosine", M::Distance(Metric::Cosine)),
        ("l2", M::Distance(Metric::L2)),
        ("ip", M::Distance(Metric::Ip)),
    ]
};

/// The methods of fields and conditions by name: what documentation has to cover.
pub(in crate::qb) const METHODS: [&str; FIELD_METHODS.len() + CONDITION_METHODS.len()] = {
    let mut names = [""; FIELD_METHODS.len() + CONDITION_METHODS.len()];
    let mut at = 0;
    while at < FIELD_METHODS.len() {
        names[at] = FIELD_METHODS[at].0;
        at += 1;
    }
    while at < names.len() {
        names[at] = CONDITION_METHODS[at - FIELD_METHODS.len()];
        at += 1;
    }
    names
};

const QUANTIFIER_METHODS: [(&str, Operator); 10] = [
    ("eq", Operator::Eq),
    ("ne", Operator::Ne),
    ("contains", Operator::Contains),
    ("starts_with", Operator::StartsWith),
    ("ends_with", Operator::EndsWith),
    ("regex", Operator::Regex),
    ("match", Operator::Regex),
    ("icontains", Operator::IContains),
    ("istarts_with", Operator::IStartsWith),
    ("iends_with", Operator::IEndsWith),
];

impl<'s> Parser<'s> {
    /// `.name(…)` of a value. The arguments are read here and used elsewhere: what they nest in has to be
    /// small on the stack.
    pub(super) fn method(&mut self, item: Item, name: &'s str, at: Span) -> Parsed<Item> {
        must_have(&item.value, name, at)?;
        let call = self.call(name, at)?;
        self.apply(item, call)
    }

    fn apply(&mut self, item: Item, call: Call<'_>) -> Parsed<Item> {
        match item.value {
            Value::Field(_) | Value::Condition(_) if CONDITION_METHODS.contains(&call.method) => {
                self.of_condition(item, call)
            }
            Value::Field(field) => self.of_field(*field, item.span, call),
            Value::Ranking(term) => of_ranking(*term, item.span, call),
            Value::Quantifier(field, quantifier) => self.of_quantifier(&field, quantifier, item.span, call),
            other => Err(Problem::NoMethods(other.describe()).at(call.at)),
        }
    }

    fn of_field(&mut self, field: Field, span: Span, call: Call<'_>) -> Parsed<Item> {
        let at = call.at;
        let Some((_, method)) = FIELD_METHODS.iter().find(|(known, _)| *known == call.method) else {
            return Err(Problem::NoMethods("a field").at(at));
        };
        let whole = span.to(call.end);
        let condition = match *method {
            FieldMethod::Length => {
                let [] = call.bind(&[])?;
                let field = Field { length: true, ..field };
                return Ok(Item { value: Value::Field(Box::new(field)), span: whole });
            }
            FieldMethod::Quantify(quantifier) => {
                let [] = call.bind(&[])?;
                Self::only_value(&field, quantifier.as_str(), at)?;
                return Ok(Item { value: Value::Quantifier(Box::new(field), quantifier), span: whole });
            }
            FieldMethod::Sort { descending } => {
                let [] = call.bind(&[])?;
                let sort = Sort { by: SortTerm::Field(field.name), descending, at: whole };
                return Ok(Item { value: Value::Sort(Box::new(sort)), span: whole });
            }
            FieldMethod::During(calendar) => self.during(field, calendar, call)?,
            FieldMethod::Fuzzy => self.fuzzy(field, call)?,
            FieldMethod::Similarity | FieldMethod::Distance(_) => {
                let value = Value::Ranking(Box::new(ranking(field, *method, call)?));
                return Ok(Item { value, span: whole });
            }
            other => self.simple(field, other, call)?,
        };
        Ok(logic::condition(condition, whole))
    }

    /// The methods that ask one question with at most two values.
    fn simple(&mut self, field: Field, method: FieldMethod, call: Call<'_>) -> Parsed<Condition> {
        let at = call.at;
        let (parameters, name) = (operand_name(method), call.method);
        let constant = |literal: bool| (Literal::Bool(literal), at);
        match method {
            FieldMethod::Is(operator) => {
                let [value] = call.bind(&parameters)?;
                let (literal, place) = operand(name, value, at)?;
                self.question(&field, at, (operator, literal, place))
            }
            FieldMethod::IsNot(operator) => {
                let [value] = call.bind(&parameters)?;
                let (literal, place) = operand(name, value, at)?;
                Ok(Condition::Not(Box::new(self.question(&field, at, (operator, literal, place))?)))
            }
            FieldMethod::Check(operator) => {
                let [value] = call.bind(&[optional("value")])?;
                let (literal, place) = match value {
                    Some(item) => operand(name, Some(item), at)?,
                    None => constant(true),
                };
                self.question(&field, at, (operator, literal, place))
            }
            FieldMethod::Between => {
                let [low, high] = call.bind(&[needed("min_val"), needed("max_val")])?;
                let (low, low_at) = operand(name, low, at)?;
                let (high, high_at) = operand(name, high, at)?;
                let low = self.question(&field, at, (Operator::Gte, low, low_at))?;
                Ok(low.and(self.question(&field, at, (Operator::Lte, high, high_at))?))
            }
            _ => {
                let [] = call.bind(&[])?;
                self.without_value(field, method, at)
            }
        }
    }

    fn without_value(&mut self, field: Field, method: FieldMethod, at: Span) -> Parsed<Condition> {
        let question = match method {
            FieldMethod::NotNull => {
                return self.question(&field, at, (Operator::IsNull, Literal::Bool(false), at));
            }
            FieldMethod::Equals(value) => {
                return self.question(&field, at, (Operator::Eq, Literal::Bool(value), at));
            }
            FieldMethod::Empty => Question::Empty,
            FieldMethod::Blank => Question::Blank,
            _ => Question::Truthy,
        };
        let condition = value::test(field.name, question, [at, at], &mut self.tests)?;
        Ok(if method == FieldMethod::Falsy { Condition::Not(Box::new(condition)) } else { condition })
    }

    fn of_quantifier(
        &mut self,
        field: &Field,
        quantifier: Quantifier,
        span: Span,
        call: Call<'_>,
    ) -> Parsed<Item> {
        let (at, name) = (call.at, call.method);
        let Some((_, operator)) = QUANTIFIER_METHODS.iter().find(|(known, _)| *known == name) else {
            return Err(Problem::NoMethods("a quantifier").at(at));
        };
        let span = span.to(call.end);
        let [value] = call.bind(&VALUE)?;
        let (operand, place) = operand(name, value, at)?;
        let question = Question::Is { form: Form::Elements(quantifier), operator: *operator, operand };
        let condition = value::test(field.name.clone(), question, [at, place], &mut self.tests)?;
        Ok(logic::condition(condition, span))
    }

    fn fuzzy(&mut self, field: Field, call: Call<'_>) -> Parsed<Condition> {
        let (at, method) = (call.at, call.method);
        Self::only_value(&field, "fuzzy", at)?;
        let [query, threshold] = call.bind(&[needed("query"), optional("threshold")])?;
        let (query, place) = operand(method, query, at)?;
        let threshold = threshold.map(|item| operand(method, Some(item), at)).transpose()?;
        // The check names one of the two: the query unless it is a text.
        let blamed = threshold.as_ref().filter(|_| matches!(query, Literal::Text(_)));
        let place = blamed.map_or(place, |(_, place)| *place);
        let question = Question::Fuzzy { query, threshold: threshold.map(|(literal, _)| literal) };
        value::test(field.name, question, [at, place], &mut self.tests)
    }

    /// Refuses what a length does not have.
    fn only_value(field: &Field, method: &'static str, at: Span) -> Parsed<()> {
        if field.length {
            let problem = "does not apply to length()".to_owned();
            return Err(Problem::Operand { operator: method, problem }.at(at));
        }
        Ok(())
    }

    fn during(&mut self, field: Field, calendar: Calendar, call: Call<'_>) -> Parsed<Condition> {
        let (at, method) = (call.at, call.method);
        Self::only_value(&field, "the calendar", at)?;
        let (unit, zone) = match calendar {
            Calendar::LastDays => {
                let [days, zone] = call.bind(&[needed("n"), optional("tz")])?;
                let days = days.map(|item| integer(method, &item)).transpose()?.unwrap_or_default();
                (Unit::LastDays(days), zone)
            }
            Calendar::ThisWeek => {
                let [zone, start] = call.bind(&[optional("tz"), optional("week_start")])?;
                let start = start.map(|item| week_start(method, &item)).transpose()?.unwrap_or(0);
                (Unit::ThisWeek { start }, zone)
            }
            other => {
                let [zone] = call.bind(&[optional("tz")])?;
                (simple_unit(other), zone)
            }
        };
        let place = zone.as_ref().map_or(at, |item| item.span);
        let offset = zone.map(|item| offset(method, &item)).transpose()?.flatten();
        let question = Question::During(Period { unit, offset });
        value::test(field.name, question, [at, place], &mut self.tests)
    }
}

/// Refuses a method the value does not have, with the nearest one it has.
fn must_have(value: &Value, name: &str, at: Span) -> Parsed<()> {
    let fields = || FIELD_METHODS.iter().map(|(known, _)| *known);
    let (owner, known): (_, Vec<&'static str>) = match value {
        Value::Field(_) if fields().chain(CONDITION_METHODS).any(|known| known == name) => return Ok(()),
        Value::Field(_) => ("a field", fields().chain(CONDITION_METHODS).collect()),
        Value::Condition(_) => ("a condition", CONDITION_METHODS.to_vec()),
        Value::Ranking(_) => ("a ranking", vec!["asc", "desc"]),
        Value::Quantifier(..) => {
            ("a quantifier", QUANTIFIER_METHODS.iter().map(|(known, _)| *known).collect())
        }
        other => return Err(Problem::NoMethods(other.describe()).at(at)),
    };
    if known.contains(&name) {
        return Ok(());
    }
    let suggestion = nearest(name, known.into_iter());
    Err(Problem::UnknownMethod { owner, name: name.to_owned(), suggestion }.at(at))
}

fn of_ranking(term: SortTerm, span: Span, call: Call<'_>) -> Parsed<Item> {
    let (descending, span) = (call.method == "desc", span.to(call.end));
    let [] = call.bind(&[])?;
    Ok(Item { value: Value::Sort(Box::new(Sort { by: term, descending, at: span })), span })
}

fn ranking(field: Field, method: FieldMethod, call: Call<'_>) -> Parsed<SortTerm> {
    let (at, name) = (call.at, call.method);
    if field.length {
        return Err(Problem::NoMethods("a length").at(at));
    }
    let FieldMethod::Distance(metric) = method else {
        let [query] = call.bind(&[needed("query")])?;
        let (query, _) = operand(name, query, at)?;
        return Ok(SortTerm::Similarity { field: field.name, query });
    };
    let [vector] = call.bind(&[needed("v")])?;
    let (vector, _) = operand(name, vector, at)?;
    Ok(SortTerm::Distance { field: field.name, metric, vector })
}

const fn operand_name(method: FieldMethod) -> [Parameter; 1] {
    match method {
        FieldMethod::Is(Operator::Like) => [needed("pattern")],
        _ => VALUE,
    }
}

fn operand(method: &str, item: Option<Item>, at: Span) -> Parsed<(Literal, Span)> {
    // A required argument is there.
    let Some(item) = item else {
        let problem = ArgumentProblem::Missing("a value".into());
        return Err(Problem::Arguments { method: method.to_owned(), problem }.at(at));
    };
    let span = item.span;
    match item.into_operand() {
        Ok(literal) => Ok((literal, span)),
        Err(item) => Err(wrong(method, "a value", &item.value, span)),
    }
}

fn integer(method: &str, item: &Item) -> Parsed<i64> {
    match item.value {
        Value::Literal(Literal::Integer(value)) => Ok(value),
        ref other => Err(wrong(method, "an integer", other, item.span)),
    }
}

fn week_start(method: &str, item: &Item) -> Parsed<u8> {
    let start = integer(method, item)?;
    u8::try_from(start)
        .ok()
        .filter(|start| *start < 7)
        .ok_or_else(|| wrong(method, "a week start from 0 to 6", &item.value, item.span))
}

const fn simple_unit(calendar: Calendar) -> Unit {
    match calendar {
        Calendar::Yesterday => Unit::Yesterday,
        Calendar::ThisMonth => Unit::ThisMonth,
        Calendar::ThisYear => Unit::ThisYear,
        _ => Unit::Today,
    }
}

/// Hours, as a number or a text of one, or `dt.timezone.utc`; `None` is the calendar of the server.
fn offset(method: &str, item: &Item) -> Parsed<Option<i8>> {
    let hours = match &item.value {
        Value::Utc => return Ok(Some(0)),
        Value::Literal(Literal::Null) => return Ok(None),
        Value::Literal(Literal::Integer(hours)) => i8::try_from(*hours).ok(),
        Value::Literal(Literal::Text(text)) => text.trim().parse::<i8>().ok(),
        _ => None,
    };
    match hours.filter(|hours| hours.unsigned_abs() < 24) {
        Some(hours) => Ok(Some(hours)),
        None => Err(wrong(
            method,
            "a time zone in hours from -23 to 23, or dt.timezone.utc",
            &item.value,
            item.span,
        )),
    }
}
