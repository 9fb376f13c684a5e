//! What only a database server can do to an application: several processes on it, transactions of others, texts that
//! its indexes cannot hold, its collations, and a log that came from another cluster.

#[allow(dead_code)] // Other suites use more of it.
#[path = "../common/mod.rs"]
mod common;

mod layouts;
mod log;
mod processes;
mod replica;
mod stalled;
mod subscribers;
mod texts;

use specstar::prelude::*;
use specstar::registry::Registry;

pub(crate) fn resources() -> Registry {
    resources![Account, Counter, Owner, Pet, Place]
}

/// A name that only one can have.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Account {
    #[unique]
    pub(crate) email: String,
    #[indexed]
    #[serde(default)]
    pub(crate) tags: Vec<String>,
}

/// Something to race for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Counter {
    #[indexed]
    pub(crate) value: i64,
}

/// Is referred to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Owner {
    #[indexed]
    pub(crate) name: String,
}

/// Refers to an owner, who must be there.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Pet {
    #[reference(on_delete = "restrict")]
    pub(crate) owner: Ref<Owner>,
}

/// A name of five parts, which only one can have.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[resource(unique("land", "town", "street", "house", "door"))]
pub(crate) struct Place {
    #[indexed]
    pub(crate) land: String,
    #[indexed]
    pub(crate) town: String,
    #[indexed]
    pub(crate) street: String,
    #[indexed]
    pub(crate) house: String,
    #[indexed]
    pub(crate) door: String,
}
