//! Payloads and artifacts with files, and payloads of another program.

use serde_json::json;
use specstar::job::JobStatus;
use specstar::prelude::*;
use specstar::worker::{JobContext, JobError};

use crate::common::{TestApp, eventually};
use crate::models::quick;

/// Turns a file into another one.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[job(artifact = Turned)]
struct Turn {
    file: Blob,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
struct Turned {
    file: Blob,
}

async fn turn(job: JobContext<Turn>) -> Result<Turned, JobError> {
    let size = job.payload.file.size().unwrap_or_default();
    Ok(Turned { file: Blob::from_bytes(format!("it had {size} bytes"), "text/plain") })
}

#[tokio::test]
async fn files_of_payloads_and_artifacts_are_kept() {
    let app = TestApp::with(resources![Turn], |builder| builder.job(turn).workers(quick())).await;
    let ann = app.user("ann");
    let body = json!({"payload": {"file": {"data": "aGVsbG8=", "content_type": "text/plain"}}});
    let made = ann.post("/turn", body).await.ok();
    let path = format!("/turn/{}", made["resource_id"].as_str().expect("an id"));
    eventually("it is turned", || async {
        ann.get(&format!("{path}/data")).await.ok()["status"] == "completed"
    })
    .await;
    let data = ann.get(&format!("{path}/data")).await.ok();
    let file = data["artifact"]["file"]["file_id"].as_str().expect("an id");
    assert_eq!(ann.get(&format!("{path}/blobs/{file}")).await.is(200).text(), "it had 5 bytes");
    let file = data["payload"]["file"]["file_id"].as_str().expect("an id");
    assert_eq!(ann.get(&format!("{path}/blobs/{file}")).await.is(200).text(), "hello");
}

mod earlier {
    use specstar::prelude::*;

    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    #[job]
    pub(super) struct Chore {
        #[indexed]
        pub(super) what: String,
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[job]
struct Chore {
    #[indexed]
    what: String,
    when: u32,
}

#[tokio::test]
async fn a_payload_that_the_program_cannot_read_is_a_dead_letter_and_blocks_nothing() {
    let app = TestApp::new(resources![earlier::Chore]).await;
    let old = app.app().jobs::<earlier::Chore>();
    let id = old.enqueue(earlier::Chore { what: "a".into() }).await.expect("a job");
    let folder = app.stop().await;
    let work = async |_: JobContext<Chore>| Ok(());
    let app = TestApp::on(folder, resources![Chore], |builder| builder.job(work).workers(quick())).await;
    let new = app.app().jobs::<Chore>();
    let next = new.enqueue(Chore { what: "b".into(), when: 1 }).await.expect("a job");
    let ann = app.user("ann");
    let read = async |id: &str| ann.get(&format!("/chore/{id}/data")).await.ok();
    eventually("both are over", || async {
        read(&id).await["status"] == "failed" && read(&next).await["status"] == JobStatus::Completed.as_str()
    })
    .await;
    let message = read(&id).await["errmsg"].as_str().expect("a text").to_owned();
    assert!(message.starts_with("the payload cannot be read: missing field `when`"), "{message}");
}
