use super::super::login::tests::{ALICE, BOB, sign};
use super::*;
use std::cell::RefCell;
use std::collections::HashSet;
use std::time::Duration;

/// A session as a connection drives it.
struct Client {
    session: Session,
    joined: RefCell<HashSet<StreamName>>,
    now: Timestamp,
    places: usize,
}

impl Client {
    fn new() -> Self {
        Self::with(false)
    }

    fn with(guests: bool) -> Self {
        let joined = RefCell::default();
        Self { session: Session::new(guests), joined, now: Timestamp::EPOCH, places: 2 }
    }

    fn outcome(&mut self, text: &str) -> Outcome {
        let joined = |stream: &StreamName| self.joined.borrow().contains(stream);
        let places = self.places - self.joined.borrow().len();
        let around = Surroundings { now: self.now, random: &|| [7; CHALLENGE_BYTES], joined: &joined, places };
        let outcome = self.session.receive(text.as_bytes(), &around);
        if let Outcome::Joined(stream, _) = &outcome {
            self.joined.borrow_mut().insert(stream.clone());
        }
        outcome
    }

    /// What is answered, with a mark for what happens beside it.
    fn say(&mut self, text: &str) -> String {
        let show = |bytes: Bytes| String::from_utf8(bytes.to_vec()).unwrap();
        match self.outcome(text) {
            Outcome::Silence => String::new(),
            Outcome::Answer(answer) | Outcome::Error(answer) | Outcome::Entered(_, answer) => show(answer),
            Outcome::Joined(_, answer) => show(answer),
            Outcome::Fatal(answer) => format!("FATAL {}", show(answer)),
            Outcome::Message { stream, answer } => {
                let to = stream.map_or("nobody".to_owned(), |stream| match stream.owner() {
                    Some(key) => key.to_string(),
                    None => String::from_utf8(stream.bytes().to_vec()).unwrap(),
                });
                format!("{} > {to}", answer.map(show).unwrap_or_default())
            }
        }
    }

    /// Logs in by these two requests, in which `SIGNATURE` is replaced.
    fn log_in(&mut self, secret: u8, connect: &str, verify: &str) {
        let answer = self.say(connect);
        let challenge = answer.strip_prefix("{\"type\":\"verify\",\"msg\":\"").expect(&answer);
        let challenge = challenge.strip_suffix("\"}").unwrap();
        let verify = verify.replace("SIGNATURE", &sign([secret; 32], challenge));
        assert_eq!(self.say(&verify), "{\"type\":\"success\",\"msg\":\"Connected to Network\"}");
    }

    /// Alice with a client of 0.3.
    fn third() -> Self {
        let mut client = Self::new();
        let rest = "\"uname\":null,\"toPublicKey\":null,\"cname\":null";
        client.log_in(
            0x11,
            &format!("{{\"type\":\"connect\",\"fromPublicKey\":\"{ALICE}\",\"msg\":null,{rest}}}"),
            &format!("{{\"type\":\"verify\",\"fromPublicKey\":\"{ALICE}\",\"msg\":\"SIGNATURE\",{rest}}}"),
        );
        client
    }

    /// Alice with a client of 0.2.6.
    fn second() -> Self {
        let mut client = Self::new();
        let all = |kind, msg| old(kind, msg, "", "");
        client.log_in(0x11, &all("connect", ""), &all("verify", "SIGNATURE"));
        client
    }
}

/// What a client of 0.2.6 sends.
fn old(kind: &str, msg: &str, to: &str, channel: &str) -> String {
    format!(
        "{{\"type\":\"{kind}\",\"msg\":\"{msg}\",\"uname\":\"alice\",\"fromPublicKey\":\"{ALICE}\",\
         \"toPublicKey\":\"{to}\",\"cname\":\"{channel}\"}}"
    )
}

/// What a client of 0.3 sends, with members of its own.
fn new(kind: &str, members: &str) -> String {
    format!("{{\"type\":\"{kind}\",\"fromPublicKey\":\"{ALICE}\"{members}}}")
}

fn error(text: &str) -> String {
    format!("{{\"type\":\"error\",\"msg\":\"{text}\"}}")
}

