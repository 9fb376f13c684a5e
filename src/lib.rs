//! Versioned REST resources from a struct.
//!
//! `#[derive(Resource)]` on a struct gives a REST resource with history, a typed repository and a place
//! in the OpenAPI document. What the derive writes are constants; the work is done by one engine that is
//! compiled once.
//!
//! ```
//! use specstar::prelude::*;
//!
//! /// A group of people.
//! #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
//! pub struct Team {
//!     #[display_name]
//!     #[unique]
//!     pub name: String,
//! }
//!
//! /// Somebody who can log in.
//! #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
//! pub struct User {
//!     #[unique(case = "insensitive")]
//!     pub email: String,
//!     #[indexed]
//!     pub age: u32,
//!     #[reference(on_delete = "set_null")]
//!     pub team: Option<Ref<Team>>,
//! }
//!
//! let registry = resources![Team, User];
//! assert_eq!(registry.entries().len(), 2);
//! assert_eq!(User::ID.name, "user");
//! assert_eq!(User::COLUMNS.age.key(), "age");
//! ```
//!
//! # `#[resource(...)]` on the struct
//!
//! | key | meaning |
//! | --- | --- |
//! | `name = "people"` | the route; the type name in kebab case when it is not given |
//! | `schema = "v2"` | the version written into new revisions |
//! | `id = "ulid"` | how ids are made: `uuid_v7`, `uuid_v4`, `ulid`, `nanoid`, or the path of a `fn() -> String` |
//! | `default_status = "draft"` | the status of a new revision: `draft` or `stable` |
//! | `unknown_fields = "ignore"` | what happens to fields the struct does not have: `deny` or `ignore` |
//! | `unique("a", "b")` | several fields are unique together; `nulls = "equal"` lets nulls conflict |
//! | `validate = check` | a `fn(&User) -> Result<(), ValidationErrors>` |
//! | `openapi = false` | not in the OpenAPI document, so `ToSchema` is not needed |
//! | `crate = "my::specstar"` | where this crate is, when it has another name |
//!
//! # Attributes of a field
//!
//! | attribute | meaning |
//! | --- | --- |
//! | `#[indexed]` | can be filtered and sorted by; `key = "…"` gives queries another name |
//! | `#[indexed(path = "address.city", type = String)]` | the same for a value inside the field; the path is that of the JSON |
//! | `#[trigram]` | text, or a list of text, that is looked through for similar words: indexed, and more |
//! | `#[vector(dim = 384)]` | numbers that are compared by distance: `Vec<f32>`, `[f32; N]` or [`Embedding`] |
//! | `#[vector(dim = 384, metric = "l2", encoder = "…")]` | the distance it is made for: `cosine`, `l2`, `ip`; what turns text into it |
//! | `#[unique]` | one live resource per value; `case = "insensitive"` for text, `allow_bool` for a `bool` |
//! | `#[reference]` | holds the id of another resource: [`Ref<T>`](Ref) names it, text needs `#[reference(Team)]` |
//! | `#[reference(on_delete = "cascade")]` | what a delete of the target does: `dangling`, `set_null`, `cascade`, `restrict` |
//! | `#[reference(revision)]` | holds the id of a revision: [`RevisionRef<T>`](RevisionRef) or text |
//! | `#[display_name]` | the text that shows a resource to people |
//! | `#[readonly]` | written by the program only |
//!
//! On SQLite `#[trigram]` has no index of its own: `contains` and `fuzzy` read the column. `fuzzy` works on every
//! indexed text. An array of more than 32 numbers needs a crate for serde to know it, such as `serde_big_array`.
//!
//! Names in JSON are serde's: `rename`, `rename_all`, `alias`, `skip` and `default` are followed. An enum of
//! unit variants can be indexed when it derives [`IndexKey`].
//!
//! # Texts with a vector
//!
//! A field of type [`Embedding`] holds a text and the vector of its meaning. The server makes the vector with the
//! encoder the field names, when the resource is written and only when the text is new; a query may give a text
//! where a vector is meant.
//!
//! ```no_run
//! use specstar::prelude::*;
//! use specstar::vector::encoder_fn;
//!
//! #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
//! pub struct Article {
//!     #[trigram]
//!     pub title: String,
//!     #[vector(dim = 2, metric = "cosine", encoder = "vowels")]
//!     pub summary: Embedding,
//! }
//!
//! # async fn run() -> specstar::Result<()> {
//! let vowels = encoder_fn("vowels", |text| async move {
//!     Ok(['a', 'e'].map(|vowel| text.matches(vowel).count() as f32).to_vec())
//! });
//! let app = SpecStar::builder()
//!     .resources(resources![Article])
//!     .sqlite("data/app.db")
//!     .vector_encoder("vowels", vowels)
//!     .build()
//!     .await?;
//! # Ok(()) }
//! ```

