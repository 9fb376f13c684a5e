//! Every example of the page of the query language, run as a client would.

use serde_json::{Value, json};
use specstar::prelude::*;

use crate::common::{TestApp, User};

const PAGE: &str = include_str!("../../specstar-runtime/docs/qb.md");

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
struct Home {
    city: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Person {
    #[indexed]
    name: String,
    #[indexed]
    age: u32,
    #[indexed]
    score: f64,
    #[indexed]
    active: bool,
    #[indexed]
    tags: Vec<String>,
    #[indexed]
    nick: Option<String>,
    #[indexed]
    joined: DateTime,
    #[indexed(path = "home.city", type = Option<String>)]
    home: Home,
    #[vector(dim = 2)]
    place: Option<Vec<f32>>,
}

/// A row of a table of the page, cells without their blanks.
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.strip_prefix('|')?.strip_suffix('|')?;
    let bars = inner.replace("\\|", "\u{0}");
    Some(bars.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect())
}

fn code(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`')
}

/// The rows of the tables whose first column has this heading, with the heading of the second.
fn rows(heading: &str) -> Vec<(String, Vec<String>)> {
    let mut rows = Vec::new();
    let mut second = None;
    for line in PAGE.lines() {
        match cells(line) {
            None => second = None,
            Some(cells) if cells[0] == heading => second = Some(cells[1].clone()),
            Some(cells) if code(&cells[0]).is_some() => {
                rows.extend(second.clone().map(|second| (second, cells)));
            }
            Some(_) => {}
        }
    }
    rows
}

/// At noon of one day, so that the calendar is the same for every request.
fn ann(app: &TestApp) -> User {
    app.user("ann").at("2026-05-06T12:00:00Z")
}

async fn people() -> TestApp {
    let app = TestApp::new(resources![Person]).await;
    for (_, cells) in rows("name") {
        let value = |at: usize| -> Value {
            let text = code(&cells[at]).expect("a value");
            serde_json::from_str(text).unwrap_or_else(|_| text.into())
        };
        let body = json!({
            "name": value(0), "age": value(1), "score": value(2), "active": value(3), "tags": value(4),
            "nick": value(5), "joined": value(6), "home": {"city": value(7)}, "place": value(8),
        });
        ann(&app).created("person", body).await;
    }
    app
}

#[tokio::test]
async fn every_example_finds_what_the_page_says() {
    let app = people().await;
    let examples = rows("example");
    assert!(examples.len() > 80, "{}", examples.len());
    for (heading, cells) in examples {
        let expression = code(&cells[0]).expect("an example");
        let found = ann(&app).get("/person").query(&[("qb", expression), ("returns", "data")]).await.ok();
        let found = found.as_array().expect("a list").iter();
        let mut names: Vec<&str> = found.map(|item| item["data"]["name"].as_str().expect("a name")).collect();
        if heading == "finds" {
            names.sort_unstable();
        }
        assert_eq!(names.join(", "), cells[1], "{expression}");
    }
}

#[test]
fn every_method_has_an_example() {
    let examples: Vec<String> = rows("example").into_iter().map(|(_, mut cells)| cells.remove(0)).collect();
    for method in specstar::qb::METHODS {
        let call = format!(".{method}(");
        assert!(examples.iter().any(|example| example.contains(&call)), "{method} has no example");
    }
}
