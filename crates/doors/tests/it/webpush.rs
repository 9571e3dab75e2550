//! Pushes over real sockets, to a push service that opens them and checks who sent them.

mod receiver;
mod service;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Version};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tidings_core::time::Timestamp;
use tidings_doors::outbound::{AddressPolicy, Outbound, OutboundSettings, TIMEOUT, UrlRefusal};
use tidings_doors::webpush::encrypt::encrypt;
use tidings_doors::webpush::{
    EncryptError, MAX_PAYLOAD, Outcome, Push, RefusedBecause, RetryCause, Subscription, VapidKey, VapidSigner, attempt,
    parcel_notice,
};
use url::Url;

use receiver::{Receiver, parameter};
use service::{PushService, Received, Reply};

const CONTACT: &str = "mailto:admin@example.org";

/// 2024-01-02T03:04:05.678Z.
const NOW: i64 = 1_704_164_645_678;

/// Short, for services that stop in the middle; long enough for a busy machine to get there.
const IMPATIENCE: Duration = Duration::from_secs(1);

fn now() -> Timestamp {
    Timestamp::from_millis(NOW)
}

fn signer() -> VapidSigner {
    VapidSigner::new(VapidKey::generate(&mut StdRng::seed_from_u64(10)).unwrap(), CONTACT).unwrap()
}

/// What the client of a test allows: loopback.
fn open() -> OutboundSettings {
    OutboundSettings { policy: AddressPolicy::AllowLoopback, ..OutboundSettings::default() }
}

async fn push_with(settings: OutboundSettings, vapid: &VapidSigner, to: &Subscription, payload: &[u8]) -> Outcome {
    let mut rng = StdRng::seed_from_u64(11);
    let push = Push { payload, ttl_seconds: 259_200 };
    attempt(&Outbound::new(settings), vapid, to, push, now(), &mut rng).await
}

/// What becomes of a push that the service answers with `reply`.
async fn outcome_of(reply: Reply) -> Outcome {
    let stalls = matches!(reply, Reply::Stall | Reply::StalledBody);
    let settings = OutboundSettings { timeout: if stalls { IMPATIENCE } else { TIMEOUT }, ..open() };
    let service = PushService::start(reply).await;
    let receiver = Receiver::new(&mut StdRng::seed_from_u64(12));
    push_with(settings, &signer(), &receiver.subscribe(&service.url("/x"), None), b"hello").await
}

/// The claims of a token whose signature is right.
fn verified_claims(token: &str, public: &[u8]) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = Signature::from_slice(&BASE64URL.decode(signature).unwrap()).unwrap();
    VerifyingKey::from_sec1_bytes(public).unwrap().verify(signed.as_bytes(), &signature).unwrap();
    let claims = signed.split_once('.').unwrap().1;
    String::from_utf8(BASE64URL.decode(claims).unwrap()).unwrap()
}

/// The token and the key in either form of the header fields.
fn credentials(received: &Received) -> (String, Vec<u8>) {
    let authorization = received.headers["authorization"].to_str().unwrap();
    if let Some(token) = authorization.strip_prefix("WebPush ") {
        return (token.to_owned(), parameter(&received.headers, "crypto-key", "p256ecdsa"));
    }
    let (token, key) = authorization.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
    (token.to_owned(), BASE64URL.decode(key).unwrap())
}

