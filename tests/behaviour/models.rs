//! The resources of the suite.

use specstar::prelude::*;
use specstar::registry::Registry;
use specstar::resource::ValidationErrors;

/// Every resource of the suite.
pub(crate) fn resources() -> Registry {
    resources![Note, Account, Seat, Plan, Product, Ledger, Spot, Remark]
}

/// Where something is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Place {
    pub(crate) city: String,
    #[serde(default)]
    pub(crate) zip: Option<String>,
}

/// A bit of everything.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Note {
    #[display_name]
    #[indexed]
    pub(crate) title: String,
    #[indexed]
    #[serde(default)]
    pub(crate) rank: Option<i64>,
    #[indexed]
    #[serde(default)]
    pub(crate) score: f64,
    #[indexed]
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    #[indexed]
    #[serde(default)]
    pub(crate) due: Option<DateTime>,
    #[indexed(path = "place.city", type = String)]
    #[serde(default)]
    pub(crate) place: Option<Place>,
    #[serde(default)]
    pub(crate) text: String,
}

/// Refers to a note.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Remark {
    #[reference(on_delete = "cascade")]
    pub(crate) note: Ref<Note>,
    #[indexed]
    #[serde(default)]
    pub(crate) text: String,
}

/// Unique in two ways.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Account {
    #[unique(case = "insensitive")]
    pub(crate) email: String,
    #[unique]
    #[serde(default)]
    pub(crate) handle: Option<String>,
    #[serde(default)]
    pub(crate) visits: i64,
}

/// Unique by two fields together.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[resource(unique("hall", "number"))]
pub(crate) struct Seat {
    #[indexed]
    pub(crate) hall: String,
    #[indexed]
    #[serde(default)]
    pub(crate) number: Option<i64>,
    #[serde(default)]
    pub(crate) guest: String,
}

/// Starts as a draft.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[resource(default_status = "draft", schema = "v1")]
pub(crate) struct Plan {
    pub(crate) goal: String,
}

/// Has a validator.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[resource(validate = check_product)]
pub(crate) struct Product {
    pub(crate) name: String,
    pub(crate) price: f64,
}

fn check_product(product: &Product) -> Result<(), ValidationErrors> {
    assert!(product.name != "panic", "a validator with a bug");
    if product.price < 0.0 { Err("price must not be negative".into()) } else { Ok(()) }
}

/// Has a field that only the program writes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Ledger {
    pub(crate) owner: String,
    #[readonly]
    #[serde(default)]
    pub(crate) total: i64,
}

/// Numbers that are compared by distance, and words that are looked through.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Spot {
    #[trigram]
    pub(crate) name: String,
    #[vector(dim = 2, metric = "l2")]
    #[serde(default)]
    pub(crate) place: Option<Vec<f32>>,
}

/// A text whose vector the server makes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Essay {
    #[vector(dim = 2, metric = "cosine", encoder = "letters")]
    #[serde(default)]
    pub(crate) summary: Option<Embedding>,
    #[serde(default)]
    pub(crate) pages: u32,
}
