//! A NATS server for a test, from the programs on this machine.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A running server, which goes with the test.
pub(crate) struct Server {
    port: u16,
    folder: TempDir,
    child: Child,
}

impl Server {
    /// Starts one with an empty folder. Panics with what to install where there is none.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let child = run(port, &folder);
        Self { port, folder, child }
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Ends it without a warning.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// Starts it again with what it has stored.
    pub(crate) fn restart(&mut self) {
        self.child = run(self.port, &self.folder);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(port: u16, folder: &TempDir) -> Child {
    let port = port.to_string();
    // Debian has it where not every user looks.
    let aside = Path::new("/usr/sbin/nats-server");
    let program = if aside.exists() { aside } else { Path::new("nats-server") };
    Command::new(program)
        .args(["--addr", "127.0.0.1", "--port", &port, "--jetstream", "--store_dir"])
        .arg(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("no NATS server is found ({error}): install the Debian package `nats-server`")
        })
}
