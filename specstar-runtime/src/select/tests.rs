//! Typed queries against the language they print as: both end in the same predicate.

use proptest::prelude::*;

use super::*;
use crate::column::Column;
use crate::datetime::DateTime;
use crate::descriptor::{Identity, ResourceDescriptor};
use crate::qb::{Context, Period, Unit};
use crate::query::fixture::SPECIMEN;
use crate::resource::{Resource, ResourceEntry};

#[derive(Debug)]
struct Specimen;

impl Resource for Specimen {
    const ID: Identity = Identity::new("specimen", "fixture::Specimen", "Specimen");
    const DESCRIPTOR: &'static ResourceDescriptor = &SPECIMEN;
    const ENTRY: ResourceEntry = ResourceEntry::rejected(&SPECIMEN);
}

const NAME: Column<Specimen, Option<String>> = Column::new(0);
const AGE: Column<Specimen, i64> = Column::new(1);
const SCORE: Column<Specimen, f64> = Column::new(2);
const ACTIVE: Column<Specimen, bool> = Column::new(3);
const DUE: Column<Specimen, Option<DateTime>> = Column::new(4);
const CITY: Column<Specimen, String> = Column::new(5);
const TAGS: Column<Specimen, Vec<String>> = Column::new(6);
const NUMS: Column<Specimen, Option<Vec<i64>>> = Column::new(7);
const RATIOS: Column<Specimen, Vec<f64>> = Column::new(8);
const FLAGS: Column<Specimen, Vec<bool>> = Column::new(9);
const MOMENTS: Column<Specimen, Vec<DateTime>> = Column::new(10);
const PLACE: Column<Specimen, Vec<f32>> = Column::new(12);

const NOW: Timestamp = Timestamp(1_709_209_815_000_005);

fn text() -> impl Strategy<Value = String> {
    "[^\0]{0,8}"
}

fn float() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("JSON has no other floats", |number| number.is_finite())
}

fn moment() -> impl Strategy<Value = DateTime> {
    let years_1_to_9999 = -62_135_596_800_000_000..=253_402_300_799_999_999_i64;
    years_1_to_9999.prop_map(|micros| DateTime::try_from(Timestamp(micros)).expect("it is in the calendar"))
}

/// Conditions made of one value by every method that takes it.
fn asked<T: std::fmt::Debug + Clone>(
    value: impl Strategy<Value = T>,
    methods: &'static [fn(T) -> Condition<Specimen>],
) -> impl Strategy<Value = Condition<Specimen>> {
    (value, 0..methods.len()).prop_map(|(value, method)| methods[method](value))
}

fn texts() -> impl Strategy<Value = Condition<Specimen>> {
    asked(
        text(),
        &[
            |text| NAME.eq(&text),
            |text| NAME.ne(text),
            |text| NAME.gt(text.as_str()),
            |text| CITY.ge(text),
            |text| CITY.lt(text),
            |text| CITY.le(text),
            |text| CITY.between(text.as_str(), "m"),
            |text| NAME.in_([text, "b".into()]),
            |text| NAME.not_in([text]),
            |text| NAME.contains_any([text]),
            |text| NAME.contains(text),
            |text| AGE.contains(text),
            |text| NAME.starts_with(&text),
            |text| SCORE.ends_with(text),
            |text| NAME.icontains(text),
            |text| NAME.istarts_with(text),
            |text| NAME.iends_with(text),
            |text| NAME.like(text),
            |text| CITY.regex(regex::escape(&text)),
            |text| TAGS.contains(text),
            |text| TAGS.contains_any([text.as_str(), "b"]),
            |text| TAGS.eq([text]),
            |text| TAGS.in_([vec![text.clone()], vec![text, String::new()]]),
            |text| TAGS.any().eq(text),
            |text| TAGS.all().ne(text),
            |text| TAGS.any().contains(text),
            |text| TAGS.all().starts_with(text),
            |text| TAGS.any().ends_with(text),
            |text| TAGS.any().icontains(text),
            |text| TAGS.all().istarts_with(text),
            |text| TAGS.all().iends_with(text),
            |text| TAGS.all().regex(regex::escape(&text)),
            |text| NAME.fuzzy(text),
            |text| TAGS.fuzzy_by(text, 0.3),
            |text| PLACE.l2(text).ge(1.0),
            |text| Specimen::META.created_by.eq(text),
            |text| Specimen::META.schema_version.ne(text),
        ],
    )
}

fn numbers() -> impl Strategy<Value = Condition<Specimen>> {
    asked(
        any::<i64>(),
        &[
            |number| AGE.eq(number),
            |number| AGE.ge(number),
            |number| AGE.between(number, i64::MAX),
            |number| AGE.not_in([number, 0]),
            |number| SCORE.gt(number),
            |number| NUMS.contains(number),
            |number| NUMS.eq(vec![number]),
            |number| NUMS.any().ne(number),
            |number| Specimen::META.total_revision_count.lt(number),
            |number| DUE.during(Period { unit: Unit::LastDays(number % 1_000), offset: None }),
        ],
    )
}

fn floats() -> impl Strategy<Value = Condition<Specimen>> {
    asked(
        float(),
        &[
            |number| SCORE.eq(number),
            |number| SCORE.le(number),
            |number| SCORE.in_([number, -0.0]),
            |number| RATIOS.contains(number),
            |number| RATIOS.ne([number]),
            |number| RATIOS.all().eq(number),
            |number| PLACE.cosine([0.5, number, 1.0]).lt(0.25),
            |number| PLACE.ip(vec![0.0_f32, 0.1, 1e-7]).gt(number),
        ],
    )
}

