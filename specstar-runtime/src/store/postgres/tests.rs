//! The store on a real server.

mod agreement;
mod commits;
#[allow(dead_code)] // The other suites use more of it.
#[path = "../../../../tests/common/postgres.rs"]
mod server;
