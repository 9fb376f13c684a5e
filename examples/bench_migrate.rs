//! Fills a database with content of an older schema version, migrates it, and reads from it meanwhile.
//!
//! `SPECSTAR_ROWS` (default 100,000) says how many rows, `SPECSTAR_DATABASE_URL` (default a file in the folder of
//! temporary files, made anew) where. It prints rows per second, the resident memory as the migration goes, and how
//! long reads took.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use specstar::app::App;
use specstar::registry::Registry;
use specstar::repository::{MigrateOptions, MigrateSummary, Repository};

mod old {
    use specstar::prelude::*;

    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    #[resource(schema = "v1", name = "user")]
    pub(super) struct User {
        pub(super) name: String,
        #[unique]
        pub(super) email: String,
        pub(super) age: String,
        #[indexed]
        pub(super) tags: Vec<String>,
        pub(super) bio: String,
    }
}

mod new {
    use specstar::prelude::*;
    use specstar::{MigrateError, MigrateFrom};

    impl MigrateFrom<super::old::User> for User {
        fn migrate_from(old: super::old::User) -> Result<Self, MigrateError> {
            let age = old.age.parse().map_err(|_| format!("`{}` is not an age", old.age))?;
            Ok(Self { name: old.name, email: old.email, age, tags: old.tags, bio: old.bio })
        }
    }

    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    #[resource(schema = "v2", migrate("v1" => super::old::User))]
    pub(super) struct User {
        pub(super) name: String,
        #[unique]
        pub(super) email: String,
        #[indexed]
        pub(super) age: u32,
        #[indexed]
        pub(super) tags: Vec<String>,
        pub(super) bio: String,
    }
}

#[tokio::main]
async fn main() -> specstar::Result<()> {
    let rows = std::env::var("SPECSTAR_ROWS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let file = std::env::temp_dir().join(format!("specstar-migrate-{}.db", std::process::id()));
    let url = std::env::var("SPECSTAR_DATABASE_URL").unwrap_or_else(|_| format!("sqlite:{}", file.display()));
    fill(&open(&url, specstar::resources![old::User]).await?, rows).await?;
    let app = open(&url, specstar::resources![new::User]).await?;
    println!("{:>9} rows, {} MiB resident", rows, resident());
    let users = app.repository::<new::User>();
    let reader = tokio::spawn(read(users.clone(), rows));
    let (summary, took) = migrate(&users).await?;
    println!(
        "{} migrated, {} failed: {} rows/s",
        summary.success,
        summary.failed,
        u128::from(summary.total) * 1000 / took.as_millis().max(1)
    );
    let mut times = reader.await.expect("the reader does not panic");
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 1_000];
    println!("{} reads meanwhile: p50 {:?}, p99 {:?}, p99.9 {:?}", times.len(), at(500), at(990), at(999));
    app.close().await
}

async fn open(url: &str, resources: Registry) -> specstar::Result<App> {
    specstar::app::SpecStar::builder().database_url(url).resources(resources).open_access().build().await
}

async fn fill(app: &App, rows: usize) -> specstar::Result<()> {
    let users = app.repository::<old::User>();
    let create = |n: usize| {
        let users = users.clone();
        async move {
            let user = old::User {
                name: format!("user {n}"),
                email: format!("user{n}@example.com"),
                age: (n % 90).to_string(),
                tags: vec![format!("t{}", n % 50), "all".into()],
                bio: "Somebody about whom little is known. ".repeat(5),
            };
            users.create_at(&format!("u{n}"), &user).await.map(|_| ())
        }
    };
    let mut made = stream::iter((0..rows).map(create)).buffer_unordered(256);
    while let Some(done) = made.next().await {
        done?;
    }
    drop(made);
    app.close().await
}

async fn migrate(users: &Repository<new::User>) -> specstar::Result<(MigrateSummary, Duration)> {
    let started = Instant::now();
    let mut migration = users.migrate(MigrateOptions::default()).await?;
    let mut told = 0;
    while let Some(batch) = migration.next().await? {
        let before = told;
        told += batch.len();
        if before / 100_000 != told / 100_000 {
            println!("{told:>9} rows, {} MiB resident", resident());
        }
    }
    Ok((migration.summary().clone(), started.elapsed()))
}

/// Reads rows, of either version, until all are migrated.
async fn read(users: Repository<new::User>, rows: usize) -> Vec<Duration> {
    let mut times = Vec::new();
    loop {
        let started = Instant::now();
        let last = users.get(&format!("u{}", fastrand::usize(..rows))).await.expect("it reads");
        times.push(started.elapsed());
        assert!(last.data.age < 90);
        tokio::time::sleep(Duration::from_millis(1)).await;
        let end = users.get(&format!("u{}", rows - 1)).await.expect("it reads");
        if end.revision.schema_version.as_deref() == Some("v2") {
            return times;
        }
    }
}

/// The resident memory of this process in MiB; 0 where the system does not say.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|text| text.parse().ok());
    kilobytes.unwrap_or(0) / 1024
}
