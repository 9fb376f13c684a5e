//! Texts by shape, in bounded space.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The texts of one resource type.
///
/// Clients choose the shapes, so the space is bounded: texts live in two generations, and when the young one
/// is full it becomes the old one, whose texts are dropped unless they were asked for in the meantime. Shapes
/// in use survive a flood of shapes that are used once.
#[derive(Debug, Default)]
pub(crate) struct TextCache {
    generations: RwLock<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Box<[u8]>, Arc<str>>,
    old: HashMap<Box<[u8]>, Arc<str>>,
}

/// Texts in one generation.
const GENERATION: usize = 256;

/// Longer shapes are not kept: their building costs little beside running them.
const LONGEST_KEY: usize = 1024;

impl TextCache {
    /// The text of a shape.
    pub(super) fn get(&self, key: &[u8]) -> Option<Arc<str>> {
        let old = {
            let generations = self.generations.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(text) = generations.young.get(key) {
                return Some(Arc::clone(text));
            }
            Arc::clone(generations.old.get(key)?)
        };
        Some(self.insert(key.to_vec(), old))
    }

    /// Keeps a text, unless its shape is too long.
    pub(super) fn insert(&self, key: Vec<u8>, text: Arc<str>) -> Arc<str> {
        if key.len() > LONGEST_KEY {
            return text;
        }
        let mut generations = self.generations.write().unwrap_or_else(PoisonError::into_inner);
        if generations.young.len() >= GENERATION {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(key.into(), Arc::clone(&text));
        text
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let generations = self.generations.read().unwrap_or_else(PoisonError::into_inner);
        generations.young.len() + generations.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_shapes_neither_grows_it_nor_drops_what_is_in_use() {
        let cache = TextCache::default();
        cache.insert(b"used".to_vec(), "text".into());
        for shape in 0..10 * GENERATION {
            cache.insert(shape.to_le_bytes().to_vec(), "once".into());
            assert_eq!(cache.get(b"used").as_deref(), Some("text"));
            assert!(cache.len() <= 2 * GENERATION);
        }
        assert!(cache.get(&0_usize.to_le_bytes()).is_none());
    }

    #[test]
    fn long_shapes_are_not_kept() {
        let cache = TextCache::default();
        cache.insert(vec![0; LONGEST_KEY + 1], "text".into());
        assert_eq!(cache.len(), 0);
    }
}
