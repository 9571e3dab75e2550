//! `tidings import piqchat`: everything is there afterwards, and the source as it was.

use crate::piqchat::{Inbox, Person, escaped, now};
use crate::piqchat_server::{SUBSCRIPTION, Server, everything_in, hours_ago};
use crate::process::{Node, Process, all_said, run, tidings};
use rusqlite::params;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Output;

fn import(folder: &Path, server: &Server, arguments: &[&str]) -> Output {
    let (database, uploads) = (server.database(), server.uploads());
    let fixed = ["import", "piqchat", &database, &uploads, "--data-dir", "data"];
    run(folder, fixed.iter().chain(arguments))
}

fn succeed(output: &Output) -> String {
    assert!(output.status.success(), "{}", all_said(output));
    all_said(output)
}

/// Imports with --yes --json and gives what was said.
fn imported(folder: &Path, server: &Server) -> Value {
    let output = import(folder, server, &["--yes", "--json"]);
    succeed(&output);
    serde_json::from_slice(&output.stdout).unwrap()
}

struct People {
    alice: Person,
    bob: Person,
    carol: Person,
    dave: Person,
}

fn people() -> People {
    let [alice, bob, carol, dave] = [1, 2, 3, 4].map(Person::numbered);
    People { alice, bob, carol, dave }
}

/// Alice (1), Bob (2), somebody deleted (3), Carol (4), somebody without a key (5), and Dave (6).
fn fill_users(server: &Server, people: &People) {
    let People { alice, bob, carol, dave } = people;
    let created = format!("created_at = '{}'", hours_ago(2000));
    server.user(
        Some(&alice.id),
        &format!(
            "{created}, client_version = '0.1.4', client_last_seen_at = '{}', contacts_json = '{}', \
             push_subscription_json = '{SUBSCRIPTION}'",
            hours_ago(80),
            json!([bob.id, carol.id, bob.id])
        ),
    );
    server.user(
        Some(&bob.id),
        &format!(
            "{created}, created_by = '1.0', contacts_json = '{}', push_subscription_json = '{{}}'",
            json!([alice.id, "nonsense"])
        ),
    );
    server.user(None, "created_by = '1.0'");
    let http = SUBSCRIPTION.replace("https:", "http:");
    server.user(Some(&carol.id), &format!("{created}, created_by = '3.0', push_subscription_json = '{http}'"));
    server.user(Some("abc"), &created);
    server.user(Some(&dave.id), &format!("{created}, created_by = '1.0', contacts_json = '\"{}\"'", alice.id));
}

