//! Upload forms that are none, or too much.

use super::{Row, World, refuse, row};
use crate::node::form::BOUNDARY;
use crate::node::{Ask, Form, Wire};

/// The three ways to upload to alice, with the fields that each needs.
fn ways(world: &World) -> Vec<(Ask, Form)> {
    let id = world.alice.in_path();
    let today = Form::new().text("type", "MEDIA").text("recipient", &format!("{} x", world.alice.id));
    let group = Form::new().text("type", "MEDIA").text("contents", "\"x\"");
    vec![
        (Ask::post("/api/parcels"), today),
        (Ask::post(&format!("/api/parcels/{id}")), Form::new().text("type", "IMAGE")),
        (Ask::post(&format!("/api/parcels/group/{id}")), group),
    ]
}

/// The same for one of them.
fn way(world: &World, at: usize) -> (Ask, Form) {
    ways(world).swap_remove(at)
}

fn bad_forms(world: &World, at: usize) -> Vec<Row> {
    let bytes = vec![7; 200_000];
    let form = || way(world, at).1;
    let ask = |body: Vec<u8>| world.by(&world.bob, way(world, at).0.form_bytes(body));
    let kind = |kind: &str| world.by(&world.bob, way(world, at).0.with(kind, form().whole()));
    let open = "Content-Disposition: form-data; name=\"attachment\"; filename=\"a\"";
    let mut rows = vec![
        row("no boundary", kind("multipart/form-data"), 400),
        row("another boundary", kind("multipart/form-data; boundary=other"), 400),
        row("not a form", kind("text/plain"), 400),
        row("urlencoded", kind("application/x-www-form-urlencoded"), 400),
        row("no type", world.by(&world.bob, way(world, at).0), 400),
        row("empty", ask(Vec::new()), 400),
        row("nothing but text", ask(b"hello".to_vec()), 400),
        row(
            "broken off in a header",
            ask([form().broken_off(), format!("--{BOUNDARY}\r\nContent-Dis").into_bytes()].concat()),
            400,
        ),
        row(
            "broken off in a field",
            ask([
                form().broken_off(),
                format!("--{BOUNDARY}\r\n{}\r\n\r\nabc", "Content-Disposition: form-data; name=\"content\"")
                    .into_bytes(),
            ]
            .concat()),
            400,
        ),
        row(
            "broken off in a small file",
            ask([form().broken_off(), format!("--{BOUNDARY}\r\n{open}\r\n\r\nabc").into_bytes()].concat()),
            400,
        ),
        row(
            "broken off in a file",
            ask([form().broken_off(), format!("--{BOUNDARY}\r\n{open}\r\n\r\n").into_bytes(), bytes.clone()].concat()),
            400,
        ),
        row("broken off after the file", ask(form().file("attachment", "a", &bytes).broken_off()), 400),
        row("two attachments", ask(form().file("attachment", "a", &bytes).file("attachment", "b", b"x").whole()), 400),
        row("a file under another name", ask(form().file("picture", "a", &bytes).whole()), 400),
        row(
            "a file after the attachment",
            ask(form().file("attachment", "a", &bytes).file("more", "b", b"x").whole()),
            400,
        ),
        row("type twice", ask(form().text("type", "MEDIA").whole()), 400),
        row("a text too long", ask(form().text("other", &"x".repeat(1_048_576)).whole()), 413),
    ];
    let many = (0..600).fold(form(), |form, _| form.text("other", "x"));
    rows.push(row("too many parts", ask(many.whole()), 413));
    let mut texts = form();
    for _ in 0..17 {
        texts = texts.text("other", &"x".repeat(1_048_575));
    }
    rows.push(row("too much text", ask(texts.whole()), 413));
    rows
}

#[tokio::test]
async fn bad_forms_are_refused_in_all_three_ways() {
    let world = World::new().await;
    for at in 0..3 {
        refuse(&world.node, bad_forms(&world, at)).await;
    }
}

