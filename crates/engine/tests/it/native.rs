//! Tidings' own clients: accounts with devices, inboxes, exchanges, profiles.

use crate::house::{DEADLINE, House};
use std::time::Duration;
use tidings_core::device::{DeviceList, PACKAGES_PER_DAY, PostingKey, PostingRight, Registration};
use tidings_core::exchange::ExchangeRefusal;
use tidings_core::parcel::{self, NewParcel, Placed};
use tidings_core::ports::native::inbox_of;
use tidings_core::swap::{SWAP_BYTES_MAX, SWAPS_BYTES_MAX};
use tidings_core::{AccountNews, Ed25519Key, Hint, Key, Refusal, Seq};
use tidings_engine::Error;

/// Some key.
pub fn key(number: u32) -> Ed25519Key {
    let mut bytes = [7; 32];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    Ed25519Key::from_bytes(bytes).unwrap()
}

/// A device list as a door gives it.
pub fn list(counter: u64, devices: &[u32]) -> DeviceList {
    let text = format!("list {counter} {devices:?}");
    DeviceList {
        list: text.into_bytes(),
        counter,
        devices: devices.iter().map(|number| key(*number)).collect(),
        anew: Vec::new(),
    }
}

/// Makes an account with these devices.
pub async fn settle(house: &House, identity: u32, devices: &[u32]) {
    let registration = Registration { identity: key(identity), devices: list(1, devices), token: None, open: true };
    house.engine.register_account(registration, house.now()).await.unwrap();
}

pub fn parcel(owner: u32, caller: u32, id: u8, body: &str) -> NewParcel {
    NewParcel { owner: key(owner), caller: key(caller), id: [id; 16], body: body.as_bytes().to_vec(), notify: true }
}

async fn post(house: &House, owner: u32, caller: u32, id: u8, body: &str) -> Result<Placed, Error> {
    house.engine.post_parcel(parcel(owner, caller, id, body), house.now()).await
}

async fn inbox(house: &House, owner: u32) -> Vec<(u64, String)> {
    let batch = house.engine.read(&inbox_of(&key(owner)), Seq::START).await.unwrap();
    let text = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
    let views = batch.items.iter().map(|item| parcel::view(&item.envelope).unwrap());
    views.map(|view| (view.number, text(view.body))).collect()
}

async fn allow(house: &House, owner: u32, keys: &[(u32, bool)]) {
    let keys = keys.iter().map(|(number, dropped)| PostingKey { key: key(*number), dropped: *dropped }).collect();
    house.engine.set_posting_keys(key(owner), keys, house.now()).await.unwrap();
}

#[tokio::test]
async fn an_account_is_made_once_by_a_token_or_where_anybody_may() {
    let house = House::new();
    let register = |identity, devices, token, open| {
        let registration = Registration { identity: key(identity), devices, token, open };
        house.engine.register_account(registration, house.now())
    };
    let refused = register(1, list(1, &[11]), None, false).await;
    assert!(matches!(refused, Err(Error::Refused(Refusal::NotAccepted))));
    let (token, _) = house.engine.create_exchange(None, None, house.now()).await.unwrap();
    register(1, list(1, &[11]), Some(token.hash()), false).await.unwrap();
    register(1, list(1, &[11]), Some(token.hash()), false).await.unwrap();
    assert!(matches!(register(1, list(2, &[12]), None, true).await, Err(Error::Exists)));
    let used = register(2, list(1, &[21]), Some(token.hash()), false).await;
    assert!(matches!(used, Err(Error::Exchange(ExchangeRefusal::Unknown))));
    assert!(matches!(register(2, list(1, &[11]), None, true).await, Err(Error::Exists)), "a device has one account");
    let expires = house.now().after(Duration::from_secs(60));
    let own = house.engine.invitation_token(key(1), expires, house.now()).await.unwrap();
    register(2, list(5, &[21, 22]), Some(own.hash()), false).await.unwrap();
    let tree = house.engine.invited(Key::Ed25519(key(1)), false).await.unwrap();
    assert_eq!(tree.len(), 2, "who was invited stands in the tree");
    assert_eq!(house.engine.native_account(key(2)).await.unwrap().counter, 5);
    assert_eq!(house.engine.device_owner(key(22)).await.unwrap(), Some(key(2)));
}

