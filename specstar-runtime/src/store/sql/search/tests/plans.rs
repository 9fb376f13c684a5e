//! Which index answers a query. What is chosen here is chosen by the text alone: the plans are the same without
//! statistics and with those of rows that are all alike. Only a disjunction is left to the planner, which knows
//! no statistics, because nothing here makes them.
//!
//! The statement a search ends with never scans the heads where an index can answer one of its conditions.
//! Before it, a walk in the order of the result may run, which may scan, and is bounded by a budget.

use serde_json::json;

use super::bench::{Bench, on};
use crate::query::fixture::SPECIMEN;
use crate::query::{
    Field, Leaf, MetaField, Operator, Predicate, Quantifier, Scope, SortKey, Target, Test, ValueTest,
};
use crate::store::sql::search::Access;

fn live(predicate: &Predicate) -> Predicate {
    Predicate::all([Predicate::is_deleted(false), predicate.clone()])
}

fn by(field: impl Into<Field>, descending: bool) -> SortKey {
    SortKey::new(field, descending)
}

const NAME: Field = Field::Index(0);
const AGE: Field = Field::Index(1);

/// Without rows, and with rows that are all alike and analysed: an index that finds all of them is one a
/// planner would rather not use.
fn benches() -> [Bench; 2] {
    let row = json!({"name": "x", "age": 1, "score": 1.5, "active": true, "due": "2024-01-01T00:00:00Z",
        "tags": ["a"], "nums": [1]});
    let alike = Bench::of_data(&vec![row; 200]);
    alike.connection.execute_batch("ANALYZE").expect("statistics");
    [Bench::new(Vec::new()), alike]
}

/// Every order a page is asked for in.
fn orders() -> Vec<Vec<SortKey>> {
    let fields = [NAME, AGE, MetaField::CreatedTime.into(), MetaField::ResourceId.into()];
    let one = fields.into_iter().flat_map(|field| [vec![by(field, false)], vec![by(field, true)]]);
    let more = [vec![], vec![by(AGE, true), by(NAME, false)], vec![by(MetaField::TotalRevisionCount, false)]];
    one.chain(more).collect()
}

/// Whether a plan goes through all heads, be it in the order of an index.
fn scans(plan: &str) -> bool {
    // The deleted rows are few.
    plan.replace("SCAN h_specimen USING COVERING INDEX ms_specimen/deleted", "").contains("SCAN h_specimen")
}

/// A disjunction, where somebody has made statistics.
fn is_left_to_the_planner(bench: &Bench, step: &str) -> bool {
    !bench.rows.is_empty() && step == OR
}

const OR: &str = "MULTI-INDEX OR";

/// Conditions that an index answers, with a step of its plan.
fn answered() -> Vec<(Predicate, &'static str)> {
    let starts = |field: MetaField, text: &str| {
        let test = Test::Value(ValueTest::StartsWith(text.to_owned()));
        Predicate::Leaf(Leaf { field: field.into(), test })
    };
    vec![
        (on("age", Operator::Eq, 30), "INDEX h_specimen/ix_age (ix_age=?)"),
        (on("age", Operator::Eq, 30.0), "INDEX h_specimen/ix_age (ix_age=?)"),
        (on("age", Operator::In, vec![1, 2]), "INDEX h_specimen/ix_age (ix_age=?)"),
        (on("age", Operator::Gt, 30.5), "INDEX h_specimen/ix_age (ix_age>?)"),
        (on("age", Operator::Lte, 30), "INDEX h_specimen/ix_age (ix_age<?)"),
        (
            on("age", Operator::Gte, 1) & on("age", Operator::Lte, 9),
            "INDEX h_specimen/ix_age (ix_age>? AND ix_age<?)",
        ),
        (on("score", Operator::Gt, 1), "INDEX h_specimen/ix_score (ix_score>?)"),
        (on("active", Operator::Eq, true), "INDEX h_specimen/ix_active (ix_active=?)"),
        (on("due", Operator::Lt, "2024-01-01"), "INDEX h_specimen/ix_due (ix_due<?)"),
        (on("name", Operator::StartsWith, "ab"), "INDEX h_specimen/ix_name (ix_name>? AND ix_name<?)"),
        (on("name", Operator::Like, "ab%"), "INDEX h_specimen/ix_name (ix_name>? AND ix_name<?)"),
        (on("name", Operator::IsNull, true), "INDEX h_specimen/ix_name (ix_name=?)"),
        (on("name", Operator::IsNull, false), "INDEX h_specimen/ix_name (ix_name>?)"),
        (on("created_time", Operator::Gt, "2024-01-01"), "INDEX ms_specimen/created (created_at>?)"),
        (on("updated_time", Operator::Eq, "2024-01-01"), "INDEX ms_specimen/updated (updated_at=?)"),
        (on("resource_id", Operator::Eq, "specimen:1"), "(resource_id=?)"),
        (on("resource_id", Operator::In, vec!["specimen:1", "specimen:2"]), "(resource_id=?)"),
        (starts(MetaField::ResourceId, "specimen:"), "(resource_id>? AND resource_id<?)"),
        (on("current_revision_id", Operator::Eq, "specimen:1:2"), "(resource_id=?)"),
        (on("current_revision_id", Operator::In, vec!["specimen:1:2", "x:2:1"]), "(resource_id=?)"),
        (on("tags", Operator::Contains, "a"), "SEARCH l_specimen USING PRIMARY KEY (field=? AND value=?"),
        (on("nums", Operator::Contains, 1), "SEARCH l_specimen USING PRIMARY KEY (field=? AND value=?"),
        (
            on("tags", Operator::ContainsAny, vec!["a", "b"]),
            "SEARCH l_specimen USING PRIMARY KEY (field=? AND value=?)",
        ),
        (
            any_tag(Operator::StartsWith),
            "SEARCH l_specimen USING PRIMARY KEY (field=? AND value>? AND value<?)",
        ),
        (on("age", Operator::Eq, 1) | on("name", Operator::Eq, "x"), OR),
        (on("age", Operator::Eq, 1) | on("tags", Operator::Contains, "x"), OR),
        (
            (on("age", Operator::Gt, 1) & on("name", Operator::Contains, "x"))
                | on("created_time", Operator::Lt, "2024-01-01"),
            OR,
        ),
    ]
}

