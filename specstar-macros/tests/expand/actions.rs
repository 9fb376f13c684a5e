/// Imports a hero from a page.
#[create_action(Hero, path = "import-url", label = "Import from URL")]
pub async fn import_url(cx: ActionContext, Json(body): Json<import::Body>) -> Result<Option<Hero>> {
    fetch(cx, body).await
}

#[update_action(shop::Hero, path = "grant/{skill}", mode = "modify", crate = "crate::renamed")]
fn grant(existing: Existing<shop::Hero>, _: Path<String>) -> Result<shop::Hero> {
    Ok(existing.data)
}

#[update_action(Hero, mode = "job")]
async fn later(existing: Existing<Hero>) -> Result<Hero> {
    Ok(existing.data)
}
