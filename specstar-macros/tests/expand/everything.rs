#[derive(IndexKey)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    VeryYoung,
    #[serde(rename = "old")]
    Aged,
}

/// A hero.
#[derive(Resource)]
#[resource(name = "heroes", schema = "v3", id = "ulid", default_status = "draft")]
#[resource(unknown_fields = "ignore", unique("zone_id", "nick_name", nulls = "equal"))]
#[resource(permission = open, scope = scopes::own)]
#[resource(validate = check_hero, openapi = false, crate = "crate::renamed")]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hero {
    #[display_name]
    #[unique(case = "insensitive")]
    pub full_name: String,
    #[reference(on_delete = "set_null")]
    #[indexed]
    pub zone_id: Option<Ref<Zone>>,
    #[reference(Hero, on_delete = "cascade", validate = false)]
    pets: Vec<String>,
    #[reference(revision)]
    zone_rev: Option<RevisionRef<Zone>>,
    nick_name: Option<String>,
    #[indexed(path = "home.city", type = String)]
    home: Address,
    #[readonly]
    #[serde(default, alias = "points")]
    score: f64,
    #[indexed]
    #[serde(skip_serializing_if = "is_young")]
    r#type: Stage,
    #[indexed(key = "words")]
    #[trigram]
    key_words: Vec<String>,
    #[vector(dim = 384, metric = "cosine", encoder = "bge-small")]
    summary: Embedding,
    #[unique(allow_bool)]
    leader: Option<bool>,
    #[serde(skip)]
    cache: Cache,
}
