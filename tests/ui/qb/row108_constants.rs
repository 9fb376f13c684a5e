//! Constants that cannot be computed.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct User {
    #[indexed]
    name: String,
    #[indexed]
    age: u32,
    #[indexed]
    active: bool,
    #[indexed]
    tags: Vec<String>,
    #[indexed]
    seen: Option<DateTime>,
    note: String,
}

fn main() {
    let _ = qb!(User: QB["age"] > 1 / 0);
    let _ = qb!(User: QB["age"] > 9223372036854775808);
    let _ = qb!(User: QB["age"] > 9223372036854775807 + 1);
    let _ = qb!(User: QB["age"] > 5u32);
    let _ = qb!(User: QB["name"] == 'a');
    let _ = qb!(User: QB["age"] + 1 > 2);
    let _ = qb!(User: QB["age"] > 1 + "a");
    let _ = qb!(User: QB["seen"] > datetime(2024, 1, 1));
    let _ = qb!(User: QB["seen"] > dt.datetime(2023, 2, 29));
    let _ = qb!(User: QB["seen"] > dt.datetime.now());
    let _ = qb!(User: QB["seen"] > dt.timedelta(days=1));
    let _ = qb!(User: QB["seen"] > dt.date(2024, 1, 1) + 1);
}
