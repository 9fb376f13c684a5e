//! Tables and indexes. Texts have the collation `"C"`, in which they are ordered by their bytes as everywhere else in
//! this program; whole numbers are all of one type.

use std::fmt::Write as _;

use super::db::quoted;
use super::text::LEADER_TABLE;
use super::value::Kind;
use crate::descriptor::UniqueDescriptor;
use crate::store::layout::{
    ANSWER_TABLE, BLOB_COLUMNS, BLOB_KEY_TABLE, BLOB_REF_TABLE, BLOB_TABLE, CASCADE_TABLE, HEAD_COLUMNS,
    IMPORT_TABLE, IndexPlace, LOG_AT, LOG_COLUMNS, LOG_TABLE, MODEL_TABLE, ModelLayout, ORIGINAL_COLUMNS,
    ORIGINAL_TABLE, REVISION_COLUMNS, REVISION_TABLE, SUBSCRIBER_TABLE, UPLOAD_COLUMNS, UPLOAD_PART_TABLE,
    UPLOAD_TABLE, UPLOADER_TABLE,
};
use crate::store::sql::job;

/// The version of the tables themselves, and where positions of the log begin.
pub(super) const STATE_TABLE: &str = "ss_state";

/// The column that says for which indexes a row was written, and the constraint that lets only the present ones in: a
/// program that has others would leave values out of the indexes of those that come after it.
pub(super) const MARK: &str = "layout";

/// A named index and the statement that creates it. Two indexes are the same when both are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IndexStatement {
    pub(super) name: String,
    /// What stands behind `CREATE INDEX … name`.
    rest: String,
    /// Position in the descriptor's `uniques`, for a unique index.
    pub(super) unique: Option<usize>,
}

impl IndexStatement {
    /// The statement; `how` is `CONCURRENTLY` or nothing.
    pub(super) fn sql(&self, how: &str) -> String {
        let unique = if self.unique.is_some() { "UNIQUE " } else { "" };
        format!("CREATE {unique}INDEX {how} {} {}", quoted(&self.name), self.rest)
    }

    /// What is noted beside the index: the engine shows its definition in words of its own.
    pub(super) fn note(&self) -> String {
        format!("{} {}", if self.unique.is_some() { "unique" } else { "plain" }, self.rest)
    }

    /// Notes it.
    pub(super) fn comment(&self) -> String {
        format!("COMMENT ON INDEX {} IS '{}'", quoted(&self.name), self.note().replace('\'', "''"))
    }
}

/// The engine cuts names after 63 bytes; a longer one is cut here, with a hash of the whole behind.
pub(super) fn short(name: String) -> String {
    const MOST: usize = 63;
    if name.len() <= MOST {
        return name;
    }
    let hash = blake3::hash(name.as_bytes()).to_hex();
    let mut end = MOST - 17;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}~{}", &name[..end], &hash[..16])
}

/// Cuts the names of a layout.
pub(super) fn shortened(mut layout: ModelLayout) -> ModelLayout {
    layout.head_table = short(layout.head_table);
    layout.list_table = short(layout.list_table);
    for place in &mut layout.indexes {
        if let IndexPlace::Column { name, folded } = place {
            *name = short(std::mem::take(name));
            if let Some(folded) = folded {
                *folded = short(std::mem::take(folded));
            }
        }
    }
    layout
}

/// The sequence that row numbers come from: one that was given is never given again.
pub(super) fn sequence(layout: &ModelLayout) -> String {
    short(format!("{}/pk", layout.head_table))
}

/// A metadata column, the same in all tables.
fn column(text: &str) -> String {
    let kind = match text {
        "pk" => "bigint PRIMARY KEY",
        "resource_id" => "text COLLATE \"C\" NOT NULL UNIQUE",
        "rev_parent_seq" | "parent_seq" => "bigint",
        "schema_version" | "parent_schema_version" => "text COLLATE \"C\"",
        "rev_uid" | "uid" | "data_hash" | "migrated_hash" => "bytea NOT NULL",
        "created_by" | "updated_by" | "rev_created_by" | "rev_updated_by" | "rev_status" | "status"
        | "data" => "text COLLATE \"C\" NOT NULL",
        _ => "bigint NOT NULL",
    };
    format!("{} {kind}", quoted(text))
}

