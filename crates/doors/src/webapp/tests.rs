use super::*;
use axum::body::to_bytes;
use axum::routing::any;
use http::HeaderName;
use http::header::{ACCEPT_ENCODING, CONTENT_SECURITY_POLICY, IF_NONE_MATCH};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;

static FILES: &[File] = &[
    File {
        path: "/assets/main-abc.js",
        sha256: [0xab; 32],
        bytes: b"let a = 1",
        gzip: Some(b"zipped"),
        brotli: Some(b"tight"),
    },
    File { path: "/icons/icon.svg", sha256: [2; 32], bytes: b"<svg/>", gzip: None, brotli: None },
    File { path: "/index.html", sha256: [1; 32], bytes: b"<!doctype html>", gzip: None, brotli: None },
    File { path: "/sw.js", sha256: [3; 32], bytes: b"self", gzip: None, brotli: None },
];

const APP: App = App { kind: Kind::App, version: "1.2.3", files: FILES };

const SECURITY: [&str; 5] = [
    "content-security-policy",
    "cross-origin-opener-policy",
    "permissions-policy",
    "referrer-policy",
    "x-content-type-options",
];

/// What other doors would answer.
const BEHIND: &str = "another door";

struct Said {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Said {
    fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

async fn ask(app: &App, method: &str, path: &str, headers: &[(HeaderName, &str)]) -> Said {
    let router = Router::new().fallback(any(|| async { BEHIND }));
    let router = Arc::new(WebApp::new(app)).in_front_of(router);
    let mut request = http::Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let (parts, body) = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap().into_parts();
    let body = to_bytes(body, 64 << 20).await.unwrap().to_vec();
    Said { status: parts.status.as_u16(), headers: parts.headers, body }
}

async fn get(path: &str, headers: &[(HeaderName, &str)]) -> Said {
    ask(&APP, "GET", path, headers).await
}

#[tokio::test]
async fn every_answer_has_its_type_its_cache_and_the_security_headers() {
    let (ask_first, for_ever) = ("no-cache", "public, max-age=31536000, immutable");
    for (path, content_type, cache, body) in [
        ("/", "text/html; charset=utf-8", ask_first, "<!doctype html>"),
        ("/?from=home", "text/html; charset=utf-8", ask_first, "<!doctype html>"),
        ("/index.html", "text/html; charset=utf-8", ask_first, "<!doctype html>"),
        ("/i", "text/html; charset=utf-8", ask_first, "<!doctype html>"),
        ("/r", "text/html; charset=utf-8", ask_first, "<!doctype html>"),
        ("/sw.js", "text/javascript; charset=utf-8", ask_first, "self"),
        ("/icons/icon.svg", "image/svg+xml", ask_first, "<svg/>"),
        ("/assets/main-abc.js", "text/javascript; charset=utf-8", for_ever, "let a = 1"),
    ] {
        let said = get(path, &[]).await;
        assert_eq!((said.status, said.body.as_slice()), (200, body.as_bytes()), "{path}");
        assert_eq!(
            (said.header("content-type"), said.header("cache-control")),
            (Some(content_type), Some(cache)),
            "{path}"
        );
        assert_eq!((said.header("vary"), said.header("content-encoding")), (Some("Accept-Encoding"), None), "{path}");
        let known = get(path, &[(IF_NONE_MATCH, said.header("etag").unwrap())]).await;
        assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, said.header("etag")), "{path}");
        assert_eq!(known.header("content-type"), None, "{path}");
        assert_eq!(known.header("content-length"), said.header("content-length"), "{path}");
        for said in [said, known] {
            assert!(SECURITY.iter().all(|name| said.headers.contains_key(*name)), "{path}: {:?}", said.headers);
            assert_eq!(said.header("cache-control"), Some(cache), "{path}");
        }
    }
}

#[tokio::test]
async fn the_policy_is_the_documented_one() {
    let said = get("/", &[]).await;
    let policy = said.header(CONTENT_SECURITY_POLICY).unwrap();
    let documented = include_str!("../../../../docs/web-app.md");
    assert!(documented.contains(policy), "docs/web-app.md does not say {policy}");
    assert!(documented.contains(said.header("permissions-policy").unwrap()));
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
}

