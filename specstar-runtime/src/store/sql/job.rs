//! The statements of jobs.
//!
//! They are written out, with numbered holes: none of them depends on a resource type, and a claim is read more
//! easily as it is run. `PostgreSQL` takes the same texts with `$` for `?`.

/// Every column, in the order rows are read in.
pub(crate) const COLUMNS: &str = "model_id, pk, resource_id, queue, state, priority, run_at, attempt, runs, schedule, \
    lease_until, lease_token, worker, cancel_requested, progress, note, enqueued_at, started_at, finished_at, \
    heartbeat_at";

/// The phases of those that wait, which partial indexes repeat word by word.
const WAITING: &str = "state IN ('pending', 'scheduled', 'retrying')";

/// The phases of those that are over.
const OVER: &str = "('done', 'failed', 'cancelled')";

/// When a lease is over; where somebody says that he works on a job without one, since he said so.
const UNTIL: &str = "COALESCE(lease_until, run_at)";

/// The column that says that a job was seen behind another one of its key: nobody looks at it until that one is out of
/// the way. It holds of jobs that are due and not held, and then there is one of their key that is in nobody's way but
/// theirs: it is being worked on, or is not behind another one itself. Whatever takes that one away takes the mark from
/// the first that has it.
pub(crate) const BEHIND: &str = "behind";

/// For tables from before that column.
pub(crate) const ADD_BEHIND: &str = "ALTER TABLE ss_job ADD COLUMN behind BOOLEAN NOT NULL DEFAULT FALSE";

/// The tables, where `key` says what the row numbers of jobs are: they grow with time.
pub(crate) fn tables(key: &str) -> Vec<String> {
    let jobs = format!(
        "CREATE TABLE IF NOT EXISTS ss_job (job_pk {key}, model_id BIGINT NOT NULL, pk BIGINT NOT NULL, \
         resource_id TEXT NOT NULL, queue TEXT NOT NULL, state TEXT NOT NULL, priority BIGINT NOT NULL, \
         run_at BIGINT NOT NULL, attempt BIGINT NOT NULL, runs BIGINT NOT NULL, schedule TEXT, lease_until BIGINT, \
         lease_token TEXT, worker TEXT, partition_key TEXT, idem_key TEXT, cancel_requested BOOLEAN NOT NULL, \
         held BOOLEAN NOT NULL, progress DOUBLE PRECISION, note TEXT, enqueued_at BIGINT NOT NULL, started_at BIGINT, \
         finished_at BIGINT, heartbeat_at BIGINT, behind BOOLEAN NOT NULL DEFAULT FALSE, UNIQUE (model_id, pk))"
    );
    let index = |text: &str| format!("CREATE {text}");
    vec![
        jobs,
        // Those of before the mark of those that are behind others.
        "DROP INDEX IF EXISTS jx_ready".to_owned(),
        "DROP INDEX IF EXISTS jx_due".to_owned(),
        "DROP INDEX IF EXISTS jx_line".to_owned(),
        "DROP INDEX IF EXISTS jx_front".to_owned(),
        index(&format!(
            "INDEX IF NOT EXISTS jx_next ON ss_job (queue, priority DESC, run_at, job_pk) \
             WHERE {WAITING} AND NOT behind"
        )),
        index(&format!(
            "INDEX IF NOT EXISTS jx_soon ON ss_job (queue, run_at) WHERE {WAITING} AND NOT behind"
        )),
        index(&format!(
            "INDEX IF NOT EXISTS jx_first ON ss_job (model_id, partition_key, run_at, job_pk) \
             WHERE {WAITING} AND NOT behind AND NOT held AND partition_key IS NOT NULL"
        )),
        index(
            "INDEX IF NOT EXISTS jx_behind ON ss_job (model_id, partition_key, job_pk) \
             WHERE behind AND partition_key IS NOT NULL",
        ),
        index(
            "INDEX IF NOT EXISTS jx_busy ON ss_job (model_id, partition_key) \
             WHERE state = 'running' AND partition_key IS NOT NULL",
        ),
        index(
            "UNIQUE INDEX IF NOT EXISTS jx_idem ON ss_job (model_id, idem_key) WHERE idem_key IS NOT NULL",
        ),
        index(
            "UNIQUE INDEX IF NOT EXISTS jx_part ON ss_job (model_id, partition_key) \
             WHERE state = 'running' AND lease_token IS NOT NULL AND partition_key IS NOT NULL",
        ),
        index(
            "INDEX IF NOT EXISTS jx_retry ON ss_job (model_id, partition_key, job_pk) \
             WHERE state = 'retrying' AND partition_key IS NOT NULL",
        ),
        index("INDEX IF NOT EXISTS jx_lease ON ss_job (lease_until) WHERE state = 'running'"),
        "CREATE TABLE IF NOT EXISTS ss_job_log (model_id BIGINT NOT NULL, pk BIGINT NOT NULL, run BIGINT NOT NULL, \
         seq BIGINT NOT NULL, at BIGINT NOT NULL, level TEXT NOT NULL, text TEXT NOT NULL, \
         PRIMARY KEY (model_id, pk, run, seq))"
            .to_owned(),
        // Apart from the rows of jobs, which are shown.
        "CREATE TABLE IF NOT EXISTS ss_job_asked (model_id BIGINT NOT NULL, pk BIGINT NOT NULL, asked TEXT NOT NULL, \
         PRIMARY KEY (model_id, pk))"
            .to_owned(),
        "CREATE TABLE IF NOT EXISTS ss_worker (worker TEXT PRIMARY KEY, queues TEXT NOT NULL, seen_at BIGINT NOT NULL, \
         until BIGINT NOT NULL)"
            .to_owned(),
    ]
}

