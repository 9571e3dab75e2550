//! Groups at their hub: turns, members, repetition, followers, and what goes when.

use crate::house::{DEADLINE, House, until};
use crate::native::{key, settle};
use std::time::Duration;
use tidings_core::group::{self, Commit, GroupId, LostTurn, Member, NewEntry, NewGroup, Role, group_stream};
use tidings_core::parcel::Placed;
use tidings_core::{Key, Policies, Refusal, Seq};
use tidings_engine::{Error, Settings, Subscriber};

pub const TEA: GroupId = [9; 16];

pub fn member(number: u32, role: Role) -> Member {
    Member { key: key(number), role }
}

/// A house with an account and a group of an owner 1, a moderator 2 and a member 3.
pub async fn tea() -> House {
    tea_with(Settings::default()).await
}

async fn tea_with(settings: Settings) -> House {
    let house = House::with(settings);
    settle(&house, 100, &[101]).await;
    make(&house, TEA, &[member(1, Role::Owner), member(2, Role::Moderator), member(3, Role::Member)]).await.unwrap();
    house
}

pub async fn make(house: &House, group: GroupId, members: &[Member]) -> Result<(), Error> {
    begin(house, group, members, (0, 0)).await
}

/// Makes a group that begins at a turn and after a number.
async fn begin(house: &House, group: GroupId, members: &[Member], from: (u64, u64)) -> Result<(), Error> {
    let (turn, end) = from;
    let info = format!("info {turn}").into_bytes();
    let new = NewGroup { account: key(100), group, members: members.to_vec(), info, turn, end };
    house.engine.create_group(new, house.now()).await
}

pub fn message(caller: u32, id: u8, turn: u64) -> NewEntry {
    let body = format!("message {id}").into_bytes();
    NewEntry { group: TEA, caller: key(caller), id: [id; 16], turn, body, commit: None, notify: true }
}

fn commit(caller: u32, id: u8, turn: u64, add: &[Member], remove: &[u32]) -> NewEntry {
    let info = format!("info {turn}").into_bytes();
    let remove = remove.iter().map(|number| key(*number)).collect();
    NewEntry { commit: Some(Commit { info, add: add.to_vec(), remove }), ..message(caller, id, turn) }
}

async fn append(house: &House, entry: NewEntry) -> Result<Result<Placed, LostTurn>, Error> {
    house.engine.append_entry(entry, house.now()).await
}

async fn appended(house: &House, entry: NewEntry) -> u64 {
    match append(house, entry).await.unwrap() {
        Ok(placed) => placed.number,
        Err(lost) => panic!("the turn is {}", lost.turn),
    }
}

async fn refused(house: &House, entry: NewEntry) -> bool {
    matches!(append(house, entry).await, Err(Error::Refused(Refusal::NotAccepted)))
}

/// The ids of what comes next.
async fn next(session: &mut Subscriber) -> Vec<u8> {
    let news = tokio::time::timeout(DEADLINE, session.next()).await.expect("the session sleeps").unwrap();
    news.batch.items.iter().map(|item| group::view(&item.envelope).unwrap().id[0]).collect()
}

#[tokio::test]
async fn commits_take_turns_and_losers_learn_who_won() {
    let house = tea().await;
    assert_eq!(appended(&house, message(3, 1, 0)).await, 1);
    assert_eq!(appended(&house, commit(1, 2, 1, &[], &[])).await, 2);
    let lost = append(&house, commit(3, 3, 1, &[], &[])).await.unwrap().err().unwrap();
    let winner = lost.winner.unwrap();
    let winner = group::view(&winner).unwrap();
    assert_eq!((lost.turn, lost.end, winner.id, winner.turn, winner.commit), (1, 2, [2; 16], 1, true));
    let lost = append(&house, commit(3, 3, 3, &[], &[])).await.unwrap().err().unwrap();
    assert!(lost.winner.is_none() && lost.turn == 1, "nobody has the third turn yet");
    for turn in 2..=5 {
        appended(&house, commit(3, 10 + turn as u8, turn, &[], &[])).await;
    }
    for (turn, kept) in [(5, true), (2, true), (1, false), (6, false)] {
        let outcome = append(&house, message(3, 30 + turn as u8, turn)).await.unwrap();
        assert_eq!(outcome.is_ok(), kept, "a message of turn {turn} at turn 5");
    }
    let view = house.engine.group(&TEA, key(3)).await.unwrap();
    assert_eq!((view.turn, view.end, view.first, view.info_turn), (5, 8, 1, 5));
    assert_eq!(view.info, b"info 5");
    house.intact().await;
}

