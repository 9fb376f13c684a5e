//! Two versions of one program on the same database.

use serde_json::json;

use crate::common::TestApp;

mod older {
    use specstar::prelude::*;

    /// A thing.
    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    pub(crate) struct Thing {
        #[indexed]
        pub(crate) name: String,
        #[serde(default)]
        pub(crate) rank: i64,
    }

    pub(crate) fn resources() -> specstar::registry::Registry {
        resources![Thing]
    }
}

mod newer {
    use specstar::prelude::*;

    /// A thing that is found by its rank too.
    #[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
    pub(crate) struct Thing {
        #[indexed]
        pub(crate) name: String,
        #[indexed]
        #[serde(default)]
        pub(crate) rank: i64,
    }

    pub(crate) fn resources() -> specstar::registry::Registry {
        resources![Thing]
    }
}

#[tokio::test]
async fn a_program_with_other_indexes_leaves_nothing_out_of_those_of_a_later_one() {
    let old = TestApp::new(older::resources()).await;
    let ann = old.user("ann");
    let path = ann.created("thing", json!({"name": "a", "rank": 1})).await;
    let gone = ann.created("thing", json!({"name": "b", "rank": 1})).await;
    let new = TestApp::on(old.folder(), newer::resources(), |builder| builder).await;
    let bob = new.user("bob");
    let ranked = || async { bob.get("/thing/count").query(&[("qb", "QB['rank'] == 1")]).await.ok() };
    assert_eq!(ranked().await, 2);
    for ask in [
        ann.post("/thing", json!({"name": "c", "rank": 1})),
        ann.put(&path, json!({"name": "a", "rank": 2})),
        ann.patch(&path, json!({"rank": 2})),
        ann.delete(&gone),
    ] {
        ask.await.refused(503, "");
    }
    assert_eq!(ann.get("/thing/count").await.ok(), 2, "it can read");
    assert_eq!(ranked().await, 2);
    bob.put(&path, json!({"name": "a", "rank": 3})).await.ok();
    bob.delete(&gone).await.ok();
    assert_eq!(ranked().await, 0);
    // One of the same version can write.
    let twin = TestApp::on(old.folder(), newer::resources(), |builder| builder).await;
    twin.user("cy").put(&path, json!({"name": "a", "rank": 1})).await.ok();
    assert_eq!(ranked().await, 1);
}

#[tokio::test]
async fn going_back_to_an_older_version_is_possible() {
    let new = TestApp::new(newer::resources()).await;
    let path = new.user("ann").created("thing", json!({"name": "a", "rank": 1})).await;
    let old = TestApp::on(new.folder(), older::resources(), |builder| builder).await;
    old.user("bob").put(&path, json!({"name": "b", "rank": 2})).await.ok();
    new.user("ann").put(&path, json!({"name": "c", "rank": 3})).await.refused(503, "");
    let ranked = ("qb", "QB['rank'] == 1");
    new.user("ann").get("/thing").query(&[ranked]).await.refused(503, "");
    let folder = old.folder();
    drop(new.stop().await);
    let new = TestApp::on(folder, newer::resources(), |builder| builder).await;
    let ranked = ("qb", "QB['rank'] == 2");
    assert_eq!(new.user("ann").get("/thing/count").query(&[ranked]).await.ok(), 1);
}
