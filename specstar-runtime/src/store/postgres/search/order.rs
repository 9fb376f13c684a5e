//! The order of a page, and what lies behind a position in it.
//!
//! "Behind" is one condition with ORs over all sort keys, and no index answers that. Written out, it is a sequence of
//! ranges: the rows that are equal in every key and stand behind by their row number, then those that are equal in all
//! keys but the last and stand behind in that, and so on. Read one after the other they come in order.

use super::super::value::{Kind, column_text};
use super::condition::{Condition, Scalar, scalar};
use crate::descriptor::IndexKind;
use crate::json::IndexValue;
use crate::query::{SortBy, ties_descend};
use crate::store::layout::ModelLayout;
use crate::store::{Search, StoreError};

/// The sort keys of a search, each a column.
pub(super) struct Order {
    pub(super) keys: Vec<(Scalar, bool)>,
    ties_descend: bool,
}

impl Order {
    /// `None` when one of the keys is no column.
    pub(super) fn of(layout: &ModelLayout, search: &Search) -> Option<Self> {
        let keys = search.sorts.iter().map(|sort| match &sort.by {
            SortBy::Field(field) => Some((scalar(layout, *field)?, sort.descending)),
            SortBy::Rank(_) => None,
        });
        Some(Self { keys: keys.collect::<Option<_>>()?, ties_descend: ties_descend(&search.sorts) })
    }

    /// What a cursor with these keys is called by: two of one name have columns of the same types.
    pub(super) fn columns(&self) -> String {
        let kinds = self.keys.iter().map(|(key, _)| Kind::from(key.kind).list_column());
        format!("heads {}", kinds.collect::<String>())
    }

    /// What is selected behind the columns of the head.
    pub(super) fn selected(&self) -> String {
        let mut selected = String::new();
        for (key, _) in &self.keys {
            selected.push_str(", ");
            selected.push_str(&key.sql);
        }
        selected
    }

    /// `ORDER BY …`: nulls stand before all values, in both directions.
    pub(super) fn sql(&self) -> String {
        let mut keys: Vec<String> = self
            .keys
            .iter()
            .map(|(key, descending)| {
                // An index on what is never null is read in either direction when nothing is said of nulls.
                let how = match (key.nullable, descending) {
                    (true, false) => "ASC NULLS FIRST",
                    (true, true) => "DESC NULLS LAST",
                    (false, false) => "ASC",
                    (false, true) => "DESC",
                };
                format!("{} {how}", key.sql)
            })
            .collect();
        keys.push(format!("h.pk {}", if self.ties_descend { "DESC" } else { "ASC" }));
        format!("ORDER BY {}", keys.join(", "))
    }

    /// How many parts there are behind the position of a search.
    pub(super) fn segments(&self, search: &Search) -> usize {
        if search.after.is_none() { 1 } else { 1 + self.keys.len() }
    }

    /// The condition of a part; `None` when nothing can be in it.
    pub(super) fn segment(
        &self,
        layout: &ModelLayout,
        search: &Search,
        at: usize,
        condition: &mut Condition<'_>,
    ) -> Result<Option<String>, StoreError> {
        let Some(position) = &search.after else { return Ok(Some("TRUE".into())) };
        if !position.fits(&search.sorts, layout.descriptor) {
            return Err(StoreError::Internal("a position does not fit the order of its search".into()));
        }
        let equal = self.keys.len() - at;
        let mut parts = Vec::new();
        for ((key, _), value) in self.keys.iter().zip(&position.values).take(equal) {
            parts.push(match bound(condition, key, value) {
                Some(place) => format!("{} = {place}", key.sql),
                None => format!("{} IS NULL", key.sql),
            });
        }
        if at == 0 {
            let pk = condition.place(position.pk);
            parts.push(format!("h.pk {} {pk}", if self.ties_descend { "<" } else { ">" }));
        } else {
            let (key, descending) = &self.keys[equal];
            let column = &key.sql;
            parts.push(match (bound(condition, key, &position.values[equal]), descending) {
                (Some(place), false) => format!("{column} > {place}"),
                (Some(place), true) => format!("({column} < {place} OR {column} IS NULL)"),
                (None, false) => format!("{column} IS NOT NULL"),
                (None, true) => return Ok(None),
            });
        }
        Ok(Some(parts.join(" AND ")))
    }
}

/// The place of a value of a position; `None` for null.
fn bound(condition: &mut Condition<'_>, key: &Scalar, value: &IndexValue) -> Option<String> {
    Some(match (value, key.kind) {
        (IndexValue::Null, _) => return None,
        (IndexValue::Text(text), IndexKind::Text) => {
            // A position that a client made up may have what no column has; without it, it stands as well.
            let text = text.replace('\0', "");
            condition.place(if key.is_cut() { column_text(&text).into_owned() } else { text })
        }
        (IndexValue::Text(text), _) => condition.place(text.as_str()),
        (IndexValue::Integer(number), _) => condition.place(*number),
        (IndexValue::Float(number), _) => condition.place(*number),
    })
}
