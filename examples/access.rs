//! Rules of the program, rules and roles as resources, and API keys: `cargo run --example access`.
//!
//! It prints a key of `root`, who may do everything, and one of `ann`, who may write and read notes.

use specstar::access::{Action, allow_fields, owner};
use specstar::acl::{Acl, AclRule, Combining, RoleMember};
use specstar::api_key::{ApiKeys, NewKey};
use specstar::prelude::*;
use tokio::net::TcpListener;

/// Something somebody wrote down.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Note {
    #[display_name]
    #[indexed]
    title: String,
    #[indexed]
    #[serde(default)]
    tags: Vec<String>,
}

#[tokio::main]
async fn main() -> specstar::Result<()> {
    let address = std::env::var("SPECSTAR_ADDR").unwrap_or_else(|_| "127.0.0.1:8000".to_owned());
    let app = SpecStar::builder()
        .sqlite_temporary()
        .resources(resources![Note])
        .api_keys(ApiKeys::new())
        // What the rows say, and what the program says: who wrote a note owns it, and a tagger changes tags only.
        .acl(Acl::new(Combining::deny_overrides()).root("root"))
        .access(owner(Action::OWNER))
        .access_for::<Note>(
            allow_fields::<Note>(Action::UPDATE | Action::PATCH, ["tags"]).to_roles(["tagger"]),
        )
        .build()
        .await?;
    let rules = app.repository::<AclRule>().acting_as("root");
    let reads = Action::READ | Action::READ_LIST;
    rules.create(&AclRule::allow("role:reader", "note", reads)).await?;
    rules.create(&AclRule::allow("role:writer", "note", Action::CREATE)).await?;
    let members = app.repository::<RoleMember>().acting_as("root");
    members.create(&RoleMember::new("role:writer", "reader")).await?;
    members.create(&RoleMember::new("user:ann", "writer")).await?;
    for user in ["root", "ann"] {
        let issued = app.api_keys().issue(NewKey::new("example", user)).await?;
        println!("{user}: curl -H 'X-API-Key: {}' http://{address}/note", issued.secret());
    }
    let listener = TcpListener::bind(address).await.map_err(specstar::Error::internal)?;
    app.serve(listener).await
}
