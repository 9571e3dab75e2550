//! The line mode, as a pipe or a screen reader sees it.

use super::*;
use crate::screen::effect::Arrival;
use crate::screen::fixture::{self, NOW};
use tidings_client::command::{Done, Secret};
use tidings_client::view::Event;

fn plain() -> Plain {
    let mut plain = Plain::new(Options { plain: true, ..Options::default() }, Clock::utc(), NOW);
    assert!(matches!(plain.take_effects().as_slice(), [Effect::Overview]));
    plain.arrive(Arrival::Overview(Box::new(fixture::world())));
    assert_eq!(
        plain.take_lines(),
        ["Tidings. 3 conversations, 1 with unread messages. /help shows what can be written."]
    );
    plain
}

fn in_talk() -> Plain {
    let mut plain = plain();
    plain.line("/go alice");
    plain.take_effects();
    plain.arrive(Arrival::Page { group: fixture::group(1), before: None, limit: 10, messages: fixture::talk() });
    plain
}

#[test]
fn a_conversation_is_read_line_by_line() {
    let mut plain = in_talk();
    let lines = plain.take_lines();
    assert_eq!(
        lines,
        [
            "In Alice: two people, verified.",
            "Yesterday, 13:02 Alice: Hello from yesterday (@1)",
            "13:03 Alice: Are you ready? (@2)",
            "13:04 You, answering Alice \"Hello from yesterday\": Yes! The tent is packed, the stove too. Only the map is missing, have you seen it? (@3)",
            "13:05 You: It is blue. (edited) (@4)",
            "13:06 Alice: [map.pdf, 2.3 MB] (@5)",
            "13:07 Alice: [Picture] (@6)",
            "13:08 Alice: [2 messages could not be had] (@7)",
            "13:09 Bob lets messages disappear after 1 day (@8)",
            "13:10 Alice: This one goes away (@9)",
            "13:11 You: On my way (@10)",
            "/older shows what was before.",
        ]
    );
}

#[test]
fn lines_are_sent_and_commands_done() {
    let mut plain = in_talk();
    plain.take_lines();
    plain.line("hello\r\n");
    assert!(
        matches!(plain.take_effects().as_slice(), [Effect::Command(_, Command::SendText { text, reply: None, .. })] if text == "hello")
    );
    plain.line("@2 I am");
    let effects = plain.take_effects();
    assert!(
        matches!(effects.as_slice(), [Effect::Command(_, Command::SendText { reply: Some(_), .. })]),
        "{effects:?}"
    );
    plain.line("@2 /react 👍");
    let asked = fixture::message(1, 1, "").id;
    assert!(
        matches!(plain.take_effects().as_slice(), [Effect::Command(_, Command::React { message, .. })] if *message == asked)
    );
    plain.line("/leave");
    assert!(plain.take_lines().concat().contains("Not done: two people stay two: /forget-contact NAME"));
    plain.line("/forget-contact Alice");
    assert_eq!(plain.take_lines(), ["Remove Alice from your contacts? They can't write to you any more. yes or no?"]);
    plain.line("what?");
    assert_eq!(plain.take_lines(), ["Please answer yes or no."]);
    plain.line("yes");
    assert!(matches!(plain.take_effects().as_slice(), [Effect::Command(_, Command::RemoveContact { .. })]));
    plain.line("/nonsense");
    assert_eq!(plain.take_lines(), ["Not done: /nonsense is not a command; /help shows them"]);
}

