//! What the JSON layer costs per payload: `cargo bench -p specstar-runtime --bench json`.

use std::hint::black_box;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use specstar_runtime::datetime::{DateTime, Timestamp};
use specstar_runtime::descriptor::{
    FieldDescriptor, Identity, IndexDescriptor, IndexKind, ResourceDescriptor,
};
use specstar_runtime::json::{
    Section, Selection, decode, index_row, refuse_other_forms, to_canonical, unknown_fields,
    write_indexed_data,
};

#[derive(Debug, Serialize, Deserialize)]
struct User {
    name: String,
    email: String,
    age: u32,
    active: bool,
    score: f64,
    tags: Vec<String>,
    address: Option<Address>,
    bio: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Address {
    street: String,
    city: String,
    zip: Option<String>,
}

const BODY: &[u8] = br#"{"name":"Ann Marie Example","email":"ann.marie@example.org","age":42,"active":true,"score":81.5,"tags":["admin","editor","berlin"],"address":{"street":"Long Street 12","city":"Berlin","zip":"10115"},"bio":"Writes about gardens, bridges and the weather. Has lived in three countries and speaks five languages fluently."}"#;

const fn field(name: &'static str) -> FieldDescriptor {
    FieldDescriptor { name, aliases: &[], readonly: false, type_name: "" }
}

const fn index(path: &'static [&'static str], kind: IndexKind, list: bool) -> IndexDescriptor {
    IndexDescriptor { list, ..IndexDescriptor::new(path[path.len() - 1], path, kind) }
}

const USER: ResourceDescriptor = ResourceDescriptor {
    fields: &[
        field("name"),
        field("email"),
        field("age"),
        field("active"),
        field("score"),
        field("tags"),
        field("address"),
        field("bio"),
    ],
    indexes: &[
        index(&["email"], IndexKind::Text, false),
        index(&["age"], IndexKind::Integer, false),
        index(&["tags"], IndexKind::Text, true),
        index(&["address", "city"], IndexKind::Text, false),
    ],
    ..ResourceDescriptor::named(Identity {
        name: "user",
        path: "bench::User",
        type_name: "User",
        name_hash: 0,
        path_hash: 0,
    })
};

/// The best of many rounds, since everything else on the machine only makes it slower.
fn measure<R>(name: &str, mut run: impl FnMut() -> R) {
    const CALLS: u32 = 2_000;
    let round = |_| {
        let start = Instant::now();
        for _ in 0..CALLS {
            black_box(run());
        }
        start.elapsed() / CALLS
    };
    let best = (0..200).map(round).min().unwrap_or_default();
    println!("{name:32} {best:>10.1?}");
}

fn main() {
    let user: User = decode(BODY).expect("the body fits");
    let canonical = to_canonical(&user).expect("the user can be written");
    let selection = Selection::parse(&["name", "tags/0", "address/city"], Section::Data)
        .expect("the selectors are right")
        .data
        .unwrap_or_default();
    let mut out = Vec::with_capacity(1024);
    println!("{} bytes", canonical.len());

    measure("serde_json::from_slice", || serde_json::from_slice::<User>(BODY).is_ok());
    measure("decode", || decode::<User>(BODY).is_ok());
    measure("serde_json::to_vec", || serde_json::to_vec(&user));
    measure("to_canonical", || to_canonical(&user));
    measure("refuse_other_forms", || refuse_other_forms(BODY, &canonical));
    measure("unknown_fields", || unknown_fields(BODY, &canonical, &USER));
    measure("index_row", || index_row(&USER, &canonical));
    measure("write_indexed_data", || {
        out.clear();
        write_indexed_data(&USER, &canonical, &mut out);
    });
    measure("Selection::apply", || {
        out.clear();
        selection.apply(&canonical, &mut out);
    });
    let time = Timestamp(1_714_521_601_250_000);
    measure("Timestamp::write_to", || {
        out.clear();
        black_box(time).write_to(&mut out);
    });
    measure("DateTime::parse", || DateTime::parse(black_box("2024-01-02T03:04:05.123456+02:00")));
}
