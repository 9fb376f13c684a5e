//! Texts that need vectors, in what is written and in what is asked. Both are encoded before the store is
//! asked for anything: an encoder may take its time.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde_json::value::{RawValue, to_raw_value};

use super::batch::Selection;
use super::blob::Ready;
use super::payload::{Checked, from_program, from_stored};
use super::{Caller, Model, Service};
use crate::error::{Error, Result};
use crate::meta::Head;
use crate::query::{Origin, Predicate, SortKey, distances, has_texts};
use crate::timeline::Payload;
use crate::vector::{Embedding, Encoders, as_stored};

/// The vectors of one operation, so that a text is encoded once however often it is planned or named.
#[derive(Debug, Default)]
pub(super) struct Encoded {
    vectors: HashMap<(&'static str, String), Vec<f32>>,
}

impl Encoded {
    async fn vector(
        &mut self,
        encoders: &Encoders,
        encoder: &'static str,
        text: &str,
        dim: usize,
    ) -> Result<Vec<f32>> {
        let key = (encoder, text.to_owned());
        if let Some(vector) = self.vectors.get(&key) {
            return Ok(vector.clone());
        }
        let vector = encoders.encode(encoder, text, dim).await?;
        self.vectors.insert(key, vector.clone());
        Ok(vector)
    }
}

impl Service {
    /// Raises what the validator said, and completes what the server adds to content: what is known of files, and
    /// vectors of texts. Without a caller the content is what the resource has already, in another form.
    pub(super) async fn ready(
        &self,
        model: &Model,
        checked: Checked,
        current: Option<&Head>,
        encoded: &mut Encoded,
        caller: Option<&Caller>,
    ) -> Result<Ready> {
        // Older content names files that are stored when something is written with them.
        let made = current.map_or(&[][..], |head| head.revision.made_files());
        let checked = checked.bringing(made);
        let before = current.map(|head| &*head.revision.data);
        let Ready { payload, uploads } = self.complete_blobs(model, checked, before).await?;
        if let Some(caller) = caller {
            let brought: HashSet<&str> = uploads.iter().map(|upload| &*upload.file_id).collect();
            let named = payload.blobs.iter().filter(|file_id| !brought.contains(&***file_id));
            let named: Vec<&String> = named.collect();
            self.authorize_naming(model, &named, current, caller).await?;
        }
        Ok(Ready { payload: self.embedded(model, payload, current, encoded).await?, uploads })
    }

    /// The payload with the vectors that are missing in it. What the current revision says of a text is kept.
    async fn embedded(
        &self,
        model: &Model,
        payload: Payload,
        current: Option<&Head>,
        encoded: &mut Encoded,
    ) -> Result<Payload> {
        if embeddings(model).next().is_none() {
            return Ok(payload);
        }
        let mut document: Members = from_stored(&payload.data)?;
        let current: Members = match current {
            Some(head) if head.revision.problem().is_none() => from_stored(&head.revision.data)?,
            _ => Members::new(),
        };
        let mut changed = false;
        for field in embeddings(model) {
            let Some(sent) = embedding(&document, field.name) else { continue };
            let stored = embedding(&current, field.name);
            let complete = self.complete(sent.clone(), stored.as_ref(), field, encoded).await?;
            if complete != sent {
                changed = true;
                document.insert(field.name.to_owned(), to_raw_value(&complete).map_err(Error::internal)?);
            }
        }
        if !changed {
            return Ok(payload);
        }
        let body = serde_json::to_vec(&document).map_err(Error::internal)?;
        Ok(from_program(model, &body)?.valid()?.0)
    }

    /// A text with its vector: the one that was sent, the one that is stored for the same text, or a new one.
    async fn complete(
        &self,
        mut sent: Embedding,
        stored: Option<&Embedding>,
        Field { encoder, dim, .. }: Field,
        encoded: &mut Encoded,
    ) -> Result<Embedding> {
        let hash = Embedding::hash_of(&sent.content);
        let kept = sent.fits(&hash, encoder) || stored.is_some_and(|stored| sent.overrides(stored));
        if !kept {
            let known = stored.and_then(|stored| stored.made_of(&hash, encoder, dim));
            sent.vector = Some(match known {
                Some(vector) => vector.clone(),
                None => encoded.vector(&self.encoders, encoder, &sent.content, dim).await?,
            });
            sent.encoder_id = Some(encoder.to_owned());
        }
        sent.content_hash = Some(hash);
        Ok(sent)
    }

    /// The selection with vectors in the place of texts.
    pub(super) async fn encoded(&self, mut selection: Selection) -> Result<Selection> {
        self.encode_query(&mut selection.predicate, &mut selection.sorts).await?;
        Ok(selection)
    }

    /// Puts the vectors of the texts of a query in place.
    pub(super) async fn encode_query(
        &self,
        predicate: &mut Arc<Predicate>,
        sorts: &mut [SortKey],
    ) -> Result<()> {
        if !has_texts(predicate, sorts) {
            return Ok(());
        }
        let mut encoded = Encoded::default();
        for distance in distances(Arc::make_mut(predicate), sorts) {
            if let Origin::Text { text, encoder, dim } = &distance.origin {
                let vector = encoded.vector(&self.encoders, encoder, text, *dim).await?;
                distance.origin = Origin::Vector(vector.into_iter().map(as_stored).collect());
            }
        }
        Ok(())
    }
}

/// The fields of a payload; those without a text are handed on as they stand.
type Members = BTreeMap<String, Box<RawValue>>;

/// A field whose vectors the server makes.
#[derive(Clone, Copy)]
struct Field {
    name: &'static str,
    encoder: &'static str,
    dim: usize,
}

fn embeddings(model: &Model) -> impl Iterator<Item = Field> {
    model.descriptor().indexes.iter().filter_map(|index| {
        let vector = index.vector.filter(|vector| vector.embedding)?;
        Some(Field { name: index.path.first()?, encoder: vector.encoder?, dim: vector.dim })
    })
}

fn embedding(document: &Members, field: &str) -> Option<Embedding> {
    serde_json::from_str::<Option<Embedding>>(document.get(field)?.get()).ok().flatten()
}

#[cfg(all(test, feature = "sqlite"))]
mod tests;