/// What alice's inbox must hold, in order: id, content, sender, time, attachment.
type Expected = (String, Option<&'static str>, String, String, Option<Vec<u8>>);

fn fill_parcels(server: &Server, people: &People) -> Vec<Expected> {
    let People { alice, bob, carol, dave } = people;
    let (early, late) = (hours_ago(30), hours_ago(20));
    let (small, large, shared) = (vec![1; 500], vec![2; 200_000], vec![3; 700]);
    let shared_file = server.file(&shared);
    let mut expected = Vec::new();
    let mut parcel = |from: &Person, content, bytes: Option<(String, Option<Vec<u8>>)>, at: &str| {
        let (file, bytes) = bytes.unzip();
        let id = server.parcel(&from.id, &alice.id, content, file.as_deref(), at);
        expected.push((id, content, from.id.clone(), at.to_owned(), bytes.flatten()));
    };
    // Inserted out of order: the time counts, then the order of insertion.
    parcel(bob, Some("late"), Some((server.file(&small), Some(small.clone()))), &late);
    parcel(bob, Some("early ü"), Some((server.file(&large), Some(large.clone()))), &early);
    parcel(carol, None, None, &early);
    parcel(dave, Some(""), Some((shared_file.clone(), Some(shared.clone()))), &late);
    parcel(bob, Some("lost"), Some(("0".repeat(32), None)), &late);
    parcel(bob, Some("outside"), Some(("../database.sqlite".to_owned(), None)), &late);
    expected.sort_by_key(|parcel| parcel.3.clone());
    server.parcel(&dave.id, &bob.id, Some("to bob"), Some(&shared_file), &late);
    server.parcel("nobody", &alice.id, Some("no sender"), None, &late);
    server.parcel(&bob.id, "abc", Some("no recipient"), None, &late);
    server.parcel(&bob.id, &Person::numbered(99).id, Some("no account"), None, &late);
    expected
}

/// The tokens of an open and an accepted exchange of alice's, and of an open one of the server's.
fn fill_the_rest(server: &Server, people: &People) -> [String; 3] {
    let tokens = [1, 2, 3].map(|number| format!("0000000{number}-0000-4000-8000-000000000000"));
    let insert = |state, token: &str, text: &str, maker: Option<i64>| {
        let columns = "state, one_time_token, encrypted_contact, created_at, created_by";
        server
            .conn()
            .execute(
                &format!("INSERT INTO contact_exchanges ({columns}) VALUES (?1, ?2, ?3, ?4, ?5)"),
                params![state, token, text, now().to_string(), maker],
            )
            .unwrap();
    };
    insert("INITIATED", &tokens[0], "alice's text", Some(1));
    insert("ACCEPTED", &tokens[1], "an answer", Some(1));
    insert("INITIATED", &tokens[2], "", None);
    insert("STRANGE", "x", "", None);
    for (owner, content) in
        [(&people.alice.id, "older"), (&people.alice.id, "alice's backup"), (&"abc".to_owned(), "x")]
    {
        let columns = "user_uuid, content, updated_at";
        let sql = format!("INSERT INTO profile_backups ({columns}) VALUES (?1, ?2, ?3)");
        server.conn().execute(&sql, params![owner, content, hours_ago(50)]).unwrap();
    }
    for (hours, count) in [(0, 3), (24, 2), (30 * 24, 5)] {
        for _ in 0..count {
            let day = &hours_ago(hours)[..10];
            server.conn().execute("INSERT INTO parcels_count VALUES (?1, 'MEDIA')", [day]).unwrap();
        }
    }
    tokens
}

#[test]
fn everything_is_taken_over_and_the_source_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, people) = (Server::new(folder.path(), 1), people());
    fill_users(&server, &people);
    let expected = fill_parcels(&server, &people);
    let tokens = fill_the_rest(&server, &people);
    server.stop();
    let before = server.everything();

    let plan = succeed(&import(folder.path(), &server, &["--dry-run"]));
    for part in
        ["4 accounts", "places of 2 deleted", "7 waiting parcels with 3 attachments", "no keys", "Nothing was written"]
    {
        assert!(plan.contains(part), "{part} is missing in\n{plan}");
    }
    for arguments in [&[][..], &["--json"]] {
        let refused = import(folder.path(), &server, arguments);
        assert_eq!(refused.status.code(), Some(2), "{}", all_said(&refused));
    }
    assert!(!folder.path().join("data").exists(), "neither may write anything");

    let told = imported(folder.path(), &server);
    check_told(&told);
    assert_eq!(before, server.everything());
    let again = import(folder.path(), &server, &["--yes"]);
    assert_eq!(again.status.code(), Some(2), "{}", all_said(&again));

    let node = Node::start(folder.path(), &[]);
    let inbox = Inbox::at(node.address);
    check_server(&inbox, &server);
    check_accounts(&inbox, &people);
    check_inbox(&inbox, &people, &expected);
    check_the_rest(&inbox, &people, &tokens);
    let said = node.stop();
    assert!(!said.contains("WARN") || !said.contains("damaged"), "{said}");
}

fn check_told(told: &Value) {
    assert_eq!(told["imported"], true);
    let counts = json!({ "accounts": 4, "deletedAccounts": 2, "contacts": 3, "pushSubscriptions": 1, "profileBackups": 1,
        "exchanges": 3, "parcels": 7, "attachments": 3, "attachmentBytes": 201_200 });
    assert_eq!(told["counts"], counts);
    let left_out: Vec<_> = told["leftOut"]
        .as_array()
        .unwrap()
        .iter()
        .map(|told| (told["reason"].as_str().unwrap(), told["count"].as_u64().unwrap()))
        .collect();
    let expected = [
        ("user", 1),
        ("contact-list", 1),
        ("contact", 1),
        ("subscription", 1),
        ("exchange", 1),
        ("backup", 1),
        ("recipient", 2),
        ("sender", 1),
        ("attachment", 2),
    ];
    assert_eq!(left_out, expected);
}

