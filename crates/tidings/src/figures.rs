//! What the node counts, in words: the descriptions that `/metrics` shows.

/// Counted up.
const COUNTERS: &[(&str, &str)] = &[
    ("tidings_requests_total", "Requests, by door, route and class of status"),
    ("tidings_notifications_total", "Attempts at notifications, by how they ended"),
    ("tidings_store_commits_total", "Transactions of the store, each one sync to disk"),
    ("tidings_store_jobs_total", "Writes that these transactions served"),
    ("tidings_room_messages_total", "Messages to rooms, by what became of them"),
    ("tidings_room_deliveries_total", "Messages of rooms that were given to sessions"),
    ("tidings_room_messages_pulled_total", "Messages of rooms that clients asked for"),
    ("tidings_room_refusals_total", "Requests to rooms that were refused, by reason"),
    ("tidings_history_pages_total", "Pages of rooms, by whether memory or the store gave them"),
    ("tidings_known_ids_maybe_total", "Ids that the filter took for known, and that were looked up"),
    ("tidings_known_ids_false_positives_total", "Ids among them that were new"),
    ("tidings_group_entries_total", "Entries for groups, by what became of them"),
    ("tidings_parcels_total", "Parcels for inboxes of Tidings' own clients, by what became of them"),
    ("tidings_knocks_total", "Attempts at pushes to devices and wakes at other nodes, by how they ended"),
    ("tidings_darkchat_messages_total", "Messages of darkchat's clients, by kind"),
    ("tidings_darkchat_relayed_total", "Messages that other servers passed on, by what became of them"),
    ("tidings_darkchat_dropped_total", "Messages that did not reach a session or a server, by reason"),
    ("tidings_darkchat_errors_total", "Errors that darkchat's clients were told"),
];

/// Up and down.
const GAUGES: &[(&str, &str)] = &[
    ("process_resident_memory_bytes", "Memory that the node has in RAM"),
    ("tidings_disk_free_bytes", "Room on the disk of the attachments"),
    ("tidings_build_info", "1, with the program's version"),
    ("tidings_accounts", "Accounts that are not deleted"),
    ("tidings_pictures_waiting", "Parcels of type MEDIA that wait to be taken"),
    ("tidings_open_connections", "Connections that are open"),
    ("tidings_room_messages_stored", "Messages that are kept in rooms"),
    ("tidings_group_entries_stored", "Entries that are kept in groups"),
    ("tidings_uploads_stored", "Uploaded blobs that are kept, whole or in part"),
    ("tidings_history_rooms", "Rooms that are held in memory, since they are being read"),
    ("tidings_history_bytes", "Memory that these rooms take"),
    ("tidings_known_ids", "Ids in the filter that tells new messages from known ones"),
    ("tidings_known_ids_bytes", "Memory that the filter takes"),
    ("tidings_native_sessions", "Open live connections of Tidings' own clients"),
    ("tidings_darkchat_sessions", "Open connections of darkchat's clients, by transport"),
    ("tidings_darkchat_channels", "Channels that somebody is in"),
    ("tidings_darkchat_links", "Links to other servers"),
];

/// Spread over buckets.
const HISTOGRAMS: &[(&str, &str)] = &[
    ("tidings_request_seconds", "Seconds until an answer was ready, by door and route"),
    ("tidings_verification_seconds", "Seconds that the checks of a batch of room messages took"),
];

/// Tells the recorder what there is. It must be installed.
pub fn describe() {
    for (name, text) in COUNTERS {
        metrics::describe_counter!(*name, *text);
    }
    for (name, text) in GAUGES {
        metrics::describe_gauge!(*name, *text);
    }
    for (name, text) in HISTOGRAMS {
        metrics::describe_histogram!(*name, *text);
    }
}
