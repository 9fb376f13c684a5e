//! `dt.datetime(…)`, `dt.date(…)`, `dt.timedelta(…)`: the part of Python's module that makes constants.

use super::argument::{Call, Parameter, needed, optional};
use super::value::{Item, Value};
use super::{Parsed, Parser};
use crate::datetime::Timestamp;
use crate::qb::error::{ArgumentProblem, Problem};
use crate::qb::lexer::Symbol;
use crate::qb::span::Span;
use crate::query::{Literal, nearest};

/// From year 1 to year 9999, in microseconds.
const CALENDAR: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

/// Whether an instant has a date in the calendar of the language.
pub(super) fn is_in_calendar(at: Timestamp) -> bool {
    CALENDAR.contains(&at.0)
}

const DATETIME: [Parameter; 8] = [
    needed("year"),
    needed("month"),
    needed("day"),
    optional("hour"),
    optional("minute"),
    optional("second"),
    optional("microsecond"),
    optional("tzinfo"),
];
const DATE: [Parameter; 3] = [needed("year"), needed("month"), needed("day")];
const TIMEDELTA: [Parameter; 7] = [
    optional("days"),
    optional("seconds"),
    optional("microseconds"),
    optional("milliseconds"),
    optional("minutes"),
    optional("hours"),
    optional("weeks"),
];
/// Microseconds of each of them.
const UNITS: [i64; 7] = [86_400_000_000, 1_000_000, 1, 1_000, 60_000_000, 3_600_000_000, 604_800_000_000];

impl<'s> Parser<'s> {
    /// `dt` or `datetime`, which must be followed by what it has.
    pub(super) fn module(&mut self, module: &'s str) -> Parsed<Item> {
        let start = self.bump()?.span;
        if !self.eat(Symbol::Dot)? {
            let instead = if self.is(Symbol::ParenOpen) { self.as_constructor() } else { None };
            let instead = instead.unwrap_or_else(|| "dt.datetime(2024, 1, 1)".to_owned());
            return Err(Problem::Module { module: module.to_owned(), instead }.at(start));
        }
        let (name, at) = self.attribute()?;
        match name {
            "UTC" => Ok(Item { value: Value::Utc, span: start.to(at) }),
            "timezone" => self.timezone(start),
            "datetime" | "date" if self.is(Symbol::Dot) => self.today(start, name == "date"),
            "datetime" => {
                let call = self.call(name, at)?;
                datetime(call, start)
            }
            "date" => {
                let call = self.call(name, at)?;
                date(call, start)
            }
            "timedelta" => {
                let call = self.call(name, at)?;
                timedelta(call, start)
            }
            _ => {
                let known = ["datetime", "date", "timedelta", "timezone", "UTC"];
                let suggestion = nearest(name, known.into_iter());
                Err(Problem::UnknownMethod { owner: "dt", name: name.to_owned(), suggestion }.at(at))
            }
        }
    }

    /// The arguments in the source as they would stand behind `dt.datetime`, if they are short.
    fn as_constructor(&self) -> Option<String> {
        let rest = &self.source[self.token.span.range().start..];
        let arguments = &rest[..=rest.find(')')?];
        let plain = |character: char| matches!(character, '0'..='9' | ' ' | ',' | '(' | ')');
        (arguments.len() <= 40 && arguments.chars().all(plain)).then(|| format!("dt.datetime{arguments}"))
    }

    fn timezone(&mut self, start: Span) -> Parsed<Item> {
        const ONLY: &str = "dt.timezone.utc is the only time zone";
        if !self.eat(Symbol::Dot)? {
            return Err(Problem::Comparison(ONLY).at(start));
        }
        let (name, at) = self.attribute()?;
        if name != "utc" {
            return Err(Problem::Comparison(ONLY).at(at));
        }
        Ok(Item { value: Value::Utc, span: start.to(at) })
    }

