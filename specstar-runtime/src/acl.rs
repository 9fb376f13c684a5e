//! Who may do what, as rows that can be read and written like any other resource.
//!
//! Two resource types: `/_acl` holds the rules ([`AclRule`]) and `/_role` says who is in which role
//! ([`RoleMember`]). They have the routes of every resource: lists, filters, history, soft delete.
//!
//! ```no_run
//! use specstar_runtime::acl::Acl;
//! use specstar_runtime::app::SpecStar;
//!
//! let builder = SpecStar::builder().acl(Acl::strict().root("root"));
//! # let _ = builder;
//! ```
//!
//! # Access control lists
//!
//! A rule says that a *subject* may, or may not, do some *actions* with an *object*:
//!
//! ```json
//! {"subject": "role:editor", "object": "note", "actions": ["read", "update"], "effect": "allow", "order": 0}
//! ```
//!
//! * `subject`: `user:ann`, `role:editor`, or `*` for everybody, those nobody knows included. `user:anonymous` is no
//!   subject: those nobody knows are no user.
//! * `object`: the name of a resource type (`note`); one resource, as `note/ID`, or as its id alone where that begins
//!   with `note:`, as generated ids do; or `*` for every type whose name does not begin with `_`.
//! * `actions`: the sum of the numbers of [`Action`], or a list of names of actions and of groups of them, which is
//!   stored as that sum: `create_or_update`, `read`, `read_list`, `write`, `lifecycle`, `backup`, `owner`, `full`. A
//!   rule that allows `get` speaks for each part of a read of which no other rule speaks; one that denies `get` denies
//!   every part.
//! * `effect`: `allow` (the default) or `deny`.
//! * `order`: which rule comes first where [`Combining::first_decides`] asks for that; 0 by default.
//!
//! # One resource, and lists
//!
//! A list, a count and the feed of a type ask about the type: a rule that *allows* one resource does not put it into
//! a list. A rule that *denies* somebody to search one resource, or to read its content or its metadata (`get`,
//! `read` and `full` do both), takes it out of their [scope](crate::access::AccessControl::scope) when that is what
//! the rules say together: no list, count or feed shows it, no reference leads to it, and whoever asks for it is told
//! that it is not found (404). A deny that another rule overrides, as in [`Combining::allow_overrides`], hides
//! nothing; neither does one of other actions alone, such as `update`, which is 403.
//!
//! Scopes of several controls are joined, so it stays hidden whatever other rules of the program allow. Each hidden
//! resource is a value of every search: to hide many, or by what they contain, is for a
//! [`scope`](crate::app::SpecStarBuilder::scope).
//!
//! # Roles
//!
//! A member is a user or a role, so that roles inherit from one another: when `role:editor` is a member of `reader`,
//! every editor is a reader too. Circles are allowed and make their roles equal. Roles that somebody brings in the
//! credentials ([`Principal::roles`](crate::access::Principal::roles)) count like rows.
//!
//! The subjects of a request are `*`, the user, and every role that is reached from there. All rules of all these
//! subjects count alike: a role is no better or worse than the user itself. What they say together is for
//! [`Combining`].
//!
//! # Root
//!
//! A user named by [`Acl::root`] may do everything, whatever the rules say. The rules, the roles, and every other
//! type whose name begins with `_` are closed to everybody else, also where the default is to allow, until a rule
//! names that type: who may write `_acl` can give anything to anybody.
//!
//! # When a change counts
//!
//! The rules are kept in memory. Once a write to `_acl` or `_role` was answered, the next request is decided by it;
//! what another process writes counts within about a second and a half.
//! Rules that cannot be read fail the request (503); nothing is ever allowed because of that.

mod actions;
mod cache;
mod combining;
mod control;
mod member;
mod object;
mod rule;
mod rules;
mod source;
#[cfg(test)]
mod tests;

#[cfg(doc)]
use crate::access::Action;
pub use actions::ActionSet;
pub use combining::Combining;
pub use control::Acl;
pub use member::RoleMember;
pub use rule::{AclRule, Effect};
pub use source::Source;
pub(crate) use source::follow;
