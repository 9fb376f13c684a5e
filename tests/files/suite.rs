//! The cases that hold on every storage.

/// A test for each case, on the storage that an expression makes.
macro_rules! suite {
    ($storage:expr; $($module:ident::{$($case:ident),* $(,)?}),* $(,)?) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let place = $storage.await;
                crate::cases::$module::$case(&place).await;
            }
        )*)*
    };
}

/// Runs all of them.
macro_rules! on_every_storage {
    ($storage:expr) => {
        suite! { $storage;
            transfer::{
                what_is_uploaded_is_read_back_and_called_by_its_content,
                equal_bytes_are_stored_once,
                a_range_is_cut_out_of_the_stored_bytes,
                several_ranges_come_in_one_body,
                a_client_that_has_the_file_is_not_sent_it_again,
                a_head_says_what_a_get_would_send,
            },
            resources::{
                a_file_is_read_through_the_resource_that_names_it,
                a_file_of_an_older_revision_is_still_the_resources_own,
                inline_bytes_are_read_back,
                a_file_has_the_media_type_that_the_resource_gives_it,
                a_media_type_that_is_none_is_refused_or_left_out,
            },
            sessions::{
                parts_in_any_order_make_the_file,
                what_was_announced_is_checked,
                a_part_that_waits_is_replaced_and_one_that_is_joined_is_not,
                an_abort_removes_what_was_stored,
                an_expired_session_takes_nothing_and_is_swept,
                a_finalize_is_repeated_by_its_name_only,
                one_of_several_finalizes_makes_the_file,
                parts_that_come_at_once_are_all_recorded,
                a_part_that_breaks_off_does_not_count_and_can_be_sent_again,
                a_file_of_many_megabytes_goes_through_parts,
            },
        }
    };
}
