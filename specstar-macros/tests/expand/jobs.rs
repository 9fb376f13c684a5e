/// A mail that is to be sent.
#[derive(Resource)]
#[job(artifact = Vec<Receipt>, queue = "mail", max_attempts = 5, backoff = "1s..10m", timeout = "30s", priority = -1)]
pub struct EmailJob {
    #[indexed]
    pub to: String,
    pub subject: String,
}

#[derive(Resource)]
#[job(cron = "0 3 * * *")]
struct Sweep {
    deep: bool,
}

#[create_action(Hero, mode = "job")]
async fn summon_hero(body: Json<Wish>) -> Result<Hero> {
    todo!()
}