#[tokio::test]
async fn a_removed_device_loses_everything_at_once() {
    let house = House::new();
    settle(&house, 1, &[11, 12]).await;
    let engine = &house.engine;
    engine.add_packages(key(12), vec![b"a".to_vec()], Some(b"z".to_vec()), house.now()).await.unwrap();
    engine.set_push(key(12), Some("push".to_owned())).await.unwrap();
    let token = engine.wake_token(key(12), house.now()).await.unwrap();
    assert_eq!(engine.device_owner(key(12)).await.unwrap(), Some(key(1)));
    let mut session = engine.subscriber();
    session.join(engine.account_news(&key(1))).await.unwrap();

    assert_eq!(engine.set_device_list(key(1), list(3, &[11])).await.unwrap(), Err(list(1, &[11, 12]).list));
    engine.set_device_list(key(1), list(2, &[11])).await.unwrap().unwrap();
    engine.set_device_list(key(1), list(2, &[11])).await.unwrap().unwrap();
    assert_eq!(session.next().await.unwrap().batch.items[0].envelope.label.as_str(), "devices");
    assert_eq!(engine.device_owner(key(12)).await.unwrap(), None);
    assert!(matches!(engine.packages_waiting(key(12)).await, Err(Error::NoAccount)));
    assert!(matches!(engine.push_subscription(key(12)).await, Err(Error::NoAccount)));
    assert!(matches!(engine.wake(token.hash(), house.now()).await, Err(Error::NotFound)));
    assert!(engine.take_packages(key(1), key(11), house.now()).await.unwrap().packages.is_empty());
    house.intact().await;
}

#[tokio::test]
async fn a_device_with_another_serial_begins_anew() {
    let house = House::new();
    settle(&house, 1, &[11, 12]).await;
    let engine = &house.engine;
    engine.add_packages(key(12), vec![b"a".to_vec()], Some(b"z".to_vec()), house.now()).await.unwrap();
    engine.add_packages(key(11), vec![b"b".to_vec()], None, house.now()).await.unwrap();
    let renumbered = DeviceList { anew: vec![key(12)], ..list(2, &[11, 12]) };
    engine.set_device_list(key(1), renumbered).await.unwrap().unwrap();
    let waiting = engine.packages_waiting(key(12)).await.unwrap();
    assert!(waiting.waiting == 0 && !waiting.last_resort);
    assert_eq!(engine.packages_waiting(key(11)).await.unwrap().waiting, 1);
    house.intact().await;
}

#[tokio::test]
async fn key_packages_are_given_once_and_the_last_resort_again() {
    let house = House::new();
    settle(&house, 1, &[11, 12]).await;
    allow(&house, 1, &[(5, false), (6, true)]).await;
    let engine = &house.engine;
    let packages = |range: std::ops::Range<u8>| range.map(|number| vec![number; 9]).collect::<Vec<_>>();
    let told = engine.add_packages(key(11), packages(0..3), Some(vec![9; 9]), house.now()).await.unwrap();
    assert_eq!((told.waiting, told.last_resort, told.incarnation), (3, true, 1));
    engine.add_packages(key(12), packages(0..101), None, house.now()).await.map(drop).unwrap_err();
    assert_eq!(engine.add_packages(key(12), packages(0..100), None, house.now()).await.unwrap().waiting, 100);
    let mut given = Vec::new();
    for round in 0..5 {
        let taken = engine.take_packages(key(1), key(5), house.now()).await.unwrap();
        assert_eq!(taken.list, list(1, &[11, 12]).list);
        assert_eq!(taken.packages.len(), 2, "one for each device");
        for taken in taken.packages {
            assert_eq!(taken.last_resort, round >= 3 && taken.device == key(11));
            if !taken.last_resort {
                given.push((taken.device, taken.package));
            }
        }
    }
    let all = given.len();
    given.sort();
    given.dedup();
    assert_eq!((given.len(), all), (8, 8), "none is given twice");
    let again = engine.add_packages(key(11), packages(0..3), None, house.now()).await.unwrap();
    assert_eq!(again.waiting, 0, "a request that is repeated brings none back");
    let before = engine.packages_waiting(key(12)).await.unwrap().waiting;
    let blocked = engine.take_packages(key(1), key(6), house.now()).await.unwrap();
    assert!(blocked.packages.iter().all(|taken| taken.last_resort));
    assert_eq!(engine.packages_waiting(key(12)).await.unwrap().waiting, before, "who is blocked uses none up");
    assert!(engine.take_packages(key(1), key(7), house.now()).await.is_err());
    house.intact().await;
}

