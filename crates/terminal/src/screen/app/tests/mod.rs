//! Whole screens as text, and keys as a person presses them.

mod going;
mod stage;

use super::*;
use crate::screen::effect::{Arrival, Fetched, Purpose};
use crate::screen::fixture::{self, NOW};
use crate::screen::options::{Colours, Images};
use crate::screen::target::Target;
use ratatui::crossterm::event::MouseEventKind;
use stage::{Stage, same};
use tidings_client::command::{Command, Done, Fault, Look};
use tidings_client::view::*;

#[test]
fn a_talk_in_a_usual_window() {
    same("talk-80x24", &Stage::talking(80, 24).draw());
}

#[test]
fn a_talk_in_a_large_window() {
    same("talk-120x40", &Stage::talking(120, 40).draw());
}

#[test]
fn a_talk_in_a_small_window() {
    let mut stage = Stage::talking(40, 12);
    same("talk-40x12", &stage.draw());
    stage.press("tab");
    same("list-40x12", &stage.draw());
}

#[test]
fn nothing_yet() {
    let empty = World { me: Some(fixture::me()), ..World::default() };
    same("empty-80x24", &Stage::with(80, 24, Options::default(), empty).draw());
}

#[test]
fn names_of_all_kinds() {
    let mut world = fixture::world();
    let titles = [
        "日本語の名前がとても長い場合はどうなりますか",
        "דנה כהן",
        "👩‍👩‍👧‍👦 Family 👍🏽 🇨🇭",
        "A name that is far too long for a list of any sensible width",
        "",
    ];
    for (number, title) in (10..).zip(titles) {
        let mut one = fixture::conversation(number, title);
        one.preview = format!("{title} says hello");
        one.unread = u64::from(number) * 120;
        world.conversations.push(one);
    }
    same("names-80x24", &Stage::with(80, 24, Options::default(), world).draw());
}

#[test]
fn many_conversations_scroll() {
    let mut world = World { me: Some(fixture::me()), ..World::default() };
    world.conversations = (1..=200).map(|number| fixture::conversation(number, &format!("Person {number}"))).collect();
    let mut stage = Stage::with(80, 24, Options::default(), world);
    for _ in 0..150 {
        stage.press("down");
    }
    let screen = stage.draw();
    assert!(screen.contains("Person 151") && !screen.contains("Person 1 "), "{screen}");
    stage.press("end enter");
    assert_eq!(stage.app.place, Some(Place::Conversation(fixture::group(200))));
}

#[test]
fn channels_are_plainly_public() {
    let mut stage = Stage::new(80, 24);
    stage.app.go(Place::Channel("news".into()));
    stage.event(Event::Said {
        channel: "news".into(),
        from: "eve".into(),
        text: "hello \x1b[2J world".into(),
        at: NOW,
    });
    stage.event(Event::Missed { channel: "news".into(), count: 4 });
    same("channel-80x24", &stage.draw());
    stage.write("hi").press("enter");
    let commands = stage.commands();
    assert!(matches!(commands.as_slice(), [Command::SayInChannel { text, .. }] if text == "hi"), "{commands:?}");
}

#[test]
fn a_message_is_sent_and_comes_back_if_it_fails() {
    let mut stage = Stage::talking(80, 24);
    stage.commands();
    stage.write("Hello ").press("alt+enter").write("you").press("enter");
    let sent = stage.effects();
    let Some(Effect::Command(purpose, Command::SendText { text, reply: None, .. })) = sent.last() else {
        panic!("{sent:?}")
    };
    assert_eq!(text, "Hello \nyou");
    assert!(matches!(sent.first(), Some(Effect::Command(Purpose::Quiet, Command::Typing { .. }))));
    assert_eq!(stage.app.composer.editor.text(), "");
    stage.app.arrive(Arrival::Done(purpose.clone(), Done::Failed(Fault::Offline)));
    assert_eq!(stage.app.composer.editor.text(), "Hello \nyou");
    assert!(stage.draw().contains("the node can't be reached"));
}

#[test]
fn a_conversation_says_that_its_node_can_t_be_reached() {
    let mut stage = Stage::talking(80, 24);
    assert!(!stage.draw().contains("messages wait"));
    let world = World { unreachable: vec!["https://one.example".into()], ..fixture::world() };
    stage.app.arrive(Arrival::Overview(Box::new(world)));
    assert!(stage.draw().contains("one.example can't be reached; messages wait"));
    stage.write("Hello").press("enter");
    assert!(stage.commands().iter().any(|command| matches!(command, Command::SendText { .. })));
    stage.app.arrive(Arrival::Overview(Box::new(fixture::world())));
    assert!(!stage.draw().contains("messages wait"));
}