fn columns(names: &[&str], of: impl Fn(&str) -> String) -> String {
    names.iter().map(|name| of(name)).collect::<Vec<_>>().join(", ")
}

/// The tables that all resource types share, each only where it is missing.
pub(super) fn shared_tables() -> String {
    let text = "text COLLATE \"C\"";
    let revision = columns(&REVISION_COLUMNS, column);
    let original = columns(&ORIGINAL_COLUMNS, column);
    let log = columns(&LOG_COLUMNS, |name| {
        let kind = match name {
            "position" => "bigint PRIMARY KEY".to_owned(),
            "at" => "bigint NOT NULL".to_owned(),
            "by" => format!("{text} NOT NULL"),
            "resource_id" | "name" | "body" => text.to_owned(),
            _ => "bigint".to_owned(),
        };
        format!("{} {kind}", quoted(name))
    });
    let blob = columns(&BLOB_COLUMNS, |name| {
        let kind = match name {
            "file_id" => format!("{text} PRIMARY KEY"),
            "key" => format!("{text} NOT NULL UNIQUE"),
            "content_type" => text.to_owned(),
            "idle_since" | "quarantined_at" => "bigint".to_owned(),
            _ => "bigint NOT NULL".to_owned(),
        };
        format!("{} {kind}", quoted(name))
    });
    let upload = columns(&UPLOAD_COLUMNS, |name| {
        let kind = match name {
            "upload_id" => format!("{text} PRIMARY KEY"),
            "owner" | "state" | "method" => format!("{text} NOT NULL"),
            "content_type" | "checksum" | "key" | "file_id" | "idempotency_key" => text.to_owned(),
            "is_open" | "created_at" | "changed_at" | "version" => "bigint NOT NULL".to_owned(),
            _ => "bigint".to_owned(),
        };
        format!("{} {kind}", quoted(name))
    });
    let tables = [
        format!("{STATE_TABLE} (format bigint NOT NULL, base bigint NOT NULL)"),
        format!(
            "{MODEL_TABLE} (model {text} PRIMARY KEY, model_id bigint NOT NULL UNIQUE, schema_version {text}, \
             layout {text} NOT NULL)"
        ),
        format!("{REVISION_TABLE} (model_id bigint, pk bigint, {revision}, PRIMARY KEY (model_id, pk, seq))"),
        format!(
            "{ORIGINAL_TABLE} (model_id bigint, pk bigint, seq bigint, step bigint, {original}, \
             PRIMARY KEY (model_id, pk, seq, step))"
        ),
        format!("{LOG_TABLE} ({log})"),
        format!("{SUBSCRIBER_TABLE} (name {text} PRIMARY KEY, position bigint NOT NULL)"),
        format!("{LEADER_TABLE} (name {text} PRIMARY KEY, leader {text} NOT NULL, until bigint NOT NULL)"),
        format!("{IMPORT_TABLE} (archive {text} PRIMARY KEY, done bigint NOT NULL)"),
        format!(
            "{CASCADE_TABLE} (model_id bigint, pk bigint, member_model_id bigint, member_pk bigint, \
             member_id {text} NOT NULL, member_version bigint NOT NULL, \
             PRIMARY KEY (model_id, pk, member_model_id, member_pk))"
        ),
        format!("{BLOB_TABLE} ({blob})"),
        format!(
            "{BLOB_REF_TABLE} (model_id bigint, pk bigint, seq bigint, file_id {text}, \
             PRIMARY KEY (model_id, pk, seq, file_id))"
        ),
        format!(
            "{BLOB_KEY_TABLE} (key {text} PRIMARY KEY, created_at bigint NOT NULL, doomed bigint NOT NULL)"
        ),
        format!("{UPLOAD_TABLE} ({upload})"),
        format!(
            "{UPLOAD_PART_TABLE} (upload_id {text}, number bigint, key {text}, size bigint NOT NULL, \
             PRIMARY KEY (upload_id, number))"
        ),
        format!(
            "{ANSWER_TABLE} (key {text} PRIMARY KEY, fingerprint {text} NOT NULL, status bigint NOT NULL, \
             headers {text} NOT NULL, body {text} NOT NULL, at bigint NOT NULL)"
        ),
        format!("{UPLOADER_TABLE} (file_id {text}, owner {text}, PRIMARY KEY (file_id, owner))"),
    ];
    let indexes = [
        (LOG_TABLE, "model", "(model_id, position)"),
        (BLOB_REF_TABLE, "file", "(file_id, model_id, pk, seq)"),
        (BLOB_TABLE, "idle", "(idle_since) WHERE idle_since IS NOT NULL AND quarantined_at IS NULL"),
        (BLOB_TABLE, "quarantined", "(quarantined_at) WHERE quarantined_at IS NOT NULL"),
        (BLOB_KEY_TABLE, "staged", "(created_at) WHERE doomed = 0"),
        (BLOB_KEY_TABLE, "doomed", "(created_at) WHERE doomed = 1"),
        (ANSWER_TABLE, "at", "(at)"),
        (UPLOAD_TABLE, "open", "(expires_at) WHERE is_open = 1"),
        (UPLOAD_TABLE, "closed", "(changed_at) WHERE is_open = 0"),
        (UPLOAD_TABLE, "keyed", "(expires_at) WHERE is_open = 0 AND key IS NOT NULL"),
    ];
    let mut sql = String::new();
    for table in tables {
        let _ = writeln!(sql, "CREATE TABLE IF NOT EXISTS {table};");
    }
    for table in job::tables("bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY") {
        sql.push_str(&table);
        sql.push_str(";\n");
    }
    for (table, label, rest) in indexes {
        let name = quoted(&format!("{table}/{label}"));
        let _ = writeln!(sql, "CREATE INDEX IF NOT EXISTS {name} ON {table} {rest};");
    }
    sql
}

