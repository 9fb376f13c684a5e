//! The HTTP contract: routes, requests, answers, the OpenAPI document and its page.
//!
//! One set of handlers serves every resource type. [`router`] mounts them from the
//! [route table](route::ROUTES); each gets a `Call`, which has parsed what the table says the
//! route reads, and gives a reply or an [`Error`](crate::error::Error).

mod body;
mod call;
mod envelope;
mod handler;
mod health;
mod idempotency;
mod metrics;
mod observe;
mod query_string;
mod reply;
mod router;
mod sections;
mod settings;

#[cfg(feature = "docs-ui")]
pub mod docs;
pub mod openapi;
pub mod route;

pub(crate) use health::routes as health_routes;
pub(crate) use metrics::routes as metrics_routes;
pub(crate) use observe::Observe;
pub(crate) use router::refuse_the_rest;
pub use router::{HttpState, router};
pub(crate) use sections::Sections;
pub use settings::{HttpSettings, UnknownParameters};
