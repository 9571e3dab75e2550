use super::*;
use crate::view::Identity;
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

struct Person {
    key: SigningKey,
    card: Signed<Card>,
    devices: Signed<DeviceList>,
}

fn signed<T: Body>(body: T, key: &SigningKey) -> Signed<T> {
    match Signed::sign(body, key) {
        Ok(signed) => signed,
        Err(error) => panic!("{error}"),
    }
}

fn person(n: u8, posting: Option<[u8; 32]>) -> Person {
    let key = SigningKey::from_bytes(&[n; 32]);
    let identity = Identity(key.verifying_key().to_bytes());
    let node = "https://node.example".to_owned();
    let card = Card { identity, node, inbox: [n; 32], name: "Ada".to_owned(), picture: None, counter: 1, posting };
    let device = tidings_wire::device_list::ProvenKey::new(
        &SigningKey::from_bytes(&[n.wrapping_add(100); 32]),
        &Fixed(identity.0),
    );
    let devices = DeviceList::first(Fixed(identity.0), device);
    Person { card: signed(card, &key), devices: signed(devices, &key), key }
}

fn offer(by: &Person, exchange: [u8; 16]) -> Offer {
    Offer {
        exchange,
        card: by.card.clone(),
        devices: by.devices.clone(),
        packages: vec![vec![1; 300]],
        expires: 9,
        incarnation: 1,
    }
}

fn answer(by: &Person, to: &Person, exchange: [u8; 16]) -> Answer {
    Answer {
        exchange,
        to: Fixed(to.card.identity.0),
        card: by.card.clone(),
        devices: by.devices.clone(),
        welcome: vec![2; 3000],
        group: GroupId([5; 16]),
        hub: "https://hub.example".to_owned(),
    }
}

#[test]
fn links_lead_back() {
    let secret = Invitation([7; 16]);
    for (token, tail) in [(None, ""), (Some(Secret("tok_EN-1".to_owned())), ".tok_EN-1")] {
        let link = InvitationLink { node: "https://node.example:8443".to_owned(), secret: secret.clone(), token };
        let text = link.text().0.clone();
        assert_eq!(text, format!("https://node.example:8443/i#1.BwcHBwcHBwcHBwcHBwcHBw{tail}"));
        let Ok(Link::Contact(read)) = Link::parse(&format!(" {text}\n")) else { panic!("{text}") };
        assert!(read.text().0 == text && read.secret == secret);
    }
    let account = AccountLink { node: "https://node.example".to_owned(), token: Secret("tok_EN-1".to_owned()) };
    let text = account.text().0.clone();
    assert_eq!(text, "https://node.example/i#1..tok_EN-1");
    assert!(matches!(Link::parse(&text), Ok(Link::Account(read)) if read.text().0 == text));
    let room = RoomLink { hub: "http://127.0.0.1:4000".to_owned(), group: GroupId([1; 16]), seal: [2; 32] };
    let text = room.text().0.clone();
    let Ok(Link::Room(read)) = Link::parse(&text) else { panic!("{text}") };
    assert_eq!((read.text().0.as_str(), read.group, read.seal), (text.as_str(), room.group, room.seal));
}

#[test]
fn what_is_no_link_says_why() {
    let good = "https://node.example/i#1.BwcHBwcHBwcHBwcHBwcHBw";
    assert!(Link::parse(good).is_ok());
    for (text, error) in [
        ("hello", LinkError::Form),
        ("https://node.example/x#1.BwcHBwcHBwcHBwcHBwcHBw", LinkError::Form),
        ("http://node.example/i#1.BwcHBwcHBwcHBwcHBwcHBw", LinkError::Node),
        ("https://node.example/a/i#1.BwcHBwcHBwcHBwcHBwcHBw", LinkError::Node),
        ("https://node.example/i#2.BwcHBwcHBwcHBwcHBwcHBw", LinkError::Version),
        ("https://node.example/i#1", LinkError::Cut),
        ("https://node.example/i#1..", LinkError::Cut),
        ("https://node.example/i#1.BwcHBwcHBwcHBwcHBw", LinkError::Cut),
        ("https://node.example/i#1.BwcHBwcHBwcHBwcHBwcHBw.", LinkError::Cut),
        ("https://node.example/i#1.BwcHBwcHBwcHBwcHBwcHBw.a b", LinkError::Cut),
        ("https://node.example/r#1.BwcHBwcHBwcHBwcHBwcHBw", LinkError::Cut),
    ] {
        assert_eq!(Link::parse(text).err(), Some(error), "{text}");
    }
}

#[test]
fn an_offer_and_its_answer_are_for_one_invitation() {
    let mut random = StdRng::seed_from_u64(8);
    let (ada, bob) = (person(1, Some([1; 32])), person(2, Some([2; 32])));
    let (one, other) = (Invitation([1; 16]), Invitation([2; 16]));
    let made = signed(offer(&ada, one.exchange_id()), &ada.key);
    let sealed = one.seal_offer(&made, &mut random);
    assert!(one.open_offer(&sealed).is_ok_and(|read| read == made && read.card.name == "Ada"));
    assert_eq!(other.open_offer(&sealed).err(), Some(InvitationError::Unreadable));
    assert_eq!(one.open_answer(&Fixed(ada.card.identity.0), &sealed).err(), Some(InvitationError::Unreadable));
    let again = other.seal_offer(&made, &mut random);
    assert_eq!(other.open_offer(&again).err(), Some(InvitationError::Other), "shown under another link");

    let made = signed(answer(&bob, &ada, one.exchange_id()), &bob.key);
    let sealed = one.seal_answer(&made, &mut random);
    assert!(one.open_answer(&Fixed(ada.card.identity.0), &sealed).is_ok_and(|read| read == made));
    assert_eq!(one.open_answer(&Fixed(bob.card.identity.0), &sealed).err(), Some(InvitationError::Other));
    let again = other.seal_answer(&made, &mut random);
    assert_eq!(other.open_answer(&Fixed(ada.card.identity.0), &again).err(), Some(InvitationError::Other));
}

#[test]
fn offers_and_answers_must_hang_together() {
    let (ada, bob, shy) = (person(1, Some([1; 32])), person(2, Some([2; 32])), person(1, None));
    let good = || offer(&ada, [0; 16]);
    for wrong in [
        Offer { packages: vec![], ..good() },
        Offer { packages: vec![vec![1], vec![2]], ..good() },
        Offer { packages: vec![vec![1; PACKAGE_BYTES_MAX + 1]], ..good() },
        Offer { devices: bob.devices.clone(), ..good() },
        Offer { card: shy.card.clone(), ..good() },
    ] {
        assert!(matches!(Signed::sign(wrong, &ada.key).err(), Some(SignedError::Rule(_))));
    }
    assert_eq!(Signed::sign(good(), &bob.key).err(), Some(SignedError::Signer));
    let good = || answer(&bob, &ada, [0; 16]);
    for wrong in [
        Answer { to: Fixed(bob.card.identity.0), ..good() },
        Answer { hub: "hub".to_owned(), ..good() },
        Answer { devices: ada.devices.clone(), ..good() },
    ] {
        assert!(matches!(Signed::sign(wrong, &bob.key).err(), Some(SignedError::Rule(_))));
    }
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "\\PC{0,100}") {
        let _ = Link::parse(&text);
        let _ = Link::parse(&format!("https://node.example/i#1.{text}"));
        let _ = Link::parse(&format!("https://node.example/r#1.{text}"));
    }

    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>) {
        prop_assert!(Signed::<Offer>::verify(&bytes).is_err());
        prop_assert!(Signed::<Answer>::verify(&bytes).is_err());
    }
}
