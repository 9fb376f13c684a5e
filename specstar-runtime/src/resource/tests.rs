use serde::{Deserialize, Serialize};

use super::payload::{prepare, prepare_validated};
use super::schema::{no_schemas, schemas};
use super::*;

#[derive(Serialize, Deserialize, utoipa::ToSchema)]
struct Product {
    price: i64,
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Serialize, Deserialize, utoipa::ToSchema)]
struct Part {
    id: uuid::Uuid,
}

fn check(product: &Product) -> Result<(), ValidationErrors> {
    let mut errors = ValidationErrors::new();
    if product.price < 0 {
        errors.push("$.price", "price must be >= 0");
    }
    errors.into_result()
}

#[test]
fn prepare_fills_in_defaults_in_declared_order() {
    let prepared = prepare::<Product>(br#" {"price": 1} "#).expect("it fits");
    assert_eq!(prepared.canonical, br#"{"price":1,"parts":[]}"#);
    assert_eq!(prepared.invalid, None);
    assert!(prepare::<Product>(br#"{"price":"1"}"#).is_err());
}

#[test]
fn a_refused_value_is_still_prepared() {
    let prepared = prepare_validated(br#"{"price":-1}"#, check).expect("it fits");
    assert_eq!(prepared.canonical, br#"{"price":-1,"parts":[]}"#);
    let problems = prepared.invalid.expect("it is refused");
    assert_eq!(problems.problems()[0].path, "$.price");
    let prepared = prepare_validated(br#"{"price":1}"#, check).expect("it fits");
    assert_eq!(prepared.invalid, None);
}

#[test]
fn schemas_begin_with_the_own_one() {
    let mut sink = SchemaSink::new();
    no_schemas(&mut sink);
    schemas::<Product>(&mut sink);
    let names: Vec<&str> = sink.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Product", "Part"]);
}