#[test]
fn messages_are_answered_changed_and_reacted_to() {
    let mut stage = Stage::talking(80, 24);
    stage.commands();
    stage.press("up up r").write("Sure").press("enter");
    let commands = stage.commands();
    let reply = commands.iter().find_map(|command| match command {
        Command::SendText { text, reply: Some(reply), .. } if text == "Sure" => Some(*reply),
        _ => None,
    });
    assert_eq!(reply, Some(fixture::message(8, 1, "").id));
    stage.press("up e");
    assert_eq!(stage.app.composer.editor.text(), "On my way");
    stage.write("!").press("enter");
    assert!(
        stage.commands().iter().any(|command| matches!(command, Command::Edit { text, .. } if text == "On my way!"))
    );
    stage.press("up +").write("tada").press("enter");
    assert!(stage.commands().iter().any(|command| matches!(command, Command::React { emoji, .. } if emoji == "🎉")));
    stage.press("up d");
    assert!(stage.draw().contains("Delete the message of Alice \"This one goes away\" for everybody?"));
    stage.press("d");
    assert!(stage.commands().iter().any(|command| matches!(command, Command::Delete { .. })));
}

#[test]
fn commands_are_completed_and_done() {
    let mut stage = Stage::talking(80, 24);
    stage.commands();
    stage.write("/ver");
    assert!(stage.draw().contains("compare a safety number"));
    stage.press("tab").press("enter");
    same("contact-80x24", &stage.draw());
    stage.press("tab enter");
    assert!(stage.commands().iter().any(|command| matches!(command, Command::SetVerified { verified: false, .. })));
    stage.write("/nonsense").press("enter");
    assert!(stage.draw().contains("/nonsense is not a command"));
    assert_eq!(stage.app.composer.editor.text(), "/nonsense");
}

#[test]
fn an_invitation_is_shown_as_link_and_code() {
    let mut stage = Stage::new(120, 40);
    stage.press("i").write("Carol").press("enter enter");
    let commands = stage.effects();
    let Some(Effect::Command(purpose, Command::Invite { lasts: 604_800, note, account: true, .. })) = commands.last()
    else {
        panic!("{commands:?}")
    };
    assert_eq!(note, "Carol");
    let link = tidings_client::command::Secret("https://one.example/i#1.AAAAAAAAAAAAAAAAAAAAAA".into());
    stage.app.arrive(Arrival::Done(purpose.clone(), Done::Link(link)));
    same("invitation-120x40", &stage.draw());
    let mut small = Stage::new(40, 12);
    small.app.show_link("Carol", "https://one.example/i#1.AAAAAAAAAAAAAAAAAAAAAA");
    same("invitation-40x12", &small.draw());
}

#[test]
fn a_device_that_asks_must_be_answered() {
    let mut stage = Stage::new(80, 24);
    let request = DeviceRequest([3; 16]);
    stage.event(Event::DeviceAsks { request, name: "phone\x1b[31m".into(), check: "4711".into() });
    same("device-80x24", &stage.draw());
    stage.press("esc");
    assert!(stage.draw().contains("4711"));
    stage.press("y");
    assert!(stage.commands().iter().any(|command| matches!(command, Command::AnswerLink { accept: true, .. })));
}

#[test]
fn a_changed_key_blocks_and_is_looked_at() {
    let mut world = fixture::world();
    world.conversations[0].standing = Standing::KeyChanged(fixture::identity(1));
    world.contacts[0].key_changed = true;
    let mut stage = Stage::with(120, 40, Options::default(), world);
    stage.press("enter");
    same("key-changed-120x40", &stage.draw());
    stage.press("esc").write("hello").press("enter");
    assert!(stage.draw().contains("The key of Alice has changed"));
    assert!(!stage.commands().iter().any(|command| matches!(command, Command::SendText { .. })));
    stage.press("i");
    assert!(stage.commands().iter().any(|command| matches!(command, Command::SetVerified { verified: true, .. })));
    assert_eq!(stage.app.composer.editor.text(), "hello");
}