/// What a line asks of the client about a message: that message.
fn about(plain: &mut Plain, line: &str) -> MessageId {
    plain.line(line);
    if line == "/delete" {
        plain.line("yes");
    }
    let effects = plain.take_effects();
    match effects.as_slice() {
        [
            Effect::Command(
                _,
                Command::Edit { message, .. }
                | Command::React { message, .. }
                | Command::Delete { message, .. }
                | Command::SendText { reply: Some(message), .. },
            ),
        ] => *message,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn a_command_is_about_the_line_that_was_just_sent() {
    let mut plain = in_talk();
    let group = fixture::group(1);
    let (sent, other) = (fixture::message(50, 0, "see you at eigt"), fixture::message(40, 1, "ok"));
    // Written by oneself on another device, with a clock that is ahead.
    let ahead = fixture::message(60, 0, "my other device is ahead");
    plain.arrive(Arrival::Message(group, ahead.id, Some(Box::new(ahead))));
    plain.line("see you at eigt");
    plain.take_effects();
    plain.arrive(Arrival::Done(Purpose::Sent(group, "see you at eigt".into()), Done::Message(sent.id)));
    let effects = plain.take_effects();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Message(_, id) if *id == sent.id)), "{effects:?}");
    plain.arrive(Arrival::Message(group, sent.id, Some(Box::new(sent.clone()))));
    plain.lines_wait(true);
    plain.arrive(Arrival::Message(group, other.id, Some(Box::new(other.clone()))));
    plain.take_effects();
    for line in ["/edit see you at eight", "/react 👍", "/reply or nine", "/delete"] {
        assert_eq!(about(&mut plain, line), sent.id, "{line}");
    }
    // Whoever has read something since means that, where it fits.
    plain.lines_wait(false);
    let seen = fixture::message(70, 1, "eight is fine");
    plain.arrive(Arrival::Message(group, seen.id, Some(Box::new(seen.clone()))));
    plain.take_effects();
    assert_eq!(about(&mut plain, "/react 👍"), seen.id);
    assert_eq!(about(&mut plain, "/reply good"), seen.id);
}

#[test]
fn the_newest_message_is_meant_even_if_older_ones_were_shown_later() {
    let mut plain = in_talk();
    let group = fixture::group(1);
    let mut old = fixture::message(80, 0, "long ago");
    old.order = vec![0];
    plain.arrive(Arrival::Page { group, before: None, limit: 10, messages: vec![old.clone()] });
    plain.take_effects();
    assert_ne!(about(&mut plain, "/edit soon"), old.id);
    assert_ne!(about(&mut plain, "/delete"), old.id);
}

#[test]
fn what_happens_is_said_once() {
    let mut plain = in_talk();
    plain.take_lines();
    let bob = fixture::message(100, 2, "hi \x1b[2J\nthere");
    plain.arrive(Arrival::Event(Event::Message { group: fixture::group(2), message: bob.id, new: true }));
    assert!(plain.take_effects().iter().any(|effect| matches!(effect, Effect::Message(..))));
    plain.arrive(Arrival::Message(fixture::group(2), bob.id, Some(Box::new(bob.clone()))));
    assert_eq!(plain.take_lines(), ["14:42 Bob: hi [2J there (@11)"]);
    let mut changed = bob;
    changed.reactions = vec![("🎉".into(), vec![fixture::identity(1)])];
    plain.arrive(Arrival::Message(fixture::group(2), changed.id, Some(Box::new(changed.clone()))));
    assert_eq!(plain.take_lines(), ["Alice reacted 🎉 to message @11: hi [2J there"]);
    plain.arrive(Arrival::Message(fixture::group(2), changed.id, Some(Box::new(changed))));
    assert!(plain.take_lines().is_empty());
}

#[test]
fn links_and_devices_are_said_in_words() {
    let mut plain = plain();
    let link = Done::Link(Secret("https://n.example/i#1.AAAA".into()));
    plain.arrive(Arrival::Done(Purpose::Link("Carol".into()), link));
    assert_eq!(plain.take_lines(), ["Link for Carol: https://n.example/i#1.AAAA"]);
    let request = DeviceRequest([1; 16]);
    plain.arrive(Arrival::Event(Event::DeviceAsks { request, name: "phone".into(), check: "4711".into() }));
    assert!(plain.take_lines()[0].contains("4711"));
    plain.line("no");
    assert!(
        plain
            .take_effects()
            .iter()
            .any(|effect| matches!(effect, Effect::Command(_, Command::AnswerLink { accept: false, .. })))
    );
}

