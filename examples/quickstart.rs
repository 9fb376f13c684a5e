//! A service catalogue, as a platform team keeps one: teams, the services they own, and the incidents of
//! those services. Run it and open the documentation page it prints; a first request is
//!
//! ```sh
//! curl http://127.0.0.1:8000/team -H 'content-type: application/json' -d '{"name": "Platform", "channel": "#platform"}'
//! ```
//!
//! `cargo run --example quickstart -- help` lists what else it can do.

use specstar::app::ApiInfo;
use specstar::prelude::*;
use specstar::resource::ValidationErrors;

/// A group of people who own services.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Team {
    /// What everybody calls it; unique however it is capitalised.
    #[display_name]
    #[unique(case = "insensitive")]
    name: String,
    /// Where to reach it.
    #[indexed]
    channel: String,
}

/// Something that runs.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[resource(schema = "v1", unique("team", "name"), validate = check_service)]
struct Service {
    /// Unique within its team.
    #[display_name]
    #[indexed]
    name: String,
    /// Who owns it.
    #[reference(on_delete = "restrict")]
    team: Ref<Team>,
    /// How much it matters: 1 is the most.
    #[indexed]
    tier: u8,
    #[indexed]
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    repository: Option<String>,
}

fn check_service(service: &Service) -> Result<(), ValidationErrors> {
    if !(1..=4).contains(&service.tier) {
        return Err("tier must be from 1 to 4".into());
    }
    Ok(())
}

/// How an incident is going.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema, IndexKey)]
#[serde(rename_all = "snake_case")]
enum Progress {
    #[default]
    Open,
    Mitigated,
    Resolved,
}

/// Something that went wrong. A report starts as a draft, which may be rewritten until it is stable.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[resource(default_status = "draft")]
struct Incident {
    #[display_name]
    title: String,
    #[reference]
    service: Ref<Service>,
    #[indexed]
    #[serde(default)]
    progress: Progress,
    #[indexed]
    started: DateTime,
    #[serde(default)]
    report: String,
    /// Graphs and logs, uploaded before or sent along.
    #[serde(default)]
    attachments: Vec<Blob>,
}

/// What was found out.
#[derive(Deserialize, ToSchema)]
struct Resolution {
    /// Goes behind what the report says already.
    findings: String,
}

/// Ends an incident. However many add their findings at once, none is lost.
#[update_action(Incident, label = "Resolve")]
async fn resolve(existing: Existing<Incident>, resolution: Json<Resolution>) -> specstar::Result<Incident> {
    let mut incident = existing.data;
    incident.progress = Progress::Resolved;
    incident.report.push_str("\n\n");
    incident.report.push_str(&resolution.0.findings);
    Ok(incident)
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    tracing_subscriber::fmt()
        // Standard output is for what a command answers.
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()),
        )
        .init();
    let builder = SpecStar::builder()
        .resources(resources![Team, Service, Incident; actions(resolve)])
        .info(
            ApiInfo::new("Service catalogue", env!("CARGO_PKG_VERSION"))
                .description("Teams, their services and the incidents of those.")
                .license("MIT OR Apache-2.0")
                .contact("Platform team", "https://platform.example.com"),
        )
        .sqlite("data/quickstart.db")
        // `/metrics` asks nobody who he is.
        .metrics(true)
        .open_access();
    specstar::cli::run(builder).await
}
