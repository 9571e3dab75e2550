//! Where things are, where the node listens, and whose it is.

use super::take::{list, optional};
use crate::settings::Definition;
use crate::settings::definition::Section::{Admin, Node};
use crate::settings::definition::setting;
use crate::settings::reading::{box_key, path, public_url, text};
use crate::settings::value::{listen, number};

pub(super) const NODE: &[Definition] = &[
    setting(
        Node,
        "data-dir",
        "FOLDER",
        "",
        optional!(path, data_dir),
        "Where everything is kept. By default the state folder that systemd gives, else $XDG_DATA_HOME/tidings, else ~/.local/share/tidings",
    ),
    setting(
        Node,
        "database",
        "FILE",
        "",
        optional!(path, database),
        "The database; tidings.db in the data folder by default",
    )
    .like("DATABASE_PATH"),
    setting(
        Node,
        "blobs",
        "FOLDER",
        "",
        optional!(path, blobs),
        "Where larger attachments are kept; blobs in the data folder by default",
    )
    .like("PARCEL_ATTACHMENTS_UPLOAD_PATH"),
    setting(
        Node,
        "listen",
        "ADDRESS",
        "8080",
        list!(listen, listen),
        "Where to listen: ADDRESS:PORT, or a port alone for all addresses; may be given several times",
    )
    .like("PORT"),
    setting(
        Node,
        "public-url",
        "URL",
        "",
        optional!(public_url, public_url),
        "The address by which others reach this node, as in https://inbox.example.org",
    )
    .live(),
    setting(
        Node,
        "worker-threads",
        "COUNT",
        "",
        optional!(|text| number(text, 1, 64), worker_threads),
        "Threads that serve requests; one for each processor by default",
    ),
];

pub(super) const ADMIN: &[Definition] = &[
    setting(
        Admin,
        "admin-display-name",
        "NAME",
        "",
        optional!(text, admin_display_name),
        "The owner's name, shown to everybody",
    )
    .live()
    .like("ADMIN_DISPLAY_NAME"),
    setting(Admin, "admin-message", "TEXT", "", optional!(text, admin_message), "What the owner tells everybody")
        .live()
        .like("ADMIN_MESSAGE"),
    setting(
        Admin,
        "admin-privacy-policy-url",
        "URL",
        "",
        optional!(text, admin_privacy_policy_url),
        "Where the privacy policy is",
    )
    .live()
    .like("ADMIN_PRIVACY_POLICY_URL"),
    setting(
        Admin,
        "admin-key",
        "KEY",
        "",
        optional!(box_key, admin_key),
        "The user who may see all accounts: a public key in base64",
    )
    .live()
    .like("ADMIN_UUID"),
];