#[test]
fn channels_are_said_to_be_public() {
    let mut plain = plain();
    plain.arrive(Arrival::Event(Event::Said {
        channel: "news".into(),
        from: "eve".into(),
        text: "hi".into(),
        at: NOW,
    }));
    assert!(plain.take_lines().is_empty(), "nobody is there");
    plain.line("/go #news");
    assert_eq!(
        plain.take_lines(),
        ["In #news. It is PUBLIC AND NOT ENCRYPTED: anybody can read along.", "14:02 eve in public channel #news: hi"]
    );
}

#[test]
fn no_line_moves_a_cursor() {
    let mut plain = in_talk();
    let evil = "\x1b[2J\u{9b}H\u{202e}\r";
    let mut message = fixture::message(200, 1, evil);
    message.name = evil.into();
    message.reply = Some((message.id, evil.into()));
    plain.arrive(Arrival::Message(fixture::group(1), message.id, Some(Box::new(message))));
    plain.arrive(Arrival::Event(Event::Warning(evil.into())));
    plain.arrive(Arrival::Event(Event::DeviceAsks {
        request: DeviceRequest([1; 16]),
        name: evil.into(),
        check: evil.into(),
    }));
    for line in plain.take_lines() {
        assert!(!line.chars().any(|c| c.is_control() || c == '\u{202e}'), "{line:?}");
    }
}

#[test]
fn a_conversation_says_that_its_node_can_t_be_reached() {
    let mut plain = in_talk();
    plain.take_lines();
    let cut_off = || Box::new(World { unreachable: vec!["https://one.example".into()], ..fixture::world() });
    plain.arrive(Arrival::Event(Event::Changed));
    assert!(matches!(plain.take_effects().as_slice(), [Effect::Overview]));
    plain.arrive(Arrival::Overview(cut_off()));
    assert_eq!(plain.take_lines(), ["one.example can't be reached; messages wait."]);
    plain.arrive(Arrival::Overview(cut_off()));
    assert!(plain.take_lines().is_empty());
}

#[test]
fn what_was_not_done_is_known_at_the_end_the_first_of_it() {
    let mut plain = in_talk();
    assert_eq!(plain.undone(), None);
    plain.line("/go zz");
    plain.line("for zz only");
    plain.take_effects();
    plain.arrive(Arrival::Done(Purpose::Quiet, Done::Failed(Fault::Role)));
    let undone = plain.undone();
    assert!(matches!(&undone, Some(Undone::Line(why)) if why.contains("zz")), "{undone:?}");
    let mut plain = in_talk();
    plain.line("/go zz");
    plain.take_effects();
    plain.line("for zz only");
    assert!(plain.take_effects().is_empty(), "it went to who was there before");
    let mut plain = in_talk();
    plain.line("/leave");
    plain.take_effects();
    assert!(matches!(plain.undone(), Some(Undone::Line(_))), "a question without an answer");
    let mut plain = in_talk();
    plain.arrive(Arrival::Done(Purpose::Quiet, Done::Failed(Fault::Offline)));
    assert_eq!(plain.undone(), Some(Undone::Fault(Fault::Offline)));
}

#[test]
fn an_answer_to_no_question_is_not_sent() {
    let mut plain = in_talk();
    plain.take_effects();
    plain.take_lines();
    plain.line("yes\n");
    assert!(plain.take_effects().is_empty());
    let lines = plain.take_lines();
    assert_eq!(lines, ["Not done: nothing was asked; to send the word \"yes\" itself, put a space before it"]);
    assert!(plain.undone().is_some());
    for line in [" yes", "@2 yes", "yes, I am"] {
        plain.line(line);
        let effects = plain.take_effects();
        let [Effect::Command(_, Command::SendText { text, .. })] = effects.as_slice() else {
            panic!("{line}: {effects:?}")
        };
        assert!(text.starts_with("yes"), "{text}");
    }
}
