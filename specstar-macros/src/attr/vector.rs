//! `#[vector(dim = 384, metric = "cosine", encoder = "…")]`.

use proc_macro2::Ident;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr};

use super::grammar::{self, Arg, Once, unexpected};
use crate::errors::Errors;
use crate::suggest::did_you_mean;

const KEYS: &[(&str, &str)] =
    &[("dim", "dim = 384"), ("metric", "metric = \"cosine\""), ("encoder", "encoder = \"…\"")];
const METRICS: [&str; 3] = ["cosine", "l2", "ip"];
const VARIANTS: [&str; 3] = ["Cosine", "L2", "Ip"];
/// What vector extensions of databases can keep.
const MOST: usize = 16_000;

#[derive(Default)]
pub(crate) struct Vector {
    /// The key, and the number; `None` after the error that it is missing.
    pub(crate) dim: Option<(Ident, usize)>,
    /// The variant of the runtime's enum.
    pub(crate) metric: Option<&'static str>,
    pub(crate) encoder: Option<LitStr>,
}

impl Vector {
    pub(crate) fn parse(attr: &Attribute, errors: &mut Errors) -> Self {
        let (mut dim, mut metric, mut encoder) = (Once::default(), Once::default(), Once::default());
        let mut has_dim = false;
        for arg in grammar::args(attr, errors) {
            match &arg {
                Arg::Pair(key, value) if key == "dim" => {
                    has_dim = true;
                    let number = number(key, value, errors);
                    dim.set(key, "dim", number.map(|number| (key.clone(), number)), errors);
                }
                Arg::Pair(key, value) if key == "metric" => {
                    let variant = self::metric(key, value, errors);
                    metric.set(key, "metric", variant, errors);
                }
                Arg::Pair(key, value) if key == "encoder" => {
                    let name = grammar::string(key, value, errors);
                    encoder.set(key, "encoder", name, errors);
                }
                _ => {
                    has_dim |= arg.key().is_some_and(|key| key == "dim");
                    unexpected(&arg, KEYS, errors);
                }
            }
        }
        if !has_dim {
            errors.at(attr, range());
        }
        Self { dim: dim.0, metric: metric.0, encoder: encoder.0 }
    }
}

fn range() -> String {
    format!("`dim` must be between 1 and {MOST}")
}

fn number(key: &Ident, value: &Expr, errors: &mut Errors) -> Option<usize> {
    let Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) = value else {
        errors.at(value, format_args!("`{key}` expects an integer literal"));
        return None;
    };
    let number = number.base10_parse().ok().filter(|number| (1..=MOST).contains(number));
    if number.is_none() {
        errors.at(key, range());
    }
    number
}

fn metric(key: &Ident, value: &Expr, errors: &mut Errors) -> Option<&'static str> {
    let text = grammar::string(key, value, errors)?;
    let given = text.value();
    let position = METRICS.iter().position(|metric| *metric == given);
    if position.is_none() {
        let hint = did_you_mean(&given, METRICS);
        let known = if hint.is_empty() { format!("; known are {}", METRICS.join(", ")) } else { hint };
        errors.at(&text, format_args!("unknown metric `{given}`{known}"));
    }
    position.map(|at| VARIANTS[at])
}
