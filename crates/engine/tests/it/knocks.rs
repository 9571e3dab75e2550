//! Pushes and wakes: for devices that do not listen, at most one a minute, and none is lost while another is under way.

use crate::groups::{TEA, make, member, message, tea};
use crate::house::{House, until};
use crate::native::{key, parcel, settle};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tidings_core::DeliveryOutcome;
use tidings_core::group::Role;
use tidings_core::knock::{KNOCK_EVERY, Knock, Target, WAKES_PER_GROUP_MAX, WAKES_PER_KEY_MAX};
use tidings_engine::Error;
use tokio::task::JoinHandle;

/// The other side of all knocks: notes them, and answers as the test says.
#[derive(Clone)]
struct Street {
    heard: Arc<Mutex<Vec<String>>>,
    answer: Arc<Mutex<DeliveryOutcome>>,
}

impl Street {
    fn answers(outcome: DeliveryOutcome) -> Self {
        Self { heard: Arc::default(), answer: Arc::new(Mutex::new(outcome)) }
    }

    async fn hears(self, knock: Knock) -> (Knock, DeliveryOutcome) {
        let text = match &knock.target {
            Target::Push(text) => format!("push {text}"),
            Target::Wake(url) => format!("wake {url}"),
        };
        self.heard.lock().unwrap().push(text);
        let answer = *self.answer.lock().unwrap();
        (knock, answer)
    }

    async fn run(&self, house: &House) -> JoinHandle<()> {
        house.listen().await;
        let (engine, street) = (house.engine.clone(), self.clone());
        tokio::spawn(async move { engine.run_knocks(|knock| street.clone().hears(knock)).await })
    }

    /// Waits until exactly these were heard.
    async fn heard(&self, expected: &[&str]) {
        let sorted = || {
            let mut heard = self.heard.lock().unwrap().clone();
            heard.sort();
            heard
        };
        until(&format!("{expected:?} were heard"), async || sorted().len() >= expected.len()).await;
        assert_eq!(sorted(), expected);
    }
}

async fn post(house: &House, id: u8) {
    house.engine.post_parcel(parcel(1, 11, id, "x"), house.now()).await.unwrap();
}

#[tokio::test]
async fn devices_that_do_not_listen_are_pushed_once_a_minute() {
    let house = House::new();
    settle(&house, 1, &[11, 12, 13]).await;
    for (device, name) in [(11, "a"), (12, "b")] {
        house.engine.set_push(key(device), Some(name.to_owned())).await.unwrap();
    }
    let street = Street::answers(DeliveryOutcome::Delivered);
    let running = street.run(&house).await;
    let listening = house.engine.following_inbox(key(11));
    post(&house, 1).await;
    street.heard(&["push b"]).await;
    drop(listening);
    post(&house, 2).await;
    post(&house, 3).await;
    street.heard(&["push a", "push b"]).await;
    house.pass(KNOCK_EVERY + Duration::from_secs(1));
    street.heard(&["push a", "push b", "push b"]).await;
    running.abort();
    house.intact().await;
}

#[tokio::test]
async fn a_subscription_that_is_gone_is_forgotten() {
    let house = House::new();
    settle(&house, 1, &[11]).await;
    house.engine.set_push(key(11), Some("a".to_owned())).await.unwrap();
    let street = Street::answers(DeliveryOutcome::Gone);
    let running = street.run(&house).await;
    post(&house, 1).await;
    until("it is forgotten", async || house.engine.push_subscription(key(11)).await.unwrap().is_none()).await;
    running.abort();
    house.intact().await;
}