const SENT: &str = "{\"type\":\"success\",\"msg\":\"MESSAGE SENT\"}";
const JOINED: &str = "{\"type\":\"success\",\"msg\":\"Connected to channel room\"}";

#[test]
fn the_worked_conversation_of_the_third_generation() {
    let mut alice = Client::third();
    let join = new("join", ",\"userName\":\"alice\",\"channelName\":\"room\",\"cname\":\"room\"");
    assert_eq!(alice.say(&join), JOINED);
    assert_eq!(alice.say(&join), JOINED, "every time");
    let said = new("msg", ",\"msg\":\"hello\",\"toPublicKey\":null,\"cname\":\"room\"");
    assert_eq!(alice.say(&said), format!("{SENT} > room"));
    let whispered = new("msg", &format!(",\"msg\":\"hello\",\"toPublicKey\":\"{BOB}\",\"cname\":null"));
    assert_eq!(alice.say(&whispered), format!("{SENT} > {BOB}"));
}

#[test]
fn the_worked_conversation_of_the_second_generation() {
    let mut alice = Client::second();
    assert_eq!(alice.say(&old("join", "", "", "room")), JOINED);
    assert_eq!(alice.say(&old("msg", "hello", "", "room")), " > room");
    assert_eq!(alice.say(&old("msg", "hello", BOB, "elsewhere")), format!(" > {BOB}"));
    assert_eq!(alice.say(&old("msg", "hello", "", "")), "");
    assert_eq!(alice.say(&old("msg", "hello", "", "elsewhere")), error("JOIN CHANNEL FIRST"));
}

#[test]
fn destinations_of_the_third_generation() {
    let mut alice = Client::third();
    alice.say(&new("join", ",\"cname\":\"room\""));
    let nowhere = error("toPublicKey (private) or cname (public) destination required.");
    for (members, answer) in [
        ("", nowhere.clone()),
        (",\"toPublicKey\":\"\",\"cname\":null", nowhere.clone()),
        (",\"toPublicKey\":0,\"cname\":false", nowhere),
        (",\"cname\":\"elsewhere\"", error("JOIN CHANNEL FIRST")),
        (",\"cname\":\"toString\"", error("JOIN CHANNEL FIRST")),
        (",\"cname\":\"__proto__\"", error("JOIN CHANNEL FIRST")),
        (",\"cname\":7", error("JOIN CHANNEL FIRST")),
        (&format!(",\"cname\":\"elsewhere\",\"toPublicKey\":\"{BOB}\""), format!("{SENT} > {BOB}")),
        (&format!(",\"cname\":\"room\",\"toPublicKey\":\"{BOB}\""), format!("{SENT} > {BOB}")),
        (&format!(",\"toPublicKey\":\"{ALICE}\""), format!("{SENT} > {ALICE}")),
        (",\"toPublicKey\":\"toString\"", format!("{SENT} > nobody")),
        (",\"toPublicKey\":[1]", format!("{SENT} > nobody")),
    ] {
        assert_eq!(alice.say(&new("msg", members)), answer, "{members}");
    }
}

#[test]
fn channels_have_names_and_are_bounded() {
    let mut alice = Client::third();
    for members in ["", ",\"cname\":null", ",\"cname\":\"\"", ",\"cname\":7", ",\"cname\":\"\\ud800\""] {
        assert_eq!(alice.say(&new("join", members)), error("CHANNEL NAME NOT ACCEPTED"), "{members}");
    }
    let long = |bytes| new("join", &format!(",\"cname\":\"{}\"", "x".repeat(bytes)));
    assert_eq!(alice.say(&long(257)), error("CHANNEL NAME NOT ACCEPTED"));
    assert!(alice.say(&long(256)).contains("success"));
    assert!(alice.say(&new("join", ",\"cname\":\"__proto__\"")).contains("success"));
    assert_eq!(alice.say(&new("join", ",\"cname\":\"third\"")), error("TOO MANY CHANNELS"));
    assert!(alice.say(&long(256)).contains("success"), "joined already");
}