/// The statements.
#[derive(Debug)]
pub(crate) struct JobTexts {
    /// `model_id`, `pk`, `resource_id`, `queue`, `state`, `priority`, `run_at`, `attempt`, `schedule`,
    /// `partition_key`, `idem_key`, `held`, `enqueued_at`, `finished_at`.
    pub(crate) insert: String,
    /// Moves a job: `state`, `run_at`, `attempt`, `lease_token`, `lease_until`, `worker`, `now`, then `model_id`, `pk`
    /// and what must hold: the token, when its lease must be over, or that nothing must. Gives its `partition_key`, and
    /// whether it was behind another one, as all do that may take a job out of the way.
    pub(crate) advance: String,
    /// Begins a job besides [`Self::advance`]: counts the run and forgets what was said of the last one.
    pub(crate) begin: String,
    /// `state`, `attempt`, `lease_token`, `partition_key` of `model_id`, `pk`.
    pub(crate) place: String,
    /// `partition_key` for `model_id`, `pk` while it waits.
    pub(crate) set_key: String,
    /// `held` for `model_id`, `pk`; the worker of one that is held is asked to stop.
    pub(crate) hold: String,
    /// [`COLUMNS`], `job_pk` and `partition_key` of those of `queue` that are due at `now`, of one of the types `,1,2,` and
    /// not known to be behind others: so many, behind so many.
    pub(crate) ready: String,
    /// One of `model_id`, `pk` as the fourth and fifth that may begin, which is held then, with its `partition_key` behind
    /// the others.
    #[cfg(feature = "postgres")]
    pub(crate) still_ready: String,
    /// One of `model_id`, `partition_key` that is in the way of one at `job_pk` at an instant.
    pub(crate) in_the_way: String,
    /// The same in parts, each with how many of the values it takes, which hold what they find against changes; none when
    /// somebody else has it.
    #[cfg(feature = "postgres")]
    pub(crate) hold_in_the_way: [(String, usize); 4],
    /// Marks those of `model_id`, `partition_key` that are due at an instant, from a `job_pk` on.
    pub(crate) mark_behind: String,
    /// Takes the mark from the first of `model_id`, `partition_key` that has it.
    pub(crate) unblock: String,
    /// Whether one of `model_id`, `partition_key` has the mark.
    #[cfg(feature = "postgres")]
    pub(crate) is_blocked: String,
    /// Whether there are marks of a key of which nothing is in the way of the others at an instant.
    pub(crate) is_stranded: String,
    /// Takes those from the first ones that have them.
    pub(crate) free_stranded: String,
    /// Takes the mark from `model_id`, `pk`.
    pub(crate) unmark: String,
    /// Renews a lease: `until`, `now`, then `model_id`, `pk`, `token`.
    pub(crate) renew: String,
    /// `progress`, `note`, then `model_id`, `pk`, `token`.
    pub(crate) progress: String,
    /// Whether the holder of `model_id`, `pk`, `token` was asked to stop.
    pub(crate) is_stopped: String,
    /// `model_id`, `pk`, `run`, `seq`, `at`, `level`, `text`.
    pub(crate) insert_line: String,
    /// Forgets lines of `model_id`, `pk` up to a `run`.
    pub(crate) forget_lines: String,
    /// `worker`, `queues`, `seen_at`, `until`.
    pub(crate) put_worker: String,
    /// Forgets a `worker`.
    pub(crate) forget_worker: String,
    /// Forgets workers that were seen before an instant.
    pub(crate) forget_workers: String,
    /// [`COLUMNS`] of those whose lease is over at an instant, at most so many, of the types of these numbers.
    pub(crate) expired: String,
    /// Asks for a stop of `model_id`, `pk`.
    pub(crate) stop: String,
    /// `model_id`, `pk`, then `schedule` and `run_at` for a job that waits for the `run_at` bound last.
    pub(crate) reschedule: String,
    /// [`COLUMNS`] of `model_id`, `pk`.
    pub(crate) job: String,
    /// `resource_id` of `model_id`, `idem_key`.
    pub(crate) of_key: String,
    /// The first `run_at` of `queue` and one of the types.
    pub(crate) next_due: String,
    /// `seq`, `at`, `level`, `text` of `model_id`, `pk`, `run`.
    pub(crate) lines: String,
    /// The last `run` of `model_id`, `pk` with lines.
    pub(crate) last_run: String,
    /// `queue`, `model_id`, `state`, how many, how many are due at an instant, since when.
    pub(crate) counts: String,
    /// [`COLUMNS`] of those that run, at most so many.
    pub(crate) running: String,
    /// `worker`, `queues`, `seen_at`, `until` of every one.
    pub(crate) workers: String,
    /// Removes the row of `model_id`, `pk`.
    pub(crate) remove: String,
    /// Removes the lines of `model_id`, `pk`.
    pub(crate) remove_lines: String,
    /// `asked` for `model_id`, `pk`.
    pub(crate) insert_asked: String,
    /// `asked` of `model_id`, `pk`.
    pub(crate) asked: String,
    /// Removes `asked` of `model_id`, `pk`.
    pub(crate) remove_asked: String,
}