fn check_server(inbox: &Inbox, server: &Server) {
    assert_eq!(inbox.info["publicKey"], server.keys.api_public);
    assert_eq!(inbox.info["vapidPublicKey"], server.keys.vapid_public);
    let statistics = &inbox.info["statistics"];
    assert_eq!(statistics["userTotal"], 4);
    assert_eq!(statistics["userActiveLast7Days"], 1);
    assert_eq!(statistics["mediaParcelsWaiting"], 7);
    assert_eq!(statistics["mediaParcelsReceivedLast7Days"], 5);
}

fn check_accounts(inbox: &Inbox, people: &People) {
    let People { alice, bob, carol, dave } = people;
    let subscribed = |person| inbox.json(person, "/account")["hasPushSubscription"].as_bool().unwrap();
    assert_eq!([alice, bob, carol, dave].map(subscribed), [true, false, false, false]);
    let invited = inbox.json(alice, "/account/invited-users");
    let rows: Vec<_> = invited
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["entryId"].as_i64().unwrap(), row["id"].as_str(), row["createdBy"].as_str()))
        .collect();
    let expected = [
        (1, Some(alice.id.as_str()), None),
        (2, Some(bob.id.as_str()), Some("1.0")),
        (3, None, Some("1.0")),
        (6, Some(dave.id.as_str()), Some("1.0")),
    ];
    assert_eq!(rows, expected);
    assert_eq!(inbox.json(carol, "/account/invited-users")[0]["createdBy"], "3.0");
    let accepts = |from, to: &Person| inbox.ask(from, "GET", &format!("/parcels/{}/accepts", escaped(&to.id)), None).0;
    assert_eq!(
        [accepts(bob, alice), accepts(carol, alice), accepts(dave, alice), accepts(alice, dave)],
        [200, 200, 403, 403]
    );
    let status = inbox.json(bob, &format!("/parcels/{}/status", escaped(&alice.id)));
    assert_eq!(status, json!({ "count": 4, "lastSeen": "WITHIN_WEEK" }));
}

fn check_inbox(inbox: &Inbox, people: &People, expected: &[Expected]) {
    let People { alice, bob, .. } = people;
    let listed = inbox.json(alice, "/parcels");
    let wanted: Vec<_> = expected
        .iter()
        .map(|(id, content, from, at, _)| {
            json!({ "id": id, "type": "MEDIA", "content": content, "uploadedBy": from, "uploadedAt": at })
        })
        .collect();
    assert_eq!(listed, Value::Array(wanted));
    for (id, content, _, _, bytes) in expected {
        let (status, body) = inbox.ask(alice, "GET", &format!("/parcels/{id}/attachment"), None);
        match bytes {
            Some(bytes) => assert!(status == 200 && body == *bytes, "{content:?}: {status}"),
            None => assert_eq!(status, 400, "{content:?}"),
        }
        assert_eq!(inbox.ask(alice, "DELETE", &format!("/parcels/{id}"), None).0, 204);
    }
    let shared = inbox.json(bob, "/parcels")[0]["id"].as_str().unwrap().to_owned();
    let (status, body) = inbox.ask(bob, "GET", &format!("/parcels/{shared}/attachment"), None);
    assert_eq!((status, body), (200, vec![3; 700]), "the shared attachment must outlive alice's parcel");
    assert_eq!(inbox.send(bob, alice, "new", None), 200);
}

