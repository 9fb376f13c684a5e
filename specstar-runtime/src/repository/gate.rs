//! What a caller has to pass before an operation: the scope of what exists for them (404), then the access
//! control (403).

use std::sync::Arc;

use super::{Caller, Model, Service};
use crate::access::{AccessRequest, Action, Needs, RowScope, authorize};
use crate::error::{Error, Result};
use crate::meta::{Head, HeadRef, RevisionStatus};
use crate::query::Predicate;
use crate::schema;

/// One operation in front of the rules. Questions that no row can answer differently are decided when the gate is
/// made, before anything is read; the others on each row that is read, so that the row judged is the row changed.
pub(super) struct Gate<'a> {
    service: &'a Service,
    model: &'a Model,
    caller: &'a Caller,
    resource_id: Option<&'a str>,
    custom: Option<&'a str>,
    scope: RowScope,
    status: Option<RevisionStatus>,
    open: Vec<(Action, Needs)>,
}

impl Service {
    /// The gate of an operation on one resource, or on a whole type. These actions are asked for, in this order.
    pub(super) async fn gate<'a>(
        &'a self,
        model: &'a Model,
        caller: &'a Caller,
        resource_id: Option<&'a str>,
        actions: &[Action],
    ) -> Result<Gate<'a>> {
        self.gate_of(model, caller, resource_id, None, actions).await
    }

    /// The same for a custom action of that name.
    pub(super) async fn gate_of<'a>(
        &'a self,
        model: &'a Model,
        caller: &'a Caller,
        resource_id: Option<&'a str>,
        custom: Option<&'a str>,
        actions: &[Action],
    ) -> Result<Gate<'a>> {
        let scope = self.scope(model, caller).await?;
        self.gate_within(model, caller, scope, resource_id, custom, actions).await
    }

    /// The same for who is known to have this scope.
    pub(super) async fn gate_within<'a>(
        &'a self,
        model: &'a Model,
        caller: &'a Caller,
        scope: RowScope,
        resource_id: Option<&'a str>,
        custom: Option<&'a str>,
        actions: &[Action],
    ) -> Result<Gate<'a>> {
        let (status, open) = (None, Vec::new());
        let mut gate = Gate { service: self, model, caller, resource_id, custom, scope, status, open };
        if caller.is_trusted() {
            return Ok(gate);
        }
        if let (RowScope::None, Some(resource_id)) = (&gate.scope, resource_id) {
            return Err(Error::NotFound { resource_id: resource_id.to_owned() });
        }
        for &action in actions {
            gate.ask(action).await?;
        }
        Ok(gate)
    }

    /// Which resources of this type exist for the caller.
    pub(crate) async fn scope(&self, model: &Model, caller: &Caller) -> Result<RowScope> {
        if caller.is_trusted() {
            return Ok(RowScope::All);
        }
        self.access.scope(caller.principal(), model.descriptor(), caller.now()).await
    }

    /// Fails with 403 unless the caller may create this content.
    pub(super) async fn authorize_create(
        &self,
        model: &Model,
        caller: &Caller,
        resource_id: Option<&str>,
        custom: Option<&str>,
        input: Option<&[u8]>,
    ) -> Result<()> {
        if caller.is_trusted() {
            return Ok(());
        }
        authorize(
            &*self.access,
            AccessRequest { custom, input, ..ask(model, caller, Action::CREATE, resource_id) },
        )
        .await
    }
}

fn ask<'a>(
    model: &Model,
    caller: &'a Caller,
    action: Action,
    resource_id: Option<&'a str>,
) -> AccessRequest<'a> {
    AccessRequest {
        principal: caller.principal(),
        action,
        custom: None,
        model: model.descriptor(),
        resource_id,
        current: None,
        input: None,
        status: None,
        now: caller.now(),
    }
}

