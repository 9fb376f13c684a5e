//! Files through HTTP: one suite, run on every kind of storage, and what is particular to one of them.

#[allow(dead_code)] // The other suites use more of it.
#[path = "../common/mod.rs"]
mod common;

#[macro_use]
mod suite;
mod access;
mod cases;
mod crash;
mod folder;
mod form;
mod hostile;
mod memory;
#[cfg(feature = "s3")]
mod s3;
mod size;

use specstar::prelude::*;
use specstar::registry::Registry;
use specstar::runtime::binary::Blob;

/// Names files.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Document {
    #[indexed]
    title: String,
    #[serde(default)]
    file: Option<Blob>,
    #[serde(default)]
    extra: Vec<Blob>,
}

/// Names none.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Label {
    text: String,
}

fn resources() -> Registry {
    resources![Document, Label]
}
