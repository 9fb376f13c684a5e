//! What `#[job(…)]` says of a resource type.

/// How the jobs of one type are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobDescriptor {
    /// The queue whose workers take them: `queue = "mail"`.
    pub queue: &'static str,
    /// How often one is begun before it has failed: `max_attempts = 5`. A document can say less or more
    /// (`max_retries`, which does not count the first).
    pub max_attempts: u32,
    /// How long a failed one waits before it is begun again: `backoff = "1s..10m"`.
    pub backoff: Backoff,
    /// How long an attempt may take, in milliseconds: `timeout = "30s"`.
    pub timeout_ms: Option<u64>,
    /// Those of a higher number are begun first: `priority = 10`.
    pub priority: i16,
    /// There is one that runs by itself at these times: `cron = "0 3 * * *"`, in UTC.
    pub cron: Option<&'static str>,
    /// There is one that runs by itself, so many milliseconds after it ran: `every = "10m"`.
    pub every_ms: Option<u64>,
    /// Its documents are calls of an action: only the action and its worker write them.
    pub of_action: bool,
}

impl JobDescriptor {
    /// What holds where the attribute says nothing.
    pub const DEFAULT: Self = Self {
        queue: "default",
        max_attempts: 4,
        backoff: Backoff { first_ms: 1_000, most_ms: 600_000 },
        timeout_ms: None,
        priority: 0,
        cron: None,
        every_ms: None,
        of_action: false,
    };

    /// Whether the type has a job that runs by itself.
    pub const fn is_periodic(&self) -> bool {
        self.cron.is_some() || self.every_ms.is_some()
    }
}

/// Waits that double from attempt to attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure, in milliseconds.
    pub first_ms: u64,
    /// The longest, in milliseconds.
    pub most_ms: u64,
}

impl Backoff {
    /// The wait after this many failures, in milliseconds: between half of the doubled wait and all of it, so that
    /// what failed together does not come back together. `share` is a random number below 2^16.
    ///
    /// ```
    /// use specstar_runtime::descriptor::Backoff;
    /// let backoff = Backoff { first_ms: 1_000, most_ms: 60_000 };
    /// assert_eq!(backoff.wait_ms(1, 0), 500);
    /// assert_eq!(backoff.wait_ms(3, u16::MAX), 4_000);
    /// assert_eq!(backoff.wait_ms(100, u16::MAX), 60_000);
    /// ```
    pub fn wait_ms(&self, failures: u32, share: u16) -> u64 {
        let doubled = 1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX);
        let wait = self.first_ms.saturating_mul(doubled).min(self.most_ms.max(self.first_ms));
        let half = wait / 2;
        let jitter = u128::from(wait - half) * u128::from(share) / u128::from(u16::MAX);
        half + u64::try_from(jitter).unwrap_or(0)
    }
}
