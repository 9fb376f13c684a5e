//! From a text to its vector.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::error::{Error, Result};

/// Turns texts into vectors, so that near vectors mean similar texts: a model in this process, or a service
/// elsewhere.
///
/// ```
/// use futures_util::future::BoxFuture;
/// use specstar_runtime::error::Result;
/// use specstar_runtime::vector::VectorEncoder;
///
/// /// How often each of `a` and `b` occurs.
/// struct Letters;
///
/// impl VectorEncoder for Letters {
///     fn id(&self) -> &str {
///         "letters"
///     }
///
///     fn encode<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Result<Vec<f32>>> {
///         let count = |letter| text.matches(letter).count() as f32;
///         Box::pin(async move { Ok(vec![count('a'), count('b')]) })
///     }
/// }
/// ```
pub trait VectorEncoder: Send + Sync + 'static {
    /// The name fields declare it by. It is stored beside each vector, so a model that gives other vectors
    /// has another name.
    fn id(&self) -> &str;

    /// The vector of a text. It runs outside of every transaction; where it fails, nothing is written. Give
    /// [`Error::Unavailable`] for what may work later.
    fn encode<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Result<Vec<f32>>>;
}

/// An encoder that is a function.
///
/// ```
/// use specstar_runtime::vector::encoder_fn;
/// let length = encoder_fn("length", |text| async move { Ok(vec![text.len() as f32]) });
/// # let _ = length;
/// ```
pub fn encoder_fn<F, Fut>(id: impl Into<String>, encode: F) -> impl VectorEncoder
where
    F: Fn(String) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Vec<f32>>> + Send + 'static,
{
    FnEncoder { id: id.into(), encode }
}

struct FnEncoder<F> {
    id: String,
    encode: F,
}

impl<F, Fut> VectorEncoder for FnEncoder<F>
where
    F: Fn(String) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Vec<f32>>> + Send + 'static,
{
    fn id(&self) -> &str {
        &self.id
    }

    fn encode<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Result<Vec<f32>>> {
        Box::pin((self.encode)(text.to_owned()))
    }
}

/// The encoders of an application by name.
#[derive(Clone, Default)]
pub struct Encoders {
    by_name: BTreeMap<String, Arc<dyn VectorEncoder>>,
}

impl Encoders {
    /// Adds one, or takes the place of the one of that name.
    pub fn register(&mut self, name: impl Into<String>, encoder: impl VectorEncoder) {
        self.by_name.insert(name.into(), Arc::new(encoder));
    }

    /// The encoder of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn VectorEncoder>> {
        self.by_name.get(name)
    }

    /// Every name with the one its encoder has itself.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_name.iter().map(|(name, encoder)| (name.as_str(), encoder.id()))
    }

    /// The vector of a text, of the length that is declared.
    pub(crate) async fn encode(&self, name: &str, text: &str, dim: usize) -> Result<Vec<f32>> {
        let Some(encoder) = self.get(name) else {
            return Err(Error::internal(format!("there is no encoder `{name}`")));
        };
        let vector = encoder.encode(text).await.inspect_err(|error| {
            if let Error::Unavailable { reason, .. } = error {
                tracing::warn!(encoder = name, %reason, "a text was not encoded");
            }
        })?;
        if vector.len() != dim || !vector.iter().all(|number| number.is_finite()) {
            let found = vector.len();
            return Err(Error::internal(format!(
                "the encoder `{name}` gave {found} numbers, or numbers without an end; {dim} are declared"
            )));
        }
        Ok(vector)
    }
}

impl std::fmt::Debug for Encoders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.by_name.keys()).finish()
    }
}