#[test]
fn after_login_it_is_not_repeated() {
    for mut client in [Client::third(), Client::second()] {
        assert_eq!(client.say(&new("connect", "")), "");
        assert_eq!(client.say(&new("verify", ",\"msg\":\"00\"")), "");
        assert_eq!(client.say(&new("dance", "")), "");
        assert_eq!(client.say(&new("", "")), "");
    }
}

#[test]
fn a_key_speaks_where_it_logged_in_and_nowhere_else() {
    let mut alice = Client::third();
    let bob = format!("{{\"type\":\"msg\",\"fromPublicKey\":\"{BOB}\",\"cname\":\"room\"}}");
    assert_eq!(alice.say(&bob), error("MALFORMED DATA: bad sig verify. type msg challenge undefined"));
    assert_eq!(alice.say("{\"type\":\"msg\"}"), error("MALFORMED DATA Error: no fromPublicKey member found"));
}

#[test]
fn errors_of_strangers_follow_the_generation() {
    let strange = |kind: &str| error(&format!("MALFORMED DATA: bad sig verify. type {kind} challenge undefined"));
    let nobody = error("MALFORMED DATA Error: no fromPublicKey member found");
    for (text, answer) in [
        (new("join", ""), strange("join")),
        (new("msg", ",\"cname\":\"room\""), strange("msg")),
        (new("verify", ",\"msg\":\"00\""), strange("verify")),
        (format!("{{\"fromPublicKey\":\"{ALICE}\"}}"), strange("undefined")),
        (format!("{{\"type\":null,\"fromPublicKey\":\"{ALICE}\"}}"), strange("null")),
        (new("a\\\"b", ",\"challenge\":\"c\""), error("MALFORMED DATA: bad sig verify. type a\\\"b challenge c")),
        ("{\"type\":\"connect\",\"fromPublicKey\":\"toString\"}".to_owned(), strange("connect")),
        (new("connect", "").replace(ALICE, &ALICE.to_uppercase()), strange("connect")),
        ("{\"type\":\"connect\"}".to_owned(), nobody.clone()),
        ("{\"type\":\"connect\",\"fromPublicKey\":\"\"}".to_owned(), nobody.clone()),
        ("{\"type\":\"connect\",\"fromPublicKey\":false}".to_owned(), nobody.clone()),
        ("[]".to_owned(), nobody.clone()),
        ("\"x\"".to_owned(), nobody.clone()),
        ("5".to_owned(), nobody),
        (
            "{\"type\":\"join\",\"cname\":\"room\"}".to_owned(),
            error("MALFORMED DATA Error: no fromPublicKey member found"),
        ),
        (old("join", "", "", "room"), error("MALFORMED DATA: type join challenge undefined")),
        (
            "{\"type\":\"connect\",\"toPublicKey\":\"\"}".to_owned(),
            error("MALFORMED DATA no fromPublicKey member found"),
        ),
        (format!("{{\"type\":\"join\",\"pk\":\"{ALICE}\"}}"), error("MALFORMED DATA")),
    ] {
        assert_eq!(Client::new().say(&text), answer, "{text}");
    }
    assert!(Client::new().say("{nonsense").starts_with("{\"type\":\"error\",\"msg\":\"MALFORMED DATA SyntaxError: "));
    assert!(Client::new().say("null").starts_with("{\"type\":\"error\",\"msg\":\"MALFORMED DATA TypeError: "));
}

#[test]
fn the_generation_of_the_first_connect_stays() {
    let mut client = Client::new();
    assert!(client.say(&old("connect", "", "", "")).contains("verify"));
    assert_eq!(client.say(&new("msg", "")), error("MALFORMED DATA: type msg challenge undefined"));
    assert!(client.say(&new("connect", "")).contains("verify"));
    assert_eq!(client.session.generation(), Generation::Second);
}

#[test]
fn a_second_connect_replaces_the_challenge_and_challenges_expire() {
    let mut client = Client::new();
    let first = client.say(&new("connect", ""));
    let challenge = first.split('"').nth(7).unwrap().to_owned();
    client.now = client.now.after(Duration::from_secs(61));
    let good = new("verify", &format!(",\"msg\":\"{}\"", sign([0x11; 32], &challenge)));
    let refused = error("MALFORMED DATA: bad sig verify. type verify challenge undefined");
    assert_eq!(client.say(&good), refused);
    client.say(&new("connect", ""));
    assert!(client.say(&good).contains("Connected to Network"), "the same random bytes, made again");
}

