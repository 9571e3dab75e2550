//! Going to conversations by their names, and what stands above them.

use super::*;

/// A screen with further conversations, numbered from 20.
fn among(titles: &[&str]) -> Stage {
    let mut world = fixture::world();
    let further = (20..).zip(titles).map(|(number, title)| fixture::conversation(number, title));
    world.conversations.extend(further);
    Stage::with(80, 24, Options::default(), world)
}

#[test]
fn one_goes_where_one_joins_and_with_one_enter() {
    let mut stage = Stage::talking(80, 24);
    stage.write("/join #lobby").press("enter");
    let effects = stage.effects();
    let Some(Effect::Command(purpose, Command::JoinChannel { .. })) = effects.last() else { panic!("{effects:?}") };
    stage.app.arrive(Arrival::Done(purpose.clone(), Done::Well));
    assert!(stage.draw().contains("You are in #lobby. It is public and not encrypted."));
    stage.write("hello").press("enter");
    assert!(matches!(stage.commands().last(), Some(Command::SayInChannel { channel, .. }) if channel == "lobby"));
    stage.write("/go ali").press("enter");
    assert_eq!(stage.app.place, Some(Place::Conversation(fixture::group(1))));
}

#[test]
fn which_of_several_names_is_meant_says_the_person() {
    let at = |stage: &Stage| stage.app.place.clone();
    let mut stage = among(&["Carols", "Carol Ann"]);
    stage.write("/go carol").press("enter");
    assert!(stage.draw().contains("\"carol\" could be Carols, Carol Ann"), "{}", stage.draw());
    assert_eq!((stage.app.composer.editor.text(), at(&stage)), ("/go carol", None));
    stage.write(" a");
    assert!(!stage.draw().contains("Alice  "), "a name with a blank is one name: {}", stage.draw());
    stage.press("enter");
    assert_eq!(at(&stage), Some(Place::Conversation(fixture::group(21))));
    stage.write("/go car").press("down enter");
    assert_eq!(at(&stage), Some(Place::Conversation(fixture::group(21))), "chosen with a key");
    let mut stage = among(&["Carols", "Carol Ann", "Carol"]);
    stage.write("/go carol").press("enter");
    assert_eq!(at(&stage), Some(Place::Conversation(fixture::group(22))), "written out is meant");
}

#[test]
fn a_long_warning_is_read_and_always_says_where_the_rest_is() {
    let mut world = fixture::world();
    let long = "your node showed an old list of your devices, as a node does that was restored from a backup; it was given the new \
                one. If nobody restored it, ask who runs it";
    world.me.as_mut().unwrap().warnings = vec![long.to_owned(), "another".to_owned()];
    let first = |screen: &str, rows: usize| screen.lines().take(rows).collect::<Vec<_>>().join(" ");
    let screen = Stage::with(80, 24, Options::default(), world.clone()).draw();
    assert!(first(&screen, 3).contains("If nobody restored it, ask who runs it (and 1 more) · /warnings"), "{screen}");
    let screen = Stage::with(40, 12, Options::default(), world).draw();
    assert!(first(&screen, 1).ends_with("… (and 1 more) · /warnings"), "{screen}");
}

#[test]
fn a_command_without_arguments_needs_one_enter_and_the_menu_has_all_that_letters_do() {
    let mut stage = Stage::talking(80, 24);
    stage.write("/warn").press("enter");
    assert!(stage.draw().contains("What you should know"), "{}", stage.draw());
    stage.press("esc up m");
    let menu = stage.draw();
    assert!(
        ["Reply", "React", "Change", "Delete for everybody", "Copy"].iter().all(|row| menu.contains(row)),
        "{menu}"
    );
    stage.press("down down down enter");
    assert!(stage.draw().contains("Delete your message \"On my way\" for everybody?"), "{}", stage.draw());
}
