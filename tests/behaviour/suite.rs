// The suite, on whichever engine the test target is for.

#[allow(dead_code)] // The other suite uses more of it.
#[path = "../common/mod.rs"]
mod common;

mod access;
mod acl;
mod actions;
mod archives;
mod blobs;
mod defaults;
mod faults;
mod feed;
mod filters;
mod hidden;
mod hooks;
mod hostile;
mod idempotency;
mod imports;
#[cfg(feature = "jwt")]
mod jwt;
mod layout;
mod lifecycle;
mod migration;
mod models;
mod observability;
mod pains;
mod preconditions;
mod principals;
mod qb;
mod qb_macro;
mod qb_page;
mod queries;
mod races;
mod reads;
mod references;
mod repository;
mod rules;
mod scopes;
mod streams;
mod structured;
mod subscribers;
mod torn;
mod undo;
mod validity;
mod values;
mod vectors;
mod watched;
mod wire;
mod writes;

use models::resources;
