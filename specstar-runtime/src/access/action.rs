//! The actions access is decided on.

bitflags::bitflags! {
    /// Actions and groups of them. The numbers are those of the reference: rules store them.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Action: u32 {
        /// Create a resource.
        const CREATE = 1;
        /// Read one resource. A [rule](super::deny) that denies it denies its parts; one that allows it speaks for
        /// those parts of which no rule speaks.
        ///
        /// Reads ask about parts, and about this action only where everything abstains on the part. So a function
        /// of [`access_fn`](super::access_fn), or a control of one's own, that denies `GET` alone denies nothing
        /// that somebody else allows by the part: it has to deny [`Action::READ`].
        const GET = 2;
        /// Read the content of a revision.
        const GET_RESOURCE_REVISION = 4;
        /// Read the history.
        const LIST_REVISIONS = 8;
        /// Read metadata and revision infos.
        const GET_META = 16;
        /// Search, list and count.
        const SEARCH_RESOURCES = 32;
        /// Replace the content by a new revision.
        const UPDATE = 64;
        /// Patch the content.
        const PATCH = 128;
        /// Make an older revision current.
        const SWITCH = 256;
        /// Soft delete.
        const DELETE = 512;
        /// Remove for good.
        const PERMANENTLY_DELETE = 1024;
        /// End a soft delete.
        const RESTORE = 2048;
        /// Export.
        const DUMP = 4096;
        /// Import.
        const LOAD = 8192;
        /// Migrate to the current schema version.
        const MIGRATE = 16384;
        /// Rewrite the current revision in place.
        const MODIFY = 32768;
        /// Remove superseded revisions.
        const PRUNE = 65536;
        /// Count only.
        const COUNT = 1 << 17;
        /// Download a blob. Where no rule speaks of it, one that grants [`Action::GET`] does; a
        /// [rule](super::deny) that denies `GET` denies it.
        const READ_BLOB = 1 << 18;
        /// Upload a blob. It is asked of the type [`BLOBS`](super::BLOBS). Where no rule speaks of it, one that grants
        /// [`Action::CREATE`] does.
        const WRITE_BLOB = 1 << 19;
        /// Change draft to stable and back.
        const SET_STATUS = 1 << 20;
        /// Read the log of a job.
        const VIEW_LOGS = 1 << 21;
        /// Run a job again.
        const RERUN = 1 << 22;
        /// Cancel a job.
        const CANCEL = 1 << 23;

        /// Create, update, modify.
        const CREATE_OR_UPDATE = Self::CREATE.bits() | Self::UPDATE.bits() | Self::MODIFY.bits();
        /// Everything that reads one resource.
        const READ = Self::GET.bits() | Self::GET_PARTS.bits();
        /// What [`Action::GET`] consists of.
        const GET_PARTS = Self::GET_META.bits() | Self::GET_RESOURCE_REVISION.bits()
            | Self::LIST_REVISIONS.bits();
        /// Search, list and count.
        const READ_LIST = Self::SEARCH_RESOURCES.bits();
        /// Create and every change of content.
        const WRITE = Self::CREATE_OR_UPDATE.bits() | Self::PATCH.bits();
        /// Switch, delete, permanently delete, restore.
        const LIFECYCLE = Self::SWITCH.bits() | Self::DELETE.bits() | Self::PERMANENTLY_DELETE.bits()
            | Self::RESTORE.bits();
        /// Dump, load, migrate.
        const BACKUP = Self::DUMP.bits() | Self::LOAD.bits() | Self::MIGRATE.bits();
        /// What an owner may do.
        const OWNER = Self::READ.bits() | Self::PATCH.bits() | Self::UPDATE.bits() | Self::MODIFY.bits()
            | Self::LIFECYCLE.bits();
        /// Everything.
        const FULL = (1 << 24) - 1;
    }
}

impl Action {
    /// The action whose rules speak for this one where none speaks of it.
    pub(crate) fn general(self) -> Option<Self> {
        match self {
            Self::WRITE_BLOB => Some(Self::CREATE),
            _ if Self::ANSWERED_BY_GET.contains(self) => Some(Self::GET),
            _ => None,
        }
    }

    /// What a rule about [`Action::GET`] speaks for.
    pub(crate) const ANSWERED_BY_GET: Self = Self::GET_PARTS.union(Self::READ_BLOB);

    /// The name of a single action, as in messages and rules.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(action, _)| *action == self).map_or("several actions", |(_, name)| name)
    }
}

const NAMES: &[(Action, &str)] = &[
    (Action::CREATE, "create"),
    (Action::GET, "get"),
    (Action::GET_RESOURCE_REVISION, "get_resource_revision"),
    (Action::LIST_REVISIONS, "list_revisions"),
    (Action::GET_META, "get_meta"),
    (Action::SEARCH_RESOURCES, "search_resources"),
    (Action::UPDATE, "update"),
    (Action::PATCH, "patch"),
    (Action::SWITCH, "switch"),
    (Action::DELETE, "delete"),
    (Action::PERMANENTLY_DELETE, "permanently_delete"),
    (Action::RESTORE, "restore"),
    (Action::DUMP, "dump"),
    (Action::LOAD, "load"),
    (Action::MIGRATE, "migrate"),
    (Action::MODIFY, "modify"),
    (Action::PRUNE, "prune"),
    (Action::COUNT, "count"),
    (Action::READ_BLOB, "read_blob"),
    (Action::WRITE_BLOB, "write_blob"),
    (Action::SET_STATUS, "set_status"),
    (Action::VIEW_LOGS, "view_logs"),
    (Action::RERUN, "rerun"),
    (Action::CANCEL, "cancel"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_single_action_has_a_name() {
        for bit in 0..24 {
            let action = Action::from_bits(1 << bit).expect("the bits are contiguous");
            assert_ne!(action.name(), "several actions", "bit {bit}");
        }
        assert_eq!(Action::FULL, Action::all());
    }
}
