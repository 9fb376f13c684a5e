//! `#[job(...)]` on the struct.

use std::time::Duration;

use proc_macro2::{Ident, Span};
use syn::{Attribute, Expr, ExprLit, ExprUnary, Lit, LitStr, Type, UnOp};

use super::grammar::{self, Arg, Once, unexpected};
use crate::errors::Errors;

/// Every key, and how it is written.
const KEYS: &[(&str, &str)] = &[
    ("artifact", "artifact = T"),
    ("queue", "queue = \"mail\""),
    ("max_attempts", "max_attempts = 5"),
    ("backoff", "backoff = \"1s..10m\""),
    ("timeout", "timeout = \"30s\""),
    ("priority", "priority = 10"),
    ("cron", "cron = \"0 3 * * *\""),
    ("every", "every = \"10m\""),
];
/// What fits a number of milliseconds that others are added to.
const LONGEST: Duration = Duration::from_hours(100 * 366 * 24);

/// That the struct is the payload of a job, and how that is run.
#[derive(Default)]
pub(crate) struct Job {
    pub(crate) artifact: Once<Type>,
    pub(crate) queue: Once<LitStr>,
    pub(crate) max_attempts: Once<u32>,
    /// Milliseconds, from and to.
    pub(crate) backoff: Once<(u64, u64)>,
    pub(crate) timeout: Once<u64>,
    pub(crate) priority: Once<i16>,
    pub(crate) cron: Once<LitStr>,
    pub(crate) every: Once<u64>,
    /// The key of what makes it periodic.
    pub(crate) periodic: Option<Span>,
}

impl Job {
    pub(crate) fn parse(attrs: &[Attribute], errors: &mut Errors) -> Option<Self> {
        let marked: Vec<&Attribute> = attrs.iter().filter(|attr| attr.path().is_ident("job")).collect();
        let mut out = (!marked.is_empty()).then(Self::default)?;
        for attr in marked {
            for arg in grammar::args(attr, errors) {
                out.add(&arg, errors);
            }
        }
        Some(out)
    }

    fn add(&mut self, arg: &Arg, errors: &mut Errors) {
        match arg {
            Arg::Typed(key, ty) if key == "artifact" => {
                self.artifact.set(key, "artifact", Some(ty.clone()), errors);
            }
            Arg::Pair(key, value) => self.pair(arg, key, value, errors),
            _ => unexpected(arg, KEYS, errors),
        }
    }

    fn pair(&mut self, arg: &Arg, key: &Ident, value: &Expr, errors: &mut Errors) {
        let name = key.to_string();
        match name.as_str() {
            "queue" => {
                let queue = queue(key, value, errors);
                self.queue.set(key, &name, queue, errors);
            }
            "max_attempts" => {
                let number = integer(key, value, 1, u32::MAX.into(), errors);
                self.max_attempts.set(key, &name, number.and_then(|number| number.try_into().ok()), errors);
            }
            "priority" => {
                let number = integer(key, value, i16::MIN.into(), i16::MAX.into(), errors);
                self.priority.set(key, &name, number.and_then(|number| number.try_into().ok()), errors);
            }
            "backoff" => {
                let range = grammar::string(key, value, errors).and_then(|text| backoff(&text, errors));
                self.backoff.set(key, &name, range, errors);
            }
            "timeout" => {
                let millis = duration(key, value, Duration::from_millis(1), errors);
                self.timeout.set(key, &name, millis, errors);
            }
            "every" => {
                self.runs_by_itself(key, errors);
                let millis = duration(key, value, Duration::from_secs(1), errors);
                self.every.set(key, &name, millis, errors);
            }
            "cron" => {
                self.runs_by_itself(key, errors);
                let text = grammar::string(key, value, errors).filter(|text| fields(text, errors));
                self.cron.set(key, &name, text, errors);
            }
            _ => unexpected(arg, KEYS, errors),
        }
    }

    fn runs_by_itself(&mut self, key: &Ident, errors: &mut Errors) {
        let other = if key == "every" { self.cron.0.is_some() } else { self.every.0.is_some() };
        if other {
            errors.at(key, "`cron` and `every` exclude each other");
        }
        self.periodic = Some(key.span());
    }
}

/// The name of a queue stands in paths and in the database.
fn queue(key: &Ident, value: &Expr, errors: &mut Errors) -> Option<LitStr> {
    let text = grammar::string(key, value, errors)?;
    let name = text.value();
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if name.is_empty() || !name.chars().all(allowed) {
        errors
            .at(&text, format_args!("`{name}` is not the name of a queue: use letters, digits, `-` and `_`"));
        return None;
    }
    Some(text)
}

fn integer(key: &Ident, value: &Expr, least: i64, most: i64, errors: &mut Errors) -> Option<i64> {
    let number = match value {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse::<i64>().ok(),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => match &**expr {
            Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => {
                number.base10_parse::<i64>().ok().and_then(i64::checked_neg)
            }
            _ => None,
        },
        _ => None,
    };
    let found = number.filter(|number| (least..=most).contains(number));
    if found.is_none() {
        errors.at(value, format_args!("`{key}` expects a whole number from {least} to {most}"));
    }
    found
}

fn duration(key: &Ident, value: &Expr, least: Duration, errors: &mut Errors) -> Option<u64> {
    let text = grammar::string(key, value, errors)?;
    millis(&text.value(), least).map_err(|problem| errors.at(&text, problem)).ok()
}

fn millis(text: &str, least: Duration) -> Result<u64, String> {
    let duration = humantime::parse_duration(text.trim())
        .map_err(|error| format!("`{text}` is not a duration such as \"30s\" or \"1h 30m\": {error}"))?;
    if duration < least {
        return Err(format!("`{text}` is too short: at least {}", humantime::format_duration(least)));
    }
    if duration > LONGEST {
        return Err(format!("`{text}` is longer than a hundred years"));
    }
    Ok(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// `"1s..10m"`, or one wait for all.
fn backoff(text: &LitStr, errors: &mut Errors) -> Option<(u64, u64)> {
    let value = text.value();
    let (first, most) = value.split_once("..").unwrap_or((&value, &value));
    let least = Duration::from_millis(1);
    match (millis(first, least), millis(most, least)) {
        (Ok(first), Ok(most)) if first <= most => Some((first, most)),
        (Ok(_), Ok(_)) => {
            errors
                .at(text, format_args!("`{value}` begins with the longer wait: write the shorter one first"));
            None
        }
        (Err(problem), _) | (_, Err(problem)) => {
            errors.at(text, problem);
            None
        }
    }
}

/// Whether a cron expression has the fields of one. What they say is read when the application is built.
fn fields(text: &LitStr, errors: &mut Errors) -> bool {
    let value = text.value();
    let count = value.split_whitespace().count();
    let known = value.starts_with('@') && count == 1;
    if !known && !(5..=7).contains(&count) {
        errors.at(
            text,
            format_args!(
                "`{value}` is not a cron expression: it has {count} fields, not minute, hour, day, month and weekday"
            ),
        );
    }
    known || (5..=7).contains(&count)
}