#[tokio::test]
async fn a_group_that_was_lost_goes_on_where_it_was() {
    let house = House::with(Settings::default());
    settle(&house, 100, &[101]).await;
    let members = [member(1, Role::Owner), member(3, Role::Member)];
    begin(&house, TEA, &members, (7, 40)).await.unwrap();
    begin(&house, TEA, &members, (7, 40)).await.unwrap();
    assert!(matches!(begin(&house, TEA, &members, (6, 40)).await, Err(Error::Exists)));
    let view = house.engine.group(&TEA, key(3)).await.unwrap();
    assert_eq!((view.turn, view.end, view.first, view.info_turn), (7, 40, 41, 7));
    assert_eq!(appended(&house, message(3, 1, 7)).await, 41);
    assert_eq!(appended(&house, commit(1, 2, 8, &[], &[])).await, 42);
    let view = house.engine.group(&TEA, key(3)).await.unwrap();
    assert_eq!((view.turn, view.end, view.first), (8, 42, 41));
    for from in [(1 << 32, 0), (0, 1 << 32)] {
        assert!(matches!(begin(&house, [8; 16], &members, from).await, Err(Error::Malformed(_))));
    }
    house.intact().await;
}

#[tokio::test]
async fn the_same_entry_is_there_once() {
    let house = tea().await;
    let first = append(&house, commit(1, 2, 1, &[member(4, Role::Member)], &[])).await.unwrap().ok().unwrap();
    house.pass(Duration::from_secs(9));
    let again = append(&house, commit(1, 2, 1, &[member(4, Role::Member)], &[])).await.unwrap().ok().unwrap();
    assert_eq!(first, again);
    assert!(matches!(append(&house, commit(1, 2, 1, &[], &[])).await, Err(Error::Exists)));
    assert!(matches!(append(&house, message(1, 2, 1)).await, Err(Error::Exists)));
    make(&house, [8; 16], &[member(1, Role::Owner)]).await.unwrap();
    make(&house, [8; 16], &[member(1, Role::Owner)]).await.unwrap();
    let elsewhere = NewEntry { group: [8; 16], ..message(1, 2, 0) };
    assert_eq!(appended(&house, elsewhere).await, 1, "ids of one group are free in another");
    assert!(matches!(make(&house, [8; 16], &[member(2, Role::Owner)]).await, Err(Error::Exists)));
    house.intact().await;
}

#[tokio::test]
async fn members_change_as_their_roles_allow() {
    let house = tea().await;
    let member_of = async |number| house.engine.member(&TEA, &key(number)).await.unwrap();
    assert!(refused(&house, message(4, 1, 0)).await);
    assert!(refused(&house, commit(3, 1, 1, &[member(4, Role::Member)], &[])).await);
    assert!(refused(&house, commit(2, 1, 1, &[member(4, Role::Moderator)], &[])).await);
    assert!(refused(&house, commit(2, 1, 1, &[], &[1])).await);
    appended(&house, commit(2, 1, 1, &[member(4, Role::Member)], &[3])).await;
    assert_eq!((member_of(4).await, member_of(3).await), (Some(Role::Member), None));
    assert!(refused(&house, message(3, 2, 1)).await);
    assert!(house.engine.entries(&TEA, key(3), Seq::START).await.is_err());
    appended(&house, commit(4, 2, 2, &[], &[3])).await;
    let mut session = house.engine.subscriber();
    session.resume(group_stream(&TEA), Seq::from_number(100));
    assert!(next(&mut session).await.is_empty());
    house.engine.leave_group(&TEA, key(1)).await.unwrap();
    assert!(next(&mut session).await.is_empty(), "who follows is called, to look whether they still may");
    assert!(matches!(house.engine.leave_group(&TEA, key(1)).await, Err(Error::Refused(Refusal::NotAccepted))));
    appended(&house, commit(4, 3, 3, &[member(2, Role::Owner)], &[])).await;
    assert_eq!(member_of(2).await, Some(Role::Owner), "without an owner anybody makes one");
    assert!(refused(&house, commit(4, 4, 4, &[member(4, Role::Owner)], &[])).await);
    let twice = commit(2, 4, 4, &[member(4, Role::Owner)], &[4]);
    assert!(matches!(append(&house, twice).await, Err(Error::Malformed(_))));
    let many: Vec<_> = (0..999).map(|number| member(1000 + number, Role::Member)).collect();
    assert!(matches!(append(&house, commit(2, 4, 4, &many, &[])).await, Err(Error::TooLarge)));
    appended(&house, commit(2, 4, 4, &many[..998], &[])).await;
    assert_eq!(house.engine.group(&TEA, key(4)).await.unwrap().members.len(), 1000);
    house.intact().await;
}

