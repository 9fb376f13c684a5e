//! Two resources in one module, in a function, with the crate under another name, and without a schema.

extern crate specstar as renamed;

mod shop {
    use crate::renamed::prelude::*;

    #[derive(Serialize, Deserialize, ToSchema, Resource)]
    #[resource(crate = "crate::renamed")]
    pub struct Order {
        #[unique]
        number: u64,
        #[reference]
        buyer: Ref<Buyer>,
    }

    #[derive(Serialize, Deserialize, Resource)]
    #[resource(crate = "crate::renamed", openapi = false)]
    pub struct Hidden {
        #[unique]
        number: u64,
    }

    /// Mutual references are no cycle of constants.
    #[derive(Serialize, Deserialize, ToSchema, Resource)]
    #[resource(crate = "crate::renamed")]
    pub struct Buyer {
        #[indexed]
        level: Level,
        #[reference]
        last: Option<Ref<Order>>,
        #[reference]
        friends: Vec<Ref<Buyer>>,
    }

    #[derive(Serialize, Deserialize, ToSchema, IndexKey)]
    #[index_key(crate = "crate::renamed")]
    pub enum Level {
        Low,
        High,
    }
}

fn main() {
    use renamed::prelude::*;

    #[derive(Serialize, Deserialize, ToSchema, Resource)]
    struct Local {
        #[indexed]
        name: String,
    }

    let registry = renamed::resources![shop::Order, shop::Hidden, shop::Buyer, Local];
    let names: Vec<_> = registry.entries().iter().map(|entry| entry.descriptor.id.name).collect();
    assert_eq!(names, ["order", "hidden", "buyer", "local"]);
    assert!(!shop::Hidden::DESCRIPTOR.openapi);
    let mut schemas = Vec::new();
    for entry in registry.entries() {
        (entry.schemas)(&mut schemas);
    }
    let names: Vec<_> = schemas.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Order", "Buyer", "Level", "Local"]);
    assert_eq!(Local::COLUMNS.name.key(), "name");
}
