//! The payload and the artifact of a job are stored.

use specstar::prelude::*;

#[derive(Resource)]
#[resource(openapi = false)]
#[job]
struct NoSerde {
    to: String,
}

struct Opaque;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[resource(openapi = false)]
#[job(artifact = Opaque)]
struct NoArtifact {
    to: String,
}

fn main() {}