fn any_tag(operator: Operator) -> Predicate {
    let target = Target::find(&SPECIMEN, "tags", Scope::Everything);
    target.quantified(Quantifier::Any, operator, &"a".into()).expect("a list of texts")
}

#[test]
fn an_index_answers_each_condition_in_every_order() {
    for bench in benches() {
        for (condition, step) in answered() {
            if is_left_to_the_planner(&bench, step) {
                continue;
            }
            for sorts in orders() {
                for (access, plan) in bench.page_plans(&live(&condition), &sorts) {
                    // A walk is only the first try, or there is nothing to choose from.
                    if access == Access::Order {
                        assert!(!plan.contains("TEMP B-TREE FOR ORDER"), "{access:?}: {plan}");
                    } else {
                        assert!(plan.contains(step) && !scans(&plan), "{access:?} for {step}: {plan}");
                    }
                }
            }
            for (access, plan) in bench.count_plans(&live(&condition)) {
                assert!(plan.contains(step) && !scans(&plan), "{access:?} for {step}: {plan}");
            }
        }
    }
}

#[test]
fn any_of_two_conditions_can_be_the_one_an_index_answers() {
    let conditions = answered();
    for bench in benches() {
        for (at, (one, step)) in conditions.iter().enumerate() {
            for (other, other_step) in &conditions[at + 1..] {
                if [step, other_step].into_iter().any(|step| is_left_to_the_planner(&bench, step)) {
                    continue;
                }
                for sorts in [vec![], vec![by(AGE, true)]] {
                    let both = live(&(one.clone() & other.clone()));
                    for (access, plan) in bench.page_plans(&both, &sorts) {
                        assert!(access == Access::Order || !scans(&plan), "{step} and {other_step}: {plan}");
                    }
                }
            }
        }
    }
}

#[test]
fn conditions_that_no_index_answers_scan() {
    let condition = |text: &str, operator: Operator| on(text, operator, "x");
    let length = Target::find(&SPECIMEN, "name", Scope::Everything).length(Operator::Gt, &3.into());
    let conditions = [
        condition("name", Operator::Contains),
        condition("name", Operator::EndsWith),
        condition("name", Operator::Regex),
        condition("name", Operator::IContains),
        condition("name", Operator::Ne),
        !on("age", Operator::Gt, 3),
        !on("tags", Operator::Contains, "a"),
        any_tag(Operator::Contains),
        length.expect("a text"),
        on("age", Operator::StartsWith, "3"),
        condition("created_by", Operator::Eq),
        condition("rev_created_by", Operator::Eq),
        on("rev_created_time", Operator::Gt, "2024-01-01"),
        on("total_revision_count", Operator::Gt, 1),
        on("age", Operator::Eq, 1) | condition("name", Operator::Contains),
    ];
    for bench in benches() {
        for condition in &conditions {
            for (access, plan) in bench.page_plans(&live(condition), &[]) {
                assert_eq!(access, Access::Order);
                assert!(plan.starts_with("SCAN h_specimen\n"), "{plan}");
            }
            let plans = bench.count_plans(&live(condition));
            assert!(plans.iter().all(|(access, plan)| *access == Access::Scan && scans(plan)), "{plans:?}");
        }
    }
}