#[tokio::test]
async fn a_notice_arrives_can_be_opened_and_is_signed() {
    let mut service = PushService::start(Reply::Status(201)).await;
    let receiver = Receiver::new(&mut StdRng::seed_from_u64(13));
    let vapid = signer();
    let payload = parcel_notice("MEDIA", "WGmv9FBUlzLLqu1eXfmzCm2jHLDldCutWtShp2jxpns=").unwrap();
    for encoding in [None, Some("aes128gcm"), Some("aesgcm")] {
        let subscription = receiver.subscribe(&service.url("/send/abc?key=1%2B2"), encoding);
        assert_eq!(push_with(open(), &vapid, &subscription, &payload).await, Outcome::Delivered);

        let got = service.next().await;
        assert_eq!((&got.method, got.uri.to_string().as_str()), (&Method::POST, "/send/abc?key=1%2B2"));
        assert_eq!(got.headers["ttl"], "259200");
        assert_eq!(got.headers["urgency"], "normal");
        assert_eq!(got.headers["content-type"], "application/octet-stream");
        assert_eq!(got.headers["content-encoding"], encoding.unwrap_or("aes128gcm"));
        assert_eq!(got.headers["content-length"], got.body.len().to_string());
        assert!(!got.headers.contains_key("topic"));
        assert_eq!(receiver.open(&got.headers, &got.body), payload);

        let (token, key) = credentials(&got);
        assert_eq!(BASE64URL.encode(&key), vapid.key().public_base64url());
        let audience = service.url("");
        let expected = format!(r#"{{"aud":"{audience}","exp":{},"sub":"{CONTACT}"}}"#, NOW / 1000 + 12 * 3600);
        assert_eq!(verified_claims(&token, &key), expected);
    }
}

#[tokio::test]
async fn a_service_with_a_trusted_certificate_is_reached_over_http2() {
    let (mut service, certificate) = PushService::start_tls(Reply::Status(201)).await;
    let receiver = Receiver::new(&mut StdRng::seed_from_u64(14));
    let subscription = receiver.subscribe(&format!("https://localhost:{}/x", service.address.port()), None);
    let trusting = OutboundSettings { extra_roots: vec![certificate], ..open() };
    assert_eq!(push_with(trusting, &signer(), &subscription, b"hello").await, Outcome::Delivered);
    let got = service.next().await;
    assert_eq!(got.version, Version::HTTP_2);
    assert_eq!(receiver.open(&got.headers, &got.body), b"hello");

    let untrusted = push_with(open(), &signer(), &subscription, b"hello").await;
    assert_eq!(untrusted, Outcome::Retry { after: None, cause: RetryCause::Network });
    assert!(!service.has_more());
}

#[tokio::test]
async fn statuses_become_outcomes() {
    let retry = |status, after| Outcome::Retry { after, cause: RetryCause::Status(status) };
    let too_many = StatusCode::TOO_MANY_REQUESTS;
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    for (reply, expected) in [
        (Reply::Status(200), Outcome::Delivered),
        (Reply::Status(404), Outcome::Gone),
        (Reply::Status(410), Outcome::Gone),
        (Reply::Status(429), retry(too_many, None)),
        (Reply::With(429, "retry-after", "7".into()), retry(too_many, Some(Duration::from_secs(7)))),
        (
            Reply::With(503, "retry-after", "Tue, 02 Jan 2024 03:05:06 GMT".into()),
            retry(unavailable, Some(Duration::from_millis(60_322))),
        ),
        (Reply::With(503, "retry-after", "soon".into()), retry(unavailable, None)),
        (Reply::Status(500), retry(StatusCode::INTERNAL_SERVER_ERROR, None)),
        (Reply::Status(400), Outcome::Refused(RefusedBecause::Status(StatusCode::BAD_REQUEST))),
        (Reply::Status(413), Outcome::Refused(RefusedBecause::Status(StatusCode::PAYLOAD_TOO_LARGE))),
    ] {
        assert_eq!(outcome_of(reply).await, expected);
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let mut elsewhere = PushService::start(Reply::Status(201)).await;
    for status in [301, 302, 307, 308] {
        let outcome = outcome_of(Reply::With(status, "location", elsewhere.url("/y"))).await;
        let expected = StatusCode::from_u16(status).unwrap();
        assert_eq!(outcome, Outcome::Refused(RefusedBecause::Status(expected)));
    }
    assert!(!elsewhere.has_more());
}

#[tokio::test]
async fn a_service_that_never_answers_is_left() {
    assert_eq!(outcome_of(Reply::Stall).await, Outcome::Retry { after: None, cause: RetryCause::Timeout });
}

#[tokio::test]
async fn an_answer_counts_even_if_its_body_never_ends_or_never_comes() {
    assert_eq!(outcome_of(Reply::EndlessBody).await, Outcome::Delivered);
    assert_eq!(outcome_of(Reply::StalledBody).await, Outcome::Delivered);
}

#[tokio::test]
async fn no_more_of_an_answer_is_read_than_allowed() {
    let service = PushService::start(Reply::EndlessBody).await;
    let client = Outbound::new(OutboundSettings { answer_limit: 2500, ..open() });
    let url = Url::parse(&service.url("/")).unwrap();
    let answer = client.send(Method::GET, url, HeaderMap::new(), Bytes::new()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    let body = answer.body().await.unwrap();
    assert!(body.cut);
    assert_eq!(body.bytes, vec![b'x'; 2500]);
}

#[tokio::test]
async fn a_service_that_is_down_is_tried_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let receiver = Receiver::new(&mut StdRng::seed_from_u64(15));
    let outcome = push_with(open(), &signer(), &receiver.subscribe(&endpoint, None), b"hello").await;
    assert_eq!(outcome, Outcome::Retry { after: None, cause: RetryCause::Network });
}

#[tokio::test]
async fn nothing_is_sent_to_addresses_that_are_not_public() {
    let (mut service, certificate) = PushService::start_tls(Reply::Status(201)).await;
    let port = service.address.port();
    let receiver = Receiver::new(&mut StdRng::seed_from_u64(16));
    // As if a row had been written by a node that allowed it. All but the guard would let it pass.
    let settings =
        || OutboundSettings { extra_ports: vec![port], extra_roots: vec![certificate.clone()], ..Default::default() };
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        let subscription = receiver.subscribe(&format!("https://{host}:{port}/x"), None);
        let outcome = push_with(settings(), &signer(), &subscription, b"hello").await;
        assert_eq!(outcome, Outcome::Refused(RefusedBecause::Url(UrlRefusal::Address)), "{host}");
    }
    assert!(!service.has_more());
}

#[tokio::test]
async fn unknown_codings_and_long_payloads_send_nothing() {
    let mut service = PushService::start(Reply::Status(201)).await;
    let receiver = Receiver::new(&mut StdRng::seed_from_u64(17));
    let unknown = receiver.subscribe(&service.url("/x"), Some("rot13"));
    let outcome = push_with(open(), &signer(), &unknown, b"hello").await;
    assert_eq!(outcome, Outcome::Refused(RefusedBecause::Payload(EncryptError::NoPush)));
    let known = receiver.subscribe(&service.url("/x"), None);
    let outcome = push_with(open(), &signer(), &known, &[0; MAX_PAYLOAD + 1]).await;
    assert_eq!(outcome, Outcome::Refused(RefusedBecause::Payload(EncryptError::TooLong)));
    assert!(!service.has_more());
}

/// The attempt can be spawned.
#[tokio::test]
async fn an_attempt_may_move_between_threads() {
    let mut service = PushService::start(Reply::Status(201)).await;
    let subscription = Receiver::new(&mut StdRng::seed_from_u64(18)).subscribe(&service.url("/x"), None);
    let task = tokio::spawn(async move {
        let (client, vapid, mut rng) = (Outbound::new(open()), signer(), StdRng::seed_from_u64(19));
        let push = Push { payload: b"hello", ttl_seconds: 60 };
        attempt(&client, &vapid, &subscription, push, now(), &mut rng).await
    });
    assert_eq!(task.await.unwrap(), Outcome::Delivered);
    assert_eq!(service.next().await.headers["ttl"], "60");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever is sealed for a browser, that browser opens.
    #[test]
    fn what_is_sealed_is_opened(payload in prop::collection::vec(any::<u8>(), 0..=MAX_PAYLOAD), seed: u64, old: bool) {
        let mut rng = StdRng::seed_from_u64(seed);
        let receiver = Receiver::new(&mut rng);
        let encoding = if old { "aesgcm" } else { "aes128gcm" };
        let subscription = receiver.subscribe("https://push.example.org/x", Some(encoding));
        let sealed = encrypt(&payload, &subscription, &mut rng).unwrap();
        prop_assert_eq!(receiver.open(&sealed.headers, &sealed.body), payload);
    }
}