/// The tables of one resource type.
pub(super) fn model_tables(layout: &ModelLayout, mark: i32) -> String {
    let (data, metadata) = HEAD_COLUMNS.split_last().unwrap_or((&"data", &[]));
    let mut all = vec![columns(metadata, column), format!("{LOG_AT} bigint NOT NULL DEFAULT 0")];
    for at in 0..layout.indexes.len() {
        all.extend(index_columns(layout, at));
    }
    all.push(format!("{MARK} integer NOT NULL"));
    all.push(column(data));
    all.push(marked(mark));
    let mut sql = format!(
        "CREATE SEQUENCE {};\nCREATE TABLE {} ({});\n",
        quoted(&sequence(layout)),
        quoted(&layout.head_table),
        all.join(", ")
    );
    if layout.has_lists() {
        sql.push_str(&list_table(layout));
    }
    sql
}

/// The constraint for rows that are written from now on.
fn marked(mark: i32) -> String {
    format!("CONSTRAINT {MARK} CHECK ({MARK} = {mark})")
}

/// Has the table take rows for these indexes only. The rows that are there are not looked at.
pub(super) fn mark_again(layout: &ModelLayout, mark: i32) -> String {
    let head = quoted(&layout.head_table);
    let marked = marked(mark);
    format!("ALTER TABLE {head} DROP CONSTRAINT IF EXISTS {MARK}, ADD {marked} NOT VALID;\n")
}