#[tokio::test]
async fn a_contact_uses_up_so_many_key_packages_a_day() {
    let house = House::new();
    settle(&house, 1, &[11, 12]).await;
    allow(&house, 1, &[(5, false), (6, false)]).await;
    let engine = &house.engine;
    let packages = || (0..100u8).map(|number| vec![number; 9]).collect();
    engine.add_packages(key(11), packages(), Some(vec![200; 9]), house.now()).await.unwrap();
    engine.add_packages(key(12), packages(), None, house.now()).await.unwrap();
    let last_resorts = async |caller| {
        let taken = engine.take_packages(key(1), key(caller), house.now()).await.unwrap().packages;
        taken.iter().map(|taken| taken.last_resort).collect::<Vec<_>>()
    };
    for _ in 0..PACKAGES_PER_DAY {
        assert_eq!(last_resorts(5).await, [false, false]);
    }
    assert_eq!(last_resorts(5).await, [true, false], "a device without a last resort can give nothing else");
    assert_eq!(last_resorts(6).await, [false, false], "others are not kept out");
    for _ in 0..2 * PACKAGES_PER_DAY {
        assert_eq!(last_resorts(11).await, [false, false], "nor own devices");
    }
    house.pass(Duration::from_secs(86_400));
    assert_eq!(last_resorts(5).await, [false, false]);
    house.intact().await;
}

#[tokio::test]
async fn strangers_cant_post_and_the_blocked_do_not_notice() {
    let house = House::new();
    settle(&house, 1, &[11]).await;
    allow(&house, 1, &[(5, false), (6, true)]).await;
    assert!(matches!(post(&house, 1, 7, 1, "x").await, Err(Error::Refused(Refusal::NotAccepted))));
    assert!(matches!(post(&house, 9, 5, 1, "x").await, Err(Error::Refused(Refusal::NotAccepted))), "nobody is there");
    let first = post(&house, 1, 5, 1, "hello").await.unwrap();
    assert_eq!(first.number, 1);
    house.pass(Duration::from_secs(5));
    assert_eq!(post(&house, 1, 5, 1, "hello").await.unwrap(), first, "the same again gets the same answer");
    assert!(matches!(post(&house, 1, 5, 1, "other").await, Err(Error::Exists)));
    assert_eq!(post(&house, 1, 6, 2, "spam").await.unwrap().number, 0);
    assert_eq!(post(&house, 1, 11, 3, "to myself").await.unwrap().number, 2);
    assert_eq!(inbox(&house, 1).await, [(1, "hello".to_owned()), (2, "to myself".to_owned())]);
    assert_eq!(house.engine.may_post(key(1), key(5)).await.unwrap(), Some(PostingRight::Kept));
    assert_eq!(house.engine.may_post(key(1), key(11)).await.unwrap(), Some(PostingRight::Device));
    assert_eq!(house.engine.may_post(key(1), key(7)).await.unwrap(), None);
    house.intact().await;
}

#[tokio::test]
async fn a_parcel_goes_when_all_devices_have_it() {
    let house = House::new();
    settle(&house, 1, &[11, 12, 13]).await;
    allow(&house, 1, &[(5, false)]).await;
    for id in 1..=3 {
        post(&house, 1, 5, id, "x").await.unwrap();
    }
    let numbers = async || inbox(&house, 1).await.into_iter().map(|(number, _)| number).collect::<Vec<_>>();
    let taken = async |device, number| house.engine.parcels_taken(key(device), number).await.unwrap();
    taken(11, 99).await;
    taken(12, 2).await;
    assert_eq!(numbers().await, [1, 2, 3]);
    taken(13, 1).await;
    assert_eq!(numbers().await, [2, 3]);
    post(&house, 1, 5, 4, "x").await.unwrap();
    house.engine.set_device_list(key(1), list(2, &[11, 12])).await.unwrap().unwrap();
    assert_eq!(numbers().await, [3, 4], "a removed device is not waited for, and nobody has what comes later");
    house.engine.set_device_list(key(1), list(3, &[11, 12, 14])).await.unwrap().unwrap();
    taken(11, 4).await;
    taken(12, 4).await;
    assert_eq!(numbers().await, [3, 4], "a new device begins at the beginning");
    taken(14, 4).await;
    assert_eq!(numbers().await, Vec::<u64>::new());
    post(&house, 1, 5, 5, "x").await.unwrap();
    house.pass(Duration::from_secs(92 * 86_400));
    house.engine.sweep(house.now()).await.unwrap();
    assert_eq!(numbers().await, Vec::<u64>::new(), "nothing waits longer than 90 days");
    house.intact().await;
}

