//! Resources written by hand, as the derive would.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::descriptor::{
    FieldDescriptor, Identity, IndexDescriptor, IndexKind, OnDelete, ReferenceDescriptor, ReferenceKind,
    ResourceDescriptor, UniqueDescriptor, UnknownFields, hash_name,
};
use crate::resource::payload::prepare;
use crate::resource::schema::schemas;
use crate::resource::{Resource, ResourceEntry, SchemaSink};

/// A group of people.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct Team {
    /// How the team is called.
    #[schema(max_length = 40, example = "Blue")]
    name: String,
}

/// Where somebody lives.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct Address {
    city: String,
    #[serde(default = "country")]
    country: String,
    zip: Option<String>,
}

fn country() -> String {
    "FR".into()
}

#[derive(Serialize, Deserialize, ToSchema, Default)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    #[default]
    Guest,
    Member,
}

/// A way to reach somebody.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Contact {
    /// By telephone.
    Phone {
        number: String,
    },
    Post(Address),
    None,
}

/// Somebody who can log in.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct User {
    /// What others call them.
    name: String,
    #[schema(format = "email", example = "ann@example.com")]
    email: String,
    age: u8,
    score: Option<u32>,
    #[serde(default)]
    level: Level,
    #[serde(default)]
    tags: Vec<String>,
    home: Address,
    second_home: Option<Address>,
    contact: Contact,
    /// Their team.
    #[schema(value_type = Option<String>)]
    team: Option<String>,
    #[serde(default)]
    watched: Vec<String>,
    #[serde(default)]
    visits: i64,
    pair: (i32, String),
    #[serde(default)]
    notes: BTreeMap<String, String>,
    extra: Option<serde_json::Value>,
}

/// Something that happened in a game.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct GameEvent {
    #[schema(value_type = String, format = DateTime)]
    at: String,
    #[schema(pattern = "^[A-Z]{3}$", example = "WIN")]
    code: String,
    weight: f64,
    /// The state of the user then.
    user: String,
}

pub(super) const fn identity(name: &'static str, path: &'static str, type_name: &'static str) -> Identity {
    Identity { name, path, type_name, name_hash: hash_name(name), path_hash: hash_name(path) }
}

const fn field(name: &'static str) -> FieldDescriptor {
    FieldDescriptor::new(name)
}

pub(super) const EMPTY: ResourceDescriptor = ResourceDescriptor {
    id: identity("empty", "test::Empty", "Empty"),
    docs: "",
    schema_version: None,
    older_versions: &[],
    default_status: None,
    id_generator: None,
    unknown_fields: None,
    on_decode_error: None,
    openapi: true,
    fields: &[],
    indexes: &[],
    uniques: &[],
    references: &[],
    display_name: None,
    job: None,
};

impl Resource for Team {
    const ID: Identity = identity("team", "test::Team", "Team");
    const DESCRIPTOR: &'static ResourceDescriptor = &ResourceDescriptor {
        id: Self::ID,
        docs: "A group of people.",
        fields: &[field("name")],
        display_name: Some("name"),
        ..EMPTY
    };
    const ENTRY: ResourceEntry = ResourceEntry {
        descriptor: Self::DESCRIPTOR,
        prepare: prepare::<Self>,
        schemas: schemas::<Self>,
        policy: crate::access::Policy::NONE,
        migrations: &[],
    };
}

const fn index(key: &'static str, path: &'static [&'static str], kind: IndexKind) -> IndexDescriptor {
    IndexDescriptor::new(key, path, kind)
}

impl Resource for User {
    const ID: Identity = identity("user", "test::User", "User");
    const DESCRIPTOR: &'static ResourceDescriptor = &ResourceDescriptor {
        id: Self::ID,
        docs: "Somebody who can log in.",
        fields: &[
            field("name"),
            field("email"),
            field("age"),
            field("score"),
            field("level"),
            field("tags"),
            field("home"),
            field("second_home"),
            field("contact"),
            field("team"),
            field("watched"),
            FieldDescriptor { readonly: true, ..FieldDescriptor::new("visits") },
            field("pair"),
            field("notes"),
            field("extra"),
        ],
        indexes: &[
            index("email", &["email"], IndexKind::Text),
            index("age", &["age"], IndexKind::Integer),
            IndexDescriptor { list: true, ..index("tags", &["tags"], IndexKind::Text) },
            IndexDescriptor { nullable: true, ..index("team", &["team"], IndexKind::Text) },
            IndexDescriptor { list: true, ..index("watched", &["watched"], IndexKind::Text) },
            index("home.city", &["home", "city"], IndexKind::Text),
        ],
        uniques: &[
            UniqueDescriptor { indexes: &[0], case_insensitive: true, nulls_equal: false },
            UniqueDescriptor { indexes: &[1, 5], case_insensitive: false, nulls_equal: false },
        ],
        references: &[
            ReferenceDescriptor {
                field: "team",
                index: Some(3),
                target: &Team::ID,
                kind: ReferenceKind::ResourceId,
                on_delete: OnDelete::SetNull,
                list: false,
                nullable: true,
                validate: true,
            },
            ReferenceDescriptor {
                field: "watched",
                index: Some(4),
                target: &Self::ID,
                kind: ReferenceKind::ResourceId,
                on_delete: OnDelete::Dangling,
                list: true,
                nullable: false,
                validate: true,
            },
        ],
        display_name: Some("name"),
        ..EMPTY
    };
    const ENTRY: ResourceEntry = ResourceEntry {
        descriptor: Self::DESCRIPTOR,
        prepare: prepare::<Self>,
        schemas: schemas::<Self>,
        policy: crate::access::Policy::NONE,
        migrations: &[],
    };
}

impl Resource for GameEvent {
    const ID: Identity = identity("game-event", "test::GameEvent", "GameEvent");
    const DESCRIPTOR: &'static ResourceDescriptor = &ResourceDescriptor {
        id: Self::ID,
        unknown_fields: Some(UnknownFields::Ignore),
        fields: &[field("at"), field("code"), field("weight"), field("user")],
        indexes: &[index("at", &["at"], IndexKind::DateTime)],
        references: &[ReferenceDescriptor {
            field: "user",
            index: None,
            target: &User::ID,
            kind: ReferenceKind::RevisionId,
            on_delete: OnDelete::Dangling,
            list: false,
            nullable: false,
            validate: true,
        }],
        ..EMPTY
    };
    const ENTRY: ResourceEntry = ResourceEntry {
        descriptor: Self::DESCRIPTOR,
        prepare: prepare::<Self>,
        schemas: schemas::<Self>,
        policy: crate::access::Policy::NONE,
        migrations: &[],
    };
}

/// A type of the same schema name as [`Team`], and other contents.
pub(super) fn other_team(sink: &mut SchemaSink) {
    let schema: RefOr<Schema> = <Address as PartialSchema>::schema();
    sink.push(("Team".into(), schema));
}
