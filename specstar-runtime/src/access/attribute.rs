//! What `permission = …` and `scope = …` ask of the functions they name.

use std::sync::Arc;

use super::{AccessControl, AllowAll, Principal, RowScope, Scope};
use crate::datetime::Timestamp;
use crate::error::Result;
use crate::resource::Resource;

/// A function that makes the rule of a resource type.
#[diagnostic::on_unimplemented(
    message = "expected `fn() -> impl AccessControl`, or the word `open`",
    label = "makes no access control",
    note = "a function `fn(&AccessRequest) -> Decision` becomes one with `access_fn(…)`"
)]
pub trait PermissionFn<Control> {
    /// Makes the rule.
    fn make(self) -> Arc<dyn AccessControl>;
}

// Without this the compiler speaks of the trait of closures.
#[diagnostic::do_not_recommend]
impl<F: FnOnce() -> C, C: AccessControl> PermissionFn<C> for F {
    fn make(self) -> Arc<dyn AccessControl> {
        Arc::new(self())
    }
}

/// A function that says which resources of a type exist for somebody.
#[diagnostic::on_unimplemented(
    message = "expected `fn(&Principal) -> Scope<{R}>`",
    label = "gives no scope of `{R}`",
    note = "a condition becomes a scope with `.into()`"
)]
pub trait ScopeFn<R> {
    /// The scope of somebody.
    fn of(self, principal: &Principal) -> Scope<R>;
}

#[diagnostic::do_not_recommend]
impl<R, F: FnOnce(&Principal) -> Scope<R>> ScopeFn<R> for F {
    fn of(self, principal: &Principal) -> Scope<R> {
        self(principal)
    }
}

/// `permission = open`.
#[doc(hidden)]
pub fn open() -> Arc<dyn AccessControl> {
    Arc::new(AllowAll)
}

/// `permission = path`.
#[doc(hidden)]
pub fn permission<C>(make: impl PermissionFn<C>) -> Arc<dyn AccessControl> {
    make.make()
}

/// `scope = path`.
#[doc(hidden)]
pub fn scope_of<R: Resource, F: ScopeFn<R>>(
    of: F,
    principal: &Principal,
    now: Timestamp,
) -> Result<RowScope> {
    of.of(principal).erase(now)
}
