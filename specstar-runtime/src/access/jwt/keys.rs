//! The keys tokens are signed with, and when they are read again.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};

use crate::error::{Error, Result};

/// A JWKS document, and how it is read again when keys rotate.
///
/// A document that can change is read again when a token names a key it does not have, though not more often than
/// [`at_most_every`](Self::at_most_every), and when it is older than [`refresh_every`](Self::refresh_every). While
/// it is read or cannot be read, the keys of before count on; without any, requests with a token are answered with
/// 503. Reading it may take ten seconds.
///
/// Keys that are not for signatures, shared secrets, and keys of unknown kinds are passed over.
#[derive(Clone)]
pub struct Jwks {
    shared: Arc<Shared>,
    retry: Duration,
    refresh: Duration,
    /// How long reading it may take.
    pub(super) limit: Duration,
}

struct Shared {
    source: Source,
    read: RwLock<State>,
    /// Held while the document is read, so that only one request does it.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    keys: Option<Arc<[Key]>>,
    /// When it was last tried to read them.
    tried: Option<Instant>,
    /// When they were read.
    fresh: Option<Instant>,
}

enum Source {
    Fixed,
    Fetched(Box<dyn Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync>),
}

/// A key that signatures are checked with.
pub(super) struct Key {
    id: Option<String>,
    pub(super) checks: DecodingKey,
    /// The algorithms it is for, at least one and never one with a shared secret.
    pub(super) algorithms: Vec<Algorithm>,
}

impl Jwks {
    /// The keys of a document that does not change. Fails when it is no JWKS document, or has no usable key.
    pub fn text(document: &str) -> Result<Self> {
        let keys = parse(document).map_err(cannot_start)?;
        if keys.is_empty() {
            return Err(cannot_start("no key in it can check a signature"));
        }
        let state = State { keys: Some(keys.into()), ..State::default() };
        Ok(Self::new(Source::Fixed, state))
    }

    /// The keys of a file. Fails when it cannot be read now.
    pub fn file(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let keys = read_file(&path).and_then(|document| parse(&document)).map_err(cannot_start)?;
        let now = Instant::now();
        let state = State { keys: Some(keys.into()), tried: None, fresh: Some(now) };
        let source = move || {
            let path = path.clone();
            async move {
                let read = tokio::task::spawn_blocking(move || read_file(&path));
                read.await.unwrap_or_else(|error| Err(error.to_string()))
            }
            .boxed()
        };
        Ok(Self::new(Source::Fetched(Box::new(source)), state))
    }

    /// The keys of a document an asynchronous function gets, such as one that asks an identity provider. It is
    /// called with the first token, and given up after ten seconds: tokens whose key is not known wait for it.
    ///
    /// ```
    /// use specstar_runtime::access::jwt::Jwks;
    ///
    /// // With a client such as `reqwest`, the body would be
    /// // client.get(url).timeout(limit).send().await?.error_for_status()?.text().await
    /// let keys = Jwks::fetch(|| async { Ok::<_, std::io::Error>(r#"{"keys": []}"#.to_owned()) });
    /// # let _ = keys;
    /// ```
    pub fn fetch<F, Answer, E>(fetch: F) -> Self
    where
        F: Fn() -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Result<String, E>> + Send + 'static,
        E: fmt::Display,
    {
        let source = move || fetch().map(|answer| answer.map_err(|error| error.to_string())).boxed();
        Self::new(Source::Fetched(Box::new(source)), State::default())
    }

    fn new(source: Source, state: State) -> Self {
        let shared = Shared { source, read: RwLock::new(state), reading: tokio::sync::Mutex::default() };
        Self {
            shared: Arc::new(shared),
            retry: Duration::from_secs(30),
            refresh: Duration::from_mins(10),
            limit: Duration::from_secs(10),
        }
    }

    /// How long tokens with unknown keys have to wait until they make the document be read again (30 s): such
    /// tokens are cheap to make up.
    #[must_use]
    pub fn at_most_every(mut self, interval: Duration) -> Self {
        self.retry = interval;
        self
    }

    /// How long the document counts (10 minutes). A key that left it is accepted until then.
    #[must_use]
    pub fn refresh_every(mut self, interval: Duration) -> Self {
        self.refresh = interval;
        self
    }

