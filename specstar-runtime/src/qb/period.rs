//! The calendar methods: which instants a day, a week, a month or a year is.

use time::{Date, Month};

use super::tree::{Period, Unit};
use crate::datetime::Timestamp;
use crate::descriptor::IndexKind;
use crate::query::field::Shape;
use crate::query::{ConditionError, Literal, Operator, Predicate, Target};

/// A day in microseconds.
const DAY: i64 = 86_400_000_000;
/// The Julian day of 1970-01-01.
const EPOCH: i64 = 2_440_588;

/// The first instant of the period, and the first one after it where it ends; `None` outside the calendar.
pub(super) fn interval(
    period: &Period,
    now: Timestamp,
    utc_offset: i32,
) -> Option<(Timestamp, Option<Timestamp>)> {
    let offset = period.offset.map_or(i64::from(utc_offset), |hours| i64::from(hours) * 3_600) * 1_000_000;
    let today = now.0.checked_add(offset)?.div_euclid(DAY);
    let (first, end) = match period.unit {
        Unit::Today => (today, Some(today + 1)),
        Unit::Yesterday => (today - 1, Some(today)),
        Unit::ThisWeek { start } => {
            // 1970-01-01 was a Thursday.
            let past = (today + 3 - i64::from(start)).rem_euclid(7);
            (today - past, Some(today - past + 7))
        }
        Unit::ThisMonth => month(today)?,
        Unit::ThisYear => year(today)?,
        Unit::LastDays(days) => (today.checked_sub(days.checked_sub(1)?)?, None),
    };
    // A day before every instant, or after it, bounds the same rows as the first or last instant.
    let instant = |day: i64| Timestamp(day.saturating_mul(DAY).saturating_sub(offset));
    Some((instant(first), end.map(instant)))
}

fn month(today: i64) -> Option<(i64, Option<i64>)> {
    let date = date(today)?;
    let first = date.replace_day(1).ok()?;
    let year = if date.month() == Month::December { date.year() + 1 } else { date.year() };
    let next = Date::from_calendar_date(year, date.month().next(), 1).ok();
    Some((day(first), next.map(day)))
}

fn year(today: i64) -> Option<(i64, Option<i64>)> {
    let year = date(today)?.year();
    let first = Date::from_calendar_date(year, Month::January, 1).ok()?;
    let next = Date::from_calendar_date(year + 1, Month::January, 1).ok();
    Some((day(first), next.map(day)))
}

fn date(day: i64) -> Option<Date> {
    Date::from_julian_day(i32::try_from(day + EPOCH).ok()?).ok()
}

fn day(date: Date) -> i64 {
    i64::from(date.to_julian_day()) - EPOCH
}

/// The condition that a date-time stands in an interval.
pub(super) fn within(
    target: &Target<'_>,
    period: &Period,
    start: Timestamp,
    end: Option<Timestamp>,
) -> Result<Predicate, ConditionError> {
    if let Some((_, shape)) = target.found()
        && (shape.list || shape.kind != IndexKind::DateTime)
    {
        let (operator, field) = (name(period), target.name().to_owned());
        return Err(ConditionError::NoText { operator, field, shape: Shape { ..shape } });
    }
    let from = target.condition(Operator::Gte, &Literal::DateTime(start))?;
    match end {
        Some(end) => Ok(from & target.condition(Operator::Lt, &Literal::DateTime(end))?),
        None => Ok(from),
    }
}

const fn name(period: &Period) -> &'static str {
    match period.unit {
        Unit::Today => "today",
        Unit::Yesterday => "yesterday",
        Unit::ThisWeek { .. } => "this_week",
        Unit::ThisMonth => "this_month",
        Unit::ThisYear => "this_year",
        Unit::LastDays(_) => "last_n_days",
    }
}
