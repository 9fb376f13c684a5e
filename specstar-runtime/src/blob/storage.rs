//! The bytes: a thin layer over an object storage.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::pin::pin;
use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    Error as StorageError, GetOptions, GetResult, GetResultPayload, ObjectStore, ObjectStoreExt, PutPayload,
    WriteMultipart,
};

use super::digest::{Digest, Hasher};
use super::error::storage_error;
use super::too_large;
use crate::error::{Error, Result};

/// Bytes as they are read.
pub type ByteStream = BoxStream<'static, Result<Bytes>>;

/// Bytes per part of an upload, and how many parts are on their way: what an upload holds in memory. A folder takes
/// parts of any size, the protocol of S3 none below this one.
const FOLDER_PART: usize = 512 << 10;
const REMOTE_PART: usize = 5 << 20;
const PARTS: usize = 2;

/// Bytes per read of a file.
const READ: u64 = 128 << 10;

/// Where the bytes of blobs are. Clones share it.
///
/// ```
/// # async fn run() -> specstar_runtime::error::Result<()> {
/// use specstar_runtime::blob::BlobStorage;
/// let storage = BlobStorage::memory();
/// storage.put_bytes("a/b", "text".into()).await?;
/// assert_eq!(storage.size("a/b").await?, Some(4));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct BlobStorage(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    place: Place,
    prefix: String,
    /// The typed client, which signs addresses.
    #[cfg(feature = "s3")]
    s3: Option<Arc<object_store::aws::AmazonS3>>,
}

#[derive(Debug)]
enum Place {
    /// A folder, which is made when something is first stored.
    Folder {
        path: PathBuf,
        open: OnceLock<Arc<dyn ObjectStore>>,
    },
    Given(Arc<dyn ObjectStore>),
}

impl BlobStorage {
    /// A folder of this machine. It is made, with those above it, when something is first stored in it. What is
    /// stored is on the disk before it is answered.
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        Self::at(Place::Folder { path: path.into(), open: OnceLock::new() }, String::new())
    }

    /// The memory of this process, for tests: when the process ends it is lost, and a database that outlives it
    /// then names files that are not there.
    pub fn memory() -> Self {
        Self::from_object_store(Arc::new(InMemory::new()), "")
    }

    /// Any object storage, below a prefix.
    pub fn from_object_store(store: Arc<dyn ObjectStore>, prefix: &str) -> Self {
        Self::at(Place::Given(store), prefix.trim_matches('/').to_owned())
    }

    fn at(place: Place, prefix: String) -> Self {
        Self(Arc::new(Inner {
            place,
            prefix,
            #[cfg(feature = "s3")]
            s3: None,
        }))
    }

    #[cfg(feature = "s3")]
    pub(super) fn with_s3(client: object_store::aws::AmazonS3, prefix: &str) -> Self {
        let client = Arc::new(client);
        let place = Place::Given(Arc::clone(&client) as Arc<dyn ObjectStore>);
        Self(Arc::new(Inner { place, prefix: prefix.trim_matches('/').to_owned(), s3: Some(client) }))
    }

    /// The client of an object storage that speaks the S3 protocol, where this is one.
    #[cfg(feature = "s3")]
    pub fn s3_client(&self) -> Option<&Arc<object_store::aws::AmazonS3>> {
        self.0.s3.as_ref()
    }

    /// Whether it can sign addresses that clients put bytes to: one that speaks the S3 protocol.
    pub fn signs(&self) -> bool {
        match &self.0.place {
            #[cfg(feature = "s3")]
            Place::Given(_) => self.0.s3.is_some(),
            #[cfg(not(feature = "s3"))]
            Place::Given(_) => false,
            Place::Folder { .. } => false,
        }
    }

    /// The folder, where this is one.
    pub fn path(&self) -> Option<&FilePath> {
        match &self.0.place {
            Place::Folder { path, .. } => Some(path),
            Place::Given(_) => None,
        }
    }

    /// Where the bytes of a key are in [`object_store`](Self::object_store).
    pub fn location(&self, key: &str) -> Path {
        if self.0.prefix.is_empty() {
            Path::from(key)
        } else {
            Path::from(format!("{}/{key}", self.0.prefix))
        }
    }

    /// The object storage itself.
    pub fn object_store(&self) -> Result<Arc<dyn ObjectStore>> {
        let (path, open) = match &self.0.place {
            Place::Given(store) => return Ok(Arc::clone(store)),
            Place::Folder { path, open } => (path, open),
        };
        if let Some(store) = open.get() {
            return Ok(Arc::clone(store));
        }
        let store = open_folder(path).map_err(|reason| {
            tracing::warn!(path = %path.display(), %reason, "the folder of blobs cannot be used");
            Error::Unavailable { reason: format!("the folder of blobs: {reason}"), retry_after: 1 }
        })?;
        Ok(Arc::clone(open.get_or_init(|| store)))
    }

    /// Writes what a stream gives under a key, in parts, and hashes it on the way. 413 when it gives more than
    /// `limit` bytes; then, and when the stream fails, nothing is stored.
    pub async fn put_stream<S, E>(&self, key: &str, stream: S, limit: u64) -> Result<Digest>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Into<Error> + Send,
    {
        let part = if self.path().is_some() { FOLDER_PART } else { REMOTE_PART };
        let mut stream = pin!(stream);
        let mut hasher = Hasher::default();
        let mut first = BytesMut::new();
        // What fits into one part needs no more than one request.
        while first.len() < part {
            let Some(bytes) = next(&mut stream, &mut hasher, limit).await? else {
                self.put_bytes(key, first.freeze()).await?;
                return Ok(hasher.finish());
            };
            first.extend_from_slice(&bytes);
        }
        let upload = self.object_store()?.put_multipart(&self.location(key)).await.map_err(storage_error)?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, part);
        upload.put(first.freeze());
        loop {
            let step = match next(&mut stream, &mut hasher, limit).await {
                Ok(Some(bytes)) => {
                    upload.put(bytes);
                    upload.wait_for_capacity(PARTS).await.map_err(storage_error)
                }
                Ok(None) => break,
                Err(error) => Err(error),
            };
            if let Err(error) = step {
                if let Err(failure) = upload.abort().await {
                    tracing::warn!(error = %failure, "an upload to the object storage could not be taken back");
                }
                return Err(error);
            }
        }
        upload.finish().await.map_err(storage_error)?;
        Ok(hasher.finish())
    }

    /// Writes bytes under a key.
    pub async fn put_bytes(&self, key: &str, bytes: Bytes) -> Result<()> {
        let store = self.object_store()?;
        store.put(&self.location(key), PutPayload::from(bytes)).await.map_err(storage_error)?;
        Ok(())
    }

    /// The bytes under a key, or a range of them that lies within their size; `None` when there are none.
    pub async fn get(&self, key: &str, range: Option<Range<u64>>) -> Result<Option<ByteStream>> {
        if range.as_ref().is_some_and(Range::is_empty) {
            return Ok(self.size(key).await?.map(|_| stream::empty().boxed()));
        }
        let options = GetOptions::default().with_range(range);
        match self.object_store()?.get_opts(&self.location(key), options).await {
            Ok(found) => Ok(Some(read(found))),
            Err(StorageError::NotFound { .. }) => Ok(None),
            Err(error) => Err(storage_error(error)),
        }
    }

    /// How many bytes are under a key; `None` when there are none.
    pub async fn size(&self, key: &str) -> Result<Option<u64>> {
        match self.object_store()?.head(&self.location(key)).await {
            Ok(found) => Ok(Some(found.size)),
            Err(StorageError::NotFound { .. }) => Ok(None),
            Err(error) => Err(storage_error(error)),
        }
    }

    /// Removes what is under a key, if there is something, and what an upload that did not end has left of it.
    pub async fn delete(&self, key: &str) -> Result<()> {
        let location = self.location(key);
        if let Some(folder) = self.path() {
            remove_unfinished(folder.join(location.as_ref())).await?;
        }
        match self.object_store()?.delete(&location).await {
            Ok(()) | Err(StorageError::NotFound { .. }) => Ok(()),
            Err(error) => Err(storage_error(error)),
        }
    }
}

