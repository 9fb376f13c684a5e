//! Opening the file, recognising it again, and what an engine error means.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::counts::Counts;
use super::{SqliteOptions, Synchronous};
use crate::store::StoreError;
use crate::store::sql::search::functions;

/// Statements a connection keeps prepared. A type needs about ten to write and the shapes of its
/// searches to read.
const STATEMENTS: usize = 1024;

/// Pages in the log before a commit also writes them into the file: the later, the fewer pages are
/// written twice, and the longer the one commit that pays for it.
const CHECKPOINT_PAGES: u32 = 4000;

/// KiB of page cache of the writer. Each commit walks the cache, and the mapped file serves its reads.
const WRITER_CACHE: u32 = 2048;

/// Bytes the log may keep of the disk once it is empty.
const LOG_BYTES: u64 = 256 << 20;

/// Engine steps between two looks at the clock.
const STEPS: i32 = 1000;

/// Tells one file from another that has taken its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileId(u64, u64);

impl FileId {
    /// The file of this name, if there is one.
    pub(super) fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|file| Self::from(&file))
    }
}

#[cfg(unix)]
impl From<&std::fs::Metadata> for FileId {
    fn from(file: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(file.dev(), file.ino())
    }
}

/// Elsewhere an open file cannot be replaced, so that its existence is enough.
#[cfg(not(unix))]
impl From<&std::fs::Metadata> for FileId {
    fn from(_: &std::fs::Metadata) -> Self {
        Self(0, 0)
    }
}

/// The write-ahead log beside a database file.
pub(super) fn log_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// The connection that writes. Only the first one may make the file: a lost one must not be replaced
/// by an empty one.
pub(super) fn open_writer(options: &SqliteOptions, create: bool) -> Result<Connection, StoreError> {
    let create = if create { OpenFlags::SQLITE_OPEN_CREATE } else { OpenFlags::empty() };
    let connection = open(options, create).map_err(store_error)?;
    configure_writer(&connection, options).map_err(store_error)?;
    Ok(connection)
}

fn configure_writer(connection: &Connection, options: &SqliteOptions) -> rusqlite::Result<()> {
    let synchronous = match options.synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
    };
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        tracing::warn!(
            mode,
            "the file system does not allow a write-ahead log: reads and writes will wait for each other"
        );
    }
    connection.execute_batch(&format!(
        "PRAGMA synchronous = {synchronous};
         PRAGMA cache_size = -{WRITER_CACHE};
         PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};
         PRAGMA journal_size_limit = {LOG_BYTES};"
    ))
}

fn open(options: &SqliteOptions, extra: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | extra;
    let connection = Connection::open_with_flags(&options.path, flags)?;
    connection.busy_timeout(options.busy_timeout)?;
    // Without it the engine prepares a cached statement again when other values are bound to it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch(&format!("PRAGMA mmap_size = {};", options.mapped_bytes))?;
    Ok(connection)
}

/// A connection that only reads, and the limits of what it runs.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) connection: Connection,
    deadline: Arc<Deadline>,
    allowance: Arc<Allowance>,
    pub(super) counts: RefCell<Counts>,
}

impl Reader {
    /// Opens the file, which must exist.
    pub(super) fn open(options: &SqliteOptions) -> Result<Self, StoreError> {
        Self::try_open(options).map_err(store_error)
    }

    fn try_open(options: &SqliteOptions) -> rusqlite::Result<Self> {
        let connection = open(options, OpenFlags::empty())?;
        connection.execute_batch("PRAGMA query_only = ON;")?;
        functions::register(&connection)?;
        let deadline = Arc::new(Deadline::new());
        let allowance = Arc::new(Allowance::default());
        let (time, steps) = (Arc::clone(&deadline), Arc::clone(&allowance));
        connection.progress_handler(STEPS, Some(move || time.has_passed() || steps.is_used_up()))?;
        Ok(Self { connection, deadline, allowance, counts: RefCell::default() })
    }

    /// From now on a statement fails when it runs past this time; `None` takes the limit away.
    pub(super) fn limit(&self, time: Option<Duration>) {
        self.deadline.set(time);
    }

    /// From now on a statement fails when it takes more steps; `None` takes the limit away.
    pub(super) fn limit_steps(&self, steps: Option<u64>) {
        self.allowance.set(steps);
    }

    /// Whether a statement failed for its steps, and not for its time.
    pub(super) fn is_spent(&self) -> bool {
        self.allowance.spent.load(Ordering::Relaxed) && !self.deadline.has_passed()
    }
}

/// Engine steps that are left, counted in looks.
#[derive(Debug)]
struct Allowance {
    looks: AtomicU64,
    spent: AtomicBool,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { looks: AtomicU64::new(u64::MAX), spent: AtomicBool::new(false) }
    }
}

impl Allowance {
    fn set(&self, steps: Option<u64>) {
        self.spent.store(false, Ordering::Relaxed);
        let looks = steps.map_or(u64::MAX, |steps| steps / u64::from(STEPS.unsigned_abs()));
        self.looks.store(looks, Ordering::Relaxed);
    }

    fn is_used_up(&self) -> bool {
        let looks = self.looks.load(Ordering::Relaxed);
        match looks {
            u64::MAX => return false,
            0 => self.spent.store(true, Ordering::Relaxed),
            _ => self.looks.store(looks - 1, Ordering::Relaxed),
        }
        looks == 0
    }
}

/// Milliseconds after `start`, zero for none: read by the engine while the statement runs.
#[derive(Debug)]
struct Deadline {
    start: Instant,
    at: AtomicU64,
}

impl Deadline {
    fn new() -> Self {
        Self { start: Instant::now(), at: AtomicU64::new(0) }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn set(&self, time: Option<Duration>) {
        let at = time.map_or(0, |time| {
            let limit = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            self.now().saturating_add(limit).max(1)
        });
        self.at.store(at, Ordering::Relaxed);
    }

    fn has_passed(&self) -> bool {
        let at = self.at.load(Ordering::Relaxed);
        at != 0 && self.now() >= at
    }
}

/// What an engine error means to a caller: whether it is the database that cannot answer, or this
/// program that asked wrongly.
#[allow(clippy::needless_pass_by_value)] // used as a function in `map_err`
pub(super) fn store_error(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => StoreError::Timeout,
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::AuthorizationForStatementDenied
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::NoLargeFileSupport
            | ErrorCode::OutOfMemory,
        ) => StoreError::Unavailable(error.to_string()),
        _ => StoreError::Internal(error.to_string()),
    }
}

/// Whether the engine refused a duplicate.
pub(super) fn is_duplicate(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_ROWID, SQLITE_CONSTRAINT_UNIQUE};
    error.sqlite_error().is_some_and(|error| {
        [SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_ROWID]
            .contains(&error.extended_code)
    })
}
