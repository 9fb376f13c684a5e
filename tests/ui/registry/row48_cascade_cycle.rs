//! Where required references lead in a circle, the first resource can never be made.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Node {
    #[reference(on_delete = "cascade")]
    parent: Ref<Node>,
    #[reference(on_delete = "cascade")]
    children: Vec<Ref<Node>>,
}

fn main() {
    let _ = specstar::resources![Node];
}
