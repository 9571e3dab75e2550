//! Notifications: collapsed, retried, given up, and nobody's fault for others.

use crate::house::{House, alice, bob, person, until};
use crate::warnings::Warnings;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tidings_core::{Delivery, DeliveryOutcome, Key, StreamName};
use tidings_engine::deliver::LEASE;
use tokio::task::JoinHandle;

/// A push service: notes what it gets and answers as the test says; with no answer it never ends.
#[derive(Clone, Default)]
struct Service {
    sent: Arc<Mutex<Vec<String>>>,
    answer: Arc<Mutex<Option<DeliveryOutcome>>>,
}

impl Service {
    fn answers(outcome: DeliveryOutcome) -> Self {
        let service = Self::default();
        *service.answer.lock().unwrap() = Some(outcome);
        service
    }

    fn count(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    async fn takes(self, delivery: Delivery) -> (Delivery, DeliveryOutcome) {
        self.sent.lock().unwrap().push(delivery.subscription.clone());
        let answer = *self.answer.lock().unwrap();
        match answer {
            Some(outcome) => (delivery, outcome),
            None => std::future::pending().await,
        }
    }

    fn run(&self, house: &House) -> JoinHandle<()> {
        let (engine, service) = (house.engine.clone(), self.clone());
        tokio::spawn(async move { engine.run_deliveries(|delivery| service.clone().takes(delivery)).await })
    }
}

async fn subscriber(house: &House, key: Key, name: &str) -> StreamName {
    house.register(key).await;
    house.engine.set_contacts(key, vec![bob()], house.now()).await.unwrap();
    house.engine.set_subscription(key, Some(name.to_owned())).await.unwrap();
    StreamName::inbox(&key)
}

/// Waits until so many were sent in all, and the queue has settled.
async fn sent(service: &Service, count: usize) {
    until(&format!("{count} notifications were sent"), async || service.count() >= count).await;
    assert_eq!(service.count(), count);
}

/// Nothing is due now.
async fn quiet(house: &House) {
    until("nothing is due", async || house.engine.next_delivery().await.unwrap().is_none_or(|due| due > house.now()))
        .await;
}

#[tokio::test]
async fn a_burst_becomes_one_and_one_more() {
    let house = House::new();
    house.listen().await;
    let inbox = subscriber(&house, alice(), "alice").await;
    for _ in 0..3 {
        house.post(&inbox, "x").await.unwrap();
    }
    let service = Service::answers(DeliveryOutcome::Delivered);
    let worker = service.run(&house);
    sent(&service, 1).await;
    until("it was noted", async || house.engine.next_delivery().await.unwrap().is_none()).await;
    for _ in 0..3 {
        house.post(&inbox, "y").await.unwrap();
    }
    house.pass(Duration::from_millis(4_999));
    quiet(&house).await;
    assert_eq!(service.count(), 1, "it waits for those that may come");
    house.pass(Duration::from_millis(1));
    sent(&service, 2).await;
    house.pass(Duration::from_secs(3600));
    quiet(&house).await;
    assert_eq!(service.count(), 2);
    worker.abort();
}

#[tokio::test]
async fn a_service_that_fails_is_tried_four_times() {
    let house = House::new();
    house.listen().await;
    let inbox = subscriber(&house, alice(), "alice").await;
    house.post(&inbox, "x").await.unwrap();
    let service = Service::answers(DeliveryOutcome::Retry(None));
    let worker = service.run(&house);
    // With jitter a wait is up to a quarter longer.
    for (attempt, seconds) in [(1, 10), (2, 40), (3, 160)] {
        sent(&service, attempt).await;
        quiet(&house).await;
        house.pass(Duration::from_secs(seconds) - Duration::from_millis(1));
        quiet(&house).await;
        assert_eq!(service.count(), attempt, "not before its time");
        house.pass(Duration::from_secs(seconds / 4 + 1));
    }
    sent(&service, 4).await;
    until("it was given up", async || house.engine.next_delivery().await.unwrap().is_none()).await;
    assert!(house.engine.account(alice()).await.unwrap().subscribed);
    worker.abort();
}

#[tokio::test]
async fn what_is_gone_is_forgotten_and_what_is_refused_is_not() {
    for (outcome, subscribed) in [(DeliveryOutcome::Gone, false), (DeliveryOutcome::Refused, true)] {
        let house = House::new();
        house.listen().await;
        let inbox = subscriber(&house, alice(), "alice").await;
        house.post(&inbox, "x").await.unwrap();
        let service = Service::answers(outcome);
        let worker = service.run(&house);
        sent(&service, 1).await;
        until("it was noted", async || house.engine.next_delivery().await.unwrap().is_none()).await;
        assert_eq!(house.engine.account(alice()).await.unwrap().subscribed, subscribed);
        worker.abort();
    }
}

#[tokio::test]
async fn a_slow_service_holds_up_nobody_else() {
    let house = House::new();
    house.listen().await;
    let slow = subscriber(&house, alice(), "slow").await;
    let other = subscriber(&house, person(13), "other").await;
    let service = Service::default();
    let worker = service.run(&house);
    house.post(&slow, "x").await.unwrap();
    sent(&service, 1).await;
    house.post(&other, "x").await.unwrap();
    sent(&service, 2).await;
    assert_eq!(*service.sent.lock().unwrap(), ["slow", "other"]);
    worker.abort();
}

#[tokio::test]
async fn what_a_worker_took_along_is_tried_again() {
    let house = House::new();
    house.listen().await;
    let inbox = subscriber(&house, alice(), "alice").await;
    house.post(&inbox, "x").await.unwrap();
    let service = Service::default();
    let worker = service.run(&house);
    sent(&service, 1).await;
    worker.abort();
    let _ = worker.await;
    *service.answer.lock().unwrap() = Some(DeliveryOutcome::Delivered);
    let worker = service.run(&house);
    house.pass(LEASE - Duration::from_secs(1));
    quiet(&house).await;
    assert_eq!(service.count(), 1, "the lease holds");
    house.pass(Duration::from_secs(1));
    sent(&service, 2).await;
    worker.abort();
}

#[tokio::test]
async fn a_store_that_fails_is_told_of_and_left_in_peace() {
    let house = House::new();
    house.listen().await;
    house.lose_store().await;
    let warnings = Warnings::default();
    let _guard = warnings.listen();
    let (engine, other) = (house.engine.clone(), house.engine.clone());
    let deliveries = tokio::spawn(async move {
        engine.run_deliveries(async |delivery| (delivery, DeliveryOutcome::Delivered)).await;
    });
    let knocks = tokio::spawn(async move { other.run_knocks(async |knock| (knock, DeliveryOutcome::Delivered)).await });
    // Of notifications, of pushes, of wakes.
    until("all were warned of", async || warnings.count() >= 3).await;
    for _ in 0..100 {
        house.pass(Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
    assert_eq!(warnings.count(), 3);
    deliveries.abort();
    knocks.abort();
}
