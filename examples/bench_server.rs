//! One resource type with the product's defaults, for benchmarks beside other servers.
//!
//! `SPECSTAR_ADDR` (default `127.0.0.1:8000`) and `SPECSTAR_DATABASE_URL` (default a fresh temporary SQLite
//! database; `sqlite:PATH`) say where.

use specstar::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct User {
    name: String,
    #[unique]
    email: String,
    #[indexed]
    age: i64,
    #[indexed]
    status: String,
    #[indexed]
    tags: Vec<String>,
    bio: String,
}

#[tokio::main]
async fn main() -> specstar::Result<()> {
    tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).init();
    let address = std::env::var("SPECSTAR_ADDR").unwrap_or_else(|_| "127.0.0.1:8000".to_owned());
    let builder = match std::env::var("SPECSTAR_DATABASE_URL") {
        Ok(url) => SpecStar::builder().database_url(&url),
        Err(_) => SpecStar::builder().sqlite_temporary(),
    };
    builder.resources(resources![User]).open_access().serve(address).await
}