#[tokio::test]
async fn what_a_form_must_have_it_must_have() {
    let world = World::new().await;
    let bytes = vec![7; 100_000];
    let ask = |form: Form| world.by(&world.bob, Ask::post("/api/parcels").form(form));
    let to = |id: &str| format!("{id} x");
    let good = to(&world.alice.id);
    let refused = to(&world.stranger.id);
    let file = |form: Form| form.file("attachment", "a", &bytes);
    let group = format!("/api/parcels/group/{}", world.alice.in_path());
    let in_group = |form: Form| world.by(&world.bob, Ask::post(&group).form(form));
    let json = |text: &str| world.by(&world.bob, Ask::post("/api/parcels").json(text));
    let mut rows = vec![
        row("no recipient", ask(file(Form::new().text("type", "MEDIA"))), 400),
        row("no type", ask(file(Form::new().text("recipient", &good))), 400),
        row("nobody accepts", ask(file(Form::new().text("type", "MEDIA").text("recipient", &refused))), 403),
        row(
            "nobody accepts, file first",
            ask(file(Form::new()).text("type", "MEDIA").text("recipient", &refused)),
            403,
        ),
        row("no id", ask(Form::new().text("type", "MEDIA").text("recipient", "")), 403),
        row("an id alone that is none", ask(Form::new().text("type", "MEDIA").text("recipient", "nobody")), 403),
        row("group without a type", in_group(Form::new().text("contents", "\"x\"")), 400),
        row("group without contents", in_group(Form::new().text("type", "MEDIA")), 400),
        row("JSON without recipient", json("{\"type\":\"MEDIA\"}"), 400),
        row("JSON without type", json(&format!("{{\"recipient\":\"{good}\"}}")), 400),
        row("JSON, recipient of the wrong type", json("{\"type\":\"MEDIA\",\"recipient\":{}}"), 400),
        row("JSON, recipients of the wrong type", json("{\"type\":\"MEDIA\",\"recipient\":[{}]}"), 400),
        row("JSON, type of the wrong type", json(&format!("{{\"type\":true,\"recipient\":\"{good}\"}}")), 400),
        row("JSON, nobody accepts", json(&format!("{{\"type\":\"MEDIA\",\"recipient\":\"{refused}\"}}")), 403),
    ];
    // The attachment was thrown away when all who had been named refused it; who is named later can't have it.
    let late = file(Form::new().text("type", "MEDIA").text("recipient", &refused)).text("recipient", &good);
    rows.push(row("named too late", ask(late), 400));
    for contents in ["{", "text", "null", "[]", "5", "{}", "{\"x\":\"y\"}"] {
        let form = Form::new().text("type", "MEDIA").text("contents", contents);
        rows.push(row(contents, in_group(form), 400));
    }
    let not_text = format!("{{\"{}\":5}}", world.alice.id);
    rows.push(row(
        "content that is no text",
        in_group(Form::new().text("type", "MEDIA").text("contents", &not_text)),
        400,
    ));
    for path in ["/api/parcels/group", "/api/parcels/x", "/api/parcels/group/x", "/api/parcels/group/x%2Cy"] {
        rows.push(row("nobody", world.by(&world.bob, Ask::post(path).form(Form::new().text("type", "MEDIA"))), 403));
    }
    let mine = format!("/api/parcels/{}", world.alice.in_path());
    rows.push(row("a stranger", world.by(&world.stranger, Ask::post(&mine).form(Form::new())), 403));
    refuse(&world.node, rows).await;
}

#[tokio::test]
async fn five_thousand_recipients_are_too_many() {
    let world = World::new().await;
    let mut form = Form::new().text("type", "MEDIA").text("recipient", &format!("{} x", world.alice.id));
    for number in 0..5_000 {
        form = form.text("recipient", &format!("{number} x"));
    }
    let ids = vec!["x"; 501].join("%2C");
    let group = Ask::post(&format!("/api/parcels/group/{ids}")).form(Form::new());
    let list = vec!["\"x\""; 501].join(",");
    let json = Ask::post("/api/parcels").json(&format!("{{\"type\":\"MEDIA\",\"recipient\":[{list}]}}"));
    refuse(
        &world.node,
        vec![
            row("5,000 recipients", world.by(&world.bob, Ask::post("/api/parcels").form(form)), 413),
            row("501 in a path", world.by(&world.bob, group), 413),
            row("501 in JSON", world.by(&world.bob, json), 413),
        ],
    )
    .await;
}

#[tokio::test]
async fn an_attachment_may_have_19_999_999_bytes_and_no_more() {
    let world = World::new().await;
    let mut bytes = vec![5; 20_000_000];
    for at in 0..3 {
        let (ask, form) = way(&world, at);
        let ask = world.by(&world.bob, ask.form(form.file("attachment", "a", &bytes)));
        refuse(&world.node, vec![row("20,000,000 bytes", ask, 413)]).await;
    }
    bytes.pop();
    let id = world.node.send(&world.bob, &world.alice, "MEDIA", Some(&bytes)).await;
    let reply = world.node.ask_as(&world.alice, Ask::get(&format!("/api/parcels/{id}/attachment"))).await;
    assert!(reply.status == 200 && reply.body == bytes);
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing() {
    let world = World::new().await;
    let before = world.node.dump();
    let form = Form::new().text("type", "MEDIA").text("recipient", &format!("{} x", world.alice.id));
    let body = form.file("attachment", "a", &vec![1; 400_000]).whole();
    let ask = world.by(&world.bob, Ask::post("/api/parcels").form_bytes(body));
    let mut wire = Wire::open(world.node.address).await;
    let bytes = ask.bytes();
    wire.send(&bytes[..300_000]).await;
    crate::node::until("the upload has begun", || world.node.files().len() > before["files"].len()).await;
    drop(wire);
    world.node.unchanged(&before, "an upload without its end").await;
    // With Content-Length unknown, too.
    let ask = ask.header("Transfer-Encoding", "chunked");
    let mut wire = Wire::open(world.node.address).await;
    wire.send(&ask.head()).await;
    wire.send(&[b"30d40\r\n".as_slice(), &ask.body[..200_000], b"\r\n"].concat()).await;
    crate::node::until("the upload has begun", || world.node.files().len() > before["files"].len()).await;
    drop(wire);
    world.node.unchanged(&before, "a chunked upload without its end").await;
}
