//! Where required references lead in a circle, nothing can ever be deleted.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct A {
    #[reference(on_delete = "restrict")]
    b: Ref<B>,
}

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct B {
    #[reference(on_delete = "restrict")]
    a: Ref<A>,
    /// A tree with a root is fine.
    #[reference(on_delete = "restrict")]
    parent: Option<Ref<B>>,
}

fn main() {
    let _ = specstar::resources![A, B];
}