#[tokio::test]
async fn a_profile_is_replaced_only_by_who_has_read_it() {
    let house = House::new();
    settle(&house, 1, &[11]).await;
    let set = async |expected, body: &str| {
        house.engine.set_profile(key(1), expected, body.as_bytes().to_vec(), house.now()).await.unwrap()
    };
    assert_eq!(house.engine.profile(key(1)).await.unwrap(), None);
    assert_eq!(set(0, "a").await, Ok(1));
    assert_eq!(set(0, "a").await, Ok(1), "the answer was lost");
    assert_eq!(set(0, "b").await, Err(1));
    assert_eq!(set(1, "b").await, Ok(2));
    assert_eq!(set(1, "a").await, Err(2));
    assert_eq!(set(7, "a").await, Err(2));
    assert_eq!(house.engine.profile(key(1)).await.unwrap(), Some((2, b"b".to_vec())));
    house.intact().await;
}

#[tokio::test]
async fn an_exchange_takes_one_answer_which_comes_into_the_inbox() {
    let house = House::new();
    settle(&house, 1, &[11]).await;
    settle(&house, 2, &[21]).await;
    let (engine, now) = (&house.engine, house.now());
    let expires = now.after(Duration::from_secs(600));
    let make = |maker, offer: &str| engine.create_swap(key(maker), [3; 16], Some(offer.into()), expires, now);
    make(1, "offer").await.unwrap();
    make(1, "offer").await.unwrap();
    assert!(matches!(make(1, "other").await, Err(Error::Exists)));
    assert!(matches!(make(2, "offer").await, Err(Error::Exists)));
    assert!(matches!(engine.reply_swap(key(1), [3; 16], b"r".to_vec(), now).await, Err(Error::Conflict)));
    let mut session = engine.subscriber();
    session.join(engine.account_news(&key(1))).await.unwrap();
    assert!(engine.answer_swap([3; 16], b"yes".to_vec(), now).await.unwrap().is_ok());
    assert!(engine.answer_swap([3; 16], b"yes".to_vec(), now).await.unwrap().is_ok());
    assert!(engine.answer_swap([3; 16], b"no".to_vec(), now).await.unwrap().is_err());
    assert_eq!(session.next().await.unwrap().batch.items[0].envelope.label.as_str(), "exchange");
    let came = inbox(&house, 1).await;
    assert_eq!(came.len(), 1);
    assert_eq!(came[0].1.as_bytes(), [&[3; 16], b"yes".as_slice()].concat());
    assert!(matches!(engine.reply_swap(key(2), [3; 16], b"r".to_vec(), now).await, Err(Error::NotFound)));
    engine.reply_swap(key(1), [3; 16], b"r".to_vec(), now).await.unwrap();
    engine.reply_swap(key(1), [3; 16], b"r".to_vec(), now).await.unwrap();
    assert!(matches!(engine.reply_swap(key(1), [3; 16], b"s".to_vec(), now).await, Err(Error::Conflict)));
    let swap = engine.swap([3; 16], now).await.unwrap();
    assert_eq!((swap.answer, swap.reply), (Some(b"yes".to_vec()), Some(b"r".to_vec())));
    assert_eq!(engine.swaps(key(1), now).await.unwrap().len(), 1);
    house.intact().await;
    house.pass(Duration::from_secs(600 + 3601));
    assert!(matches!(engine.swap([3; 16], house.now()).await, Err(Error::NotFound)));
    assert_eq!(engine.sweep(house.now()).await.unwrap().exchanges, 1);
    engine.create_swap(key(1), [3; 16], None, house.now().after(Duration::from_secs(9)), house.now()).await.unwrap();
    engine.delete_swap(key(1), [3; 16]).await.unwrap();
    assert!(matches!(engine.delete_swap(key(1), [3; 16]).await, Err(Error::NotFound)));
    house.intact().await;
}

