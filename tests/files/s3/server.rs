//! A server that speaks the S3 protocol, over a folder, and fails when it is told to.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::Body;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use specstar::runtime::blob::BlobStorage;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const KEY: &str = "test-key";
pub(super) const SECRET: &str = "test-secret";
const BUCKET: &str = "files";

/// How a request fails.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    /// It is answered with 503.
    Error,
    /// The connection is closed instead of an answer.
    Cut,
}

#[derive(Default)]
struct Plan {
    /// Requests that are answered first.
    good: AtomicUsize,
    /// Requests that fail then.
    left: AtomicUsize,
    cut: AtomicUsize,
}

impl Plan {
    /// Whether the next request fails, and how.
    fn next(&self) -> Option<Trouble> {
        let fewer = |left: usize| left.checked_sub(1);
        if self.good.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer).is_ok() {
            return None;
        }
        self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer).ok()?;
        Some(if self.cut.load(Ordering::SeqCst) == 1 { Trouble::Cut } else { Trouble::Error })
    }
}

pub(super) struct Server {
    address: String,
    plan: Arc<Plan>,
    accepting: JoinHandle<()>,
    _folder: TempDir,
}

impl Server {
    pub(super) async fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        std::fs::create_dir(folder.path().join(BUCKET)).expect("the bucket");
        let mut builder = S3ServiceBuilder::new(FileSystem::new(folder.path()).expect("a folder"));
        builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = builder.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let plan = Arc::new(Plan::default());
        let accepting = tokio::spawn(accept(listener, service, Arc::clone(&plan)));
        Self { address, plan, accepting, _folder: folder }
    }

    /// The storage as a client with this secret sees it.
    pub(super) fn storage(&self, secret: &str) -> BlobStorage {
        let options = [
            ("aws_endpoint", &*self.address),
            ("aws_allow_http", "true"),
            ("aws_region", "eu-central-1"),
            ("aws_access_key_id", KEY),
            ("aws_secret_access_key", secret),
        ];
        BlobStorage::s3(&format!("s3://{BUCKET}/app"), options).expect("options")
    }

    /// The next requests fail.
    pub(super) fn fail(&self, trouble: Trouble, requests: usize) {
        self.fail_after(0, trouble, requests);
    }

    /// Requests fail after some that do not.
    pub(super) fn fail_after(&self, good: usize, trouble: Trouble, requests: usize) {
        self.plan.cut.store(usize::from(matches!(trouble, Trouble::Cut)), Ordering::SeqCst);
        self.plan.good.store(good, Ordering::SeqCst);
        self.plan.left.store(requests, Ordering::SeqCst);
    }

    pub(super) fn failures_left(&self) -> usize {
        self.plan.left.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, service: S3Service, plan: Arc<Plan>) {
    loop {
        let Ok((connection, _)) = listener.accept().await else { continue };
        tokio::spawn(serve(connection, service.clone(), Arc::clone(&plan)));
    }
}

async fn serve(connection: TcpStream, service: S3Service, plan: Arc<Plan>) {
    let answer = service_fn(move |request: Request<Incoming>| {
        let (service, trouble) = (service.clone(), plan.next());
        async move {
            match trouble {
                None => service.call(request.map(Body::from)).await.map_err(io::Error::other),
                Some(Trouble::Error) => Ok(unavailable()),
                Some(Trouble::Cut) => Err(io::Error::other("cut for a test")),
            }
        }
    });
    // It ends with the connection.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(connection), answer).await;
}

fn unavailable() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}