#[test]
fn early_clients_of_0_2_have_names_of_their_own_for_keys() {
    let mut client = Client::new();
    let all = |kind: &str, msg: &str, to: &str, channel: &str| {
        let names = format!("\"pk\":\"{ALICE}\",\"private\":\"{to}\",\"cname\":\"{channel}\"");
        format!("{{\"type\":\"{kind}\",\"msg\":\"{msg}\",\"uname\":\"\",{names}}}")
    };
    assert_eq!(client.say(&all("join", "", "", "room")), error("MALFORMED DATA"));
    client.log_in(0x11, &all("connect", "", "", ""), &all("verify", "SIGNATURE", "", ""));
    assert_eq!(client.session.generation(), Generation::Early);
    assert_eq!(client.say(&all("join", "", "", "room")), JOINED);
    assert_eq!(client.say(&all("msg", "x", "", "room")), " > room");
    assert_eq!(client.say(&all("msg", "x", BOB, "room")), format!(" > {BOB}"));
    assert_eq!(client.say(&all("msg", "x", "", "")), "");
    assert_eq!(client.say("{\"type\":\"msg\"}"), error("MALFORMED DATA"));
    let forged = all("msg", "x", "", "room").replace("\"pk\"", &format!("\"fromPublicKey\":\"{BOB}\",\"pk\""));
    assert_eq!(client.say(&forged), error("MALFORMED DATA"));
    let misplaced = all("msg", "x", "", "room").replace("\"uname\"", &format!("\"toPublicKey\":\"{BOB}\",\"uname\""));
    assert_eq!(client.say(&misplaced), format!(" > {BOB}"), "never to a channel");
}

#[test]
fn guests_are_let_in_if_wanted() {
    let join = "{\"type\":\"join\",\"uname\":\"x\",\"cname\":\"room\"}";
    assert!(Client::new().say(join).contains("error"));
    let mut guest = Client::with(true);
    assert_eq!(guest.say(join), JOINED);
    assert_eq!(guest.say("{\"type\":\"msg\",\"uname\":\"x\",\"msg\":\"hello\"}"), " > room");
    for forged in [new("msg", ",\"msg\":\"x\""), format!("{{\"type\":\"msg\",\"pk\":\"{ALICE}\"}}")] {
        assert_eq!(guest.say(&forged), error("MALFORMED DATA"));
    }
    assert_eq!(guest.say(&format!("{{\"type\":\"msg\",\"toPublicKey\":\"{BOB}\"}}")), error("MALFORMED DATA"));
    assert_eq!(guest.say("{\"type\":\"join\",\"cname\":\"other\"}"), "");
    assert_eq!(guest.say("{\"type\":\"dance\"}"), "");
    assert_eq!(guest.say("rubbish"), error("MALFORMED DATA"));
    assert_eq!(guest.session.caller(), Caller::Anonymous);
    assert_eq!(Client::with(true).say("{\"type\":\"join\"}"), error("CHANNEL NAME NOT ACCEPTED"));
    let mut keyed = Client::with(true);
    assert!(keyed.say(&new("connect", "")).contains("verify"));
    assert!(keyed.say(join).contains("error"), "whoever has shown a key is no guest");
}

#[test]
fn strangers_have_less_room() {
    let mut client = Client::new();
    let large = new("connect", &format!(",\"msg\":\"{}\"", "x".repeat(STRANGER_BYTES_MAX)));
    assert!(client.say(&large).starts_with("FATAL "));
    let mut alice = Client::third();
    assert!(
        alice
            .say(&new("msg", &format!(",\"toPublicKey\":\"{BOB}\",\"msg\":\"{}\"", "x".repeat(1_000_000))))
            .contains(SENT)
    );
    assert!(alice.say(&new("msg", &format!(",\"msg\":\"{}\"", "x".repeat(MEMBER_BYTES_MAX)))).starts_with("FATAL "));
}
