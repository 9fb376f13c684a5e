//! What `#[job(…)]` says, all mistakes at once.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[job(
    que = "mail",
    queue = "a b",
    max_attempts = 0,
    backoff = "10m..1s",
    timeout = "soon",
    priority = 100000,
    every = "5ms",
    cron = "daily at noon",
)]
struct Wrong {
    to: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[job(queue = "a", queue = "b", timeout = "0s", artifact)]
struct Twice {
    to: String,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
#[job(every = "1h")]
struct NoDefault {
    to: String,
}

fn main() {}