pub use specstar_macros::{IndexKey, Resource};
pub use specstar_runtime::datetime::DateTime;
pub use specstar_runtime::index_key::IndexKey;
pub use specstar_runtime::reference::{Ref, RevisionRef};
pub use specstar_runtime::registry::Registry;
pub use specstar_runtime::resource::{Resource, ValidationErrors};
pub use specstar_runtime::vector::Embedding;

/// The runtime crate, whole: what has no shorter path here is there.
pub use specstar_runtime as runtime;
pub use specstar_runtime::error::{Error, Result};
pub use specstar_runtime::{
    access, app, change, clock, column, datetime, descriptor, error, http, id, json, meta, qb, query,
    registry, repository, resource, store, timeline, vector,
};

/// The resource types of a program, checked against one another when it is compiled: two of one name, or
/// a reference to a type that is not in the list, do not build.
///
/// ```compile_fail
/// use specstar::prelude::*;
///
/// #[derive(Serialize, Deserialize, ToSchema, Resource)]
/// struct Zone { name: String }
///
/// #[derive(Serialize, Deserialize, ToSchema, Resource)]
/// struct Hero {
///     #[reference]
///     zone: Ref<Zone>,
/// }
///
/// let registry = resources![Hero]; // `Hero::zone` refers to `Zone`, which is not registered
/// ```
#[macro_export]
macro_rules! resources {
    ($($types:tt)*) => {
        $crate::__private::resources_impl! { $crate; $($types)* }
    };
}

/// What a program with resources needs: the derives and their traits, references, and the builder.
pub mod prelude {
    pub use serde::{Deserialize, Serialize};
    pub use specstar_runtime::app::{SpecStar, SpecStarBuilder};
    pub use utoipa::ToSchema;

    pub use crate::{DateTime, Embedding, IndexKey, Ref, Resource, RevisionRef, resources};
}

/// What expansions name. Not for programs: it changes with the derive.
#[doc(hidden)]
pub mod __private {
    pub use specstar_macros::resources_impl;
    pub use specstar_runtime::app::App;
    pub use specstar_runtime::column::Column;
    pub use specstar_runtime::descriptor::{
        FieldDescriptor, IdGenerator, Identity, IndexDescriptor, IndexKind, Metric, OnDelete,
        ReferenceDescriptor, ResourceDescriptor, UniqueDescriptor, UnknownFields, VectorDescriptor,
    };
    pub use specstar_runtime::index_key::{
        Exact, IndexField, IndexKey, Operand, UniqueField, require_display_name, require_omittable,
        require_text, require_trigram, text_value,
    };
    pub use specstar_runtime::json::IndexValue;
    pub use specstar_runtime::lookup::FindUnique;
    pub use specstar_runtime::meta::RevisionStatus;
    pub use specstar_runtime::reference::require_set_null;
    pub use specstar_runtime::registry::Registry;
    pub use specstar_runtime::registry::check::{Problem, problems, report, require_dim};
    pub use specstar_runtime::repository::Repository;
    pub use specstar_runtime::resource::payload::{prepare, prepare_validated};
    pub use specstar_runtime::resource::schema::{no_schemas, schemas};
    pub use specstar_runtime::resource::{Resource, ResourceEntry};
}

/// The examples of the README are compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
