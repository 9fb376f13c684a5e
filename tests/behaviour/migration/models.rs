//! One type through three versions.

/// As the first program had it.
pub(super) mod v1 {
    use specstar::prelude::*;

    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    #[resource(schema = "v1")]
    pub(crate) struct Robot {
        #[indexed]
        pub(crate) name: String,
        #[serde(default)]
        pub(crate) power: String,
        #[indexed]
        #[serde(default)]
        pub(crate) tags: Vec<String>,
    }
}

/// Power is a number, and there is a label.
pub(super) mod v2 {
    use specstar::prelude::*;
    use specstar::{MigrateError, MigrateFrom, ValidationErrors};

    impl MigrateFrom<super::v1::Robot> for Robot {
        fn migrate_from(old: super::v1::Robot) -> Result<Self, MigrateError> {
            assert!(old.power != "panic", "a step that panics");
            let power = match old.power.as_str() {
                "" => 0,
                text => text.parse().map_err(|_| format!("power '{text}' is no number"))?,
            };
            let label = format!("of {}", old.name);
            let tags = old.tags.into_iter().chain(["old".into()]).collect();
            Ok(Self { name: old.name, power, label, tags, code: None })
        }
    }

    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    #[resource(schema = "v2", migrate("v1" => super::v1::Robot), validate = check)]
    pub(crate) struct Robot {
        #[indexed]
        pub(crate) name: String,
        #[indexed]
        #[serde(default)]
        pub(crate) power: i64,
        #[unique]
        #[serde(default)]
        pub(crate) label: String,
        #[indexed]
        #[serde(default)]
        pub(crate) tags: Vec<String>,
        #[serde(default)]
        pub(crate) code: Option<String>,
    }

    fn check(robot: &Robot) -> Result<(), ValidationErrors> {
        if robot.power > 1_000 { Err("power must be <= 1000".into()) } else { Ok(()) }
    }

    #[update_action(Robot)]
    pub(crate) async fn boost(existing: Existing<Robot>) -> specstar::Result<Robot> {
        Ok(Robot { power: existing.data.power + 1, ..existing.data })
    }
}

/// Nothing but the version changed.
pub(super) mod v3 {
    use specstar::prelude::*;

    impl From<super::v2::Robot> for Robot {
        fn from(old: super::v2::Robot) -> Self {
            Self { name: old.name, power: old.power, grade: format!("from {}", old.label) }
        }
    }

    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    #[resource(schema = "v3", migrate("v1" => super::v1::Robot, "v2" => super::v2::Robot))]
    pub(crate) struct Robot {
        #[indexed]
        pub(crate) name: String,
        #[serde(default)]
        pub(crate) power: i64,
        #[indexed]
        #[serde(default)]
        pub(crate) grade: String,
    }
}

/// Of a program that does not know how old content becomes new.
pub(super) mod forgetful {
    use specstar::prelude::*;

    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    #[resource(schema = "v9", migrate("v8" => same))]
    pub(crate) struct Robot {
        #[indexed]
        pub(crate) name: String,
    }
}