/// The list table of a resource type, where it is missing. A value stands in the column of its type.
pub(super) fn list_table(layout: &ModelLayout) -> String {
    let table = quoted(&layout.list_table);
    let mut sql = format!(
        "CREATE TABLE IF NOT EXISTS {table} (field bigint NOT NULL, pk bigint NOT NULL, t text COLLATE \"C\", \
         i bigint, f double precision);\n"
    );
    for of in ["t", "i", "f"] {
        let name = quoted(&short(format!("{}/{of}", layout.list_table)));
        let _ = writeln!(
            sql,
            "CREATE UNIQUE INDEX IF NOT EXISTS {name} ON {table} (field, {of}, pk) WHERE {of} IS NOT NULL;"
        );
    }
    let name = quoted(&short(format!("{}/pk", layout.list_table)));
    let _ = writeln!(sql, "CREATE INDEX IF NOT EXISTS {name} ON {table} (pk, field);");
    sql
}

/// The columns of one scalar index with their types; none for a list.
pub(super) fn index_columns(layout: &ModelLayout, at: usize) -> Vec<String> {
    let IndexPlace::Column { name, folded } = &layout.indexes[at] else { return Vec::new() };
    let kind = Kind::from(layout.descriptor.indexes[at].kind);
    let mut columns = vec![format!("{} {}", quoted(name), kind.sql())];
    columns.extend(folded.iter().map(|copy| format!("{} {}", quoted(copy), Kind::Text.sql())));
    columns
}

/// Every index of a head table.
pub(super) fn model_indexes(layout: &ModelLayout) -> Vec<IndexStatement> {
    let table = quoted(&layout.head_table);
    let plain = |label: &str, rest: String| IndexStatement {
        name: short(format!("{}/{label}", layout.head_table)),
        rest: format!("ON {table} {rest}"),
        unique: None,
    };
    let mut statements = vec![
        plain("created", "(created_at, pk)".into()),
        plain("updated", "(updated_at, pk)".into()),
        plain("deleted", "(pk) WHERE is_deleted = 1".into()),
    ];
    for place in &layout.indexes {
        if let IndexPlace::Column { name, .. } = place {
            // Read forwards and backwards it gives both orders, with nulls where they belong.
            let rest = format!("({} NULLS FIRST, pk) WHERE is_deleted = 0", quoted(name));
            statements.push(plain(name, rest));
        }
    }
    for (at, unique) in layout.descriptor.uniques.iter().enumerate() {
        statements.push(unique_index(layout, at, unique));
    }
    statements
}

fn unique_index(layout: &ModelLayout, at: usize, unique: &UniqueDescriptor) -> IndexStatement {
    let columns: Vec<&str> = layout.unique_columns(unique).collect();
    let kinds = unique.indexes.iter().map(|&at| Kind::from(layout.descriptor.indexes[at].kind));
    let keys: Vec<String> = columns
        .iter()
        .zip(kinds)
        .map(
            |(name, kind)| {
                if unique.nulls_equal { equal_nulls(name, kind).join(", ") } else { quoted(name) }
            },
        )
        .collect();
    let mut rest = format!("ON {} ({}) WHERE is_deleted = 0", quoted(&layout.head_table), keys.join(", "));
    if !unique.nulls_equal {
        for name in &columns {
            let _ = write!(rest, " AND {} IS NOT NULL", quoted(name));
        }
    }
    let name = short(format!("{}/unique/{}", layout.head_table, columns.join("+")));
    IndexStatement { name, rest, unique: Some(at) }
}

/// An index tells nulls apart; these two expressions make them equal to one another and different from every value.
pub(super) fn equal_nulls(name: &str, kind: Kind) -> [String; 2] {
    let empty = match kind {
        Kind::Text => "''",
        Kind::Integer => "0",
        Kind::Float => "0.0",
    };
    let name = quoted(name);
    [format!("({name} IS NULL)"), format!("(coalesce({name}, {empty}))")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_stay_different_when_they_are_cut() {
        let name = |end: &str| short(format!("{}{end}", "n".repeat(80)));
        assert!(name("a").len() <= 63 && name("a") != name("b"));
        assert_eq!(short("h_user".into()), "h_user");
    }
}