#[tokio::test]
async fn what_exchanges_hold_is_bounded_with_their_answers_and_replies() {
    let house = House::new();
    settle(&house, 1, &[11]).await;
    let (engine, now) = (&house.engine, house.now());
    let large = || vec![7; SWAP_BYTES_MAX];
    let make = |id, offer| engine.create_swap(key(1), [id; 16], offer, now.after(Duration::from_secs(600)), now);
    let most = u8::try_from(SWAPS_BYTES_MAX / u64::try_from(SWAP_BYTES_MAX).unwrap()).unwrap();
    for id in 1..=most - 2 {
        make(id, Some(large())).await.unwrap();
    }
    make(100, None).await.unwrap();
    make(101, None).await.unwrap();
    engine.answer_swap([100; 16], large(), now).await.unwrap().unwrap();
    engine.reply_swap(key(1), [100; 16], large(), now).await.unwrap();
    let full = |error| matches!(error, Error::Refused(Refusal::SenderFull));
    assert!(full(engine.answer_swap([101; 16], vec![7], now).await.map(drop).unwrap_err()));
    engine.delete_swap(key(1), [1; 16]).await.unwrap();
    engine.answer_swap([101; 16], large(), now).await.unwrap().unwrap();
    assert!(full(engine.reply_swap(key(1), [101; 16], vec![7], now).await.unwrap_err()));
    house.intact().await;
}

#[tokio::test]
async fn a_deleted_account_leaves_nothing() {
    let house = House::new();
    settle(&house, 1, &[11]).await;
    allow(&house, 1, &[(5, true)]).await;
    let engine = &house.engine;
    post(&house, 1, 11, 1, "x").await.unwrap();
    engine.add_packages(key(11), vec![vec![1]], None, house.now()).await.unwrap();
    engine.set_profile(key(1), 0, vec![1], house.now()).await.unwrap().unwrap();
    engine.create_swap(key(1), [3; 16], None, house.now().after(Duration::from_secs(9)), house.now()).await.unwrap();
    assert_eq!(engine.device_owner(key(11)).await.unwrap(), Some(key(1)));
    engine.delete_account(Key::Ed25519(key(1))).await.unwrap();
    assert_eq!(engine.device_owner(key(11)).await.unwrap(), None);
    assert!(matches!(engine.native_account(key(1)).await, Err(Error::NoAccount)));
    assert!(engine.profile(key(1)).await.unwrap().is_none());
    assert!(matches!(engine.swap([3; 16], house.now()).await, Err(Error::NotFound)));
    engine.sweep(house.now()).await.unwrap();
    assert!(inbox(&house, 1).await.is_empty());
    house.intact().await;
    settle(&house, 1, &[11]).await;
}

#[tokio::test]
async fn a_device_that_follows_its_inbox_misses_nothing_that_others_have_not_taken() {
    let house = House::new();
    settle(&house, 1, &[11]).await;
    let (engine, stream) = (&house.engine, inbox_of(&key(1)));
    let mut session = house.follow(&stream);
    let next = async |session: &mut tidings_engine::Subscriber| {
        let news = tokio::time::timeout(DEADLINE, session.next()).await.expect("the session sleeps").unwrap();
        news.batch.items.iter().map(|item| parcel::view(&item.envelope).unwrap().number).collect::<Vec<_>>()
    };
    for round in 1..=5 {
        post(&house, 1, 11, round, "x").await.unwrap();
        assert_eq!(next(&mut session).await, [u64::from(round)]);
        engine.parcels_taken(key(11), u64::from(round)).await.unwrap();
    }
    post(&house, 1, 11, 6, "x").await.unwrap();
    engine.parcels_taken(key(11), 6).await.unwrap();
    post(&house, 1, 11, 7, "x").await.unwrap();
    assert_eq!(next(&mut session).await, [7], "what is taken is gone for those who come late");
    let mut late = engine.subscriber();
    late.resume(stream, Seq::from_number(3));
    assert_eq!(next(&mut late).await, [7]);
}

