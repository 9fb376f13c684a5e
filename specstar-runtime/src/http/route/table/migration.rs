//! The rows of migrations: optional, for types with a schema version unless the application says otherwise.

use super::shared::{MIGRATE, MIGRATE_ONE_ERRORS, MIGRATE_STREAM_ERRORS, SINGLE};
use crate::http::route::parameter::parameters as p;
use crate::http::route::{Answer, Method, Operation, Route};

pub(super) const TEST: Route = Route {
    operation: Operation::TestMigration,
    method: Method::Post,
    path: "/migrate/test",
    name: "test_migrate_resources",
    summary: "Test migration of {m} resources",
    description: "Tries the migration of every {m} that meets the filters: runs the steps and the validator and looks \
                  for constraints that would be violated. Nothing is written. The same path is a WebSocket: the client \
                  sends `{\"query\": {…}}` with these parameters, and each line is a message.",
    parameters: MIGRATE,
    answer: Answer::MigrateLines,
    headers: &[],
    errors: MIGRATE_STREAM_ERRORS,
    ..SINGLE
};

pub(super) const EXECUTE: Route = Route {
    operation: Operation::ExecuteMigration,
    path: "/migrate/execute",
    name: "execute_migrate_resources",
    summary: "Migrate {m} resources",
    description: "Brings every {m} that meets the filters to the present schema version. One that fails stays as it is, \
                  and the others go on. A client that leaves ends the migration after the batch at hand; the next one \
                  goes on with what is left. The same path is a WebSocket: the client sends `{\"query\": {…}}` with \
                  these parameters, and each line is a message.",
    ..TEST
};

pub(super) const ONE: Route = Route {
    operation: Operation::MigrateOne,
    method: Method::Post,
    path: "/migrate/single/{resource_id}",
    name: "migrate_single_resource",
    summary: "Migrate one {m}",
    description: "Brings one {m}, soft-deleted or not, to the present schema version. The revision keeps its id, its \
                  times and its users; what it was is kept until the revision is changed in place or removed.",
    parameters: &[&p::RESOURCE_ID, &p::WRITE_BACK, &p::MIGRATE_REVISION, &p::IDEMPOTENCY_KEY],
    answer: Answer::MigrateProgress,
    headers: &[],
    errors: MIGRATE_ONE_ERRORS,
    ..SINGLE
};

pub(super) const ROLLBACK: Route = Route {
    operation: Operation::RollbackMigration,
    path: "/migrate/rollback/{resource_id}",
    name: "rollback_migrated_resource",
    summary: "Take a migration of a {m} back",
    description: "Gives a revision of one {m} the content and the schema version that it had before its last migration, \
                  unless it has been changed since.",
    parameters: &[&p::RESOURCE_ID, &p::MIGRATE_REVISION, &p::IDEMPOTENCY_KEY],
    ..ONE
};
