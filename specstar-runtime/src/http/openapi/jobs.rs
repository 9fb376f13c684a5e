//! The schemas of what is said of jobs.

use serde_json::{Map, Value, json};

use super::walk::Schemas;

/// All of them; those that nothing refers to are dropped later.
pub(super) fn schemas() -> Schemas {
    Schemas::from([
        ("JobProgress".into(), progress(false)),
        ("RunningJob".into(), progress(true)),
        ("JobCount".into(), count()),
        ("JobHealth".into(), health()),
        ("JobRedirectInfo".into(), redirect()),
        ("BackgroundTaskAccepted".into(), accepted()),
    ])
}

fn time(description: &str) -> Value {
    json!({"type": "string", "format": "date-time", "description": description})
}

fn or_null(mut value: Value) -> Value {
    let known = value["type"].take();
    value["type"] = json!([known, "null"]);
    value
}

fn number(description: &str) -> Value {
    json!({"type": "integer", "format": "int64", "minimum": 0, "description": description})
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn state() -> Value {
    json!({
        "type": "string",
        "enum": ["pending", "scheduled", "running", "retrying", "done", "failed", "cancelled"],
        "description": "Where it stands, in more detail than its `status`.",
    })
}

fn progress(named: bool) -> Value {
    let mut properties = Map::new();
    if named {
        properties.insert("job_resource_name".into(), or_null(text("The name of its type.")));
    }
    let own = json!({
        "resource_id": text("Its id."),
        "queue": text("Its queue."),
        "state": state(),
        "priority": {"type": "integer", "description": "Those of a higher number begin first."},
        "run_at": time("It does not begin before."),
        "attempt": number("How often it was begun since it was asked for."),
        "run": number("How often it was begun at all: the number of its log."),
        "cancel_requested": {"type": "boolean", "description": "Its worker was asked to stop."},
        "progress": or_null(json!({"type": "number", "description": "How far the work is, from 0 to 1."})),
        "note": or_null(text("What the work says of itself.")),
        "worker": or_null(text("Who works on it.")),
        "lease_until": or_null(time("Nobody else begins it before.")),
        "heartbeat_at": or_null(time("When its worker last said that it is alive.")),
        "enqueued_at": time("When it came in."),
        "started_at": or_null(time("When it was last begun.")),
        "finished_at": or_null(time("When it was over.")),
    });
    if let Value::Object(own) = own {
        properties.extend(own);
    }
    let required: Vec<&String> = properties.keys().collect();
    json!({
        "type": "object",
        "description": "How far the work on a job is.",
        "required": required,
        "properties": properties,
    })
}

fn redirect() -> Value {
    json!({
        "type": "object",
        "description": "The job that runs an action.",
        "required": ["job_resource_name", "job_resource_id", "redirect_url"],
        "properties": {
            "job_resource_name": text("The name of its type."),
            "job_resource_id": text("Its id."),
            "redirect_url": text("Where it can be read."),
        },
    })
}

fn accepted() -> Value {
    json!({
        "type": "object",
        "description": "An action runs in the background.",
        "required": ["message"],
        "properties": {"message": text("That it does.")},
    })
}

fn count() -> Value {
    json!({
        "type": "object",
        "description": "How many jobs stand somewhere.",
        "required": ["queue", "job_resource_name", "state", "count", "due", "oldest_due"],
        "properties": {
            "queue": text("The queue."),
            "job_resource_name": text("The name of the type."),
            "state": state(),
            "count": number("How many."),
            "due": number("Of those that could begin now."),
            "oldest_due": or_null(time("Since when the first of these waits.")),
        },
    })
}

fn health() -> Value {
    let jobs = |description: &str| {
        let items = json!({"$ref": "#/components/schemas/RunningJob"});
        json!({"type": "array", "description": description, "items": items})
    };
    json!({
        "type": "object",
        "description": "Whether jobs are worked on.",
        "required": ["healthy", "failed", "workers", "running", "stuck", "unserved"],
        "properties": {
            "healthy": {"type": "boolean", "description": "Nothing is stuck, and every queue with due jobs has a worker."},
            "failed": number("Jobs that have failed for good."),
            "workers": {"type": "array", "items": {
                "type": "object",
                "description": "A worker that has not said that it ends.",
                "required": ["worker", "queues", "seen_at", "alive"],
                "properties": {
                    "worker": text("Its name."),
                    "queues": {"type": "array", "items": {"type": "string"}, "description": "The queues it serves."},
                    "seen_at": time("When it last said that it is alive."),
                    "alive": {"type": "boolean", "description": "Whether that is recent enough."},
                },
            }},
            "running": jobs("The jobs that are worked on, longest first; at most 100."),
            "stuck": jobs("Those of them that nobody works on any more."),
            "unserved": {"type": "array", "items": {
                "type": "object",
                "description": "A queue with due jobs and no worker.",
                "required": ["queue", "due"],
                "properties": {"queue": text("The queue."), "due": number("How many are due.")},
            }},
        },
    })
}