fn open_folder(path: &FilePath) -> Result<Arc<dyn ObjectStore>, String> {
    create_folders(path).map_err(|error| error.to_string())?;
    let store = LocalFileSystem::new_with_prefix(path).map_err(|error| error.to_string())?;
    Ok(Arc::new(store.with_fsync(true)))
}

/// A new folder is there after a crash when the one that it is in was written to the disk.
fn create_folders(path: &FilePath) -> std::io::Result<()> {
    let missing: Vec<&FilePath> = path.ancestors().take_while(|folder| !folder.exists()).collect();
    std::fs::create_dir_all(path)?;
    for folder in missing {
        // The one above `a` is the current one.
        let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
        if cfg!(unix) {
            File::open(above.unwrap_or(FilePath::new(".")))?.sync_all()?;
        }
    }
    Ok(())
}

/// The next bytes of a stream, unless they are more than may come.
async fn next<S, E>(stream: &mut S, hasher: &mut Hasher, limit: u64) -> Result<Option<Bytes>>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<Error>,
{
    let Some(bytes) = stream.next().await else { return Ok(None) };
    let bytes = bytes.map_err(Into::into)?;
    hasher.update(&bytes);
    if hasher.size() > limit { Err(too_large(limit)) } else { Ok(Some(bytes)) }
}

/// Until an upload into a folder ends, its bytes are in a file of another name, which the crate numbers from 1; a
/// key is only written once.
async fn remove_unfinished(mut path: PathBuf) -> Result<()> {
    if let Some(name) = path.file_name() {
        let mut name = name.to_owned();
        name.push("#1");
        path.set_file_name(name);
    }
    let removed = tokio::task::spawn_blocking(move || match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.to_string()),
        _ => Ok(()),
    });
    match removed.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(reason)) => {
            tracing::warn!(%reason, "the rest of an upload cannot be removed");
            Err(Error::Unavailable { reason: format!("the folder of blobs: {reason}"), retry_after: 1 })
        }
        Err(error) => Err(Error::internal(error)),
    }
}

/// The crate reads files in small pieces, each on another thread: larger ones cost a fraction.
fn read(found: GetResult) -> ByteStream {
    let range = found.range.clone();
    match found.payload {
        GetResultPayload::File(file, _) => {
            stream::try_unfold((file, range), |(file, range)| read_file(file, range)).boxed()
        }
        GetResultPayload::Stream(stream) => stream.map_err(storage_error).boxed(),
    }
}

async fn read_file(mut file: File, range: Range<u64>) -> Result<Option<(Bytes, (File, Range<u64>))>> {
    if range.is_empty() {
        return Ok(None);
    }
    let piece = tokio::task::spawn_blocking(move || {
        let wanted = READ.min(range.end - range.start);
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(range.start))?;
        let read = (&mut file).take(wanted).read_to_end(&mut bytes)? as u64;
        if read < wanted {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok((Bytes::from(bytes), (file, range.start + read..range.end)))
    });
    let piece: std::io::Result<_> = piece.await.map_err(Error::internal)?;
    piece.map(Some).map_err(|error| {
        let source = Box::new(error);
        storage_error(StorageError::Generic { store: "folder", source })
    })
}