    /// The keys of that id that can have signed with an algorithm, at least one: keys of two kinds may share an id.
    /// Without an id, the only key there is.
    pub(super) async fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<Option<FoundKeys>> {
        if let Some(found) = self.known(id, algorithm, false) {
            return Ok(Some(found));
        }
        let _reading = match (self.shared.reading.try_lock(), self.known(id, algorithm, true)) {
            (Ok(reading), _) => reading,
            // Somebody reads it. Only who has a key that is not known has to wait for that.
            (Err(_), Some(found)) => return Ok(Some(found)),
            (Err(_), None) => self.shared.reading.lock().await,
        };
        // Somebody else may have read it meanwhile.
        if let Some(found) = self.known(id, algorithm, false) {
            return Ok(Some(found));
        }
        if self.may_read() {
            self.read().await;
        }
        if self.state().keys.is_none() {
            let reason = "the keys of tokens cannot be read".to_owned();
            return Err(Error::Unavailable { reason, retry_after: 1 });
        }
        Ok(self.known(id, algorithm, true))
    }

    fn state(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.shared.read.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> std::sync::RwLockWriteGuard<'_, State> {
        self.shared.read.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, id: Option<&str>, algorithm: Algorithm, also_old: bool) -> Option<FoundKeys> {
        let state = self.state();
        let fixed = matches!(self.shared.source, Source::Fixed);
        let fresh = state.fresh.is_some_and(|read| read.elapsed() < self.refresh);
        if !(fixed || fresh || also_old) {
            return None;
        }
        let keys = state.keys.as_ref()?;
        if id.is_none() && keys.len() > 1 {
            return None;
        }
        let fits =
            |key: &Key| (id.is_none() || key.id.as_deref() == id) && key.algorithms.contains(&algorithm);
        let at: Vec<usize> = (0..keys.len()).filter(|at| fits(&keys[*at])).collect();
        (!at.is_empty()).then(|| FoundKeys { keys: Arc::clone(keys), at })
    }

    fn may_read(&self) -> bool {
        self.state().tried.is_none_or(|tried| tried.elapsed() >= self.retry)
    }

    async fn read(&self) {
        let Source::Fetched(fetch) = &self.shared.source else { return };
        // Noted before: the request that reads may be given up while it waits.
        self.state_mut().tried = Some(Instant::now());
        let read = tokio::time::timeout(self.limit, fetch()).await;
        let read = read.unwrap_or_else(|_| Err(format!("no answer within {:?}", self.limit)));
        let read = read.and_then(|document| parse(&document));
        let mut state = self.state_mut();
        match read {
            Ok(keys) => (state.keys, state.fresh) = (Some(keys.into()), Some(Instant::now())),
            Err(error) => tracing::warn!(error, "the keys of tokens cannot be read"),
        }
    }
}

impl fmt::Debug for Jwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwks").finish_non_exhaustive()
    }
}

/// Some keys, and the document they stand in.
pub(super) struct FoundKeys {
    keys: Arc<[Key]>,
    at: Vec<usize>,
}

impl FoundKeys {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Key> {
        self.at.iter().map(|at| &self.keys[*at])
    }
}

fn read_file(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn cannot_start(problem: impl fmt::Display) -> Error {
    Error::CannotStart { problems: vec![format!("the keys of tokens: {problem}")] }
}

fn parse(document: &str) -> Result<Vec<Key>, String> {
    let set: JwkSet =
        serde_json::from_str(document).map_err(|error| format!("not a JWKS document: {error}"))?;
    Ok(set.keys.iter().filter_map(usable).collect())
}

fn usable(jwk: &Jwk) -> Option<Key> {
    let common = &jwk.common;
    let for_signatures = common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature);
    let verifies =
        common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    if !for_signatures || !verifies {
        return None;
    }
    let mut algorithms = algorithms(&jwk.algorithm);
    if let Some(only) = common.key_algorithm {
        algorithms.retain(|algorithm| only.to_string().parse() == Ok(*algorithm));
    }
    if algorithms.is_empty() {
        return None;
    }
    let checks = DecodingKey::from_jwk(jwk).ok()?;
    Some(Key { id: common.key_id.clone(), checks, algorithms })
}

/// What a key of this kind can sign with: its kind decides, not the token. A shared secret has no place in a
/// document of public keys.
fn algorithms(parameters: &AlgorithmParameters) -> Vec<Algorithm> {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    match parameters {
        AlgorithmParameters::RSA(_) => vec![RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => vec![ES256],
            EllipticCurve::P384 => vec![ES384],
            _ => Vec::new(),
        },
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => vec![EdDSA],
        _ => Vec::new(),
    }
}
