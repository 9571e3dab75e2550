//! Requests through the whole door, without a socket.

use super::{Native, Settings, dispatch};
use crate::webpush::{VapidKey, VapidSigner};
use arc_swap::ArcSwap;
use axum::body::Body;
use ed25519_dalek::SigningKey;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tempfile::TempDir;
use tidings_backends::{LocalBus, Options, SqliteStore};
use tidings_core::device::{DeviceList, PostingKey, Registration};
use tidings_core::{Ed25519Key, Timestamp};
use tidings_engine::{Blobs, Clock, Engine, Entropy};
use tidings_wire::Fixed;
use tidings_wire::bytes::encode;
use tidings_wire::signature::{Parts, sign};

const START_SECONDS: u64 = 1_700_000_000;

struct House {
    door: Arc<Native>,
    _folder: TempDir,
}

fn signing(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn key(number: u8) -> Ed25519Key {
    Ed25519Key::from_bytes(signing(number).verifying_key().to_bytes()).unwrap()
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("tidings.db"), &Options::default()).unwrap();
        let (clock, hand) = Clock::manual(Timestamp::from_millis(1000 * i64::try_from(START_SECONDS).unwrap()));
        let blobs = Blobs::open(&folder.path().join("blobs")).unwrap();
        let settings = tidings_engine::Settings { disk_reserve: 0, ..tidings_engine::Settings::default() };
        let engine = Engine::new(store, Arc::new(LocalBus::new()), blobs, settings, clock, Entropy::seeded(5));
        let vapid = VapidKey::generate(&mut StdRng::seed_from_u64(3)).unwrap();
        let vapid = Arc::new(VapidSigner::new(vapid, "mailto:admin@example.org").unwrap());
        let door = Native::new(engine, vapid, Arc::new(ArcSwap::from_pointee(Settings::default())));
        // What is dated in the second of the start is not taken.
        hand.fetch_add(1000, Ordering::Relaxed);
        Self { door, _folder: folder }
    }

    async fn settle(&self, identity: u8, devices: &[u8]) {
        let list = format!("list of {identity}").into_bytes();
        let devices = DeviceList {
            list,
            counter: 1,
            devices: devices.iter().map(|number| key(*number)).collect(),
            anew: Vec::new(),
        };
        let registration = Registration { identity: key(identity), devices, token: None, open: true };
        self.door.engine.register_account(registration, self.door.engine.now()).await.unwrap();
    }

    /// Asks, signed by a key; gives the status and the JSON of the answer.
    async fn ask(
        &self,
        by: u8,
        nonce: u8,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> (StatusCode, serde_json::Value) {
        let parts = Parts { method, authority: "node.example", path, query: "", body: body.map(str::as_bytes) };
        let headers = sign(&signing(by), &parts, START_SECONDS + 1, &Fixed([nonce; 16]));
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "node.example")
            .header("signature-input", headers.input)
            .header("signature", headers.signature);
        if let Some(digest) = headers.content_digest {
            request = request.header("content-digest", digest);
        }
        let request = request.body(Body::from(body.unwrap_or_default().to_owned())).unwrap();
        let answer = dispatch::answer(Arc::clone(&self.door), request).await;
        let status = answer.status();
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&text).unwrap_or_default())
    }
}

#[tokio::test]
async fn who_lists_somebodys_identity_as_a_device_is_not_taken_for_them() {
    let house = House::new();
    house.settle(1, &[11]).await;
    house.settle(2, &[21, 1]).await;
    let (status, answer) = house.ask(1, 1, "GET", "/v1/devices", None).await;
    assert_eq!((status, &answer["devices"]), (StatusCode::OK, &encode(b"list of 1").into()));
    assert_eq!(house.ask(1, 2, "GET", "/v1/profile", None).await.0, StatusCode::NOT_FOUND);
    let (_, answer) = house.ask(21, 3, "GET", "/v1/devices", None).await;
    assert_eq!(answer["devices"], encode(b"list of 2"));
}

#[tokio::test]
async fn who_posts_learns_no_numbers_of_others_inboxes() {
    let house = House::new();
    house.settle(1, &[11]).await;
    let keys = [(5, false), (6, true)].map(|(number, dropped)| PostingKey { key: key(number), dropped });
    house.door.engine.set_posting_keys(key(1), keys.to_vec(), house.door.engine.now()).await.unwrap();
    let path = format!("/v1/inboxes/{}/parcels", key(1));
    for (by, number) in [(5, 0), (6, 0), (11, 2)] {
        let body = format!(r#"{{"id":"{}","body":"AQ"}}"#, encode(&[by; 16]));
        let (status, answer) = house.ask(by, by, "POST", &path, Some(&body)).await;
        assert_eq!((status, &answer["number"]), (StatusCode::CREATED, &number.into()), "{answer}");
    }
    assert_eq!(house.ask(7, 7, "POST", &path, Some("{}")).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_was_not_signed_is_not_taken() {
    let house = House::new();
    house.settle(1, &[11]).await;
    let ask = |path: &'static str, method: &'static str, body: &'static str, covered: bool, nonce: u8| {
        let signed = covered.then_some(b"{\"number\":0}".as_slice());
        let parts = Parts { method, authority: "node.example", path, query: "", body: signed };
        let headers = sign(&signing(11), &parts, START_SECONDS + 1, &Fixed([nonce; 16]));
        let request = Request::builder().method(method).uri(path).header("host", "node.example");
        let request = request.header("signature-input", headers.input).header("signature", headers.signature);
        let digest = tidings_wire::signature::content_digest(body.as_bytes());
        let digest = if covered { headers.content_digest.unwrap() } else { digest };
        let request = request.header("content-digest", digest).body(Body::from(body)).unwrap();
        dispatch::answer(Arc::clone(&house.door), request)
    };
    let taken = "/v1/inbox/taken";
    assert_eq!(ask(taken, "POST", r#"{"number":0}"#, true, 1).await.status(), StatusCode::NO_CONTENT);
    for (nonce, body, covered) in
        [(1, r#"{"number":0}"#, true), (2, r#"{"number":1}"#, true), (3, r#"{"number":0}"#, false), (4, "", true)]
    {
        assert_eq!(ask(taken, "POST", body, covered, nonce).await.status(), StatusCode::UNAUTHORIZED, "{nonce}");
    }
}