#[tokio::test]
async fn compressed_is_a_representation_of_its_own() {
    let path = "/assets/main-abc.js";
    let (plain, packed) = (get(path, &[]).await, get(path, &[(ACCEPT_ENCODING, "deflate, gzip")]).await);
    assert_eq!((packed.status, packed.body.as_slice()), (200, b"zipped".as_slice()));
    assert_eq!((packed.header("content-encoding"), packed.header("content-length")), (Some("gzip"), Some("6")));
    let tag = packed.header("etag").unwrap();
    assert!(plain.header("etag") == Some(&format!("\"{}\"", "ab".repeat(32))) && plain.header("etag") != Some(tag));
    assert_eq!(get(path, &[(ACCEPT_ENCODING, "gzip"), (IF_NONE_MATCH, tag)]).await.status, 304);
    assert_eq!(get(path, &[(IF_NONE_MATCH, tag)]).await.status, 200, "the tag is that of the other one");
    let best = get(path, &[(ACCEPT_ENCODING, "gzip, br")]).await;
    assert_eq!((best.header("content-encoding"), best.body.as_slice()), (Some("br"), b"tight".as_slice()));
    assert!(best.header("etag") != Some(tag) && best.header("vary") == Some("Accept-Encoding"));
    let without = get("/sw.js", &[(ACCEPT_ENCODING, "gzip")]).await;
    assert_eq!((without.header("content-encoding"), without.body.as_slice()), (None, b"self".as_slice()));
}

#[tokio::test]
async fn head_says_what_get_says_and_sends_nothing() {
    for (path, headers) in
        [("/", vec![]), ("/assets/main-abc.js", vec![(ACCEPT_ENCODING, "gzip")]), ("/app.json", vec![])]
    {
        let (get, head) = (get(path, &headers).await, ask(&APP, "HEAD", path, &headers).await);
        assert_eq!((head.status, head.body.len(), head.headers), (200, 0, get.headers.clone()), "{path}");
        assert_eq!(get.header("content-length"), Some(get.body.len().to_string().as_str()), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_of_the_app_goes_to_the_other_doors() {
    for (method, path) in [
        ("GET", "/assets/other.js"),
        ("GET", "/assets/"),
        ("GET", "/Index.html"),
        ("GET", "/i/"),
        ("GET", "/r/"),
        ("GET", "//"),
        ("GET", "/api/info"),
        ("POST", "/"),
        ("OPTIONS", "/index.html"),
        ("DELETE", "/app.json"),
    ] {
        let said = ask(&APP, method, path, &[]).await;
        assert_eq!(said.body, BEHIND.as_bytes(), "{method} {path}");
        assert!(said.headers.get(CONTENT_SECURITY_POLICY).is_none(), "{method} {path}");
    }
}

#[tokio::test]
async fn the_list_names_every_file_with_its_hash() {
    let said = get("/app.json", &[]).await;
    assert_eq!(
        (said.header("content-type"), said.header("cache-control")),
        (Some("application/json"), Some("no-cache"))
    );
    let list: Value = serde_json::from_slice(&said.body).unwrap();
    assert_eq!((&list["version"], &list["app"]), (&Value::from("1.2.3"), &Value::from("app")));
    assert_eq!(list["files"].as_object().unwrap().len(), FILES.len());
    assert_eq!(list["files"]["/sw.js"]["sha256"], "03".repeat(32));
    assert_eq!(list["files"]["/sw.js"]["size"], 4);
}

#[tokio::test]
async fn the_list_is_true_of_what_is_embedded() {
    let app = tidings_web_app::embedded();
    let list: Value = serde_json::from_slice(&ask(&app, "GET", LIST, &[]).await.body).unwrap();
    for (path, entry) in list["files"].as_object().unwrap() {
        let served = ask(&app, "GET", path, &[]).await.body;
        let hash: String = Sha256::digest(&served).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((&entry["sha256"], &entry["size"]), (&Value::from(hash), &Value::from(served.len())), "{path}");
    }
}

#[tokio::test]
async fn without_the_app_invitations_keep_their_page() {
    let stub = App { kind: Kind::Stub, files: &FILES[2..3], ..APP };
    assert_eq!(ask(&stub, "GET", "/", &[]).await.body, b"<!doctype html>");
    for path in ["/i", "/r"] {
        assert_eq!(ask(&stub, "GET", path, &[]).await.body, BEHIND.as_bytes());
    }
    let list: Value = serde_json::from_slice(&ask(&stub, "GET", LIST, &[]).await.body).unwrap();
    assert_eq!(list["app"], "stub");
}