fn check_the_rest(inbox: &Inbox, people: &People, tokens: &[String; 3]) {
    let alice = &people.alice;
    let backup = inbox.json(alice, "/account/backup");
    assert_eq!(backup["backup"], "alice's backup");
    assert!(backup["updatedAt"].as_str().unwrap() <= hours_ago(49).as_str());
    assert_eq!(inbox.ask(&people.bob, "GET", "/account/backup", None).0, 404);
    let exchange = |token: &str| inbox.json(alice, &format!("/contact-exchange/{token}"));
    assert_eq!(exchange(&tokens[0])["state"], "INITIATED");
    assert_eq!(exchange(&tokens[1])["encryptedContact"], "an answer");
    for (token, text) in [(&tokens[0], "alice's text"), (&tokens[2], "")] {
        let guest = Person::numbered(50 + text.len() as u64);
        let body = json!({ "userUuid": guest.id, "encryptedContact": "guest" });
        let (status, said) = inbox.ask_unsigned("POST", &format!("/contact-exchange/{token}/accept"), &body);
        let said: Value = serde_json::from_slice(&said).unwrap();
        assert_eq!((status, &said["encryptedContact"], &said["createdUserAccount"]), (200, &json!(text), &json!(true)));
    }
    let invited = inbox.json(alice, "/account/invited-users");
    let newest = invited.as_array().unwrap().last().unwrap();
    assert_eq!((&newest["entryId"], &newest["createdBy"]), (&json!(7), &json!("1.0")));
}

#[test]
fn keys_may_come_from_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::new(folder.path(), 2);
    server.user(Some(&Person::numbered(1).id), "");
    // Somebody may have switched the journal, too: then reading it in the usual way would leave files beside it.
    server.conn().execute_batch("DROP TABLE config; PRAGMA user_version = 1; PRAGMA journal_mode = WAL").unwrap();
    server.stop();
    let before = server.everything();
    let refused = import(folder.path(), &server, &["--yes"]);
    assert_eq!(refused.status.code(), Some(2), "{}", all_said(&refused));
    assert!(all_said(&refused).contains("API_PRIVATE_KEY"), "{}", all_said(&refused));
    let keys = server.keys.clone();
    let wrong = format!(
        "API_PRIVATE_KEY={}\nAPI_PUBLIC_KEY={}\nVAPID_PRIVATE_KEY={}\n",
        keys.api_private,
        Person::numbered(1).id,
        keys.vapid_private
    );
    fs::write(folder.path().join(".env"), wrong).unwrap();
    assert_eq!(import(folder.path(), &server, &["--yes"]).status.code(), Some(2));
    let right = format!(
        "API_PRIVATE_KEY=\"{}\"\nAPI_PUBLIC_KEY={}\nVAPID_PRIVATE_KEY={}\n",
        keys.api_private, keys.api_public, keys.vapid_private
    );
    fs::write(folder.path().join(".env"), right).unwrap();
    succeed(&import(folder.path(), &server, &["--yes"]));
    fs::remove_file(folder.path().join(".env")).unwrap();
    assert_eq!(before, server.everything());
    let node = Node::start(folder.path(), &[]);
    check_keys(&node, &server);
    node.stop();
}

fn check_keys(node: &Node, server: &Server) {
    let inbox = Inbox::at(node.address);
    assert_eq!(inbox.info["publicKey"], server.keys.api_public);
    assert_eq!(inbox.info["vapidPublicKey"], server.keys.vapid_public);
}

#[test]
fn what_is_no_stopped_piqchat_server_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::new(folder.path(), 3);
    server.user(Some(&Person::numbered(1).id), "");
    server.stop();
    let refused = |code: i32, part: &str| {
        let before = server.everything();
        let output = import(folder.path(), &server, &["--yes"]);
        assert_eq!(output.status.code(), Some(code), "{}", all_said(&output));
        assert!(all_said(&output).contains(part), "{part}: {}", all_said(&output));
        assert_eq!(before, server.everything());
        assert!(!folder.path().join("data").exists());
    };
    let beside = |suffix: &str| format!("{}{suffix}", server.database());
    for suffix in ["-journal", "-wal"] {
        fs::write(beside(suffix), b"\xd9\xd5\x05\xf9").unwrap();
        refused(3, suffix);
        fs::remove_file(beside(suffix)).unwrap();
    }
    fs::write(folder.path().join(".env"), format!("DATABASE_PATH={}\n", server.database())).unwrap();
    refused(2, "--database");
    fs::write(folder.path().join(".env"), format!("PARCEL_ATTACHMENTS_UPLOAD_PATH={}/\n", server.uploads())).unwrap();
    refused(2, "--blobs");
    fs::remove_file(folder.path().join(".env")).unwrap();
    let kept = fs::read(server.database()).unwrap();
    fs::write(server.database(), b"no database").unwrap();
    refused(2, "not an SQLite database");
    fs::remove_file(server.database()).unwrap();
    rusqlite::Connection::open(server.database()).unwrap().execute_batch("CREATE TABLE users (id)").unwrap();
    refused(2, "not the database of a piqchat server");
    fs::write(server.database(), kept).unwrap();
    succeed(&import(folder.path(), &server, &["--yes"]));
}

