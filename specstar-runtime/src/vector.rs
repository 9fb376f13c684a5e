//! Fields that are vectors: the types they can have, and texts with a vector of their meaning.

mod encoder;

pub use encoder::{Encoders, VectorEncoder, encoder_fn};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::meta::DataHash;

/// A text and the vector an encoder made of it.
///
/// A client sends the text; the server adds the rest when the resource is written, unless a vector is sent
/// along. A vector is made again when the text has another hash than its `content_hash`, or when the field has
/// another encoder by now.
///
/// ```
/// use specstar_runtime::vector::Embedding;
/// let summary = Embedding::from("A quiet place by the sea.");
/// assert_eq!(summary.vector, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Embedding {
    /// The text.
    pub content: String,
    /// Its vector; written by the server where it is left out.
    #[serde(default)]
    pub vector: Option<Vec<f32>>,
    /// The hash of the text the vector was made of.
    #[serde(default)]
    pub content_hash: Option<String>,
    /// The encoder that made it.
    #[serde(default)]
    pub encoder_id: Option<String>,
}

impl Embedding {
    /// A text with a vector of the caller's own.
    pub fn with_vector(content: impl Into<String>, vector: Vec<f32>) -> Self {
        Self { content: content.into(), vector: Some(vector), ..Self::default() }
    }

    /// The hash a text is known by.
    pub(crate) fn hash_of(content: &str) -> String {
        DataHash::of(content.as_bytes()).to_string()
    }

    /// Whether its vector is one of this text, as far as it says itself.
    pub(crate) fn fits(&self, hash: &str, encoder: &str) -> bool {
        let fits = |given: &Option<String>, expected| given.as_deref().is_none_or(|given| given == expected);
        self.vector.is_some() && fits(&self.content_hash, hash) && fits(&self.encoder_id, encoder)
    }

    /// Whether it has a vector of its own that came over what another one has, as a patch puts it there
    /// without its hash.
    pub(crate) fn overrides(&self, stored: &Self) -> bool {
        self.vector.is_some() && self.vector != stored.vector && self.content_hash == stored.content_hash
    }

    /// Its vector, where it is the one an encoder makes of the text with this hash.
    pub(crate) fn made_of(&self, hash: &str, encoder: &str, dim: usize) -> Option<&Vec<f32>> {
        let same = self.content_hash.as_deref() == Some(hash) && self.encoder_id.as_deref() == Some(encoder);
        self.vector.as_ref().filter(|vector| same && vector.len() == dim)
    }
}

impl From<&str> for Embedding {
    fn from(content: &str) -> Self {
        Self { content: content.to_owned(), ..Self::default() }
    }
}

impl From<String> for Embedding {
    fn from(content: String) -> Self {
        Self { content, ..Self::default() }
    }
}

/// A number as it is read from a stored vector: the shortest decimal text of the single, as a double. So the
/// distance of a text to itself is zero.
pub(crate) fn as_stored(number: f32) -> f64 {
    number.to_string().parse().unwrap_or_else(|_| number.into())
}

/// A field that can be `#[vector(…)]`.
#[diagnostic::on_unimplemented(
    message = "a vector field is `Vec<f32>`, `[f32; N]`, `Embedding` or an Option of these",
    label = "`{Self}` is not a vector"
)]
pub trait VectorField {
    /// The length of an array.
    const ARRAY: Option<usize> = None;
    /// The vector is that of an [`Embedding`].
    const EMBEDDING: bool = false;
    /// There may be none.
    const NULLABLE: bool = false;
}

impl VectorField for Vec<f32> {}

impl<const N: usize> VectorField for [f32; N] {
    const ARRAY: Option<usize> = Some(N);
}

impl VectorField for Embedding {
    const EMBEDDING: bool = true;
    const NULLABLE: bool = true;
}

impl<T: VectorField> VectorField for Option<T> {
    const ARRAY: Option<usize> = T::ARRAY;
    const EMBEDDING: bool = T::EMBEDDING;
    const NULLABLE: bool = true;
}
