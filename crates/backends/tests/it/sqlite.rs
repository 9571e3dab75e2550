//! The stories on SQLite.

use crate::{rooms, stories};
use std::sync::Arc;
use tempfile::TempDir;
use tidings_backends::{Options, SqliteStore};

/// A new store in a folder of its own.
pub(crate) fn fresh() -> (Arc<SqliteStore>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("tidings.db"), &Options::default()).unwrap();
    (store, folder)
}

macro_rules! stories {
    ($module:ident: $($story:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                let (store, _folder) = fresh();
                $module::$story(&*store).await;
                store.close().await.unwrap();
            }
        )*
    };
}

stories! {
    stories:
    whole_life,
    deletion_leaves_a_hole_in_the_tree,
    shared_blobs_go_with_the_last_reference,
    budgets_count_every_draft,
    rooms_come_into_being_and_channels_do_not,
    exchanges_are_open_once,
    pushes_collapse_and_are_held_back,
    age_takes_all,
    statistics_follow,
}

stories! {
    rooms:
    rooms_do_as_the_model_does,
    a_room_that_comes_back_gives_no_number_twice,
    old_times_are_not_taken_and_fast_clocks_gain_nothing,
    what_calls_itself_novel_is_found_out_without_a_trace,
    senders_have_no_budget_in_rooms,
    ids_of_rooms_are_listed_alone,
}