impl Gate<'_> {
    /// Decides whether the caller may do this: now, or on the rows when it depends on them.
    pub(super) async fn ask(&mut self, action: Action) -> Result<()> {
        if self.caller.is_trusted() {
            return Ok(());
        }
        let needs = self.service.access.needs(self.model.descriptor(), action);
        // Out of scope is 404 before anything is 403, and only the row tells. A question about a whole type has no
        // row that could answer it: rules that need one have nothing to say.
        if self.resource_id.is_some() && (!self.scope.is_all() || !needs.is_empty()) {
            self.open.push((action, needs));
            return Ok(());
        }
        self.decide(action, None, None).await
    }

    async fn decide(
        &self,
        action: Action,
        current: Option<&HeadRef<'_>>,
        input: Option<&[u8]>,
    ) -> Result<()> {
        let resource_id = self.resource_id.or(current.map(|head| head.resource_id));
        let question = ask(self.model, self.caller, action, resource_id);
        let (custom, status) = (self.custom, self.status);
        authorize(&*self.service.access, AccessRequest { custom, current, input, status, ..question }).await
    }

    pub(super) fn model(&self) -> &Model {
        self.model
    }

    pub(super) fn caller(&self) -> &Caller {
        self.caller
    }

    /// Whether what a write leaves has to be looked at.
    pub(super) fn limits_writes(&self) -> bool {
        self.service.settings.scope_of_writes && !self.scope.is_all()
    }

    /// 403 when the caller may not do this to one of the rows that a question about the type has found.
    pub(super) async fn admit_to(&self, action: Action, head: &Head) -> Result<()> {
        if self.caller.is_trusted() {
            return Ok(());
        }
        self.decide(action, Some(&head.as_ref()), None).await
    }

    /// Whether something is still to be decided on the rows.
    pub(super) fn judges_rows(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether something is still to be decided on the content that would be stored.
    pub(super) fn judges_input(&self) -> bool {
        self.open.iter().any(|(_, needs)| needs.contains(Needs::INPUT))
    }

    /// 404 when the row is out of scope, then 403 when the caller may not do what was asked to this row.
    pub(super) async fn admit(&self, head: &Head, input: Option<&[u8]>) -> Result<()> {
        self.see(head)?;
        for (action, needs) in &self.open {
            let row = head.as_ref();
            let current = (*needs != Needs::INPUT).then_some(&row);
            self.decide(*action, current, input).await?;
        }
        Ok(())
    }

    /// The same before there is new content, where rules judge it: whoever may leave the content as it is goes on, and
    /// nobody else learns how the new one would fit.
    pub(super) async fn admit_first(&self, head: &Head) -> Result<()> {
        if self.judges_input() {
            schema::readable(head)?;
        }
        let input = self.judges_input().then_some(&*head.revision.data);
        self.admit(head, input).await
    }

    /// The status that the request asks for, for rules that look at it.
    pub(super) fn asks_for(mut self, status: Option<RevisionStatus>) -> Self {
        self.status = status;
        self
    }

    /// 404 when the row is out of scope.
    pub(super) fn see(&self, head: &Head) -> Result<()> {
        if self.scope.holds(self.model.descriptor(), &head.as_ref())? {
            return Ok(());
        }
        Err(Error::NotFound { resource_id: head.resource_id.clone() })
    }

    /// 403 when a write would leave a row that does not exist for its writer.
    pub(super) fn keep(&self, after: &HeadRef<'_>) -> Result<()> {
        if !self.limits_writes() || self.scope.holds(self.model.descriptor(), after)? {
            return Ok(());
        }
        Err(Error::OutsideScope {
            user: self.caller.principal().name().to_owned(),
            model: self.model.name().to_owned(),
        })
    }

    /// The same gate with a scope that was not known when it was made.
    pub(super) fn within(mut self, scope: RowScope) -> Self {
        self.scope = scope;
        self
    }

    /// What exists for the caller.
    pub(super) fn into_scope(self) -> RowScope {
        self.scope
    }

    /// A search narrowed to what exists for the caller.
    pub(super) fn narrow(&self, predicate: Arc<Predicate>) -> Arc<Predicate> {
        self.scope.narrow(predicate)
    }
}