#[test]
fn an_index_on_data_has_no_deleted_rows() {
    let both = on("is_deleted", Operator::In, vec![true, false]) & on("age", Operator::Eq, 3);
    for bench in benches() {
        let plans = bench.page_plans(&both, &[]);
        assert!(plans.iter().all(|(access, plan)| *access == Access::Order && scans(plan)), "{plans:?}");
        let id =
            on("is_deleted", Operator::In, vec![true, false]) & on("resource_id", Operator::Eq, "specimen:1");
        assert!(bench.page_plans(&id, &[]).iter().any(|(_, plan)| plan.contains("(resource_id=?)")));
    }
}

#[test]
fn deleted_rows_have_an_index_of_their_own() {
    for bench in benches() {
        for (condition, step) in answered() {
            for sorts in orders() {
                let deleted = Predicate::is_deleted(true) & condition.clone();
                for (_, plan) in
                    bench.page_plans(&deleted, &sorts).into_iter().chain(bench.count_plans(&deleted))
                {
                    let by_id = plan.contains("(resource_id=?)") && !scans(&plan);
                    assert!(by_id || plan.contains("INDEX ms_specimen/deleted"), "{step}: {plan}");
                }
            }
        }
        let [(_, plan)] = &bench.page_plans(&Predicate::is_deleted(true), &[])[..] else { panic!("one way") };
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
}

#[test]
fn an_index_gives_the_order() {
    let everything = Predicate::everything();
    for bench in benches() {
        let ordered = |predicate: &Predicate, sorts: &[SortKey], step: &str| {
            let plans = bench.page_plans(&live(predicate), sorts);
            let [(_, plan)] = &plans[..] else { panic!("one way: {plans:?}") };
            assert!(plan.contains(step) && !plan.contains("TEMP B-TREE"), "{plan}");
        };
        for descending in [false, true] {
            ordered(&everything, &[by(AGE, descending)], "SCAN h_specimen USING INDEX h_specimen/ix_age");
            ordered(&everything, &[by(MetaField::CreatedTime, descending)], "INDEX ms_specimen/created");
            ordered(
                &everything,
                &[by(MetaField::ResourceId, descending)],
                "INDEX sqlite_autoindex_h_specimen_1",
            );
            ordered(&on("age", Operator::Gt, 3), &[by(AGE, descending)], "h_specimen/ix_age (ix_age>?)");
            ordered(
                &on("name", Operator::StartsWith, "a"),
                &[by(NAME, descending)],
                "h_specimen/ix_name (ix_name>? AND ix_name<?)",
            );
        }
        ordered(&on("age", Operator::Eq, 3), &[], "h_specimen/ix_age (ix_age=?)");
        ordered(
            &on("tags", Operator::Contains, "a"),
            &[],
            "SEARCH l_specimen USING PRIMARY KEY (field=? AND value=?)",
        );
        ordered(&everything, &[], "SCAN h_specimen\n");
    }
}

#[test]
fn row_numbers_are_sorted_before_heads_are_read() {
    for bench in benches() {
        for (condition, index) in [
            (on("age", Operator::Gt, 3), "h_specimen/ix_age"),
            (on("created_time", Operator::Gt, "2024-01-01"), "ms_specimen/created"),
        ] {
            let plans = bench.page_plans(&live(&condition), &[]);
            let (_, plan) = plans.iter().find(|(access, _)| *access == Access::Index(0)).expect("its index");
            assert!(plan.contains(&format!("USING COVERING INDEX {index}")), "{plan}");
            assert!(plan.starts_with("SEARCH heads USING INTEGER PRIMARY KEY (rowid=?)"), "{plan}");
        }
    }
}

#[test]
fn counts_read_as_little_as_there_is() {
    for bench in benches() {
        let count = |predicate: &Predicate| {
            let plans = bench.count_plans(predicate);
            plans.into_iter().map(|(_, plan)| plan).next().expect("a way")
        };
        let members =
            count(&live(&(on("tags", Operator::Contains, "a") & on("nums", Operator::Contains, 1))));
        assert!(!members.contains("h_specimen USING INTEGER PRIMARY KEY"), "no head is read: {members}");
        let age = count(&live(&on("age", Operator::Gt, 3)));
        assert!(age.contains("COVERING INDEX h_specimen/ix_age"), "{age}");
        let created = count(&live(&on("created_time", Operator::Gt, "2024-01-01")));
        assert!(created.contains("COVERING INDEX ms_specimen/created"), "{created}");
        let other = count(&live(&on("age", Operator::Ne, 3)));
        assert!(other.contains("COVERING INDEX h_specimen/ix_age"), "{other}");
    }
}