#[tokio::test]
async fn an_account_goes_a_year_after_its_devices_were_last_heard_of() {
    let house = House::new();
    settle(&house, 1, &[11]).await;
    settle(&house, 2, &[21]).await;
    house.pass(Duration::from_secs(300 * 86_400));
    house.engine.seen(Key::Ed25519(key(1)), None, house.now()).await.unwrap();
    assert_eq!(house.engine.device_owner(key(21)).await.unwrap(), Some(key(2)));
    house.pass(Duration::from_secs(67 * 86_400));
    assert_eq!(house.engine.sweep(house.now()).await.unwrap().accounts, 1);
    assert_eq!(house.engine.device_owner(key(21)).await.unwrap(), None);
    assert_eq!(house.engine.device_owner(key(11)).await.unwrap(), Some(key(1)));
    house.intact().await;
}

#[tokio::test]
async fn other_processes_tell_of_an_account_and_forget_its_devices() {
    let house = House::new();
    settle(&house, 1, &[11, 12]).await;
    assert_eq!(house.engine.device_owner(key(12)).await.unwrap(), Some(key(1)));
    house.listen().await;
    let mut session = house.join(&house.engine.account_news(&key(1))).await;
    let other = house.another_process(std::sync::Arc::new(tidings_backends::LocalBus::new()));
    other.set_device_list(key(1), list(2, &[11])).await.unwrap().unwrap();
    house.tell(Hint::Account(key(1), AccountNews::Devices));
    let news = tokio::time::timeout(DEADLINE, session.next()).await.expect("the session sleeps").unwrap();
    assert_eq!(news.batch.items[0].envelope.label.as_str(), "devices");
    assert_eq!(house.engine.device_owner(key(12)).await.unwrap(), None);
}

#[tokio::test]
async fn no_contact_can_keep_the_others_out() {
    let mut settings = tidings_engine::Settings::default();
    settings.policies.inbox.stream.count = 8;
    let house = House::with(settings);
    settle(&house, 1, &[11, 12]).await;
    allow(&house, 1, &[(5, false), (6, false)]).await;
    for id in 1..=2 {
        post(&house, 1, 5, id, "x").await.unwrap();
    }
    assert!(matches!(post(&house, 1, 5, 3, "x").await, Err(Error::Refused(Refusal::SenderFull))));
    assert_eq!(post(&house, 1, 5, 2, "x").await.unwrap().number, 2, "a repetition takes nothing");
    post(&house, 1, 6, 4, "x").await.unwrap();
    for id in 5..=8 {
        post(&house, 1, 11, id, "x").await.unwrap();
    }
    house.engine.parcels_taken(key(11), 9).await.unwrap();
    house.engine.parcels_taken(key(12), 9).await.unwrap();
    post(&house, 1, 5, 3, "x").await.unwrap();
    house.intact().await;
}

#[tokio::test]
async fn an_answer_that_came_before_is_not_told_again() {
    let house = House::new();
    settle(&house, 1, &[11]).await;
    let (engine, now, expires) = (&house.engine, house.now(), house.now().after(Duration::from_secs(600)));
    engine.create_swap(key(1), [4; 16], None, expires, now).await.unwrap();
    engine.answer_swap([4; 16], b"yes".to_vec(), now).await.unwrap().unwrap();
    post(&house, 1, 11, 1, "x").await.unwrap();
    let mut session = house.follow(&inbox_of(&key(1)));
    assert_eq!(session.next().await.unwrap().batch.items.len(), 2);
    engine.delete_swap(key(1), [4; 16]).await.unwrap();
    engine.create_swap(key(1), [4; 16], None, expires, now).await.unwrap();
    engine.answer_swap([4; 16], b"yes".to_vec(), now).await.unwrap().unwrap();
    assert_eq!(engine.end(&inbox_of(&key(1))).await.unwrap(), Seq::from_number(2));
    house.intact().await;
}

#[tokio::test]
async fn what_is_ended_goes_on_a_full_disk_too() {
    let house = House::new();
    settle(&house, 1, &[11, 12]).await;
    house.engine.set_push(key(11), Some("push".to_owned())).await.unwrap();
    let full = house.on_a_full_disk();
    assert!(matches!(full.set_push(key(11), Some("other".to_owned())).await, Err(Error::DiskFull)));
    full.set_push(key(11), None).await.unwrap();
    full.set_device_list(key(1), list(2, &[11])).await.unwrap().unwrap();
    assert_eq!(full.device_owner(key(12)).await.unwrap(), None);
}
