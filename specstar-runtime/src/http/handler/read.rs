//! One resource.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};

use crate::error::Result;
use crate::http::call::Call;
use crate::http::envelope::View;
use crate::http::reply;
use crate::http::route::{Operation, parameters as p};
use crate::http::sections::Sections;
use crate::json::{Section, Sections as Selections};
use crate::repository::ReadOptions;
use crate::timeline::tag;

/// `GET` of a resource and its section aliases.
pub(super) async fn read(call: &Call<'_>) -> Result<Response<Body>> {
    let view = view(call)?;
    let options = ReadOptions {
        revision_id: call.query.text(&p::REVISION_ID),
        include_deleted: call.query.boolean(&p::INCLUDE_DELETED, false)?,
        with_data: view.sections.data,
    };
    let snapshot = call.service().read(call.model, call.resource_id(), options, &call.caller).await?;
    let (head, revision) = (snapshot.head.as_ref(), snapshot.revision().as_ref());
    let tag = tag(&head, &revision);
    // Content of an older schema version is what the program makes of it, and another program makes another thing.
    let changing = revision.outdated.is_some();
    let known = call.entity_tags(&header::IF_NONE_MATCH);
    let mut response = if !changing && known.is_some_and(|known| known.is_fresh(&tag)) {
        reply::empty(StatusCode::NOT_MODIFIED)
    } else {
        let mut body = Vec::with_capacity(1024 + revision.data.len());
        view.write(&mut body, &head, &revision);
        reply::json(StatusCode::OK, body)
    };
    reply::set_etag(&mut response, &tag.of_head());
    Ok(response)
}

fn view(call: &Call<'_>) -> Result<View> {
    let (sections, default) = match call.route.operation {
        Operation::ReadData => (Sections::DATA, Section::Data),
        Operation::ReadMeta => (Sections::META, Section::Meta),
        Operation::ReadRevisionInfo => (Sections::REVISION_INFO, Section::Info),
        _ => (returns(call)?, Section::Data),
    };
    // A single section chosen by `only-…` is always whole.
    let whole = sections.bare && matches!(call.route.operation, Operation::Read | Operation::ReadFull);
    let selections = if whole { Selections::default() } else { call.selections(default)? };
    Ok(View::of(call.model, sections, selections))
}

fn returns(call: &Call<'_>) -> Result<Sections> {
    match call.query.text(&p::RETURNS) {
        Some(text) => Sections::parse(text),
        None => Ok(call.state.settings.default_returns),
    }
}