#[test]
fn an_import_that_is_killed_leaves_no_half_node() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::new(folder.path(), 4);
    server.crowd(300, 3000, 20_000);
    server.stop();
    let before = server.everything();
    let data = folder.path().join("data");
    let (database, uploads) = (server.database(), server.uploads());
    let mut broken = 0;
    for percent in ["0 %", "30 %", "60 %", "90 %"] {
        let arguments = ["import", "piqchat", &database, &uploads, "--data-dir", "data", "--yes"];
        let process = Process::start(tidings(folder.path()).args(arguments));
        let line = format!("taking over parcels: {percent}");
        process.wait_for(&line, |said| said.contains(&line).then_some(()));
        drop(process);
        if data.join("tidings.db").exists() {
            // It was quicker than the signal.
            fs::remove_dir_all(&data).unwrap();
        } else {
            broken += 1;
            let served = run(folder.path(), ["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"]);
            assert_eq!(served.status.code(), Some(2), "{}", all_said(&served));
        }
    }
    assert!(broken > 0, "no import was killed in time");
    assert_eq!(imported(folder.path(), &server)["counts"]["parcels"], 3000);
    assert_eq!(before, server.everything());
    let left: Vec<_> =
        everything_in(&data).into_keys().filter(|path| path.to_str().unwrap().contains("incoming")).collect();
    assert!(left.is_empty(), "{left:?}");
    let node = Node::start(folder.path(), &[]);
    assert_eq!(Inbox::at(node.address).info["statistics"]["mediaParcelsWaiting"], 3000);
    let backup = run(folder.path(), ["backup", "backup", "--data-dir", "data"]);
    succeed(&backup);
    succeed(&run(folder.path(), ["backup", "verify", "backup"]));
    node.stop();
}

#[test]
#[ignore = "takes minutes; run with --release for figures"]
#[allow(clippy::disallowed_methods, reason = "measures time")]
fn a_hundred_thousand_users_and_a_million_parcels() {
    let folder = tempfile::tempdir_in(std::env::var_os("TIDINGS_BIG").unwrap_or("/tmp".into())).unwrap();
    let mut server = Server::new(folder.path(), 5);
    let parcels = 1_000_000;
    // Large enough to be files.
    server.crowd(100_000, parcels, 17_000);
    server.stop();
    let time = |what: &str, work: &dyn Fn()| {
        let begun = std::time::Instant::now();
        work();
        println!("{what}: {:.1?}", begun.elapsed());
    };
    time("dry run", &|| drop(succeed(&import(folder.path(), &server, &["--dry-run"]))));
    time("import", &|| assert_eq!(imported(folder.path(), &server)["counts"]["parcels"], parcels));
    time("accounts list", &|| drop(succeed(&run(folder.path(), ["accounts", "list", "--data-dir", "data"]))));
    time("accounts tree", &|| drop(succeed(&run(folder.path(), ["accounts", "tree", "--data-dir", "data"]))));
    time("backup", &|| drop(succeed(&run(folder.path(), ["backup", "backup", "--data-dir", "data"]))));
    time("verify", &|| drop(succeed(&run(folder.path(), ["backup", "verify", "backup"]))));
    time("restore", &|| drop(succeed(&run(folder.path(), ["restore", "backup", "--data-dir", "other"]))));
    time("start", &|| drop(Node::start(folder.path(), &[]).stop()));
}
