//! The rules in memory, read again when they may have changed.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::Source;
use super::rules::Rules;
use crate::error::{Error, Result};

#[derive(Default)]
pub(super) struct Cache {
    source: OnceLock<Source>,
    loaded: RwLock<Option<Loaded>>,
    /// Held while the rules are read, so that only one request does it.
    loading: tokio::sync::Mutex<()>,
}

struct Loaded {
    changes: u64,
    rules: Arc<Rules>,
}

impl Cache {
    /// Says where the rules come from; `false` when that was said before.
    pub(super) fn bind(&self, source: Source) -> bool {
        self.source.set(source).is_ok()
    }

    /// The rules as they are now.
    pub(super) async fn rules(&self) -> Result<Arc<Rules>> {
        let Some(source) = self.source.get() else {
            let reason = "the Acl belongs to no application: give it to the builder with acl(…)".to_owned();
            return Err(Error::Unavailable { reason, retry_after: 1 });
        };
        if let Some(rules) = self.known(source.changes()) {
            return Ok(rules);
        }
        let _loading = self.loading.lock().await;
        // Asked before anything is read: what changes from here on is read now, or by the next request, which sees
        // another number. And another request may have read them while this one waited.
        let changes = source.changes();
        if let Some(rules) = self.known(changes) {
            return Ok(rules);
        }
        let (rules, members) = source.load().await?;
        let rules = Arc::new(Rules::new(rules, members));
        let loaded = Loaded { changes, rules: Arc::clone(&rules) };
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Some(loaded);
        Ok(rules)
    }

    fn known(&self, changes: u64) -> Option<Arc<Rules>> {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        loaded.as_ref().filter(|loaded| loaded.changes == changes).map(|loaded| Arc::clone(&loaded.rules))
    }
}