    /// `dt.date.today()` and `dt.datetime.today()`: now, in UTC.
    fn today(&mut self, start: Span, date: bool) -> Parsed<Item> {
        self.bump()?;
        let (name, at) = self.attribute()?;
        if name != "today" {
            let owner = if date { "dt.date" } else { "dt.datetime" };
            let suggestion = (name == "now" || name == "utcnow").then_some("today");
            return Err(Problem::UnknownMethod { owner, name: name.to_owned(), suggestion }.at(at));
        }
        let call = self.call(name, at)?;
        let span = start.to(call.end);
        let [] = call.bind(&[])?;
        let now = self.now.0;
        let at = if date { now - now.rem_euclid(UNITS[0]) } else { now };
        Ok(Item { value: Value::Moment { at: Timestamp(at), date }, span })
    }
}

fn datetime(call: Call<'_>, start: Span) -> Parsed<Item> {
    let (span, method) = (start.to(call.end), call.method);
    let [year, month, day, hour, minute, second, microsecond, zone] = call.bind(&DATETIME)?;
    match zone.map(|item| (item.span, item.value)) {
        None | Some((_, Value::Utc | Value::Literal(Literal::Null))) => {}
        Some((at, other)) => return Err(wrong(method, "dt.timezone.utc or dt.UTC", &other, at)),
    }
    let mut parts = [0_i64; 7];
    for (part, item) in parts.iter_mut().zip([year, month, day, hour, minute, second, microsecond]) {
        if let Some(item) = item {
            *part = integer(method, &item)?;
        }
    }
    let at = instant(parts).ok_or_else(|| Problem::TimeRange.at(span))?;
    Ok(Item { value: Value::Moment { at, date: false }, span })
}

fn date(call: Call<'_>, start: Span) -> Parsed<Item> {
    let (span, method) = (start.to(call.end), call.method);
    let [year, month, day] = call.bind(&DATE)?;
    let mut parts = [0_i64; 7];
    for (part, item) in parts.iter_mut().zip([year, month, day]) {
        if let Some(item) = item {
            *part = integer(method, &item)?;
        }
    }
    let at = instant(parts).ok_or_else(|| Problem::TimeRange.at(span))?;
    Ok(Item { value: Value::Moment { at, date: true }, span })
}

fn timedelta(call: Call<'_>, start: Span) -> Parsed<Item> {
    let (span, method) = (start.to(call.end), call.method);
    let mut micros = 0_i128;
    for (item, unit) in call.bind(&TIMEDELTA)?.into_iter().zip(UNITS) {
        let part = match item.as_ref().map(|item| &item.value) {
            None => 0,
            Some(Value::Literal(Literal::Integer(count))) => i128::from(*count) * i128::from(unit),
            // A double that is out of range becomes the largest integer, which is refused below.
            #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
            Some(Value::Literal(Literal::Float(count))) => (count * unit as f64).round_ties_even() as i128,
            Some(other) => return Err(wrong(method, "numbers", other, span)),
        };
        // Each by itself, so that two that are out of range cannot cancel each other, or overflow.
        super::arithmetic::duration(part).map_err(|problem| problem.at(span))?;
        micros += part;
    }
    let value = super::arithmetic::duration(micros).map_err(|problem| problem.at(span))?;
    Ok(Item { value, span })
}

fn instant([year, month, day, hour, minute, second, microsecond]: [i64; 7]) -> Option<Timestamp> {
    let small = |number: i64| u8::try_from(number).ok();
    let year = i32::try_from(year).ok()?;
    let micros = u32::try_from(microsecond).ok()?;
    Timestamp::from_utc(
        year,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        micros,
    )
}

fn integer(method: &str, item: &Item) -> Parsed<i64> {
    match item.value {
        Value::Literal(Literal::Integer(value)) => Ok(value),
        ref other => Err(wrong(method, "integers", other, item.span)),
    }
}

/// An argument of another type than the method wants.
pub(super) fn wrong(
    method: &str,
    expected: &'static str,
    found: &Value,
    at: Span,
) -> crate::qb::error::Fault {
    let problem = ArgumentProblem::Type { expected, found: found.describe() };
    Problem::Arguments { method: method.to_owned(), problem }.at(at)
}
