//! What an expression costs before any row is read: `cargo bench -p specstar-runtime --bench qb`.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use specstar_runtime::change::ModelIndex;
use specstar_runtime::datetime::Timestamp;
use specstar_runtime::descriptor::{FieldDescriptor, Identity, IndexDescriptor, ResourceDescriptor};
use specstar_runtime::qb::{self, Checked, Context};
use specstar_runtime::query::Predicate;
use specstar_runtime::store::{Freshness, Search, SearchTexts};

static USER: ResourceDescriptor = ResourceDescriptor {
    fields: &[FieldDescriptor::new("age"), FieldDescriptor::new("status"), FieldDescriptor::new("tags")],
    indexes: &[
        IndexDescriptor::of::<i64>("age", &["age"]),
        IndexDescriptor::of::<String>("status", &["status"]),
        IndexDescriptor::of::<Vec<String>>("tags", &["tags"]),
    ],
    ..ResourceDescriptor::named(Identity::new("user", "bench::User", "User"))
};

const USUAL: &str =
    r#"((QB["age"] >= 18) & (QB["status"] == "active") & QB["tags"].contains("dev")).sort("-age").limit(20)"#;
const LONG: &str = r#"QB["status"].in_(["a","b","c","d","e","f","g","h","i","j","k","l","m","n","o","p"])"#;

fn checked(source: &str) -> Checked {
    let context = Context::at(Timestamp(0));
    let query = qb::parse_at(source, context.now).expect("an expression");
    query.check(&USER, &context).expect("it fits")
}

fn search(source: &str) -> Search {
    let checked = checked(source);
    let predicate = Arc::new(Predicate::is_deleted(false) & checked.predicate);
    Search {
        model: ModelIndex(0),
        predicate,
        sorts: checked.sorts,
        after: None,
        limit: 20,
        offset: 0,
        freshness: Freshness::Current,
    }
}

fn expressions(criterion: &mut Criterion) {
    for (name, source) in [("usual", USUAL), ("list of 16", LONG)] {
        let mut group = criterion.benchmark_group(name);
        group.bench_function("parse", |bench| bench.iter(|| qb::parse_at(black_box(source), Timestamp(0))));
        group.bench_function("parse and check", |bench| bench.iter(|| checked(black_box(source))));
        let texts = SearchTexts::new(&USER);
        group.bench_function("parse, check and SQL of a known shape", |bench| {
            bench.iter(|| texts.page(&search(black_box(source))).expect("texts"));
        });
        let parsed = search(source);
        group.bench_function("SQL of a new shape", |bench| {
            bench.iter_with_setup(|| SearchTexts::new(&USER), |texts| texts.page(&parsed).expect("texts"));
        });
        group.finish();
    }
}

criterion_group!(benches, expressions);
criterion_main!(benches);
