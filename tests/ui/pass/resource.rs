//! One of everything the derive accepts.

use specstar::prelude::*;
use specstar::{ValidationErrors, runtime};
use runtime::descriptor::{IndexKind, OnDelete, ReferenceKind, UnknownFields};
use runtime::meta::RevisionStatus;

/// A zone.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub struct Zone {
    name: String,
}

/// A stage of life.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema, IndexKey)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    VeryYoung,
    #[serde(rename = "old")]
    Aged,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Address {
    city: String,
    zip: Option<String>,
}

fn check(hero: &Hero) -> Result<(), ValidationErrors> {
    if hero.level < 0 { Err("level must be >= 0".into()) } else { Ok(()) }
}

fn next_id() -> String {
    "hero:1".to_owned()
}

type Score = i64;

/// A hero.
///
/// With two lines.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[resource(name = "Hero_2", schema = "v3", id = next_id, default_status = "draft")]
#[resource(unknown_fields = "ignore", unique("zone_id", "nick_name", nulls = "equal"), validate = check)]
#[serde(rename_all = "camelCase", default)]
pub struct Hero {
    #[display_name]
    #[unique(case = "insensitive")]
    pub full_name: String,
    #[indexed]
    pub level: Score,
    #[indexed]
    pub tags: Vec<String>,
    #[serde(skip)]
    pub secret: String,
    #[reference(on_delete = "restrict")]
    #[indexed]
    pub zone_id: Option<Ref<Zone>>,
    #[reference(Hero, on_delete = "cascade")]
    pub pets: Vec<String>,
    #[reference(revision)]
    pub zone_rev: Option<RevisionRef<Zone>>,
    pub nick_name: Option<String>,
    #[indexed(path = "home.city", type = String)]
    #[indexed(path = "home.zip", key = "zip", type = Option<String>)]
    pub home: Option<Address>,
    #[readonly]
    #[serde(alias = "points")]
    pub score: f64,
    #[indexed]
    pub r#type: Option<Stage>,
    #[unique(allow_bool)]
    pub leader: Option<bool>,
    #[serde(rename = "other")]
    #[unique]
    pub stage: Option<Stage>,
}

impl Default for Hero {
    fn default() -> Self {
        Hero {
            full_name: String::new(), level: 0, tags: vec![], secret: String::new(), zone_id: None,
            pets: vec![], zone_rev: None, nick_name: None, home: None, score: 1.0, r#type: None,
            leader: None, stage: None,
        }
    }
}

fn lookups(app: &runtime::app::App) {
    let heroes = HeroRepository::of(app);
    let _ = heroes.find_by_full_name("Ann");
    let _ = heroes.find_by_stage(Stage::Aged);
    let _ = heroes.find_by_leader(true);
    let _ = heroes.find_by_zone_id_and_nick_name("zone:1", &String::from("nick"));
    let _: &runtime::repository::Repository<Hero> = &heroes.clone();
}

fn main() {
    let _ = lookups;
    let hero = Hero::DESCRIPTOR;
    assert_eq!(hero.id.name, "Hero_2");
    assert!(hero.id.path.ends_with("::Hero"), "{}", hero.id.path);
    assert_eq!(hero.docs, "A hero.\n\nWith two lines.");
    assert_eq!(hero.schema_version, Some("v3"));
    assert_eq!(hero.default_status, Some(RevisionStatus::Draft));
    assert_eq!(hero.unknown_fields, Some(UnknownFields::Ignore));
    assert_eq!(hero.display_name, Some("fullName"));

    let fields: Vec<_> = hero.fields.iter().map(|field| field.name).collect();
    assert_eq!(
        fields,
        ["fullName", "level", "tags", "zoneId", "pets", "zoneRev", "nickName", "home", "score", "type", "leader", "other"]
    );
    assert_eq!(hero.fields[8].aliases, ["points"]);
    assert!(hero.fields[8].readonly);

    let keys: Vec<_> = hero.indexes.iter().map(|index| index.key).collect();
    assert_eq!(
        keys,
        ["fullName", "level", "tags", "zoneId", "pets", "nickName", "home.city", "zip", "type", "leader", "other"]
    );
    let zip = &hero.indexes[7];
    assert_eq!((zip.path, zip.kind, zip.list, zip.nullable), (&["home", "zip"][..], IndexKind::Text, false, true));
    let pets = &hero.indexes[4];
    assert_eq!((pets.kind, pets.list, pets.nullable), (IndexKind::Text, true, false));
    assert!(hero.indexes[3].nullable && !hero.indexes[3].list);

    let uniques: Vec<_> = hero.uniques.iter().map(|unique| unique.indexes).collect();
    assert_eq!(uniques, [&[0][..], &[9], &[10], &[3, 5]]);
    assert!(hero.uniques[0].case_insensitive && hero.uniques[3].nulls_equal);

    let zone = &hero.references[0];
    assert_eq!((zone.index, zone.target.name, zone.on_delete), (Some(3), "zone", OnDelete::Restrict));
    let pets = &hero.references[1];
    assert_eq!((pets.index, pets.target.type_name, pets.list), (Some(4), "Hero", true));
    let snapshot = &hero.references[2];
    assert_eq!((snapshot.index, snapshot.kind), (None, ReferenceKind::RevisionId));

    assert_eq!(Hero::COLUMNS.r#type.key(), "type");
    assert_eq!(Hero::COLUMNS.home_city.field(), runtime::query::Field::Index(6));
    assert_eq!(Hero::COLUMNS.zip.key(), "zip");

    let registry = resources![Zone, Hero];
    let entry = &registry.entries()[1];
    let bad = (entry.prepare)(br#"{"level":-1}"#).unwrap();
    assert_eq!(bad.invalid.unwrap().to_string(), "level must be >= 0");
    let mut schemas = Vec::new();
    (entry.schemas)(&mut schemas);
    let names: Vec<_> = schemas.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[0], "Hero");
    assert!(!names.iter().any(|name| name.starts_with("Ref")), "{names:?}");
}