#[test]
fn what_is_seen_once_is_asked_for_first() {
    let mut stage = Stage::with(
        80,
        24,
        Options { images: Images::Blocks, colours: Colours::Full, ..Options::default() },
        fixture::world(),
    );
    stage.app.go(Place::Conversation(fixture::group(1)));
    stage.page(fixture::talk());
    stage.effects();
    let once = fixture::message(5, 1, "").id;
    stage.click(|target| *target == Target::Open(once));
    assert!(stage.effects().is_empty());
    assert!(stage.draw().contains("destroyed everywhere"));
    stage.press("l");
    assert!(stage.effects().iter().any(|effect| matches!(effect, Effect::Fetch { path: None, .. })));
    let bytes = Some(crate::screen::picture::test_picture(160, 80));
    let fetched = Fetched { name: "beach.jpg".into(), kind: "image/png".into(), bytes, path: None };
    stage.app.arrive(Arrival::Fetched(fixture::group(1), once, Ok(fetched)));
    let screen = stage.draw();
    assert!(screen.contains("▀▀▀▀") && screen.contains("beach.jpg"), "{screen}");
    stage.press("enter");
    assert!(!stage.draw().contains("▀▀▀▀"));
}

#[test]
fn a_look_for_some_seconds_ends_by_itself() {
    let mut stage = Stage::talking(80, 24);
    let mut timed = fixture::message(20, 1, "");
    timed.shown = Shown::File(FileView { look: Look::Seconds(5), ..fixture::file("a.txt", "text/plain") });
    stage.page(vec![timed.clone()]);
    let fetched =
        Fetched { name: "a.txt".into(), kind: "text/plain".into(), bytes: Some(b"secret".to_vec()), path: None };
    stage.app.arrive(Arrival::Fetched(fixture::group(1), timed.id, Ok(fetched)));
    assert!(stage.draw().contains("secret"));
    stage.app.tick(NOW + 5_000);
    assert!(!stage.draw().contains("secret"));
}

#[test]
fn history_is_loaded_as_one_comes_to_it() {
    let mut stage = Stage::new(80, 24);
    stage.press("enter");
    stage.effects();
    stage.page((1_000..1_060).map(|number| fixture::message(number, 1, &format!("line {number}"))).collect());
    stage.press("pageup pageup");
    let wanted = stage.effects();
    let Some(Effect::Page { before: Some(before), limit, .. }) = wanted.last() else { panic!("{wanted:?}") };
    assert_eq!(before, &1_000u32.to_be_bytes());
    let older = (940..1_000).map(|number| fixture::message(number, 1, &format!("line {number}"))).collect();
    let seen = stage.draw();
    stage.app.arrive(Arrival::Page {
        group: fixture::group(1),
        before: Some(before.clone()),
        limit: *limit,
        messages: older,
    });
    assert_eq!(stage.draw(), seen, "what is seen does not move");
    stage.press("pageup pageup pageup");
    assert!(stage.draw().contains("line 95"));
    stage.click(|target| *target == Target::End);
    assert!(stage.draw().contains("line 1059"));
}

#[test]
fn new_messages_do_not_move_what_is_read() {
    let mut stage = Stage::new(80, 24);
    stage.press("enter");
    stage.page((0..60).map(|number| fixture::message(number, 1, &format!("line {number}"))).collect());
    stage.press("pageup");
    let seen = stage.draw();
    let message = fixture::message(60, 1, "line 60");
    stage.app.arrive(Arrival::Message(fixture::group(1), message.id, Some(Box::new(message))));
    let now = stage.draw();
    let upper = |screen: &str| screen.lines().take(18).collect::<Vec<_>>().join("\n");
    assert_eq!(upper(&now), upper(&seen));
    assert!(now.contains("newer: End"));
}

#[test]
fn unread_messages_begin_at_a_line() {
    let mut stage = Stage::new(80, 24);
    stage.press("down enter");
    let mut messages: Vec<_> = (0..60).map(|number| fixture::message(number, 2, &format!("line {number}"))).collect();
    messages[57..].iter_mut().for_each(|message| message.read = false);
    stage.effects();
    stage.page(messages);
    let screen = stage.draw();
    assert!(screen.contains("─ new ─"), "{screen}");
    let read = stage.commands();
    assert!(matches!(read.as_slice(), [Command::MarkRead { message: None, .. }]), "{read:?}");
    stage.draw();
    assert!(stage.commands().is_empty(), "once is enough");
}

