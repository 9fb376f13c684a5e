//! Which index answers a page. The tables are empty and were never analysed: what is chosen here is chosen
//! by the form of the statement alone.

use super::bench::{Bench, on};
use crate::query::{Field, MetaField, Operator, Predicate, SortKey};

fn live(predicate: &Predicate) -> Predicate {
    Predicate::all([Predicate::is_deleted(false), predicate.clone()])
}

fn plan(predicate: &Predicate, sorts: &[SortKey]) -> String {
    Bench::new(Vec::new()).page_plan(&live(predicate), sorts)
}

/// A page and a count are answered by a search.
fn searches(predicate: &Predicate, step: &str) {
    let count = Bench::new(Vec::new()).count_plan(&live(predicate));
    for plan in [plan(predicate, &[]), count] {
        assert!(plan.contains("SEARCH h_specimen USING") && plan.contains(step), "{plan}");
        assert!(!plan.contains("SCAN h_specimen"), "{plan}");
    }
}

/// A count is answered by a search. For a page in order of creation the planner, without statistics, takes
/// the order of the rows instead of a range open on one side.
fn counts(predicate: &Predicate, step: &str) {
    let plan = Bench::new(Vec::new()).count_plan(&live(predicate));
    assert!(plan.contains("SEARCH h_specimen USING") && plan.contains(step), "{plan}");
}

fn by(field: impl Into<Field>, descending: bool) -> SortKey {
    SortKey::new(field, descending)
}

#[test]
fn an_index_answers_each_condition() {
    let age = |step: &str| format!("INDEX h_specimen/ix_age ({step})");
    let name = |step: &str| format!("INDEX h_specimen/ix_name ({step})");
    searches(&on("age", Operator::Eq, 30), &age("ix_age=?"));
    searches(&on("age", Operator::Eq, 30.0), &age("ix_age=?"));
    searches(&on("age", Operator::In, vec![1, 2]), &age("ix_age=?"));
    counts(&on("age", Operator::Gt, 30.5), &age("ix_age>?"));
    let range = on("age", Operator::Gte, 1) & on("age", Operator::Lte, 9);
    searches(&range, &age("ix_age>? AND ix_age<?"));
    searches(&on("name", Operator::StartsWith, "ab"), &name("ix_name>? AND ix_name<?"));
    searches(&on("name", Operator::Like, "ab%"), &name("ix_name>? AND ix_name<?"));
    searches(&on("name", Operator::IsNull, true), &name("ix_name=?"));
    searches(&on("active", Operator::Eq, true), "INDEX h_specimen/ix_active (ix_active=?)");
    counts(&on("due", Operator::Lt, "2024-01-01"), "INDEX h_specimen/ix_due (ix_due<?)");
    counts(&on("created_time", Operator::Gt, "2024-01-01"), "INDEX ms_specimen/created (created_at>?)");
}

#[test]
fn list_values_are_found_by_their_index() {
    let member = "SEARCH h_specimen USING INTEGER PRIMARY KEY (rowid=?)";
    let lookup = "SEARCH l_specimen USING PRIMARY KEY (field=? AND value=?)";
    for condition in [
        on("tags", Operator::Contains, "a"),
        on("tags", Operator::ContainsAny, vec!["a", "b"]),
        on("nums", Operator::Contains, 1),
    ] {
        let plan = plan(&condition, &[]);
        assert!(plan.contains(member) && plan.contains(lookup), "{plan}");
    }
}

#[test]
fn ids_are_found_by_their_index() {
    let one = on("resource_id", Operator::Eq, "specimen:1");
    searches(&one, "(resource_id=?)");
    searches(&on("current_revision_id", Operator::Eq, "specimen:1:2"), "(resource_id=?)");
    let some = vec!["specimen:1:2", "specimen:2:1"];
    searches(&on("current_revision_id", Operator::In, some), "(resource_id=?)");
}

#[test]
fn an_index_gives_the_order() {
    let everything = Predicate::everything();
    let ordered = |predicate: &Predicate, sorts: &[SortKey], index: &str| {
        let plan = plan(predicate, sorts);
        assert!(plan.contains(index), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    };
    for descending in [false, true] {
        ordered(&everything, &[by(Field::Index(1), descending)], "h_specimen/ix_age");
        ordered(&everything, &[by(MetaField::CreatedTime, descending)], "ms_specimen/created");
        ordered(
            &on("age", Operator::Gt, 3),
            &[by(Field::Index(1), descending)],
            "h_specimen/ix_age (ix_age>?)",
        );
        ordered(
            &on("name", Operator::StartsWith, "a"),
            &[by(Field::Index(0), descending)],
            "h_specimen/ix_name (ix_name>? AND ix_name<?)",
        );
    }
    ordered(&on("age", Operator::Eq, 3), &[], "h_specimen/ix_age (ix_age=?)");
    ordered(&everything, &[], "SCAN h_specimen");
}
