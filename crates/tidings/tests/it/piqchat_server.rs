//! What a piqchat server leaves on the disk (wire/piqchat.md, section 9): its database and its folder of attachments.

use crate::piqchat::{Person, now};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tidings_doors::webpush::VapidKey;
use tidings_engine::Entropy;

const SCHEMA: &str = "
CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, push_subscription_json TEXT,
  contacts_json TEXT, client_id TEXT, client_version TEXT, client_last_seen_at TEXT, created_at TEXT, created_by TEXT);
CREATE TABLE contact_exchanges (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, state TEXT, one_time_token TEXT,
  encrypted_contact TEXT, created_at TEXT, created_by INTEGER);
CREATE TABLE parcels (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, uuid TEXT UNIQUE, recipient_uuid TEXT, type TEXT,
  content TEXT, attachment_filename TEXT, uploaded_by TEXT, uploaded_at TEXT);
CREATE TABLE profile_backups (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, user_uuid TEXT, content TEXT, updated_at TEXT,
  last_read_at TEXT);
CREATE TABLE parcels_count (date TEXT, type TEXT);
CREATE TABLE config (name TEXT, value TEXT);
PRAGMA user_version = 2;";

/// A subscription as a browser makes it (RFC 8291, appendix A, has such a key).
pub(crate) const SUBSCRIPTION: &str = r#"{"endpoint":"https://push.example.org/send/abc","keys":{"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg"}}"#;

/// A stopped server.
pub(crate) struct Server {
    folder: PathBuf,
    pub(crate) conn: Option<Connection>,
    pub(crate) keys: Keys,
    entropy: Entropy,
}

/// Its keys, as it writes them.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) api_private: String,
    pub(crate) api_public: String,
    pub(crate) vapid_private: String,
    pub(crate) vapid_public: String,
}

impl Keys {
    fn make(entropy: &Entropy) -> Self {
        let secret = crypto_box::SecretKey::from(entropy.bytes::<32>());
        let vapid = VapidKey::generate(&mut entropy.generator()).unwrap();
        Self {
            api_private: STANDARD.encode(secret.to_bytes()),
            api_public: STANDARD.encode(secret.public_key().as_bytes()),
            vapid_private: vapid.to_base64url().to_string(),
            vapid_public: vapid.public_base64url().to_owned(),
        }
    }
}

/// A time some hours ago as piqchat writes it.
pub(crate) fn hours_ago(hours: u64) -> String {
    now().before(Duration::from_secs(hours * 3600)).to_string()
}

impl Server {
    /// A server below `folder`, without anybody.
    pub(crate) fn new(folder: &Path, seed: u64) -> Self {
        let folder = folder.join("server");
        fs::create_dir_all(folder.join("uploads")).unwrap();
        let conn = Connection::open(folder.join("database.sqlite")).unwrap();
        conn.execute_batch(SCHEMA).unwrap();
        let entropy = Entropy::seeded(seed);
        let keys = Keys::make(&entropy);
        for (name, value) in [
            ("API_PRIVATE_KEY", &keys.api_private),
            ("VAPID_PUBLIC_KEY", &keys.vapid_public),
            ("VAPID_PRIVATE_KEY", &keys.vapid_private),
        ] {
            conn.execute("INSERT INTO config VALUES (?1, ?2)", params![name, value]).unwrap();
        }
        Self { folder, conn: Some(conn), keys, entropy }
    }

    pub(crate) fn database(&self) -> String {
        self.folder.join("database.sqlite").to_str().unwrap().to_owned()
    }

    pub(crate) fn uploads(&self) -> String {
        self.folder.join("uploads").to_str().unwrap().to_owned()
    }

    pub(crate) fn conn(&self) -> &Connection {
        self.conn.as_ref().unwrap()
    }

