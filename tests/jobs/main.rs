//! Jobs: what they do through HTTP and through a program, and what becomes of them when processes die.

#[allow(dead_code)] // The other suites use more of it.
#[path = "../common/mod.rs"]
mod common;

mod access;
mod actions;
mod archives;
mod calls;
mod enqueue;
mod keys;
mod kills;
mod leases;
mod life;
mod limits;
mod models;
mod payloads;
mod schedule;
mod work;

use models::resources;
