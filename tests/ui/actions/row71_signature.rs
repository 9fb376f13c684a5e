//! What a signature cannot have, each at its place and in one message.

use specstar::Result;
use specstar::prelude::*;

#[derive(Clone, Serialize, Deserialize, ToSchema, Resource)]
struct User {
    name: String,
}

#[create_action(User)]
async fn unnamed(name: impl Into<String>, names: Json<Vec<impl Into<String>>>) -> Result<User> {
    unimplemented!("{:?}", drop((name, names)))
}

#[update_action(User)]
fn later(existing: Existing<User>) -> impl Future<Output = Result<User>> {
    std::future::ready(Ok(existing.data))
}

#[update_action(User)]
async fn sometimes(existing: Existing<User>, #[cfg(all())] cx: ActionContext) -> Result<User> {
    let _ = cx;
    Ok(existing.data)
}

#[update_action(User)]
async fn free(self) -> Result<User> {
    unimplemented!()
}

impl User {
    #[update_action(User)]
    async fn method(&self) -> Result<User> {
        Ok(self.clone())
    }
}

fn main() {
    let _ = resources![User; actions(unnamed, later, sometimes)];
}