    /// Adds a user whose other columns are set as `rest` says, such as `created_by = '2.0'`.
    pub(crate) fn user(&self, id: Option<&str>, rest: &str) -> i64 {
        self.conn().execute("INSERT INTO users (uuid) VALUES (?1)", params![id]).unwrap();
        let number = self.conn().last_insert_rowid();
        if !rest.is_empty() {
            self.conn().execute(&format!("UPDATE users SET {rest} WHERE id = {number}"), []).unwrap();
        }
        number
    }

    /// Adds a parcel; gives its id.
    pub(crate) fn parcel(
        &self,
        from: &str,
        to: &str,
        content: Option<&str>,
        attachment: Option<&str>,
        at: &str,
    ) -> String {
        let uuid = self.entropy.envelope_id().to_string();
        self.conn()
            .prepare_cached(
                "INSERT INTO parcels (uuid, recipient_uuid, type, content, attachment_filename, uploaded_by, uploaded_at)
                 VALUES (?1, ?2, 'MEDIA', ?3, ?4, ?5, ?6)",
            )
            .unwrap()
            .execute(params![uuid, to, content, attachment, from, at])
            .unwrap();
        uuid
    }

    /// Puts a file into the folder of attachments; gives its name.
    pub(crate) fn file(&self, bytes: &[u8]) -> String {
        let name = self.entropy.blob_name().to_string();
        fs::write(self.folder.join("uploads").join(&name), bytes).unwrap();
        name
    }

    /// Closes the database, as the server does when it ends.
    pub(crate) fn stop(&mut self) {
        self.conn = None;
    }

    /// Everything on its disk: names, contents' hashes, and times of change.
    pub(crate) fn everything(&self) -> BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime)> {
        everything_in(&self.folder)
    }

    /// Many users who send each other parcels, a tenth of them with an attachment, within one transaction.
    pub(crate) fn crowd(&self, users: u64, parcels: u64, attachment_bytes: usize) {
        self.conn().execute_batch("PRAGMA synchronous = OFF; BEGIN").unwrap();
        let ids: Vec<String> = (0..users)
            .map(|number| key_without_secret(number).unwrap_or_else(|| Person::numbered(number).id))
            .collect();
        let seen = hours_ago(5);
        for (number, id) in ids.iter().enumerate() {
            let friends: Vec<_> = (1..=10).map(|step| &ids[(number + step) % ids.len()]).collect();
            let friends = serde_json::to_string(&friends).unwrap();
            let mut insert = self
                .conn()
                .prepare_cached(
                    "INSERT INTO users (uuid, contacts_json, client_version, client_last_seen_at, created_at, created_by)
                     VALUES (?1, ?2, '0.1.4', ?3, ?3, ?4)",
                )
                .unwrap();
            let creator = (number > 0).then(|| format!("{}.0", number / 3 + 1));
            insert.execute(params![id, friends, seen, creator]).unwrap();
        }
        let content = "c".repeat(300);
        for number in 0..parcels {
            let (from, to) =
                (&ids[usize::try_from(number * 7 % users).unwrap()], &ids[usize::try_from(number % users).unwrap()]);
            let file =
                (number % 10 == 0).then(|| self.file(&vec![u8::try_from(number % 251).unwrap(); attachment_bytes]));
            let at = now().before(Duration::from_millis((parcels - number) * 100)).to_string();
            self.parcel(from, to, Some(&content), file.as_deref(), &at);
        }
        self.conn().execute_batch("COMMIT").unwrap();
    }
}

/// Any 32 bytes that are no low-order point serve as a key where nobody signs.
fn key_without_secret(number: u64) -> Option<String> {
    (number >= 100).then(|| STANDARD.encode(Sha256::digest(number.to_le_bytes())))
}

/// All files below a folder: contents' hashes, and times of change.
pub(crate) fn everything_in(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(everything_in(&path));
        } else {
            let hash = Sha256::digest(fs::read(&path).unwrap()).to_vec();
            found.insert(path.clone(), (hash, fs::metadata(&path).unwrap().modified().unwrap()));
        }
    }
    found
}
