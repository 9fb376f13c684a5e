//! Delete, permanent delete, restore, switch.

use axum::body::Body;
use axum::http::Response;

use crate::error::Result;
use crate::http::call::Call;
use crate::http::route::{Operation, parameters as p};
use crate::http::{envelope, reply};
use crate::meta::Head;
use crate::repository::Model;

/// Whether a restore takes along what the delete did, where the request says.
pub(super) fn cascade(call: &Call<'_>) -> Result<Option<bool>> {
    if call.query.has(&p::CASCADE) { call.query.boolean(&p::CASCADE, false).map(Some) } else { Ok(None) }
}

/// A change of the head; answers with the metadata.
pub(super) async fn change(call: &Call<'_>) -> Result<Response<Body>> {
    let (service, model, id, caller) = (call.service(), call.model, call.resource_id(), &call.caller);
    let expected = &call.preconditions()?;
    let head = match call.route.operation {
        Operation::Restore => service.restore(model, id, expected, cascade(call)?, caller).await?,
        Operation::Switch => {
            let revision = call.path_value(&p::REVISION_SELECTOR);
            service.switch(model, id, revision, expected, caller).await?
        }
        Operation::DeletePermanently => service.delete_permanently(model, id, expected, caller).await?,
        _ => service.delete(model, id, expected, caller).await?,
    };
    Ok(meta(model, &head).map(Body::from))
}

/// The metadata of a resource.
pub(super) fn meta(model: &Model, head: &Head) -> Response<Vec<u8>> {
    let mut body = Vec::with_capacity(768);
    envelope::write_resource_meta(&mut body, model.descriptor(), &head.as_ref());
    reply::whole(body)
}
