//! What expressions mean, where the words alone leave it open.

use crate::datetime::Timestamp;
use crate::qb::{self, Checked, Context};
use crate::query::UnindexedPolicy;
use crate::query::fixture::SPECIMEN;

const NOW: Timestamp = Timestamp(1_714_564_800_000_000);

fn checked(source: &str) -> (Checked, Option<u64>) {
    let context = Context { unindexed: UnindexedPolicy::Warn, ..Context::at(NOW) };
    let query = qb::parse_at(source, NOW).unwrap_or_else(|error| panic!("{source}: {error}"));
    let checked = query.check(&SPECIMEN, &context).unwrap_or_else(|error| panic!("{source}: {error}"));
    (checked, query.limit)
}

#[test]
fn these_mean_the_same() {
    for (one, other) in [
        // Nothing is joined to the left side: it keeps its order and page.
        ("QB['age'].gt(1).sort('-age').limit(2) & QB.all()", "QB['age'].gt(1).sort('-age').limit(2)"),
        ("QB['age'].gt(1).sort('-age').limit(2) | QB.all()", "QB['age'].gt(1).sort('-age').limit(2)"),
        ("QB['age'].gt(1).limit(2).filter(QB.all(), QB.all())", "QB['age'].gt(1).limit(2)"),
        ("QB['age'].gt(1).limit(2).or_(QB.all())", "QB['age'].gt(1).limit(2)"),
        ("QB.all(QB['age'].gt(1).limit(2))", "QB['age'].gt(1).limit(2)"),
        // Whatever else is joined is fresh.
        ("QB.all() & QB['age'].gt(1).sort('-age').limit(2)", "QB['age'] > 1"),
        ("QB.all().filter(QB['age'].gt(1).limit(2))", "QB['age'] > 1"),
        ("QB.all(QB['age'].gt(1).limit(2), QB.all())", "QB['age'] > 1"),
        ("QB.any(QB.all(), QB['age'].gt(1).limit(2))", "QB['age'] > 1"),
        ("QB.all().sort('-age').limit(2) & QB.all()", "QB.all()"),
        ("QB.all().limit(2).filter(QB.all())", "QB.all()"),
        ("~~QB['age'].gt(1).limit(2)", "QB['age'] > 1"),
        ("QB['age'].sort('age').limit(2).gt(1)", "QB['age'] > 1"),
        // Constants.
        ("QB['age'] == True + 1", "QB['age'] == 2"),
        ("QB['age'] == -True", "QB['age'] == -1"),
        ("QB['age'] == -7 % 4", "QB['age'] == 1"),
        ("QB['due'] == dt.date(2024, 1, 3) - dt.timedelta(hours=1)", "QB['due'] == dt.date(2024, 1, 3)"),
        ("QB['due'] == dt.date(2024, 1, 3) + dt.timedelta(hours=-1)", "QB['due'] == dt.date(2024, 1, 2)"),
        ("QB['due'] == dt.date(2024, 1, 3) - dt.timedelta(days=1)", "QB['due'] == dt.date(2024, 1, 2)"),
        ("QB['due'] == dt.date.today()", "QB['due'] == dt.date(2024, 5, 1)"),
        ("QB['due'] == dt.datetime.today()", "QB['due'] == '2024-05-01T12:00:00Z'"),
        // Of a field.
        ("QB['name'].length().length() == 3", "QB['name'].length() == 3"),
        ("1 < QB['age'] <= 9", "(QB['age'] > 1) & (QB['age'] <= 9)"),
        ("9 >= QB['age'] > 1", "(QB['age'] <= 9) & (QB['age'] > 1)"),
    ] {
        assert_eq!(checked(one), checked(other), "{one}");
    }
}
