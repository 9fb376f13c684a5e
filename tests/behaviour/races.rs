//! Many clients at once: exactly one of them wins what only one can have.

use futures_util::future::join_all;
use serde_json::json;

use crate::common::talk::Answer;
use crate::common::{TestApp, rounds};
use crate::resources;

/// Clients that want the same thing.
const RIVALS: usize = 8;
/// Groups of rivals of each kind: with both kinds, 64 clients at once.
const GROUPS: usize = 4;

/// One answer of 200, all others with this status.
#[track_caller]
fn one_winner(answers: &[Answer], losing: u16) -> usize {
    let winners: Vec<_> = (0..answers.len()).filter(|at| answers[*at].status() == 200).collect();
    for answer in answers {
        assert!([200, losing].contains(&answer.status()), "\n{answer}\n");
    }
    let texts: Vec<String> = answers.iter().map(ToString::to_string).collect();
    assert_eq!(winners.len(), 1, "winners among\n{}\n", texts.join("\n"));
    winners[0]
}

async fn creates(app: &TestApp, round: usize, group: usize) {
    let email = format!("user-{round}-{group}@x");
    let rivals = (0..RIVALS).map(|rival| {
        // Each writes it differently, which makes no difference.
        let spelling = if rival % 2 == 0 { email.clone() } else { email.to_uppercase() };
        let user = app.user(&format!("rival {rival}"));
        async move { user.post("/account", json!({"email": spelling})).await }
    });
    let answers = join_all(rivals).await;
    let winner = one_winner(&answers, 409);
    let id = answers[winner].json()["resource_id"].clone();
    for answer in answers.iter().filter(|answer| answer.status() != 200) {
        assert_eq!(answer.detail()["conflicting_resource_id"], id, "{answer}");
    }
}

async fn updates(app: &TestApp, path: &str, round: usize) {
    let tag = app.user("root").tag(path).await;
    let rivals = (0..RIVALS).map(|rival| {
        let user = app.user(&format!("rival {rival}"));
        let (path, tag) = (path.to_owned(), tag.clone());
        async move { user.put(&path, json!({"title": format!("{round} {rival}")})).if_match(&tag).await }
    });
    let answers = join_all(rivals).await;
    let winner = one_winner(&answers, 412);
    let stored = app.user("root").get(path).await.ok();
    assert_eq!(stored["data"]["title"], format!("{round} {winner}"));
    assert_eq!(stored["revision_info"], answers[winner].json());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixty_four_clients_each_eight_have_one_winner() {
    let app = &TestApp::new(resources()).await;
    let root = app.user("root");
    let notes = join_all((0..GROUPS).map(|_| root.created("note", json!({"title": "start"})))).await;
    let rounds = rounds("SPECSTAR_RACE_ROUNDS", 25);
    for round in 0..rounds {
        let creates = join_all((0..GROUPS).map(|group| creates(app, round, group)));
        let updates = join_all(notes.iter().map(|note| updates(app, note, round)));
        tokio::join!(creates, updates);
    }
    assert_eq!(root.get("/account/count").await.ok(), rounds * GROUPS);
    for note in notes {
        let history = root.get(&format!("{note}/revision-list")).await.ok();
        assert_eq!(history["total"], rounds + 1, "a refused update leaves no revision");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn unconditional_replaces_all_succeed_one_after_the_other() {
    let app = &TestApp::new(resources()).await;
    let root = app.user("root");
    let note = &root.created("note", json!({"title": "start"})).await;
    let rounds = rounds("SPECSTAR_RACE_ROUNDS", 25);
    for round in 0..rounds {
        let rivals = (0..RIVALS).map(|rival| {
            let user = app.user(&format!("rival {rival}"));
            async move { user.put(note, json!({"title": format!("{round} {rival}")})).await.ok() }
        });
        let infos = join_all(rivals).await;
        let mut numbers: Vec<_> = infos.iter().map(|info| info["revision_id"].to_string()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), RIVALS, "each has a revision of its own");
    }
    let history = root.get(&format!("{note}/revision-list?limit=1")).await.ok();
    assert_eq!(history["total"], 1 + rounds * RIVALS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn creates_under_one_id_have_one_winner() {
    let app = &TestApp::new(resources()).await;
    for round in 0..rounds("SPECSTAR_RACE_ROUNDS", 25) {
        let rivals = (0..RIVALS).map(|rival| {
            let user = app.user("ann");
            async move {
                let path = format!("/note/id-{round}");
                user.put(&path, json!({"title": rival.to_string()})).if_none_match("*").await
            }
        });
        let winner = one_winner(&join_all(rivals).await, 412);
        let stored = app.user("ann").get(&format!("/note/id-{round}/data")).await.ok();
        assert_eq!(stored["title"], winner.to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deletes_restores_and_writes_of_one_resource_stay_consistent() {
    let app = &TestApp::new(resources()).await;
    let root = app.user("root");
    let account = &root.created("account", json!({"email": "a@x"})).await;
    for round in 0..rounds("SPECSTAR_RACE_ROUNDS", 25) {
        let user = app.user("ann");
        let asks = [
            user.delete(account),
            user.ask("POST", &format!("{account}/restore")),
            user.put(account, json!({"email": "a@x", "visits": round})),
            user.patch(account, json!({"visits": round + 1})),
            user.ask("POST", &format!("{account}/switch/1")),
            user.post("/account", json!({"email": "A@x"})),
            user.delete("/account"),
            user.ask("POST", "/account/restore"),
        ];
        for answer in join_all(asks.map(IntoFuture::into_future)).await {
            assert!([200, 404, 409].contains(&answer.status()), "\n{answer}\n");
        }
        let live = root.get("/account").await.ok();
        let emails = live.as_array().expect("a list").len();
        assert!(emails <= 1, "one live owner of the value: {live}");
        assert_eq!(root.get("/account/count").await.ok(), emails);
        let meta = root.get(&format!("{account}/meta?include_deleted=true")).await.ok();
        let history = root.get(&format!("{account}/revision-list?include_deleted=true&limit=1")).await.ok();
        assert_eq!(history["total"], meta["total_revision_count"]);
    }
    crate::common::assert_sound(&app.file());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_history_is_whole_whatever_is_switched_and_written_meanwhile() {
    let app = &TestApp::new(resources()).await;
    let root = app.user("root");
    let note = &root.created("note", json!({"title": "0"})).await;
    let rounds = rounds("SPECSTAR_RACE_ROUNDS", 25) * 4;
    let most = rounds + 2;
    let writer = async {
        for round in 1..=rounds {
            root.put(note, json!({"title": round.to_string()})).await.ok();
            root.ask("POST", &format!("{note}/switch/1")).await.ok();
        }
    };
    let reads = |reader: usize| {
        let user = app.user(&format!("reader {reader}"));
        async move {
            let mut seen = 0;
            while seen <= rounds {
                let list = user.get(&format!("{note}/revision-list?sort=created_time&limit={most}")).await.ok();
                let revisions = list["revisions"].as_array().expect("revisions");
                for (at, revision) in revisions.iter().enumerate() {
                    let id = revision["revision_id"].as_str().expect("an id");
                    assert!(id.ends_with(&format!(":{}", at + 1)), "{list}");
                }
                seen = revisions.len();
                // Superseded or current, it is there.
                let first = user.get(&format!("{note}/data?revision_id=1")).await.ok();
                assert_eq!(first["title"], "0");
                user.get(&format!("{note}/revision-list?from_revision_id={}:1", &note[6..])).await.ok();
            }
        }
    };
    tokio::join!(writer, join_all((0..3).map(reads)));
}
