//! The models of the conformance corpus.

use std::collections::BTreeMap;

use specstar::access::{Principal, Scope};
use specstar::prelude::*;
use specstar::registry::Registry;
use specstar::resource::ValidationErrors;

/// Every model, in the order of the corpus.
pub(crate) fn all() -> Registry {
    resources![
        Item, Account, Owner, Pet, Loan, Badge, Letter, Roster, Snapshot, Article, Document, Secret, Product,
        EmailJob, Gadget, Event, Inbox, Specimen,
    ]
}

/// How high.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema, IndexKey)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    #[default]
    Low,
    Mid,
    High,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Address {
    pub(crate) street: String,
    pub(crate) city: String,
    #[serde(default)]
    pub(crate) zip: Option<String>,
}

fn yes() -> bool {
    true
}

/// A mail that is to be sent.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[job]
pub(crate) struct EmailJob {
    pub(crate) to: String,
    #[serde(default)]
    pub(crate) subject: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v1")]
pub(crate) struct Item {
    #[display_name]
    #[indexed]
    pub(crate) name: String,
    #[indexed]
    #[serde(default)]
    pub(crate) group: String,
    #[indexed]
    #[serde(default)]
    pub(crate) qty: i64,
    #[indexed]
    #[serde(default)]
    pub(crate) price: f64,
    #[indexed]
    #[serde(default = "yes")]
    pub(crate) active: bool,
    #[indexed]
    #[serde(default)]
    pub(crate) level: Level,
    #[indexed]
    #[serde(default)]
    pub(crate) note: Option<String>,
    #[indexed]
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    #[indexed(path = "addr.city", type = String)]
    #[serde(default)]
    pub(crate) addr: Option<Address>,
    #[serde(default)]
    pub(crate) due: Option<DateTime>,
    #[serde(default)]
    pub(crate) attrs: BTreeMap<String, i64>,
    #[serde(default)]
    pub(crate) hidden: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Account {
    #[unique]
    pub(crate) email: String,
    #[indexed]
    #[serde(default)]
    pub(crate) name: String,
    #[unique]
    #[serde(default)]
    pub(crate) handle: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Owner {
    #[indexed]
    pub(crate) name: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Pet {
    #[serde(default)]
    pub(crate) name: String,
    #[reference(on_delete = "cascade")]
    pub(crate) owner_id: Ref<Owner>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Loan {
    #[serde(default)]
    pub(crate) title: String,
    #[serde(default)]
    #[reference(on_delete = "set_null")]
    pub(crate) owner_id: Option<Ref<Owner>>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Badge {
    #[serde(default)]
    pub(crate) code: String,
    #[serde(default)]
    #[reference(on_delete = "restrict")]
    pub(crate) owner_id: Option<Ref<Owner>>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Letter {
    #[serde(default)]
    pub(crate) text: String,
    #[serde(default)]
    #[reference]
    pub(crate) owner_id: Option<Ref<Owner>>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Roster {
    #[serde(default)]
    pub(crate) title: String,
    #[serde(default)]
    #[reference]
    pub(crate) owner_ids: Vec<Ref<Owner>>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Snapshot {
    #[serde(default)]
    pub(crate) title: String,
    #[serde(default)]
    #[reference(Owner, revision)]
    pub(crate) owner_rev: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[resource(default_status = "draft")]
pub(crate) struct Article {
    #[indexed]
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) body: String,
    #[unique]
    #[serde(default)]
    pub(crate) slug: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Document {
    #[indexed]
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) file: Option<Blob>,
    #[serde(default)]
    pub(crate) extra: Vec<Blob>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Secret {
    #[indexed]
    pub(crate) title: String,
    #[indexed]
    #[serde(default)]
    pub(crate) level: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[resource(validate = check_product)]
pub(crate) struct Product {
    #[indexed]
    pub(crate) name: String,
    #[indexed]
    pub(crate) price: f64,
    #[serde(default)]
    pub(crate) stock: i64,
}

fn check_product(product: &Product) -> Result<(), ValidationErrors> {
    if product.price < 0.0 {
        return Err("price must be >= 0".into());
    }
    if product.stock > 1000 {
        return Err("stock must be <= 1000".into());
    }
    Ok(())
}

/// A gadget as it was stored before it had a label.
#[derive(Deserialize)]
struct GadgetV1 {
    name: String,
    #[serde(default)]
    size: i64,
}

impl From<GadgetV1> for Gadget {
    fn from(GadgetV1 { name, size }: GadgetV1) -> Self {
        Self { label: format!("from-v1:{name}"), name, size }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v2", migrate("v1" => GadgetV1))]
pub(crate) struct Gadget {
    #[indexed]
    pub(crate) name: String,
    #[indexed]
    #[serde(default)]
    pub(crate) size: i64,
    #[indexed]
    #[serde(default)]
    pub(crate) label: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Event {
    #[indexed]
    pub(crate) title: String,
    #[indexed]
    pub(crate) at: DateTime,
    #[serde(default)]
    pub(crate) until: Option<DateTime>,
}

/// Each user has what is theirs; nobody known has nothing.
pub(crate) fn own_inbox(principal: &Principal) -> Scope<Inbox> {
    match principal {
        Principal::Anonymous => Scope::None,
        Principal::User(user) if user.name == "root" => Scope::All,
        Principal::User(user) => Inbox::COLUMNS.owner.eq(&*user.name).into(),
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Inbox {
    #[indexed]
    pub(crate) subject: String,
    #[indexed]
    #[serde(default)]
    pub(crate) owner: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Place {
    pub(crate) city: String,
    #[serde(default)]
    pub(crate) zip: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub(crate) struct Specimen {
    #[indexed]
    pub(crate) key: String,
    #[indexed]
    pub(crate) name: String,
    #[indexed]
    pub(crate) age: i64,
    #[indexed]
    pub(crate) score: f64,
    #[indexed]
    pub(crate) active: bool,
    #[indexed]
    pub(crate) level: Level,
    #[indexed]
    pub(crate) due: DateTime,
    #[indexed(path = "address.city", type = String)]
    #[indexed(path = "address.zip", type = Option<String>)]
    pub(crate) address: Place,
    #[indexed]
    #[serde(default)]
    pub(crate) code: String,
    #[indexed]
    #[serde(default)]
    pub(crate) note: Option<String>,
    #[indexed]
    #[serde(default)]
    pub(crate) rank: Option<i64>,
    #[indexed]
    #[serde(default)]
    pub(crate) ratio: Option<f64>,
    #[indexed]
    #[serde(default)]
    pub(crate) verified: Option<bool>,
    #[indexed]
    #[serde(default)]
    pub(crate) seen: Option<DateTime>,
    #[indexed]
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    #[indexed]
    #[serde(default)]
    pub(crate) aliases: Option<Vec<String>>,
    #[indexed]
    #[serde(default)]
    pub(crate) nums: Vec<i64>,
    #[serde(default)]
    pub(crate) secret: String,
}
