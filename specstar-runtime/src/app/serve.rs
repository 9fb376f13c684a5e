//! Serving an application until it is told to stop.

mod stalled;

use tokio::net::{TcpListener, ToSocketAddrs};

use self::stalled::Guarded;
use super::{App, SpecStarBuilder};
use crate::error::{Error, Result};

impl SpecStarBuilder {
    /// Builds the application and serves it until ctrl-c or SIGTERM; then requests under way are finished
    /// and the store is closed.
    pub async fn serve(self, address: impl ToSocketAddrs) -> Result<()> {
        let app = self.build().await?;
        let listener = TcpListener::bind(address).await.map_err(|error| failed("listen", &error))?;
        app.serve(listener).await
    }
}

impl App {
    /// Serves until ctrl-c or SIGTERM; then requests under way are finished and the store is closed. From the signal on
    /// `/ready` is answered with 503; see [`SpecStarBuilder::drain_time`].
    pub async fn serve(&self, listener: TcpListener) -> Result<()> {
        if let Ok(address) = listener.local_addr() {
            tracing::info!(%address, "listening");
        }
        let listener = Guarded::new(listener, self.state.settings.idle_timeout);
        let app = self.clone();
        let stopped = async move {
            stop_signal().await;
            app.drain();
            tokio::time::sleep(app.state.settings.drain_time).await;
            app.end_streams();
        };
        let served = axum::serve(listener, self.router()).with_graceful_shutdown(stopped).await;
        self.close().await?;
        served.map_err(|error| failed("serve", &error))?;
        tracing::info!("stopped");
        Ok(())
    }
}

fn failed(what: &str, error: &std::io::Error) -> Error {
    Error::CannotStart { problems: vec![format!("cannot {what}: {error}")] }
}

/// Waits for ctrl-c or SIGTERM. A signal that cannot be listened to is reported and never comes.
async fn stop_signal() {
    let ctrl_c = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::warn!(%error, "ctrl-c cannot be listened to");
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::warn!(%error, "SIGTERM cannot be listened to");
                std::future::pending::<()>().await;
            }
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = ctrl_c => {}
        () = terminate => {}
    }
    tracing::info!("stopping");
}