impl JobTexts {
    /// Builds them.
    #[cfg(feature = "sqlite")]
    pub(crate) fn new() -> Self {
        Self::counting(None)
    }

    /// The same where leases are counted by the clock of the server, which this expression reads. What is given as
    /// the end of a lease is its length then.
    #[allow(clippy::too_many_lines)] // a table
    fn counting(clock: Option<&str>) -> Self {
        let until = |hole: &str| match clock {
            None => format!("CAST({hole} AS BIGINT)"),
            Some(clock) => format!("({clock} + CAST({hole} AS BIGINT))"),
        };
        let instant = |hole: &str| match clock {
            None => format!("CAST({hole} AS BIGINT)"),
            Some(clock) => format!("(CASE WHEN CAST({hole} AS BIGINT) IS NOT NULL THEN {clock} END)"),
        };
        let of_one = "model_id = ?1 AND pk = ?2";
        let due = format!(
            "FROM ss_job WHERE queue = ?1 AND {WAITING} AND run_at <= ?2 AND NOT held \
             AND ?3 LIKE '%,' || CAST(model_id AS TEXT) || ',%'"
        );
        // One that is worked on, one that was found behind others itself, one that is due, one that will be tried again.
        let of_key = "SELECT 1 FROM ss_job e WHERE e.model_id = ?1 AND e.partition_key = ?2";
        let in_the_way = [
            (format!("{of_key} AND e.state = 'running'"), 2),
            (format!("{of_key} AND e.behind AND {WAITING} AND e.job_pk < ?3"), 3),
            (format!("{of_key} AND e.state = 'retrying' AND NOT e.held AND e.job_pk < ?3"), 3),
            (
                format!(
                    "{of_key} AND {WAITING} AND NOT e.behind AND NOT e.held AND e.job_pk < ?3 AND e.run_at <= ?4"
                ),
                4,
            ),
        ];
        let stranded = format!(
            "SELECT b.first FROM (SELECT model_id, partition_key, MIN(job_pk) AS first FROM ss_job WHERE behind \
             AND {WAITING} AND partition_key IS NOT NULL GROUP BY model_id, partition_key) b \
             WHERE NOT EXISTS (SELECT 1 FROM ss_job e \
             WHERE e.model_id = b.model_id AND e.partition_key = b.partition_key AND e.state = 'running') \
             AND NOT EXISTS (SELECT 1 FROM ss_job e WHERE e.model_id = b.model_id \
             AND e.partition_key = b.partition_key AND {WAITING} AND NOT e.behind AND NOT e.held \
             AND e.job_pk < b.first AND (e.run_at <= ?1 OR e.state = 'retrying'))"
        );
        let moved = "RETURNING partition_key, behind";
        Self {
            insert: "INSERT INTO ss_job (model_id, pk, resource_id, queue, state, priority, run_at, attempt, runs, \
                     schedule, partition_key, idem_key, cancel_requested, held, enqueued_at, finished_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10, ?11, FALSE, ?12, ?13, ?14)"
                .to_owned(),
            advance: format!(
                "UPDATE ss_job SET state = ?1, run_at = ?2, attempt = ?3, lease_token = ?4, lease_until = {}, \
                 worker = ?6, cancel_requested = FALSE, finished_at = CASE WHEN ?1 IN {OVER} THEN ?7 ELSE NULL END \
                 WHERE model_id = ?8 AND pk = ?9 AND (CAST(?12 AS BOOLEAN) OR (state = 'running' \
                 AND (lease_token = CAST(?10 AS TEXT) OR (CAST(?10 AS TEXT) IS NULL AND lease_token IS NULL)) \
                 AND (CAST(?11 AS BIGINT) IS NULL OR {UNTIL} < {}) AND (NOT cancel_requested OR ?1 IN {OVER}))) \
                 {moved}",
                until("?5"),
                instant("?11")
            ),
            begin: format!(
                "UPDATE ss_job SET runs = runs + 1, started_at = ?3, heartbeat_at = ?3, progress = NULL, note = NULL \
                 WHERE {of_one}"
            ),
            place: format!("SELECT state, attempt, lease_token, partition_key FROM ss_job WHERE {of_one}"),
            set_key: format!(
                "UPDATE ss_job SET partition_key = ?3 WHERE {of_one} AND lease_token IS NULL {moved}"
            ),
            hold: format!(
                "UPDATE ss_job SET held = ?3, cancel_requested = (cancel_requested OR (?3 AND state = 'running')) \
                 WHERE {of_one} {moved}"
            ),
            ready: format!(
                "SELECT {COLUMNS}, job_pk, partition_key {due} AND NOT behind \
                 ORDER BY priority DESC, run_at, job_pk LIMIT ?4 OFFSET ?5"
            ),
            #[cfg(feature = "postgres")]
            still_ready: {
                let of_it = |(text, _): &(String, usize)| {
                    let text = text.replace("?1", "j.model_id").replace("?2", "j.partition_key");
                    format!("EXISTS ({})", text.replace("?3", "j.job_pk").replace("?4", "?2"))
                };
                let due = due.replacen("ss_job", "ss_job j", 1);
                format!(
                    "SELECT {COLUMNS}, partition_key {due} AND NOT j.behind AND j.model_id = ?4 AND j.pk = ?5 \
                     AND (j.partition_key IS NULL OR NOT ({})) FOR UPDATE OF j SKIP LOCKED",
                    in_the_way.each_ref().map(of_it).join(" OR "),
                )
            },
            in_the_way: {
                let parts = in_the_way.each_ref().map(|(text, _)| text.as_str());
                format!("{} LIMIT 1", parts.join(" UNION ALL "))
            },
            #[cfg(feature = "postgres")]
            hold_in_the_way: in_the_way
                .map(|(text, values)| (format!("{text} LIMIT 1 FOR SHARE SKIP LOCKED"), values)),
            mark_behind: {
                let others = if clock.is_some() { "FOR NO KEY UPDATE SKIP LOCKED" } else { "" };
                format!(
                    "UPDATE ss_job SET behind = TRUE WHERE job_pk IN (SELECT job_pk FROM ss_job \
                     WHERE model_id = ?1 AND partition_key = ?2 AND {WAITING} AND NOT behind AND NOT held \
                     AND run_at <= ?3 AND job_pk >= ?4 {others})"
                )
            },
            unblock: format!(
                "UPDATE ss_job SET behind = FALSE WHERE job_pk = (SELECT job_pk FROM ss_job WHERE model_id = ?1 \
                 AND partition_key = ?2 AND behind AND {WAITING} ORDER BY job_pk LIMIT 1) AND behind AND {WAITING}"
            ),
            #[cfg(feature = "postgres")]
            is_blocked: format!(
                "SELECT 1 FROM ss_job WHERE model_id = ?1 AND partition_key = ?2 AND behind AND {WAITING} LIMIT 1"
            ),
            is_stranded: format!("{stranded} LIMIT 1"),
            free_stranded: format!("UPDATE ss_job SET behind = FALSE WHERE job_pk IN ({stranded})"),
            unmark: format!("UPDATE ss_job SET behind = FALSE WHERE {of_one}"),
            renew: format!(
                "UPDATE ss_job SET lease_until = {}, heartbeat_at = ?2 \
                 WHERE model_id = ?3 AND pk = ?4 AND lease_token = ?5 AND state = 'running'",
                until("?1")
            ),
            progress: "UPDATE ss_job SET progress = ?1, note = ?2 \
                       WHERE model_id = ?3 AND pk = ?4 AND lease_token = ?5"
                .to_owned(),
            is_stopped: format!("SELECT cancel_requested FROM ss_job WHERE {of_one} AND lease_token = ?3"),
            insert_line: "INSERT INTO ss_job_log (model_id, pk, run, seq, at, level, text) \
                          SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE EXISTS \
                          (SELECT 1 FROM ss_job WHERE model_id = ?1 AND pk = ?2) ON CONFLICT DO NOTHING"
                .to_owned(),
            forget_lines: format!("DELETE FROM ss_job_log WHERE {of_one} AND run <= ?3"),
            put_worker: "INSERT INTO ss_worker (worker, queues, seen_at, until) VALUES (?1, ?2, ?3, ?4) \
                         ON CONFLICT (worker) DO UPDATE SET queues = ?2, seen_at = ?3, until = ?4"
                .to_owned(),
            forget_worker: "DELETE FROM ss_worker WHERE worker = ?1".to_owned(),
            forget_workers: "DELETE FROM ss_worker WHERE seen_at < ?1".to_owned(),
            expired: format!(
                "SELECT {COLUMNS} FROM ss_job WHERE state = 'running' AND {UNTIL} < {} \
                 AND ?3 LIKE '%,' || CAST(model_id AS TEXT) || ',%' ORDER BY {UNTIL} LIMIT ?2",
                instant("?1")
            ),
            stop: format!(
                "UPDATE ss_job SET cancel_requested = TRUE WHERE {of_one} AND state = 'running' \
                 AND lease_token IS NOT NULL"
            ),
            reschedule: format!(
                "UPDATE ss_job SET schedule = ?3, run_at = ?4, state = 'scheduled' \
                 WHERE {of_one} AND state = 'scheduled' AND run_at = ?5 {moved}"
            ),
            job: format!("SELECT {COLUMNS} FROM ss_job WHERE {of_one}"),
            of_key: "SELECT resource_id FROM ss_job WHERE model_id = ?1 AND idem_key = ?2".to_owned(),
            next_due: format!(
                "SELECT run_at FROM ss_job WHERE queue = ?1 AND {WAITING} AND NOT behind \
                 AND NOT held AND ?2 LIKE '%,' || CAST(model_id AS TEXT) || ',%' ORDER BY run_at LIMIT 1"
            ),
            lines: format!("SELECT seq, at, level, text FROM ss_job_log WHERE {of_one} AND run = ?3 ORDER BY seq"),
            last_run: format!("SELECT MAX(run) FROM ss_job_log WHERE {of_one}"),
            counts: format!(
                "SELECT queue, model_id, state, COUNT(*), \
                 SUM(CASE WHEN {WAITING} AND run_at <= ?1 AND NOT held THEN 1 ELSE 0 END), \
                 MIN(CASE WHEN {WAITING} AND run_at <= ?1 AND NOT held THEN run_at END) \
                 FROM ss_job GROUP BY queue, model_id, state ORDER BY queue, model_id, state"
            ),
            running: format!(
                "SELECT {COLUMNS} FROM ss_job WHERE state = 'running' ORDER BY started_at, job_pk LIMIT ?1"
            ),
            workers: "SELECT worker, queues, seen_at, until FROM ss_worker ORDER BY worker".to_owned(),
            remove: format!("DELETE FROM ss_job WHERE {of_one} {moved}"),
            remove_lines: format!("DELETE FROM ss_job_log WHERE {of_one}"),
            insert_asked: "INSERT INTO ss_job_asked (model_id, pk, asked) VALUES (?1, ?2, ?3) \
                           ON CONFLICT (model_id, pk) DO UPDATE SET asked = excluded.asked"
                .to_owned(),
            asked: format!("SELECT asked FROM ss_job_asked WHERE {of_one}"),
            remove_asked: format!("DELETE FROM ss_job_asked WHERE {of_one}"),
        }
    }

