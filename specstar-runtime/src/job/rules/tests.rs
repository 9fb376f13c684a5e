use super::*;

const NOW: Timestamp = Timestamp(1_000_000_000_000_000);
const KIND: JobDescriptor = JobDescriptor::DEFAULT;

fn job(more: &str) -> JobState {
    let text = format!(
        r#"{{"payload":{{"a":1}},"status":"pending","errmsg":null,"artifact":null,"retries":0,"max_retries":2,
        "periodic_interval_seconds":null,"periodic_max_runs":null,"periodic_runs":0,
        "periodic_initial_delay_seconds":null,"last_heartbeat_at":null,"partition_key":null{more}}}"#
    );
    JobState::read(text.as_bytes()).expect("a job")
}

fn plain() -> JobState {
    job(r#","idempotency_key":null"#)
}

#[test]
fn an_attempt_that_fails_is_repeated_until_all_are_used_up() {
    let mut job = plain();
    for attempt in 1..3 {
        started(&mut job, attempt, NOW);
        assert_eq!((job.status, job.retries), (JobStatus::Processing, i64::from(attempt) - 1));
        let next = failed(&mut job, &KIND, "no", Failure::Retry, attempt, (None, u16::MAX), NOW);
        let wait = after_ms(NOW, KIND.backoff.wait_ms(attempt, u16::MAX));
        assert_eq!(next, Next::at(Phase::Retrying, wait, attempt));
        assert_eq!((job.status, job.errmsg.as_deref()), (JobStatus::Pending, Some("no")));
    }
    started(&mut job, 3, NOW);
    let next = failed(&mut job, &KIND, "no", Failure::Retry, 3, (None, 0), NOW);
    assert_eq!((next.phase, job.status, job.retries), (Phase::Failed, JobStatus::Failed, 2));
}

#[test]
fn a_failure_can_say_when_or_that_there_is_no_next_time() {
    let mut job = plain();
    let next = failed(&mut job, &KIND, "busy", Failure::RetryAfter(90_000), 1, (None, 0), NOW);
    assert_eq!(next, Next::at(Phase::Retrying, after(NOW, 90), 1));
    let next = failed(&mut job, &KIND, "bad", Failure::Fatal, 2, (None, 0), NOW);
    assert_eq!((next.phase, job.status), (Phase::Failed, JobStatus::Failed));
}

#[test]
fn a_periodic_job_waits_for_its_next_run_as_often_as_it_should() {
    let mut job = plain();
    (job.periodic_interval_seconds, job.periodic_max_runs) = (Some(60), Some(2));
    let next = succeeded(&mut job, None, 2, None, NOW);
    assert_eq!(next, Next::at(Phase::Scheduled, after(NOW, 60), 0));
    assert_eq!((job.status, job.periodic_runs, job.retries), (JobStatus::Pending, 1, 0));
    let next = succeeded(&mut job, None, 1, None, NOW);
    assert_eq!((next.phase, job.status, job.periodic_runs), (Phase::Done, JobStatus::Completed, 2));
}

#[test]
fn a_periodic_job_survives_a_bad_night_but_not_a_fatal_error() {
    let mut job = plain();
    job.max_retries = Some(0);
    let tomorrow = after(NOW, 86_400);
    let next = failed(&mut job, &KIND, "no", Failure::Retry, 1, (Some(tomorrow), 0), NOW);
    assert_eq!(next, Next::at(Phase::Scheduled, tomorrow, 0));
    assert_eq!((job.status, job.errmsg.as_deref()), (JobStatus::Pending, Some("no")));
    let next = failed(&mut job, &KIND, "never", Failure::Fatal, 1, (Some(tomorrow), 0), NOW);
    assert_eq!(next.phase, Phase::Failed);
}

#[test]
fn what_a_worker_gives_back_costs_no_attempt() {
    let mut job = plain();
    started(&mut job, 1, NOW);
    assert_eq!(released(&mut job, 1, NOW), Next::at(Phase::Pending, NOW, 0));
    started(&mut job, 3, NOW);
    assert_eq!(released(&mut job, 3, NOW), Next::at(Phase::Retrying, NOW, 2));
    assert_eq!((job.status, job.retries), (JobStatus::Pending, 1));
}

#[test]
fn only_what_is_over_runs_again() {
    let mut job = plain();
    assert_eq!(rerun(&mut job, NOW), Err(JobStatus::Pending));
    cancelled(&mut job, 1, NOW);
    job.errmsg = Some("x".into());
    assert_eq!(rerun(&mut job, NOW), Ok(Next::at(Phase::Pending, NOW, 0)));
    assert_eq!((job.status, job.errmsg, job.retries), (JobStatus::Pending, None, 0));
}

#[test]
fn a_document_says_where_a_job_stands() {
    let mut job = plain();
    assert_eq!(placed(&job, NOW, None), Next::at(Phase::Pending, NOW, 0));
    job.periodic_initial_delay_seconds = Some(5);
    assert_eq!(placed(&job, NOW, None), Next::at(Phase::Scheduled, after(NOW, 5), 0));
    // One that was begun keeps its place before the later ones of its key.
    job.retries = 1;
    let due = after(NOW, 5);
    assert_eq!(placed(&job, NOW, Some(due)), Next::at(Phase::Retrying, due, 1));
    job.status = JobStatus::Failed;
    job.retries = 2;
    assert_eq!(placed(&job, NOW, None).phase, Phase::Failed);
}

#[test]
fn reading_and_writing_leave_a_document_as_it_is() {
    let text = concat!(
        r#"{"payload":{"a":1.0,"b":"é\n"},"status":"failed","errmsg":"x","artifact":{"n":[1,2]},"retries":1,"#,
        r#""max_retries":null,"periodic_interval_seconds":5,"periodic_max_runs":null,"periodic_runs":0,"#,
        r#""periodic_initial_delay_seconds":null,"last_heartbeat_at":"2024-01-02T03:04:05Z","partition_key":"k","#,
        r#""idempotency_key":null}"#
    );
    let job = JobState::read(text.as_bytes()).expect("a job");
    assert_eq!(String::from_utf8(job.write().expect("text")).expect("UTF-8"), text);
}
