//! Slow statements of a reader.

use std::time::{Duration, Instant};

use super::pool::Lease;
use crate::store::slow;

/// The longest time that a plan may take.
const EXPLAIN_LIMIT: Duration = Duration::from_secs(1);

/// Measures a statement until it is dropped, however that ends.
pub(super) struct Timed<'a> {
    lease: &'a Lease,
    sql: &'a str,
    begun: Instant,
}

impl Drop for Timed<'_> {
    fn drop(&mut self) {
        let took = self.begun.elapsed();
        if self.lease.shared().slow.has(took) {
            self.lease.slow().borrow_mut().push((self.sql.to_owned(), took));
        }
    }
}

impl Lease {
    /// Measures a statement.
    pub(super) fn timed<'a>(&'a self, sql: &'a str) -> Timed<'a> {
        Timed { lease: self, sql, begun: Instant::now() }
    }

    /// Tells which of its statements were slow, and how the engine runs them: after the answer, which must not wait
    /// for that.
    pub(super) fn tell_slow(&self) {
        for (sql, took) in self.slow().take() {
            let plan = self.shared().slow.is_to_explain(&sql).then(|| self.plan(&sql)).flatten();
            slow::tell(&sql, took, plan.as_deref());
        }
    }

    /// Each step of the plan on a line, as deep as it stands. Without values: the plans of this engine do not depend
    /// on them here.
    fn plan(&self, sql: &str) -> Option<String> {
        self.limit(Some(EXPLAIN_LIMIT));
        let plan = self.connection().and_then(|connection| {
            let steps = || {
                let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                let mut depths = vec![(0_i64, 0_usize)];
                let mut plan = String::new();
                let mut rows = statement.raw_query();
                while let Some(row) = rows.next()? {
                    let (id, parent, detail): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(3)?);
                    let above = depths.iter().find(|(id, _)| *id == parent).map_or(0, |(_, depth)| *depth);
                    depths.push((id, above + 1));
                    let line = format!("{}{detail}", "  ".repeat(above));
                    plan = if plan.is_empty() { line } else { format!("{plan}\n{line}") };
                }
                Ok(plan)
            };
            steps().map_err(|error| self.error(error))
        });
        self.limit(None);
        plan.inspect_err(|error| tracing::debug!(%error, "the plan of a slow query was not found out")).ok()
    }
}