#[test]
fn search_finds_and_goes_there() {
    let mut stage = Stage::talking(80, 24);
    stage.press("ctrl+f").write("tent");
    let searches = stage.effects();
    let Some(Effect::Search(number, text)) = searches.last() else { panic!("{searches:?}") };
    assert_eq!(text, "tent");
    let hit = fixture::message(2, 0, "Yes! The tent is packed");
    let elsewhere = fixture::message(500, 2, "tent elsewhere");
    stage.app.arrive(Arrival::Found(*number, vec![(fixture::group(2), elsewhere), (fixture::group(1), hit.clone())]));
    let screen = stage.draw();
    assert!(screen.contains("One message.") && !screen.contains("elsewhere"), "{screen}");
    stage.press("enter");
    assert_eq!(stage.app.thread.as_ref().unwrap().selected().map(|message| message.id), Some(hit.id));
}

#[test]
fn groups_are_made_with_marked_members() {
    let mut stage = Stage::new(80, 24);
    stage.press("n").write("Trip").press("down space");
    same("new-group-80x24", &stage.draw());
    stage.press("tab enter");
    let commands = stage.commands();
    let made = commands.iter().any(|command| {
        matches!(command, Command::CreateGroup { name, members } if name == "Trip" && *members == [fixture::identity(2)])
    });
    assert!(made, "{commands:?}");
}

#[test]
fn help_is_complete() {
    let mut stage = Stage::new(80, 24);
    stage.press("f1");
    same("help-80x24", &stage.draw());
    stage.press("pagedown pagedown pagedown");
    assert!(stage.draw().contains("/send"), "{}", stage.draw());
}

#[test]
fn hostile_texts_stay_where_they_are() {
    let mut stage = Stage::talking(80, 24);
    let evil = "\x1b[2J\x1b[H\u{9b}31mOWNED\x07\u{202e}txet\r\x08\x08\n\x1b]0;title\x1b\\\u{10EEEE}";
    let mut message = fixture::message(50, 1, evil);
    message.name = format!("Mallory{evil}");
    message.reactions = vec![(evil.into(), vec![fixture::identity(1)])];
    message.reply = Some((message.id, evil.into()));
    let mut file = fixture::message(51, 1, "");
    file.shown = Shown::File(FileView { caption: evil.into(), ..fixture::file(evil, evil) });
    let mut notice = fixture::message(52, 1, "");
    notice.shown = Shown::Notice(NoticeView::Name { by: fixture::somebody(evil), name: evil.into() });
    stage.page(vec![message, file, notice]);
    stage.event(Event::Warning(evil.into()));
    let mut bad = fixture::world();
    bad.conversations.iter_mut().for_each(|one| (one.title, one.preview) = (evil.into(), evil.into()));
    bad.contacts.iter_mut().for_each(|one| (one.name, one.node) = (evil.into(), evil.into()));
    stage.app.arrive(Arrival::Overview(Box::new(bad)));
    for keys in ["up i", "esc m", "esc ctrl+t", "esc ctrl+g", "esc f1"] {
        stage.press(keys);
        let buffer = stage.terminal.backend().buffer();
        for cell in &buffer.content {
            let harmful = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{10EEEE}');
            assert!(!cell.symbol().chars().any(harmful), "{keys}: {:?}", cell.symbol());
        }
    }
}

#[test]
fn every_size_can_be_drawn() {
    for width in (1..130).step_by(13) {
        for height in (1..30).step_by(2) {
            let mut stage = Stage::talking(width, height);
            for keys in ["tab", "up", "f1", "esc ctrl+t", "esc ctrl+o", "esc ctrl+f", "esc ctrl+g"] {
                stage.press(keys);
            }
        }
    }
}

