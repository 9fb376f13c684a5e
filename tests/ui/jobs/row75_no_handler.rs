//! A handler takes the context of a job and gives its artifact.

use specstar::prelude::*;
use specstar::worker::{JobContext, JobError};

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[job(artifact = u32)]
struct Count {
    to: u32,
}

async fn wrong(_: JobContext<Count>) -> Result<String, JobError> {
    Ok("no number".into())
}

fn main() {
    let _ = SpecStar::builder().job::<Count>(wrong);
}