    /// As PostgreSQL takes them: with `$` for `?`, and with the clock of the server.
    #[cfg(feature = "postgres")]
    pub(crate) fn numbered() -> Self {
        let mut texts =
            Self::counting(Some("CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"));
        texts.number();
        texts
    }

    #[cfg(feature = "postgres")]
    fn number(&mut self) {
        let texts = [
            &mut self.insert,
            &mut self.advance,
            &mut self.begin,
            &mut self.place,
            &mut self.set_key,
            &mut self.hold,
            &mut self.ready,
            &mut self.still_ready,
            &mut self.in_the_way,
            &mut self.mark_behind,
            &mut self.unblock,
            &mut self.is_blocked,
            &mut self.is_stranded,
            &mut self.free_stranded,
            &mut self.unmark,
            &mut self.renew,
            &mut self.progress,
            &mut self.is_stopped,
            &mut self.insert_line,
            &mut self.forget_lines,
            &mut self.put_worker,
            &mut self.forget_worker,
            &mut self.forget_workers,
            &mut self.expired,
            &mut self.stop,
            &mut self.reschedule,
            &mut self.job,
            &mut self.of_key,
            &mut self.next_due,
            &mut self.lines,
            &mut self.last_run,
            &mut self.counts,
            &mut self.running,
            &mut self.workers,
            &mut self.remove,
            &mut self.remove_lines,
            &mut self.insert_asked,
            &mut self.asked,
            &mut self.remove_asked,
        ];
        let parts = self.hold_in_the_way.iter_mut().map(|(text, _)| text);
        for text in texts.into_iter().chain(parts) {
            *text = text.replace('?', "$");
        }
    }
}
