//! Times of a cron expression.

use crate::datetime::Timestamp;

/// Text that is no cron expression, or one that never comes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a cron expression: {reason}")]
pub struct ScheduleError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A cron expression of five fields, or six with seconds first; in UTC.
///
/// ```
/// use specstar_runtime::datetime::Timestamp;
/// use specstar_runtime::job::Schedule;
/// let nightly = Schedule::parse("30 3 * * *").unwrap();
/// let now = Timestamp::parse("2024-05-01T03:30:00Z").unwrap();
/// assert_eq!(nightly.next(now).unwrap().to_string(), "2024-05-02T03:30:00Z");
/// assert!(Schedule::parse("61 * * * *").is_err());
/// ```
#[derive(Clone, Debug)]
pub struct Schedule {
    #[cfg(feature = "cron")]
    cron: croner::Cron,
}

impl Schedule {
    /// The longest expression, in bytes.
    pub const LONGEST: usize = 1024;

    /// Reads an expression, and looks whether its time ever comes.
    #[cfg(feature = "cron")]
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let wrong = |reason: String| ScheduleError { text: text.to_owned(), reason };
        if text.len() > Self::LONGEST {
            return Err(wrong(format!("it is longer than {} bytes", Self::LONGEST)));
        }
        let cron = text.parse::<croner::Cron>().map_err(|error| wrong(error.to_string()))?;
        let schedule = Self { cron };
        schedule.next(Timestamp::now()).ok_or_else(|| wrong("its time never comes".to_owned()))?;
        Ok(schedule)
    }

    /// Refuses every expression: the feature `cron` is off.
    #[cfg(not(feature = "cron"))]
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        Err(ScheduleError { text: text.to_owned(), reason: "the feature `cron` is off".to_owned() })
    }

    /// The first time behind an instant; `None` when there is none any more.
    #[cfg(feature = "cron")]
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let now = chrono::DateTime::<chrono::Utc>::from_timestamp_micros(now.0)?;
        let next = self.cron.find_next_occurrence(&now, false).ok()?;
        Some(Timestamp(next.timestamp_micros()))
    }

    /// Never.
    #[cfg(not(feature = "cron"))]
    pub fn next(&self, _: Timestamp) -> Option<Timestamp> {
        None
    }
}
