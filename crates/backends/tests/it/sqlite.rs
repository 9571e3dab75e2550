//! The stories on SQLite.

use crate::stories;
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
    ($($story:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                let (store, _folder) = fresh();
                stories::$story(&*store).await;
                store.close().await.unwrap();
            }
        )*
    };
}

stories! {
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
