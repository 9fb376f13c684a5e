//! Backups of an application, for the program itself.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Handle;

use super::export::Export;
use super::import::Importer;
use super::open;
use super::report::{ExportOptions, ExportReport, ImportOptions, ImportReport, VerifyReport};
use crate::access::Principal;
use crate::change::ModelIndex;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::repository::{Caller, Service};

/// Exports and imports of everything that an application stores. Nobody asks what the program may do.
///
/// ```no_run
/// # async fn run(app: &specstar_runtime::app::App) -> specstar_runtime::error::Result<()> {
/// use specstar_runtime::backup::{Backup, ExportOptions, ImportOptions, OnDuplicate};
/// let file = std::fs::File::create("all.ssbak").map_err(specstar_runtime::error::Error::internal)?;
/// let report = app.backup().export(file, ExportOptions::default()).await?;
/// println!("{} bytes, and later: since {}", report.bytes, report.token);
/// Backup::verify("all.ssbak").await?;
/// let options = ImportOptions { on_duplicate: OnDuplicate::Overwrite, ..ImportOptions::default() };
/// app.backup().import("all.ssbak", options).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Backup {
    service: Arc<Service>,
    clock: Arc<dyn Clock>,
    principal: Principal,
}

impl Backup {
    pub(crate) fn new(service: Arc<Service>, clock: Arc<dyn Clock>) -> Self {
        Self { service, clock, principal: Principal::Anonymous }
    }

    /// The same, recorded in the name of somebody.
    #[must_use]
    pub fn acting_as(self, principal: Principal) -> Self {
        Self { principal, ..self }
    }

    fn caller(&self) -> Result<Caller> {
        Ok(Caller::program(self.principal.clone(), self.clock.now(None)?))
    }

    /// Writes an archive of this moment. It is only whole when this returns `Ok`: what was written before an error
    /// has no end, and no reader takes it. The resources are written while others change them.
    pub async fn export<W: Write + Send + 'static>(
        &self,
        writer: W,
        options: ExportOptions,
    ) -> Result<ExportReport> {
        let export = Export::begin(Arc::clone(&self.service), options, None, &self.caller()?).await?;
        export.write(std::io::BufWriter::with_capacity(1 << 20, writer)).await
    }

    /// Reads an archive, whatever its format, and stores what it has. Everything is looked at before anything is
    /// stored: checksums, payloads, unique values, references. An archive of up to 10,000 resources and 16 MiB is
    /// one commit; a larger one is stored in batches, and one that fails in the middle, because somebody else wrote
    /// something meanwhile, can be imported again. Hooks do not run; the log of changes has an entry per resource.
    pub async fn import(&self, path: impl Into<PathBuf>, options: ImportOptions) -> Result<ImportReport> {
        let caller = self.caller()?;
        let path: PathBuf = path.into();
        import(Arc::clone(&self.service), path, options, None, caller).await
    }

    /// The same from a stream, which is kept in a temporary file meanwhile.
    pub async fn import_from<R: Read + Send + 'static>(
        &self,
        mut reader: R,
        options: ImportOptions,
    ) -> Result<ImportReport> {
        let copied = tokio::task::spawn_blocking(move || {
            let mut file = tempfile::NamedTempFile::new()?;
            std::io::copy(&mut reader, &mut file)?;
            Ok::<_, std::io::Error>(file)
        });
        let unreadable = |error| Error::BadRequest(format!("the archive could not be read: {error}"));
        let file = copied.await.map_err(Error::internal)?.map_err(unreadable)?;
        import(Arc::clone(&self.service), file, options, None, self.caller()?).await
    }

    /// Reads an archive to its end and checks all that can be checked without an application.
    pub async fn verify(path: impl AsRef<Path> + Send + 'static) -> Result<VerifyReport> {
        let verified = tokio::task::spawn_blocking(move || open::verify(path.as_ref()));
        Ok(verified.await.map_err(Error::internal)??)
    }
}

/// Imports a file on a thread that may wait, and keeps what holds the file until it is done, even when nobody waits any
/// more. With `only`, other types are passed over.
pub(crate) async fn import<S: AsRef<Path> + Send + 'static>(
    service: Arc<Service>,
    source: S,
    options: ImportOptions,
    only: Option<ModelIndex>,
    caller: Caller,
) -> Result<ImportReport> {
    let handle = Handle::current();
    let imported = tokio::task::spawn_blocking(move || {
        let importer = Importer {
            service: &service,
            caller: &caller,
            options: &options,
            only,
            path: source.as_ref(),
            handle: &handle,
        };
        importer.run()
    });
    imported.await.map_err(Error::internal)?
}
