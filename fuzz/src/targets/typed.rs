//! What a person types, scans or pastes, perhaps from somebody else: links, codes, phrases, nodes, safety numbers, keys of piqchat. The first
//! byte says how the text is begun, so that all parsers are reached.

use tidings_client::invitation::Link;
use tidings_client::keys::read_box_key;
use tidings_client::link::LinkCode;
use tidings_client::phrase::Phrase;
use tidings_client::profile::Name;
use tidings_client::view::Identity;
use tidings_client::{node_url, safety};

pub(super) fn run(data: &[u8]) {
    let Some((begin, data)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(data) else { return };
    let before = [
        "",
        "https://node.example/i#1.",
        "https://node.example/i#1..",
        "https://node.example/r#1.",
        "https://",
        "node.example/",
    ];
    let text = format!("{}{text}", before[usize::from(*begin) % before.len()]);
    match Link::parse(&text) {
        Ok(Link::Contact(link)) => assert_eq!(link.text().0, text.trim()),
        Ok(Link::Room(link)) => assert_eq!(link.text().0, text.trim()),
        Ok(Link::Account(link)) => assert_eq!(link.text().0, text.trim()),
        Err(_) => {}
    }
    if let Ok(code) = LinkCode::parse(&text) {
        assert!(
            LinkCode::parse(&code.text().0).is_ok_and(|again| again.secret == code.secret && again.node == code.node)
        );
    }
    if let Ok(phrase) = Phrase::parse(&text) {
        assert!(Phrase::parse(&phrase.text().0).is_ok());
    }
    if let Some(node) = node_url::from_typed(&text) {
        assert_eq!(node_url::from_typed(&node).as_ref(), Some(&node));
    }
    if let Some(name) = Name::parse(&text) {
        assert_eq!(name.text(), text);
    }
    let _ = read_box_key(&text);
    let (a, b) = (Identity([1; 32]), Identity([2; 32]));
    assert!(!safety::fits(&text, &a, &b) || text.contains(char::is_numeric));
}
