//! A PostgreSQL server for the tests of one process: a fresh cluster from the programs on this machine, which goes with
//! the process, or the database that `SPECSTAR_TEST_POSTGRES` names. Each test has a schema of its own in it.
//!
//! `SPECSTAR_TEST_POSTGRES_FSYNC=off` has the cluster not wait for the disk.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use specstar::sea_orm::{ConnectOptions, ConnectionTrait, Database, DbBackend, QueryResult, Statement};

/// A server that does not run as the owner of the machine: the user `nobody`.
const NOBODY: u32 = 65_534;

/// Waits for the end of its input, which is the end of whoever started it, and takes everything away.
const KEEPER: &str = r#"
"$1/postgres" -D "$2/data" >"$2/log" 2>&1 &
server=$!
trap '' INT TERM HUP
echo started $server
read -r end
kill -INT $server
wait $server
rm -rf "$2"
"#;

/// A running cluster.
pub(crate) struct Cluster {
    folder: PathBuf,
    bin: PathBuf,
    /// Ends the server when it is dropped, or this process ends.
    keeper: Child,
}

impl Cluster {
    /// Makes a new one. Panics with what to install where there is no server.
    pub(crate) fn start() -> Self {
        let bin = programs().unwrap_or_else(|| {
            panic!(
                "no PostgreSQL server is found: install the Debian package `postgresql`, have `initdb` in PATH, or name \
                 a database in SPECSTAR_TEST_POSTGRES (postgres://user@host/name)"
            )
        });
        let folder =
            tempfile::Builder::new().prefix("specstar-pg-").tempdir().expect("a temporary folder").keep();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).expect("its mode");
        if is_root(&folder) {
            chown(&folder, Some(NOBODY), Some(NOBODY)).expect("its owner");
        }
        let made = unprivileged(&folder, &bin.join("initdb"))
            .args([
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--username=postgres",
                "--no-sync",
                "--pgdata",
            ])
            .arg(folder.join("data"))
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        // In its own file, for every start.
        let fsync = std::env::var("SPECSTAR_TEST_POSTGRES_FSYNC").unwrap_or_else(|_| "on".to_owned());
        let options = format!(
            "listen_addresses = ''\nunix_socket_directories = '{}'\nmax_connections = 300\n\
             shared_buffers = 64MB\nfsync = {fsync}\nlog_min_messages = fatal\n",
            folder.display(),
        );
        std::fs::write(folder.join("data/postgresql.auto.conf"), options).expect("its options");
        let keeper = Self::keep(&folder, &bin);
        let cluster = Self { folder, bin, keeper };
        cluster.wait();
        cluster
    }

    fn keep(folder: &Path, bin: &Path) -> Child {
        let mut keeper = unprivileged(folder, Path::new("/bin/sh"))
            .args(["-c", KEEPER, "keeper"])
            .args([bin, folder])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut started = String::new();
        let stdout = keeper.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut started).expect("it says that it has started");
        keeper
    }

    /// Until it takes connections.
    fn wait(&self) {
        let limit = Instant::now() + Duration::from_mins(1);
        while let Err(error) = blocking(run(self.url("postgres"), "SELECT 1".into())) {
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(Instant::now() < limit, "the server does not start: {error}\n{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A database in it.
    pub(crate) fn url(&self, database: &str) -> String {
        let folder: String =
            form_urlencoded::byte_serialize(self.folder.as_os_str().as_encoded_bytes()).collect();
        format!("postgres://postgres@localhost/{database}?host={folder}")
    }

    /// Stops the server without a warning to anybody, and starts it again when the rest is done.
    pub(crate) fn restart(&self, mode: &str, meanwhile: impl FnOnce()) {
        let pid = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).expect("it runs");
        let pid = pid.lines().next().expect("a number").to_owned();
        let sent = Command::new("kill").args([mode, &pid]).status().expect("the command runs");
        assert!(sent.success(), "the signal is sent");
        let limit = Instant::now() + Duration::from_secs(30);
        while Path::new("/proc").join(&pid).join("exe").exists() || self.is_there() {
            assert!(Instant::now() < limit, "the server does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
        meanwhile();
        let started = unprivileged(&self.folder, &self.bin.join("pg_ctl"))
            .args(["start", "--wait", "--silent", "--log"])
            .arg(self.folder.join("log"))
            .arg("--pgdata")
            .arg(self.folder.join("data"))
            .status()
            .expect("pg_ctl runs");
        assert!(started.success(), "the server starts again");
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    fn is_there(&self) -> bool {
        std::os::unix::net::UnixStream::connect(self.socket()).is_ok()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A server that was started again is none that the keeper knows.
        let _ = unprivileged(&self.folder, &self.bin.join("pg_ctl"))
            .args(["stop", "--mode=immediate", "--silent", "--pgdata"])
            .arg(self.folder.join("data"))
            .status();
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A command that does not run as the owner of the machine.
fn unprivileged(folder: &Path, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env_remove("PGHOST").env_remove("PGPORT").env_remove("PGUSER");
    // A folder that belongs to nobody was made by root.
    if std::fs::metadata(folder).is_ok_and(|folder| folder.uid() == NOBODY) {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn is_root(own: &Path) -> bool {
    std::fs::metadata(own).is_ok_and(|folder| folder.uid() == 0)
}

/// Where the programs are: of the newest version on this machine, or in PATH.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|version| {
            let number = version.file_name().to_str()?.parse().ok()?;
            Some((number, version.path().join("bin")))
        })
        .filter(|(_, bin)| bin.join("initdb").exists() && bin.join("postgres").exists())
        .collect();
    versions.sort();
    let newest = versions.pop().map(|(_, bin)| bin);
    newest.or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find_map(|folder| {
            let initdb = std::fs::canonicalize(folder.join("initdb")).ok()?;
            let bin = initdb.parent()?.to_owned();
            bin.join("postgres").exists().then_some(bin)
        })
    })
}

/// The server that the tests of this process share.
fn shared() -> String {
    static SHARED: OnceLock<(Option<Cluster>, String)> = OnceLock::new();
    let (_, url) = SHARED.get_or_init(|| {
        if let Ok(url) = std::env::var("SPECSTAR_TEST_POSTGRES") {
            return (None, url);
        }
        let cluster = Cluster::start();
        let url = cluster.url("postgres");
        (Some(cluster), url)
    });
    url.clone()
}

/// The database of a test folder: a schema of its own, which is made when it is asked for the first time.
pub(crate) fn url(folder: &Path) -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let note = folder.join("postgres.url");
    if let Ok(url) = std::fs::read_to_string(&note) {
        return url;
    }
    let server = shared();
    let schema = format!("t{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    blocking(run(server.clone(), format!("CREATE SCHEMA {schema}"))).expect("a schema");
    let url = in_schema(&server, &schema);
    std::fs::write(&note, &url).expect("a note");
    url
}

/// A database with this schema first.
pub(crate) fn in_schema(server: &str, schema: &str) -> String {
    let sign = if server.contains('?') { '&' } else { '?' };
    format!("{server}{sign}options[search_path]={schema}")
}

/// Runs something on a runtime of its own, wherever it is called from.
pub(crate) fn blocking<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(work)
    };
    std::thread::spawn(run).join().expect("it does not panic")
}

/// Runs a statement, and gives its rows.
pub(crate) async fn run(url: String, sql: String) -> Result<Vec<QueryResult>, String> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false).acquire_timeout(Duration::from_secs(5));
    let connection = Database::connect(options).await.map_err(|error| error.to_string())?;
    let rows = connection.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await;
    let _ = connection.close_by_ref().await;
    rows.map_err(|error| error.to_string())
}
