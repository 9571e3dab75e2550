//! Live channels: memory only, for those who are there.

use crate::house::{DEADLINE, House, alice, bob, next};
use std::sync::Arc;
use tidings_core::{Caller, Key, PeerLink, Refusal, StreamKind, StreamName};
use tidings_engine::Post;

fn channel(name: &[u8]) -> StreamName {
    StreamName::named(StreamKind::Channel, name).unwrap()
}

fn direct(key: Key) -> StreamName {
    StreamName::direct(&key)
}

#[tokio::test]
async fn those_who_joined_hear_it_and_the_disk_does_not() {
    let house = House::new();
    let lobby = channel(b"lobby");
    let written = house.written();
    assert_eq!(house.post(&lobby, "nobody is there").await, Err(Refusal::NotAccepted));
    let mut one = house.join(&lobby).await;
    assert_eq!(house.post(&lobby, "a stranger").await, Err(Refusal::NotAccepted));
    let elsewhere = channel(b"elsewhere");
    let other = house.join(&elsewhere).await;
    assert_eq!(other.membership(&lobby).map(|_| ()), None);
    let foreign = other.membership(&elsewhere).unwrap();
    assert_eq!(house.say(foreign, &lobby, "from elsewhere").await, Err(Refusal::NotAccepted));
    let mine = one.membership(&lobby).unwrap();
    house.say(mine.clone(), &lobby, "first").await.unwrap();
    let mut two = house.join(&lobby).await;
    house.say(mine.clone(), &lobby, "second").await.unwrap();
    assert_eq!(next(&mut one).await, (0, vec!["first".to_owned(), "second".to_owned()]));
    assert_eq!(next(&mut two).await, (0, vec!["second".to_owned()]), "there is no past");
    let waiting = tokio::spawn(async move { next(&mut two).await });
    house.say(mine.clone(), &lobby, "third").await.unwrap();
    assert_eq!(waiting.await.unwrap().1, ["third"]);
    assert!(one.leave(&lobby) && !one.leave(&lobby));
    let _other = house.join(&lobby).await;
    assert_eq!(house.say(mine, &lobby, "one who has left").await, Err(Refusal::NotAccepted));
    assert_eq!(house.written(), written, "nothing was written");
}

#[tokio::test]
async fn who_lags_is_told_how_much_was_missed() {
    let house = House::new();
    let lobby = channel(b"lobby");
    let mut slow = house.join(&lobby).await;
    for number in 0..5000 {
        house.say(slow.membership(&lobby).unwrap(), &lobby, &number.to_string()).await.unwrap();
    }
    let (missed, mut texts) = next(&mut slow).await;
    assert_eq!((missed, texts.first().map(String::as_str)), (904, Some("904")));
    while texts.len() < 4096 {
        let (missed, more) = next(&mut slow).await;
        assert_eq!(missed, 0);
        texts.extend(more);
    }
    assert_eq!(texts.last().map(String::as_str), Some("4999"));
    house.say(slow.membership(&lobby).unwrap(), &lobby, "on").await.unwrap();
    assert_eq!(next(&mut slow).await, (0, vec!["on".to_owned()]));
}

#[tokio::test]
async fn what_is_said_to_a_key_reaches_its_sessions_alone() {
    let house = House::new();
    let (mut phone, mut desk) = (house.join(&direct(alice())).await, house.join(&direct(alice())).await);
    let mut other = house.join(&direct(bob())).await;
    house.post(&direct(alice()), "to alice").await.unwrap();
    house.post(&direct(bob()), "to bob").await.unwrap();
    house.post(&direct(crate::house::person(99)), "to nobody").await.unwrap();
    assert_eq!(next(&mut phone).await.1, ["to alice"]);
    assert_eq!(next(&mut desk).await.1, ["to alice"]);
    assert_eq!(next(&mut other).await.1, ["to bob"]);
}

#[tokio::test]
async fn a_session_is_spared_what_it_said_itself() {
    let house = House::new();
    let lobby = channel(b"lobby");
    let (mut one, mut two) = (house.join(&lobby).await, house.join(&lobby).await);
    let draft = house.draft(&lobby, "mine");
    one.sent(draft.id);
    let joined = one.membership(&lobby);
    let post = Post { caller: Caller::Key(bob()), drafts: vec![draft], joined, blob: None };
    house.engine.accept(post, house.now()).await.unwrap().pop().unwrap().unwrap();
    house.say(two.membership(&lobby).unwrap(), &lobby, "yours").await.unwrap();
    assert_eq!(next(&mut two).await.1, ["mine", "yours"]);
    assert_eq!(next(&mut one).await.1, ["yours"]);
}

/// Servers that flood each other: what came from one is told to all but it, once, whether somebody here follows it or not.
#[tokio::test]
async fn what_passes_is_told_to_relays_once() {
    let house = House::new();
    let (lobby, empty) = (channel(b"lobby"), channel(b"empty"));
    let mut one = house.join(&lobby).await;
    house.say(one.membership(&lobby).unwrap(), &lobby, "before").await.unwrap();
    let mut relay = house.engine.live();
    let link = Caller::Peer(PeerLink(3));
    let mut draft = house.draft(&lobby, "by a peer");
    for expected in [Ok(()), Err(Refusal::Duplicate)] {
        assert_eq!(house.bring(link, draft.clone()).await.map(|_| ()), expected);
    }
    draft = house.draft(&empty, "for nobody here");
    house.bring(link, draft).await.unwrap();
    house.say(one.membership(&lobby).unwrap(), &lobby, "here").await.unwrap();
    for (stream, source) in [(&lobby, link), (&empty, link), (&lobby, Caller::Key(bob()))] {
        let (passing, missed) = tokio::time::timeout(DEADLINE, relay.next()).await.unwrap().unwrap();
        assert_eq!((&passing.stream, passing.source, missed), (stream, source, 0));
    }
    assert_eq!(next(&mut one).await.1, ["before", "by a peer", "here"]);
    let inbox = StreamName::inbox(&alice());
    assert_eq!(house.bring(link, house.draft(&inbox, "x")).await, Err(Refusal::NotAccepted));
}

/// The last one leaves in the moment in which another comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_joins_while_the_last_one_leaves_hears_what_follows() {
    let house = Arc::new(House::new());
    let lobby = channel(b"lobby");
    for round in 0..2_000 {
        let leaving = house.join(&lobby).await;
        house.say(leaving.membership(&lobby).unwrap(), &lobby, "before").await.unwrap();
        house.say(leaving.membership(&lobby).unwrap(), &lobby, "before").await.unwrap();
        let left = tokio::spawn(async move { drop(leaving) });
        let mut coming = house.join(&lobby).await;
        left.await.unwrap();
        house.say(coming.membership(&lobby).unwrap(), &lobby, &round.to_string()).await.unwrap();
        assert_eq!(next(&mut coming).await, (0, vec![round.to_string()]), "round {round}");
    }
}
