//! Live channels: memory only, for those who are there.

use crate::house::{House, next};
use std::sync::Arc;
use tidings_core::{Refusal, Seq, StreamKind, StreamName};

fn channel(name: &[u8]) -> StreamName {
    StreamName::named(StreamKind::Channel, name).unwrap()
}

#[tokio::test]
async fn those_who_joined_hear_it_and_the_disk_does_not() {
    let house = House::new();
    house.listen().await;
    let lobby = channel(b"lobby");
    let written = house.written();
    assert_eq!(house.post(&lobby, "nobody is there").await, Err(Refusal::NotAccepted));
    let mut one = house.engine.follow(lobby.clone(), Seq::START);
    assert_eq!(house.post(&lobby, "a stranger").await, Err(Refusal::NotAccepted));
    let elsewhere = house.engine.follow(channel(b"elsewhere"), Seq::START);
    assert_eq!(house.say(elsewhere.membership(), &lobby, "from elsewhere").await, Err(Refusal::NotAccepted));
    house.say(one.membership(), &lobby, "first").await.unwrap();
    let mut two = house.engine.follow(lobby.clone(), Seq::START);
    house.say(one.membership(), &lobby, "second").await.unwrap();
    assert_eq!(next(&mut one).await, (0, vec!["first".to_owned(), "second".to_owned()]));
    assert_eq!(next(&mut two).await, (0, vec!["second".to_owned()]), "there is no past");
    let waiting = tokio::spawn(async move { next(&mut two).await });
    house.say(one.membership(), &lobby, "third").await.unwrap();
    assert_eq!(waiting.await.unwrap().1, ["third"]);
    let former = one.membership();
    drop(one);
    let _other = house.engine.follow(lobby.clone(), Seq::START);
    assert_eq!(house.say(former, &lobby, "one who has left").await, Err(Refusal::NotAccepted));
    assert_eq!(house.written(), written, "nothing was written");
}

#[tokio::test]
async fn who_lags_is_told_how_much_was_missed() {
    let house = House::new();
    let lobby = channel(b"lobby");
    let mut slow = house.engine.follow(lobby.clone(), Seq::START);
    for number in 0..300 {
        house.say(slow.membership(), &lobby, &number.to_string()).await.unwrap();
    }
    let (missed, texts) = next(&mut slow).await;
    assert_eq!((missed, texts.len()), (44, 256));
    assert_eq!(texts.last().map(String::as_str), Some("299"));
    house.say(slow.membership(), &lobby, "on").await.unwrap();
    assert_eq!(next(&mut slow).await, (0, vec!["on".to_owned()]));
}

/// The last one leaves in the moment in which another comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_joins_while_the_last_one_leaves_hears_what_follows() {
    let house = Arc::new(House::new());
    house.listen().await;
    let lobby = channel(b"lobby");
    for round in 0..2_000 {
        let leaving = house.engine.follow(lobby.clone(), Seq::START);
        house.say(leaving.membership(), &lobby, "before").await.unwrap();
        house.say(leaving.membership(), &lobby, "before").await.unwrap();
        let left = tokio::spawn(async move { drop(leaving) });
        let mut coming = house.engine.follow(lobby.clone(), Seq::START);
        left.await.unwrap();
        house.say(coming.membership(), &lobby, &round.to_string()).await.unwrap();
        assert_eq!(next(&mut coming).await, (0, vec![round.to_string()]), "round {round}");
    }
}
