//! Chains, shortcuts, content without a version, and conversions that fail.

use specstar::prelude::*;
use specstar::{MigrateError, MigrateFrom, ValidationErrors};

#[derive(Deserialize)]
struct UserV0 {
    name: String,
}

mod old {
    #[derive(serde::Deserialize)]
    pub struct UserV1 {
        pub name: String,
        pub age: String,
    }
}

#[derive(Deserialize)]
struct UserV2 {
    name: String,
    age: i64,
}

impl From<UserV0> for old::UserV1 {
    fn from(old: UserV0) -> Self {
        Self { name: old.name, age: "0".into() }
    }
}

impl MigrateFrom<old::UserV1> for UserV2 {
    fn migrate_from(old: old::UserV1) -> Result<Self, MigrateError> {
        let age = old.age.parse().map_err(|_| "not an age")?;
        Ok(Self { name: old.name, age })
    }
}

impl From<UserV2> for User {
    fn from(old: UserV2) -> Self {
        Self { name: old.name, age: old.age, tags: Vec::new() }
    }
}

fn check(user: &User) -> Result<(), ValidationErrors> {
    if user.age < 0 { Err("age must be >= 0".into()) } else { Ok(()) }
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v4", validate = check, on_decode_error = "raw")]
#[resource(migrate(none => UserV0, "v1" => old::UserV1, "v2" => UserV2, "v3" => same))]
struct User {
    name: String,
    age: i64,
    #[serde(default)]
    tags: Vec<String>,
}

/// The shortcut is the only step that is used for content of v1, so only that one has a conversion.
#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v3", migrate("v1" => UserV0, "v2" => same, plus("v1" -> "v3" => UserV0)))]
struct Team {
    name: String,
}

impl From<UserV0> for Team {
    fn from(old: UserV0) -> Self {
        Self { name: old.name }
    }
}

fn main() {
    let versions = User::DESCRIPTOR.older_versions;
    assert_eq!(versions, [None, Some("v1"), Some("v2"), Some("v3")]);
    let migrate = |at: usize, text: &str| User::ENTRY.migrations[at](text.as_bytes());
    let shown = |at, text| String::from_utf8(migrate(at, text).expect("it migrates").canonical).expect("text");
    assert_eq!(shown(0, r#"{"name":"ann"}"#), r#"{"name":"ann","age":0,"tags":[]}"#);
    assert_eq!(shown(1, r#"{"name":"ann","age":"7"}"#), r#"{"name":"ann","age":7,"tags":[]}"#);
    assert_eq!(shown(3, r#"{"name":"ann","age":7}"#), r#"{"name":"ann","age":7,"tags":[]}"#);
    assert_eq!(migrate(1, r#"{"name":"ann","age":"x"}"#).unwrap_err().to_string(), "not an age");
    assert!(migrate(2, r#"{"name":"ann","age":-1}"#).expect("it migrates").invalid.is_some());
    assert!(migrate(2, r#"{"name":"ann"}"#).is_err());
    assert_eq!(Team::DESCRIPTOR.older_versions, [Some("v1"), Some("v2")]);
}
