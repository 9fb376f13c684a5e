//! `serve`

use clap::Args;
use tokio::net::TcpListener;

use super::output::{Outcome, Output};
use crate::app::SpecStarBuilder;
use crate::error::{Error, Result};

/// Where an application listens unless it is told otherwise.
const ADDRESS: &str = "127.0.0.1:8000";

/// Arguments of `serve`.
#[derive(Clone, Debug, Args)]
pub struct Serve {
    /// The address to listen on.
    #[arg(long, env = "SPECSTAR_ADDR", default_value = ADDRESS, value_name = "ADDRESS:PORT")]
    listen: String,
}

impl Default for Serve {
    /// As without arguments: the environment may name the address.
    fn default() -> Self {
        let listen = std::env::var("SPECSTAR_ADDR").unwrap_or_else(|_| ADDRESS.to_owned());
        Self { listen }
    }
}

impl Serve {
    pub(super) async fn run(self, builder: SpecStarBuilder, output: &Output) -> Result<Outcome> {
        let app = builder.build().await?;
        let listener = TcpListener::bind(&self.listen).await.map_err(|error| Error::CannotStart {
            problems: vec![format!("cannot listen on {}: {error}", self.listen)],
        })?;
        let address = listener.local_addr().map_or(self.listen, |address| address.to_string());
        let base = app.base_path();
        #[cfg(feature = "docs-ui")]
        output.line(format!("documentation   http://{address}{base}/docs"));
        output.line(format!("OpenAPI         http://{address}{base}/openapi.json"));
        app.serve(listener).await?;
        Ok(Outcome::Fine)
    }
}
