//! `dt.datetime(…)`, `dt.date(…)`, `dt.timedelta(…)`: constants of the calendar.

use proc_macro2::Ident;

use super::argument::{Call, integer, wrong};
use super::constant::{DAY, duration};
use super::logic::Parser;
use super::place::Place;
use super::primary::{attribute, no_method};
use super::symbol::{self, Symbol};
use super::value::{Base, Constant, Item, Value};

pub(super) const TIME_RANGE: &str = "a date-time or a duration is out of range";

/// From year 1 to year 9999, in microseconds.
pub(super) fn is_in_calendar(micros: i64) -> bool {
    (-62_135_596_800_000_000..=253_402_300_799_999_999).contains(&micros)
}

const TIMEDELTA: [&str; 7] = ["days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks"];
/// Microseconds of each of them.
const UNITS: [i64; 7] = [DAY, 1_000_000, 1, 1_000, 60_000_000, 3_600_000_000, 7 * DAY];

/// `dt` or `datetime`, which must be followed by what it has.
pub(super) fn module(parser: &mut Parser<'_>, module: &Ident) -> syn::Result<Item> {
    let start = Place::of(module.span());
    if !symbol::eat(parser.input, Symbol::Dot)? {
        let instead = as_constructor(parser).unwrap_or_else(|| "dt.datetime(2024, 1, 1)".to_owned());
        return Err(start.error(format_args!("'{module}' is a module here; write {instead}")));
    }
    let name = attribute(parser)?;
    let at = Place::of(name.span());
    match name.to_string().as_str() {
        "UTC" => Ok(Item { value: Value::Utc, place: start.to(at) }),
        "timezone" => timezone(parser, start),
        "datetime" | "date" if symbol::peek(parser.input) == Some(Symbol::Dot) => today(parser, start, &name),
        "datetime" => datetime(parser.call(name)?, start),
        "date" => date(parser.call(name)?, start),
        "timedelta" => timedelta(parser.call(name)?, start),
        _ => Err(no_method("dt", &name, ["datetime", "date", "timedelta", "timezone", "UTC"])),
    }
}

/// The arguments as they would stand behind `dt.datetime`, if they are short.
fn as_constructor(parser: &Parser<'_>) -> Option<String> {
    let (inside, _, _) = parser.input.cursor().group(proc_macro2::Delimiter::Parenthesis)?;
    let arguments = inside.token_stream().to_string().replace(" ,", ",");
    let plain = |character: char| matches!(character, '0'..='9' | ' ' | ',');
    (arguments.len() <= 40 && arguments.chars().all(plain)).then(|| format!("dt.datetime({arguments})"))
}

fn timezone(parser: &mut Parser<'_>, start: Place) -> syn::Result<Item> {
    const ONLY: &str = "dt.timezone.utc is the only time zone";
    if !symbol::eat(parser.input, Symbol::Dot)? {
        return Err(start.error(ONLY));
    }
    let name = attribute(parser)?;
    let at = Place::of(name.span());
    if name != "utc" {
        return Err(at.error(ONLY));
    }
    Ok(Item { value: Value::Utc, place: start.to(at) })
}

/// `dt.date.today()` and `dt.datetime.today()`: now, in UTC.
fn today(parser: &mut Parser<'_>, start: Place, class: &Ident) -> syn::Result<Item> {
    symbol::eat(parser.input, Symbol::Dot)?;
    let name = attribute(parser)?;
    if name != "today" {
        let suggestion = if name == "now" || name == "utcnow" { "; did you mean 'today'?" } else { "" };
        let problem = format!("dt.{class} has no method '{name}'{suggestion}");
        return Err(Place::of(name.span()).error(problem));
    }
    let mut call = parser.call(name)?;
    call.none()?;
    let date = class == "date";
    let base = if date { Base::Today } else { Base::Now };
    Ok(Item::constant(Constant::Moment { base, micros: 0, date }, start.to(call.place)))
}

fn datetime(mut call: Call, start: Place) -> syn::Result<Item> {
    let place = start.to(call.place);
    let [year, month, day, hour, minute, second, microsecond, zone] =
        call.bind(["year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo"], 3)?;
    if let Some(item) = zone.filter(|item| !is_utc(&item.value)) {
        return Err(wrong("datetime", "dt.timezone.utc or dt.UTC", &item));
    }
    moment(place, "datetime", [year, month, day, hour, minute, second, microsecond])
}

fn is_utc(value: &Value) -> bool {
    matches!(value, Value::Utc | Value::Constant(Constant::None))
}

fn date(mut call: Call, start: Place) -> syn::Result<Item> {
    let place = start.to(call.place);
    let [year, month, day] = call.bind(["year", "month", "day"], 3)?;
    moment(place, "date", [year, month, day, None, None, None, None])
}

fn moment(place: Place, method: &str, items: [Option<Item>; 7]) -> syn::Result<Item> {
    const EXPECTED: &str = "integers; a Rust date-time goes in as a whole, in braces";
    let mut parts = [0; 7];
    for (part, item) in parts.iter_mut().zip(items) {
        if let Some(item) = item {
            *part = integer(method, EXPECTED, &item)?;
        }
    }
    let micros = instant(parts).ok_or_else(|| place.error(TIME_RANGE))?;
    let date = method == "date";
    Ok(Item::constant(Constant::Moment { base: Base::Epoch, micros, date }, place))
}

// A double that is out of range becomes the largest integer, which is refused.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
fn timedelta(mut call: Call, start: Place) -> syn::Result<Item> {
    let place = start.to(call.place);
    let mut micros = 0_i128;
    for (item, unit) in call.bind(TIMEDELTA, 0)?.into_iter().zip(UNITS) {
        let part = match item.as_ref().map(|item| (&item.value, item)) {
            None => 0,
            Some((Value::Constant(Constant::Integer(count)), _)) => count.saturating_mul(i128::from(unit)),
            Some((Value::Constant(Constant::Float(count)), _)) => {
                (count * unit as f64).round_ties_even() as i128
            }
            Some((_, item)) => return Err(wrong("timedelta", "numbers", item)),
        };
        // Each by itself, so that two that are out of range cannot cancel each other, or overflow.
        duration(part).map_err(|problem| place.error(problem))?;
        micros += part;
    }
    let constant = duration(micros).map_err(|problem| place.error(problem))?;
    Ok(Item::constant(constant, place))
}

/// Microseconds since 1970 of a time in UTC.
fn instant([year, month, day, hour, minute, second, micros]: [i64; 7]) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let valid = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..60).contains(&second)
        && (0..1_000_000).contains(&micros);
    let seconds = hour.wrapping_mul(3_600).wrapping_add(minute.wrapping_mul(60)).wrapping_add(second);
    valid.then(|| day_number(year, month, day) * DAY + seconds * 1_000_000 + micros)
}

/// Days since 1970. Years begin in March here, so that the leap day is the last one.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719,468 days from March of year 0 to 1970.
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_counted_from_1970() {
        assert_eq!(instant([1970, 1, 1, 0, 0, 0, 0]), Some(0));
        assert_eq!(instant([2024, 2, 29, 12, 30, 15, 5]), Some(1_709_209_815_000_005));
        assert_eq!(instant([1, 1, 1, 0, 0, 0, 0]), Some(-62_135_596_800_000_000));
        assert_eq!(instant([9999, 12, 31, 23, 59, 59, 999_999]), Some(253_402_300_799_999_999));
        assert_eq!(instant([2023, 2, 29, 0, 0, 0, 0]), None);
        assert_eq!(instant([2024, 13, 1, 0, 0, 0, 0]), None);
    }
}