#[test]
fn notifications_tell_nothing_unless_asked() {
    let mut stage = Stage::new(80, 24);
    stage.event(Event::Message { group: fixture::group(2), message: MessageId([9; 16]), new: true });
    let mut bob = fixture::conversation(2, "Bob");
    (bob.unread, bob.preview) = (4, "the secret".into());
    stage.app.arrive(Arrival::Conversation(bob.id, Some(Box::new(bob.clone()))));
    let told = |effects: Vec<Effect>| {
        effects.into_iter().find_map(|effect| if let Effect::Notify(text) = effect { Some(text) } else { None })
    };
    assert_eq!(told(stage.effects()), Some(String::new()));
    assert_eq!(stage.app.title(), "(4) Tidings");
    // A muted one is silent.
    stage.app.tick(NOW + 60_000);
    stage.event(Event::Message { group: fixture::group(3), message: MessageId([9; 16]), new: true });
    let mut trip = fixture::conversation(3, "Trip");
    trip.muted = true;
    stage.app.arrive(Arrival::Conversation(trip.id, Some(Box::new(trip))));
    assert_eq!(told(stage.effects()), None);
    stage.app.options.notify_text = true;
    stage.event(Event::Message { group: fixture::group(2), message: MessageId([9; 16]), new: true });
    stage.app.arrive(Arrival::Conversation(bob.id, Some(Box::new(bob))));
    assert_eq!(told(stage.effects()).as_deref(), Some("Bob: the secret"));
}

#[test]
fn drafts_wait() {
    let mut stage = Stage::talking(80, 24);
    stage.write("half a thou").press("alt+down");
    assert_eq!(stage.app.place, Some(Place::Conversation(fixture::group(2))));
    assert!(stage.draw().contains("Draft: half a thou"));
    stage.press("alt+up");
    assert_eq!(stage.app.composer.editor.text(), "half a thou");
}

#[test]
fn the_mouse_does_what_keys_do() {
    let mut stage = Stage::new(80, 24);
    stage.click(|target| *target == Target::Place(Place::Conversation(fixture::group(1))));
    assert_eq!(stage.app.group(), Some(fixture::group(1)));
    stage.page(fixture::talk());
    stage.effects();
    let answer = fixture::message(2, 0, "").id;
    stage.click(|target| matches!(target, Target::React(id, emoji) if *id == answer && emoji == "👍"));
    assert!(stage.commands().iter().any(|command| matches!(command, Command::React { emoji, .. } if emoji == "👍")));
    stage.mouse(MouseEventKind::ScrollUp, 60, 10);
    assert!(!stage.app.thread.as_ref().unwrap().at_end());
    stage.click(|target| *target == Target::Title);
    assert!(stage.draw().contains("Safety number"));
    stage.click(|target| *target == Target::Outside);
    assert!(!stage.draw().contains("Safety number"));
}

#[test]
fn a_conversation_that_is_gone_is_left() {
    let mut stage = Stage::talking(80, 24);
    let mut world = fixture::world();
    world.conversations.remove(0);
    stage.app.arrive(Arrival::Overview(Box::new(world)));
    stage.draw();
    assert_eq!(stage.app.place, None);
}

#[test]
#[allow(clippy::disallowed_methods, reason = "it measures")]
fn drawing_costs_the_same_however_long_the_history_is() {
    let mut world = fixture::world();
    world.conversations = (1..=200).map(|number| fixture::conversation(number, &format!("Person {number}"))).collect();
    let begin = std::time::Instant::now();
    let mut stage = Stage::with(120, 40, Options::default(), world);
    let first = begin.elapsed();
    stage.press("enter");
    let page = |stage: &mut Stage, lower: u32| {
        let messages =
            (lower..lower + 60).map(|number| fixture::message(number, 1, "A line of some words, as people write"));
        let before = stage.app.thread.as_ref().unwrap().messages().next().map(|message| message.order.clone());
        stage.app.arrive(Arrival::Page { group: fixture::group(1), before, limit: 60, messages: messages.collect() });
    };
    // The quickest of some: the others tell what else the machine had to do.
    let cost = |stage: &mut Stage| {
        let drawn = (0..20).map(|_| {
            let begin = std::time::Instant::now();
            drop(stage.draw());
            begin.elapsed()
        });
        drawn.min().unwrap_or_default()
    };
    page(&mut stage, 50_000);
    let short = cost(&mut stage);
    // 50,000 messages are read, page after page.
    for lower in (0..50_000).step_by(60).rev().skip(1) {
        page(&mut stage, lower);
        stage.app.scroll(true, 80);
    }
    let (long, kept) = (cost(&mut stage), stage.app.thread.as_ref().unwrap().messages().len());
    println!("first screen with 200 conversations: {first:?}; a drawing: {short:?}; after 50,000 messages: {long:?}");
    assert!((1_000..=crate::screen::thread::MAX_KEPT).contains(&kept), "{kept}");
    assert!(long < short * 4 + std::time::Duration::from_millis(20), "{short:?} {long:?}");
}
