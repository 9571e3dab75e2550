//! The form of answers: exact bytes, tags, preflights, the page.

use crate::node::{Ask, Node, SERVER_PUBLIC, Setup};
use tidings_doors::piqchat::StatisticsMode;

#[tokio::test]
async fn info_says_who_runs_the_node() {
    let mut setup = Setup::default();
    setup.door.admin_display_name = Some("Ada \"<3\"".to_owned());
    setup.door.privacy_policy_url = Some("https://node.example/privacy".to_owned());
    let node = Node::with(setup).await;
    let reply = node.ask(Ask::get("/api/info")).await;
    let vapid = reply.json()["vapidPublicKey"].as_str().unwrap().to_owned();
    assert_eq!(vapid.len(), 87);
    let expected = format!(
        "{{\"publicKey\":\"{SERVER_PUBLIC}\",\"vapidPublicKey\":\"{vapid}\",\"adminDisplayName\":\"Ada \\\"<3\\\"\",\
         \"privacyPolicyUrl\":\"https://node.example/privacy\",\"statistics\":{{\"userTotal\":0,\
         \"userActiveLast7Days\":0,\"userActiveLast30Days\":0,\"mediaParcelsWaiting\":0,\
         \"mediaParcelsReceivedLast7Days\":0}}}}"
    );
    assert_eq!(reply.text(), expected);
    assert_eq!(reply.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(reply.header("cache-control"), None);
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    assert_eq!(reply.header("x-powered-by"), None);
    for path in ["/API/INFO", "/api/info/", "/api/info?x=/y", "http://node.example/api/info"] {
        assert_eq!(node.ask(Ask::get(path)).await.text(), expected, "{path}");
    }
}

#[tokio::test]
async fn statistics_can_be_rounded_or_left_out() {
    for (mode, total) in [(StatisticsMode::Exact, 12), (StatisticsMode::Rounded, 10), (StatisticsMode::Off, 0)] {
        let mut setup = Setup::default();
        setup.door.statistics = mode;
        let node = Node::with(setup).await;
        for seed in 1..=12 {
            node.join(seed).await;
        }
        assert_eq!(node.ask(Ask::get("/api/info")).await.json()["statistics"]["userTotal"], total);
    }
}

#[tokio::test]
async fn tags_save_bodies() {
    let node = Node::start().await;
    let (alice, bob) = (node.join(1).await, node.join(2).await);
    node.set_contacts(&alice, &[&bob]).await;
    let small = node.send(&bob, &alice, "MEDIA", Some(b"small")).await;
    let large = node.send(&bob, &alice, "MEDIA", Some(&[1; 100_000])).await;
    let attachment = |id: &str| format!("/api/parcels/{id}/attachment");
    for (path, signed) in [
        ("/api/info".to_owned(), false),
        ("/api/parcels".to_owned(), true),
        ("/api/account".to_owned(), true),
        (attachment(&small), true),
        (attachment(&large), true),
    ] {
        let ask = |ask: Ask| if signed { ask.signed(&alice, node.now()) } else { ask };
        let whole = node.ask(ask(Ask::get(&path))).await;
        let tag = whole.header("etag").unwrap().to_owned();
        assert!(whole.status == 200 && tag.starts_with("W/\"") && whole.whole, "{path}");
        let same = node.ask(ask(Ask::get(&path).header("If-None-Match", &tag))).await;
        assert_eq!((same.status, same.body.len(), same.header("etag")), (304, 0, Some(tag.as_str())), "{path}");
        let other = node.ask(ask(Ask::get(&path).header("If-None-Match", "W/\"other\""))).await;
        assert_eq!((other.status, other.body), (200, whole.body.clone()), "{path}");
        let head = node.ask(ask(Ask::new("HEAD", &path))).await;
        let length = whole.body.len().to_string();
        assert_eq!((head.status, head.header("content-length")), (200, Some(length.as_str())), "{path}");
        assert_eq!(head.header("etag"), Some(tag.as_str()), "{path}");
        let cache = if signed { Some("no-store") } else { None };
        assert_eq!((whole.header("cache-control"), same.header("cache-control")), (cache, cache), "{path}");
    }
    let refused = node.ask(Ask::get("/api/account").header("If-None-Match", "*")).await;
    assert_eq!(refused.status, 401, "what is refused is refused");
}

#[tokio::test]
async fn every_preflight_is_answered() {
    let node = Node::start().await;
    for path in ["/", "/api/info", "/api/parcels", "/api/account/contacts", "/anything", "/api/parcels/%zz/status"] {
        let asked = "authorization,x-date,content-type";
        let reply = node.ask(Ask::new("OPTIONS", path).header("Access-Control-Request-Headers", asked)).await;
        assert_eq!((reply.status, reply.body.len()), (204, 0));
        for (name, value) in [
            ("access-control-allow-origin", "*"),
            ("access-control-allow-methods", "GET,HEAD,PUT,PATCH,POST,DELETE"),
            ("access-control-allow-headers", asked),
            ("vary", "Access-Control-Request-Headers"),
            ("content-length", "0"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{path}");
        }
        let reply = node.ask(Ask::new("OPTIONS", path)).await;
        assert_eq!((reply.status, reply.header("access-control-allow-headers")), (204, None));
    }
}

#[tokio::test]
async fn the_page_for_people_is_not_this_doors() {
    let node = Node::start().await;
    for path in ["/", "/index.html", "/?x=1"] {
        let reply = node.ask(Ask::get(path)).await;
        assert_eq!((reply.status, reply.text().as_str()), (404, "Not Found"), "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn status_only_answers_are_their_reason() {
    let node = Node::start().await;
    let (alice, bob) = (node.join(1).await, node.join(2).await);
    node.set_contacts(&alice, &[&bob]).await;
    let ask = Ask::get(&format!("/api/parcels/{}/accepts", alice.in_path()));
    let reply = node.ask_as(&bob, ask).await;
    assert_eq!((reply.text().as_str(), reply.header("content-type")), ("OK", Some("text/plain; charset=utf-8")));
    let lower = alice.in_path().replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d");
    for path in [lower, alice.id.replace('/', "%2F")] {
        let reply = node.ask_as(&bob, Ask::get(&format!("/api/parcels/{path}/accepts/"))).await;
        assert_eq!(reply.status, 200, "{path}");
    }
    assert_eq!(node.ask_as(&bob, Ask::get("/api/account")).await.text(), "{\"hasPushSubscription\":false}");
}