#[tokio::test]
async fn followers_get_everything_from_their_cursor_on() {
    let house = tea().await;
    appended(&house, message(1, 1, 0)).await;
    appended(&house, message(1, 2, 0)).await;
    let mut session = house.engine.subscriber();
    assert_eq!(house.engine.group_place(&TEA, &key(3)).await.unwrap(), Some((Seq::from_number(2), 0)));
    session.resume(group_stream(&TEA), Seq::from_number(1));
    assert_eq!(next(&mut session).await, [2]);
    appended(&house, commit(2, 3, 1, &[], &[3])).await;
    assert_eq!(house.engine.member(&TEA, &key(3)).await.unwrap(), None, "before its session hears of the commit");
    assert_eq!(next(&mut session).await, [3]);
    let (batch, end, turn) = house.engine.entries(&TEA, key(1), Seq::START).await.unwrap();
    assert_eq!((batch.items.len(), end.number(), turn), (3, 3, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_miss_nothing_and_see_nothing_twice_while_many_write() {
    let house = tea().await;
    let (writers, each) = (8u8, 60u8);
    let mut sessions: Vec<_> = (0..20).map(|_| house.follow(&group_stream(&TEA))).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..writers {
        let (engine, now) = (house.engine.clone(), house.now());
        tasks.spawn(async move {
            for number in 0..each {
                let mut entry = message(1, 0, 0);
                (entry.id[0], entry.id[1]) = (writer, number);
                engine.append_entry(entry, now).await.unwrap().ok().unwrap();
            }
        });
    }
    let all = i64::from(writers) * i64::from(each);
    for session in &mut sessions {
        let mut seen = 0;
        while seen < all {
            let news = tokio::time::timeout(DEADLINE, session.next()).await.expect("the session sleeps").unwrap();
            for item in &news.batch.items {
                seen += 1;
                assert_eq!(item.envelope.seq.number(), seen);
            }
        }
    }
    tasks.join_all().await;
}

#[tokio::test]
async fn of_many_commits_for_one_turn_one_wins() {
    let house = tea().await;
    let mut tasks = tokio::task::JoinSet::new();
    for id in 0..40 {
        let (engine, now) = (house.engine.clone(), house.now());
        tasks.spawn(async move { engine.append_entry(commit(1, id, 1, &[], &[]), now).await.unwrap().is_ok() });
    }
    let won = tasks.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
    assert_eq!(house.engine.group(&TEA, key(1)).await.unwrap().end, 1);
    house.intact().await;
}

#[tokio::test]
async fn entries_live_90_days_and_silent_groups_a_year() {
    let house = tea().await;
    let days = |days: u64| Duration::from_secs(days * 86_400);
    appended(&house, message(1, 1, 0)).await;
    house.pass(days(60));
    appended(&house, commit(1, 2, 1, &[], &[])).await;
    house.pass(days(31));
    assert_eq!(house.engine.sweep(house.now()).await.unwrap().envelopes, 1);
    let view = house.engine.group(&TEA, key(1)).await.unwrap();
    assert_eq!((view.first, view.end, view.turn), (2, 2, 1));
    house.pass(days(90));
    house.engine.sweep(house.now()).await.unwrap();
    let view = house.engine.group(&TEA, key(1)).await.unwrap();
    assert_eq!((view.first, view.end, view.turn), (3, 2, 1), "numbers go on");
    assert_eq!(appended(&house, message(1, 3, 1)).await, 3);
    house.intact().await;
    house.engine.seen(Key::Ed25519(key(100)), None, house.now()).await.unwrap();
    house.pass(days(91));
    house.engine.sweep(house.now()).await.unwrap();
    assert!(house.engine.group(&TEA, key(1)).await.is_ok());
    house.pass(days(365 - 91 - 90));
    house.engine.sweep(house.now()).await.unwrap();
    assert!(house.engine.group(&TEA, key(1)).await.is_err());
    house.intact().await;
    make(&house, TEA, &[member(1, Role::Owner)]).await.unwrap();
}

#[tokio::test]
async fn a_group_outlives_its_makers_account_while_it_is_used() {
    let house = tea().await;
    appended(&house, message(1, 1, 0)).await;
    house.engine.delete_account(Key::Ed25519(key(100))).await.unwrap();
    house.engine.sweep(house.now()).await.unwrap();
    assert_eq!(appended(&house, message(3, 2, 0)).await, 2);
    house.intact().await;
    house.pass(Duration::from_secs(91 * 86_400));
    assert_eq!(house.engine.sweep(house.now()).await.unwrap().groups, 1);
    assert!(house.engine.member(&TEA, &key(1)).await.unwrap().is_none());
    house.intact().await;
}

#[tokio::test]
async fn only_an_owner_ends_a_group() {
    let house = tea().await;
    appended(&house, message(1, 1, 0)).await;
    assert!(house.engine.end_group(&TEA, key(2)).await.is_err());
    let mut session = house.engine.subscriber();
    session.resume(group_stream(&TEA), Seq::START);
    assert_eq!(next(&mut session).await, [1]);
    house.engine.end_group(&TEA, key(1)).await.unwrap();
    assert!(next(&mut session).await.is_empty(), "who follows is called, to look whether they still may");
    assert!(refused(&house, message(1, 2, 0)).await);
    assert!(house.engine.entries(&TEA, key(1), Seq::START).await.is_err());
    house.engine.sweep(house.now()).await.unwrap();
    house.intact().await;
    assert_eq!(house.engine.statistics(house.now()).await.unwrap().group_entries, 0);
}

#[tokio::test]
async fn a_group_made_anew_under_the_same_name_knows_nothing_of_the_old_one() {
    let house = tea().await;
    for id in 1..=3 {
        appended(&house, message(1, id, 0)).await;
    }
    house.engine.end_group(&TEA, key(1)).await.unwrap();
    make(&house, TEA, &[member(1, Role::Owner)]).await.unwrap();
    // The old entries are deleted later; the same one as one of them is none of them.
    assert_eq!(appended(&house, message(1, 2, 0)).await, 1);
    let (batch, end, _) = house.engine.entries(&TEA, key(1), Seq::START).await.unwrap();
    assert_eq!((batch.items.len(), end), (1, Seq::from_number(1)));
    house.intact().await;
    house.engine.sweep(house.now()).await.unwrap();
    house.intact().await;
    assert_eq!(house.engine.statistics(house.now()).await.unwrap().group_entries, 1);
}

#[tokio::test]
async fn budgets_hold_for_a_group_and_for_all_of_an_account() {
    let mut policies = Policies::default();
    policies.group.stream.count = 3;
    policies.group.sender.bytes = 400;
    let house = tea_with(Settings { policies, ..Settings::default() }).await;
    for id in 1..=3 {
        appended(&house, message(1, id, 0)).await;
    }
    assert!(matches!(append(&house, message(1, 4, 0)).await, Err(Error::Refused(Refusal::StreamFull))));
    make(&house, [8; 16], &[member(1, Role::Owner)]).await.unwrap();
    let large = NewEntry { group: [8; 16], body: vec![0; 280], ..message(1, 5, 0) };
    assert!(matches!(append(&house, large).await, Err(Error::Refused(Refusal::StreamFull))));
    house.engine.end_group(&TEA, key(1)).await.unwrap();
    let large = NewEntry { group: [8; 16], body: vec![0; 280], ..message(1, 5, 0) };
    appended(&house, large).await;
    house.intact().await;
}

/// What another process changes is seen when its hint comes.
#[tokio::test]
async fn other_processes_learn_of_changes() {
    let house = tea().await;
    assert!(house.engine.member(&TEA, &key(3)).await.unwrap().is_some());
    let other = house.another_process(std::sync::Arc::new(tidings_backends::LocalBus::new()));
    assert!(other.member(&TEA, &key(3)).await.unwrap().is_some());
    house.listen().await;
    other.append_entry(commit(1, 1, 1, &[], &[3]), house.now()).await.unwrap().ok().unwrap();
    house.tell(tidings_core::Hint::Stream(group_stream(&TEA)));
    crate::house::until("the hint is taken up", async || house.engine.member(&TEA, &key(3)).await.unwrap().is_none())
        .await;
}

#[tokio::test]
async fn who_left_is_gone_even_if_nobody_waited_for_the_answer() {
    let house = tea().await;
    assert!(house.engine.member(&TEA, &key(3)).await.unwrap().is_some(), "it is remembered");
    tokio::select! {
        biased;
        _ = house.engine.leave_group(&TEA, key(3)) => panic!("the store answers from another thread"),
        // Asked once, and then the connection breaks.
        () = std::future::ready(()) => {}
    }
    let gone = async || house.engine.member(&TEA, &key(3)).await.unwrap().is_none();
    until("the key is no member any more", gone).await;
}