#[tokio::test]
async fn members_of_a_group_are_woken_where_they_said() {
    let house = tea().await;
    let wake = async |member: u32, device: u8, url: Option<&str>| {
        house.engine.set_wake(&TEA, key(member), [device; 8], url.map(str::to_owned), house.now()).await
    };
    wake(1, 1, Some("one")).await.unwrap();
    wake(2, 1, Some("two")).await.unwrap();
    wake(2, 2, Some("three")).await.unwrap();
    wake(3, 3, Some("four")).await.unwrap();
    wake(3, 3, None).await.unwrap();
    assert!(wake(4, 1, Some("five")).await.is_err(), "strangers are not woken");
    let street = Street::answers(DeliveryOutcome::Delivered);
    let running = street.run(&house).await;
    let _listening = house.engine.following(TEA, key(2), [1; 8]);
    house.engine.append_entry(message(1, 1, 0), house.now()).await.unwrap().ok().unwrap();
    street.heard(&["wake one", "wake three"]).await;
    house.engine.append_entry(message(1, 2, 0), house.now()).await.unwrap().ok().unwrap();
    house.engine.leave_group(&TEA, key(2)).await.unwrap();
    house.pass(KNOCK_EVERY + Duration::from_secs(1));
    street.heard(&["wake one", "wake one", "wake three"]).await;
    running.abort();
    house.intact().await;
    make(&house, [8; 16], &[member(1, Role::Owner)]).await.unwrap();
    house.engine.end_group(&TEA, key(1)).await.unwrap();
    house.engine.sweep(house.now()).await.unwrap();
    house.intact().await;
}

#[tokio::test]
async fn a_device_that_fell_silent_is_told_again() {
    let house = tea().await;
    settle(&house, 1, &[11]).await;
    house.engine.set_push(key(11), Some("a".to_owned())).await.unwrap();
    house.engine.set_wake(&TEA, key(2), [1; 8], Some("two".to_owned()), house.now()).await.unwrap();
    let street = Street::answers(DeliveryOutcome::Delivered);
    let running = street.run(&house).await;
    let listening = (house.engine.following_inbox(key(11)), house.engine.following(TEA, key(2), [1; 8]));
    post(&house, 1).await;
    house.engine.append_entry(message(1, 1, 0), house.now()).await.unwrap().ok().unwrap();
    drop(listening);
    house.engine.push_again(key(11), house.now()).await.unwrap();
    house.engine.wake_again(TEA, key(2), [1; 8], house.now()).await.unwrap();
    for (member, device) in [(2, 2), (3, 1)] {
        house.engine.wake_again(TEA, key(member), [device; 8], house.now()).await.unwrap();
    }
    street.heard(&["push a", "wake two"]).await;
    running.abort();
    house.intact().await;
}

#[tokio::test]
async fn a_group_is_no_means_of_flooding_others() {
    let house = House::new();
    settle(&house, 100, &[101]).await;
    let members: Vec<_> = (1..=17).map(|number| member(number, Role::Owner)).collect();
    make(&house, TEA, &members).await.unwrap();
    let wake = |number: u32, device: u64| {
        let url = Some(format!("https://victim.example/{number}/{device}"));
        house.engine.set_wake(&TEA, key(number), device.to_be_bytes(), url, house.now())
    };
    for number in 1..=16 {
        let all = futures_util::future::join_all((0..WAKES_PER_GROUP_MAX / 16).map(|device| wake(number, device)));
        assert!(all.await.iter().all(Result::is_ok));
    }
    assert!(matches!(wake(17, 1).await, Err(Error::Refused(_))), "the group has all that it may");
    wake(1, 1).await.unwrap();
    assert!(matches!(wake(1, WAKES_PER_KEY_MAX).await, Err(Error::Refused(_))));
}

#[tokio::test]
async fn a_token_wakes_the_device_that_made_it() {
    let house = House::new();
    settle(&house, 1, &[11]).await;
    let street = Street::answers(DeliveryOutcome::Retry(None));
    let running = street.run(&house).await;
    let token = house.engine.wake_token(key(11), house.now()).await.unwrap();
    house.engine.wake(token.hash(), house.now()).await.unwrap();
    house.engine.set_push(key(11), Some("a".to_owned())).await.unwrap();
    house.engine.wake(token.hash(), house.now()).await.unwrap();
    street.heard(&["push a"]).await;
    for attempt in 2..=4 {
        house.pass(Duration::from_secs(900));
        street.heard(&vec!["push a"; attempt]).await;
    }
    let unknown = tidings_core::TokenHash::of("unknown");
    assert!(matches!(house.engine.wake(unknown, house.now()).await, Err(Error::NotFound)));
    running.abort();
    house.intact().await;
}