fn moments() -> impl Strategy<Value = Condition<Specimen>> {
    asked(
        moment(),
        &[
            |at| DUE.eq(at),
            |at| DUE.lt(at),
            |at| DUE.ge(at.instant()),
            |at| DUE.not_in([at]),
            |at| MOMENTS.contains(at),
            |at| MOMENTS.eq([at]),
            |at| MOMENTS.any().ne(at),
            |at| Specimen::META.updated_time.gt(at),
        ],
    )
}

fn flags() -> impl Strategy<Value = Condition<Specimen>> {
    asked(
        any::<bool>(),
        &[
            |flag| ACTIVE.eq(flag),
            |flag| ACTIVE.ge(flag),
            |flag| ACTIVE.in_([flag]),
            |flag| FLAGS.contains(flag),
            |flag| FLAGS.all().eq(flag),
            |flag| Specimen::META.is_deleted.eq(flag),
            |flag| NAME.null_check(crate::query::Operator::Exists, flag),
            |flag| TAGS.null_check(crate::query::Operator::IsNa, flag),
        ],
    )
}

fn lengths() -> impl Strategy<Value = Condition<Specimen>> {
    asked(
        any::<usize>(),
        &[
            |count| NAME.length().eq(count),
            |count| CITY.length().ne(count),
            |count| TAGS.length().gt(count),
            |count| NUMS.length().ge(count),
            |count| NAME.length().lt(count),
            |count| MOMENTS.length().le(count),
            |count| TAGS.length().between(1, count),
            |count| TAGS.length().in_([count, 0]),
            |count| TAGS.length().not_in([count]),
        ],
    )
}

fn plain() -> impl Strategy<Value = Condition<Specimen>> {
    asked(
        Just(()),
        &[
            |()| NAME.is_null(),
            |()| AGE.is_not_null(),
            |()| ACTIVE.is_true(),
            |()| ACTIVE.is_false(),
            |()| SCORE.is_truthy(),
            |()| TAGS.is_falsy(),
            |()| NAME.is_empty(),
            |()| CITY.is_blank(),
            |()| DUE.today(),
            |()| DUE.yesterday(),
            |()| DUE.this_week(),
            |()| Specimen::META.created_time.this_month(),
            |()| DUE.this_year(),
            |()| DUE.last_n_days(7),
            |()| DUE.during(Period { unit: Unit::ThisWeek { start: 6 }, offset: Some(-4) }),
            |()| Condition::any([]),
        ],
    )
}

fn conditions() -> impl Strategy<Value = Condition<Specimen>> {
    let leaf = prop_oneof![texts(), numbers(), floats(), moments(), flags(), lengths(), plain()];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Condition::all),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Condition::any),
            inner.prop_map(|condition| !condition),
        ]
    })
}

fn selections() -> impl Strategy<Value = Select<Specimen>> {
    let limit = prop::option::of(0..1_000_u64);
    (conditions(), 0..5_usize, limit, prop::option::of(0..1_000_u64)).prop_map(
        |(condition, orders, limit, offset)| {
            let orders =
                [NAME.asc(), AGE.desc(), Specimen::META.created_time.desc()].into_iter().take(orders);
            let mut select = orders.fold(Select::from(condition), Select::order_by);
            select = limit.into_iter().fold(select, Select::limit);
            offset.into_iter().fold(select, Select::offset)
        },
    )
}

proptest! {
    #[test]
    fn what_is_printed_is_read_as_the_same(select in selections()) {
        let context = Context::at(NOW);
        let text = select.to_string();
        let read = qb::parse_at(&text, NOW).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&read, select.query(), "{}", text);
        let typed = select.query().check(&SPECIMEN, &context).expect("a typed query fits");
        prop_assert_eq!(read.check(&SPECIMEN, &context).expect("so does its text"), typed);
    }
}

#[test]
fn conditions_stay_flat() {
    let three = AGE.eq(1).and(AGE.eq(2)).and(AGE.eq(3));
    assert!(matches!(three.tree(), qb::Condition::And(parts) if parts.len() == 3));
    assert_eq!(!!AGE.eq(1), AGE.eq(1));
    assert_eq!(Condition::all([]).and(AGE.eq(1)), AGE.eq(1));
    assert_eq!(Condition::<Specimen>::any([]).to_string(), "QB.resource_id().in_([])");
}

#[test]
fn pages_are_counted_from_one() {
    let page = |number| Select::<Specimen>::all().page(number, 20).to_string();
    assert_eq!(page(1), "QB.all().limit(20).offset(0)");
    assert_eq!(page(3), "QB.all().limit(20).offset(40)");
    assert_eq!(page(0), page(1));
}

#[test]
fn metadata_columns_have_the_names_and_types_of_the_language() {
    use crate::query::MetaField;
    let meta = Specimen::META;
    let fields = [
        meta.resource_id.field(),
        meta.current_revision_id.field(),
        meta.schema_version.field(),
        meta.total_revision_count.field(),
        meta.created_time.field(),
        meta.updated_time.field(),
        meta.created_by.field(),
        meta.updated_by.field(),
        meta.is_deleted.field(),
        meta.rev_status.field(),
        meta.rev_created_by.field(),
        meta.rev_updated_by.field(),
        meta.rev_created_time.field(),
        meta.rev_updated_time.field(),
    ];
    assert_eq!(fields.to_vec(), MetaField::ALL.map(crate::query::Field::Meta).to_vec());
    assert_eq!((meta.rev_status.key(), NAME.key(), CITY.key()), ("rev_status", "name", "address.city"));
}
