//! What any store must do, told as stories. They know no more of a store than its traits.

use crate::people::*;
use std::time::Duration;
use tidings_core::exchange::{ExchangeRefusal, ExchangeState, OPEN_MAX};
use tidings_core::ports::Posting;
use tidings_core::retention::{Cutoffs, Retention};
use tidings_core::{
    AccountNumber, Blob, BlobContent, BlobName, Budget, Caller, DeliveryOutcome, Label, Policies, Refusal, Seq, Store,
    StreamFacts, StreamKind, StreamName, TokenHash, Usage,
};

const MANY: usize = 1000;
const BYTES: usize = usize::MAX;

/// Every story ends with a store that finds nothing wrong with itself.
async fn sound(store: &dyn Store) {
    assert_eq!(store.verify().await.unwrap(), Vec::<String>::new());
}

pub(crate) async fn whole_life(store: &dyn Store) {
    assert!(store.wants_first_invitation(at(0)).await.unwrap());
    invite(store, None, "first", at(0)).await.unwrap();
    assert!(!store.wants_first_invitation(at(0)).await.unwrap());
    assert!(store.wants_first_invitation(at(3_600_001)).await.unwrap(), "an expired one does not count");
    let accepted = accept(store, "first", Some(alice()), at(1)).await.unwrap();
    assert_eq!((accepted.text.as_deref(), accepted.created_account), (Some("made first"), true));
    assert!(!store.wants_first_invitation(day(1)).await.unwrap());
    join(store, &bob(), Some(alice()), at(2)).await;
    let account = store.account(bob()).await.unwrap().unwrap();
    assert_eq!((account.number.number(), account.creator.map(AccountNumber::number)), (2, Some(1)));
    assert_eq!((account.created_at, account.seen_at, account.subscribed), (Some(at(2)), None, false));

    assert_eq!(post(store, &bob(), draft(&alice(), 1, "hello"), at(3)).await, Err(Refusal::NotAccepted));
    assert!(store.set_contacts(alice(), vec![bob(), carol(), bob()]).await.unwrap());
    assert!(store.lists(alice(), bob()).await.unwrap());
    assert!(!store.lists(bob(), alice()).await.unwrap());
    let envelope = post(store, &bob(), draft(&alice(), 1, "hello"), at(3)).await.unwrap();
    assert_eq!((envelope.seq.number(), envelope.sender, envelope.at), (1, Some(bob()), at(3)));
    assert_eq!(post(store, &bob(), draft(&alice(), 1, "again"), at(3)).await, Err(Refusal::Duplicate));
    let second = post(store, &carol(), draft(&alice(), 2, ""), at(4)).await.unwrap();

    let inbox = StreamName::inbox(&alice());
    let page = store.read(inbox.clone(), Seq::START, MANY, BYTES).await.unwrap();
    assert!(page.complete);
    assert_eq!(page.envelopes, vec![envelope.clone(), second.clone()]);
    let page = store.read(inbox.clone(), Seq::START, 1, BYTES).await.unwrap();
    assert_eq!((page.envelopes, page.complete), (vec![envelope.clone()], false));
    let page = store.read(inbox.clone(), Seq::START, MANY, 1).await.unwrap();
    assert_eq!((page.envelopes, page.complete), (vec![envelope.clone()], false));
    let page = store.read(inbox.clone(), envelope.seq, 1, BYTES).await.unwrap();
    assert_eq!((page.envelopes, page.complete), (vec![second], true));
    assert_eq!(store.waiting(inbox.clone(), bob(), Label::new("MEDIA")).await.unwrap(), 1);
    assert_eq!(store.waiting(inbox.clone(), bob(), Label::new("OTHER")).await.unwrap(), 0);

    let taken = store.take(inbox.clone(), id(1)).await.unwrap().unwrap();
    assert_eq!((taken.seq.number(), taken.freed), (1, None));
    assert_eq!(store.take(inbox.clone(), id(1)).await.unwrap(), None);
    assert_eq!(store.take(StreamName::inbox(&bob()), id(2)).await.unwrap(), None, "not in that inbox");
    assert!(store.touch(alice(), at(9), Some("v1".into())).await.unwrap());
    assert!(!store.touch(carol(), at(9), None).await.unwrap());
    let account = store.account(alice()).await.unwrap().unwrap();
    assert_eq!((account.seen_at, account.client_version.as_deref()), (Some(at(9)), Some("v1")));
    assert_eq!(store.backup(alice()).await.unwrap(), None);
    assert!(store.set_backup(alice(), "one".into(), at(10)).await.unwrap());
    assert!(store.set_backup(alice(), "two".into(), at(11)).await.unwrap());
    assert_eq!(store.backup(alice()).await.unwrap(), Some(("two".into(), at(11))));
    assert!(!store.set_backup(carol(), "x".into(), at(11)).await.unwrap());
    let third = post(store, &bob(), draft(&alice(), 3, "x"), at(12)).await.unwrap();
    assert_eq!(third.seq.number(), 3, "numbers are never given twice");
    sound(store).await;
}

pub(crate) async fn deletion_leaves_a_hole_in_the_tree(store: &dyn Store) {
    friends(store, &[alice()]).await;
    join(store, &bob(), Some(alice()), at(1)).await;
    join(store, &carol(), Some(bob()), at(2)).await;
    store.set_contacts(bob(), vec![carol()]).await.unwrap();
    store.set_backup(bob(), "secret".into(), at(2)).await.unwrap();
    store.touch(bob(), at(3), Some("v".into())).await.unwrap();
    for number in 0..25 {
        post(store, &carol(), draft(&bob(), number, "body"), at(3)).await.unwrap();
    }
    assert!(store.delete_account(bob()).await.unwrap());
    assert!(!store.delete_account(bob()).await.unwrap());
    assert_eq!(store.account(bob()).await.unwrap(), None);
    assert_eq!(store.backup(bob()).await.unwrap(), None);
    let inbox = StreamName::inbox(&bob());
    assert!(store.read(inbox.clone(), Seq::START, MANY, BYTES).await.unwrap().envelopes.is_empty());
    assert_eq!(post(store, &carol(), draft(&bob(), 90, "x"), at(4)).await, Err(Refusal::NotAccepted));
    let tree = store.invited(None).await.unwrap();
    let shape: Vec<_> =
        tree.iter().map(|row| (row.number.number(), row.key, row.creator.map(AccountNumber::number))).collect();
    assert_eq!(shape, [(1, Some(alice()), None), (2, None, Some(1)), (3, Some(carol()), Some(2))]);
    let tree = store.invited(Some(AccountNumber::from_number(1))).await.unwrap();
    assert_eq!(tree.iter().map(|row| row.number.number()).collect::<Vec<_>>(), [1, 2]);

    join(store, &bob(), None, at(5)).await;
    assert_eq!(store.account(bob()).await.unwrap().unwrap().number.number(), 4);
    assert!(!store.lists(bob(), carol()).await.unwrap());
    sound(store).await;
    let mut rounds = 0;
    while store.drain(10).await.unwrap().more {
        rounds += 1;
        sound(store).await;
    }
    assert!((2..=4).contains(&rounds), "25 envelopes in rounds of 10: {rounds}");
    store.set_contacts(bob(), vec![carol()]).await.unwrap();
    let envelope = post(store, &carol(), draft(&bob(), 1, "the id is free again"), at(4)).await.unwrap();
    assert_eq!(envelope.seq.number(), 1);
    sound(store).await;
}

pub(crate) async fn shared_blobs_go_with_the_last_reference(store: &dyn Store) {
    friends(store, &[alice(), bob(), carol()]).await;
    let name = BlobName::from_random([5; 16]);
    let file = BlobContent::File { name, size: 77 };
    let drafts = vec![draft(&bob(), 1, ""), draft(&person(9), 2, ""), draft(&carol(), 3, "")];
    let answers = store.append(posting(&alice(), drafts, Some(file), at(1))).await.unwrap();
    assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    let (bobs, carols) = (StreamName::inbox(&bob()), StreamName::inbox(&carol()));
    assert!(matches!(
        store.blob(bobs.clone(), id(1)).await.unwrap(),
        Some(Some(Blob::File { name: found, size: 77 })) if found == name
    ));
    assert!(store.blob(carols.clone(), id(1)).await.unwrap().is_none(), "not in that inbox");
    let other = BlobName::from_random([6; 16]);
    assert_eq!(store.unreferenced(vec![name, other]).await.unwrap(), [other]);
    sound(store).await;
    assert_eq!(store.take(bobs.clone(), id(1)).await.unwrap().unwrap().freed, None);
    assert_eq!(store.take(carols, id(3)).await.unwrap().unwrap().freed, Some(name));
    assert_eq!(store.unreferenced(vec![name]).await.unwrap(), [name]);

    let inline = BlobContent::Inline(vec![9; 1024]);
    let refused = posting(&alice(), vec![draft(&person(9), 4, "")], Some(inline.clone()), at(2));
    assert_eq!(store.append(refused).await.unwrap(), [Err(Refusal::NotAccepted)]);
    store.append(posting(&alice(), vec![draft(&bob(), 5, "")], Some(inline), at(2))).await.unwrap();
    let Some(Some(Blob::Inline(bytes))) = store.blob(bobs.clone(), id(5)).await.unwrap() else { panic!("no blob") };
    assert_eq!(bytes, [9; 1024]);
    post(store, &alice(), draft(&bob(), 6, "without"), at(3)).await.unwrap();
    assert!(matches!(store.blob(bobs, id(6)).await.unwrap(), Some(None)));
    sound(store).await;
}

pub(crate) async fn budgets_count_every_draft(store: &dyn Store) {
    friends(store, &[alice(), bob(), carol()]).await;
    let mut policies = Policies::default();
    policies.inbox.stream = Budget { count: 3, bytes: 1000 };
    policies.inbox.sender = Budget { count: 4, bytes: 100 };
    let send = |drafts| {
        let policies = std::sync::Arc::new(policies);
        store.append(Posting {
            caller: Caller::Key(alice()),
            drafts,
            novel: Vec::new(),
            blob: None,
            policies,
            now: at(1),
        })
    };
    let drafts = (1..=4).map(|number| draft(&bob(), number, "")).collect();
    let answers = send(drafts).await.unwrap();
    assert!(answers[..3].iter().all(Result::is_ok));
    assert_eq!(answers[3], Err(Refusal::StreamFull));
    let answers = send(vec![draft(&carol(), 5, ""), draft(&carol(), 6, "")]).await.unwrap();
    assert!(answers[0].is_ok());
    assert_eq!(answers[1], Err(Refusal::SenderFull));
    let streams = vec![StreamName::inbox(&bob()), StreamName::inbox(&person(9))];
    let facts = store.facts(Caller::Key(alice()), streams).await.unwrap();
    let sent = Usage { count: 4, bytes: 20 };
    let used = Usage { count: 3, bytes: 15 };
    assert_eq!(facts[0], StreamFacts { open: true, listed: true, used, sent, ..StreamFacts::default() });
    assert_eq!(facts[1], StreamFacts { sent, ..StreamFacts::default() });
    store.take(StreamName::inbox(&bob()), id(1)).await.unwrap().unwrap();
    assert!(send(vec![draft(&carol(), 7, "")]).await.unwrap()[0].is_ok(), "room again");
    let twice = store.append(posting(&bob(), vec![draft(&carol(), 8, ""), draft(&carol(), 8, "")], None, at(2)));
    let twice = twice.await.unwrap();
    assert!(twice[0].is_ok());
    assert_eq!(twice[1], Err(Refusal::Duplicate));
    sound(store).await;
}

pub(crate) async fn rooms_come_into_being_and_channels_do_not(store: &dyn Store) {
    let room = StreamName::named(StreamKind::Room, b"room").unwrap();
    let channel = StreamName::named(StreamKind::Channel, b"room").unwrap();
    let to = |stream: &StreamName, number| tidings_core::Draft { stream: stream.clone(), ..draft(&bob(), number, "") };
    let facts = store.facts(Caller::Anonymous, vec![room.clone()]).await.unwrap();
    assert!(facts[0].open);
    assert_eq!(post(store, &alice(), to(&room, 1), at(1)).await.unwrap().seq.number(), 1);
    assert_eq!(post(store, &bob(), to(&room, 2), at(1)).await.unwrap().seq.number(), 2);
    assert_eq!(post(store, &bob(), to(&channel, 3), at(1)).await, Err(Refusal::NotAccepted));
    let anonymous = Posting { caller: Caller::Anonymous, ..posting(&bob(), vec![to(&room, 4)], None, at(1)) };
    assert_eq!(store.append(anonymous).await.unwrap(), [Err(Refusal::NotAccepted)]);
    assert_eq!(store.read(room, Seq::START, MANY, BYTES).await.unwrap().envelopes.len(), 2);
    sound(store).await;
}

pub(crate) async fn exchanges_are_open_once(store: &dyn Store) {
    friends(store, &[alice(), bob()]).await;
    assert_eq!(invite(store, Some(carol()), "x", at(0)).await, Err(ExchangeRefusal::NoAccount));
    invite(store, Some(alice()), "token", at(0)).await.unwrap();
    let refused = |outcome: Result<_, _>| outcome.map(|_: tidings_core::exchange::Accepted| ()).unwrap_err();
    assert_eq!(refused(accept(store, "other", None, at(1)).await), ExchangeRefusal::Unknown);
    let late = accept(store, "token", Some(carol()), at(3_600_001)).await;
    assert_eq!(refused(late), ExchangeRefusal::Expired);
    assert_eq!(store.account(carol()).await.unwrap(), None);
    let accepted = accept(store, "token", Some(bob()), at(3_600_000)).await.unwrap();
    assert!(!accepted.created_account, "bob has one already");
    assert_eq!(refused(accept(store, "token", Some(carol()), at(2)).await), ExchangeRefusal::Unknown);
    let exchange = store.exchange(TokenHash::of("token")).await.unwrap().unwrap();
    assert!(exchange.state == ExchangeState::Accepted && exchange.text.as_deref() == Some("accepted token"));
    let maker = exchange.maker.unwrap();
    let other = store.account(bob()).await.unwrap().unwrap().number;
    assert!(!store.delete_exchange(TokenHash::of("token"), other).await.unwrap());
    assert!(store.delete_exchange(TokenHash::of("token"), maker).await.unwrap());
    assert!(!store.delete_exchange(TokenHash::of("token"), maker).await.unwrap());
    for number in 0..OPEN_MAX {
        invite(store, Some(alice()), &format!("{number}"), at(0)).await.unwrap();
    }
    assert_eq!(invite(store, Some(alice()), "one more", at(1)).await, Err(ExchangeRefusal::TooMany));
    invite(store, Some(alice()), "after they expired", at(3_600_001)).await.unwrap();
    invite(store, Some(bob()), "another's", at(1)).await.unwrap();
    sound(store).await;
}

pub(crate) async fn pushes_collapse_and_are_held_back(store: &dyn Store) {
    friends(store, &[alice(), bob(), carol()]).await;
    let ring = |number| tidings_core::Draft { notify: true, ..draft(&alice(), number, "") };
    post(store, &bob(), ring(1), at(0)).await.unwrap();
    assert_eq!(store.next_delivery().await.unwrap(), None, "she has not subscribed");
    assert!(store.set_subscription(alice(), Some("there".into())).await.unwrap());
    assert!(store.account(alice()).await.unwrap().unwrap().subscribed);
    post(store, &bob(), ring(2), at(1)).await.unwrap();
    post(store, &bob(), ring(3), at(2)).await.unwrap();
    post(store, &carol(), draft(&alice(), 4, "quiet"), at(2)).await.unwrap();
    assert_eq!(store.next_delivery().await.unwrap(), Some(at(1)));
    let mut leased = store.lease_deliveries(at(3), at(100), 10).await.unwrap();
    assert_eq!(leased.len(), 1);
    assert!(store.lease_deliveries(at(3), at(100), 10).await.unwrap().is_empty(), "leased to one only");
    let first = leased.pop().unwrap();
    assert_eq!((first.generation, first.notice.sender, first.subscription.as_str()), (2, bob(), "there"));

    // Delivered and nothing more to tell: the next one waits until the hold is over.
    store.finish_delivery(first, DeliveryOutcome::Delivered, Some(at(5000))).await.unwrap();
    assert_eq!(store.next_delivery().await.unwrap(), None);
    post(store, &bob(), ring(5), at(10)).await.unwrap();
    assert_eq!(store.next_delivery().await.unwrap(), Some(at(5000)));
    let second = store.lease_deliveries(at(5000), at(6000), 10).await.unwrap().pop().unwrap();
    // More to tell meanwhile, and it has to be tried again.
    post(store, &bob(), ring(6), at(5001)).await.unwrap();
    store.finish_delivery(second, DeliveryOutcome::Delivered, Some(at(10_000))).await.unwrap();
    let third = store.lease_deliveries(at(10_000), at(11_000), 10).await.unwrap().pop().unwrap();
    store.finish_delivery(third, DeliveryOutcome::Retry(None), Some(at(20_000))).await.unwrap();
    let fourth = store.lease_deliveries(at(20_000), at(21_000), 10).await.unwrap().pop().unwrap();
    assert_eq!(fourth.attempts, 1);
    store.finish_delivery(fourth, DeliveryOutcome::Refused, None).await.unwrap();
    assert_eq!(store.next_delivery().await.unwrap(), None);

    // The service says that the subscription is gone.
    post(store, &carol(), ring(7), at(30_000)).await.unwrap();
    post(store, &bob(), ring(8), at(30_000)).await.unwrap();
    let gone = store.lease_deliveries(at(30_000), at(31_000), 10).await.unwrap();
    assert_eq!(gone.len(), 2);
    store.set_subscription(alice(), Some("elsewhere".into())).await.unwrap();
    for delivery in gone {
        store.finish_delivery(delivery, DeliveryOutcome::Gone, None).await.unwrap();
    }
    assert!(store.account(alice()).await.unwrap().unwrap().subscribed, "another one by now");
    for delivery in store.lease_deliveries(at(31_000), at(32_000), 10).await.unwrap() {
        assert_eq!(delivery.subscription, "elsewhere");
        store.finish_delivery(delivery, DeliveryOutcome::Gone, None).await.unwrap();
    }
    assert!(!store.account(alice()).await.unwrap().unwrap().subscribed);
    assert_eq!(store.next_delivery().await.unwrap(), None);
    sound(store).await;
}

pub(crate) async fn age_takes_all(store: &dyn Store) {
    friends(store, &[alice(), bob(), carol()]).await;
    let name = BlobName::from_random([1; 16]);
    let drafts = vec![draft(&bob(), 1, "old"), draft(&carol(), 2, "old")];
    store.append(posting(&alice(), drafts, Some(BlobContent::File { name, size: 5 }), at(0))).await.unwrap();
    post(store, &alice(), draft(&bob(), 3, "young"), day(50)).await.unwrap();
    store.touch(alice(), day(300), None).await.unwrap();
    let sweep = |now, limit| store.sweep(Cutoffs::at(now, &Policies::default(), &Retention::default()), limit);
    let swept = sweep(day(7), 10).await.unwrap();
    assert_eq!((swept.exchanges, swept.more), (0, false));
    let swept = sweep(day(8), 2).await.unwrap();
    assert_eq!((swept.exchanges, swept.more), (2, true));
    let swept = sweep(day(91), 1).await.unwrap();
    assert_eq!((swept.envelopes.len(), swept.freed.len(), swept.more), (1, 0, true));
    let swept = sweep(day(91), 10).await.unwrap();
    assert_eq!((swept.envelopes.len(), swept.freed, swept.more), (1, vec![name], false));
    let statistics = store.statistics(day(300)).await.unwrap();
    assert_eq!((statistics.accounts, statistics.media_waiting, statistics.seen_last_7_days), (3, 1, 1));
    let swept = sweep(day(367), 10).await.unwrap();
    assert_eq!((swept.accounts, swept.envelopes.len()), (2, 1));
    assert!(store.account(alice()).await.unwrap().is_some());
    assert!(store.account(bob()).await.unwrap().is_none());
    while store.drain(10).await.unwrap().more {}
    sound(store).await;
}

pub(crate) async fn statistics_follow(store: &dyn Store) {
    friends(store, &[alice(), bob()]).await;
    let midnight = at(0).day().start();
    let counts = |now| async move {
        let s = store.statistics(now).await.unwrap();
        (s.accounts, s.seen_last_7_days, s.seen_last_30_days, s.media_waiting, s.received_last_7_days)
    };
    assert_eq!(counts(midnight).await, (2, 0, 0, 0, 0));
    store.touch(alice(), midnight, None).await.unwrap();
    store.touch(alice(), midnight, None).await.unwrap();
    store.touch(bob(), midnight.before(Duration::from_millis(1)), None).await.unwrap();
    post(store, &alice(), draft(&bob(), 1, ""), midnight).await.unwrap();
    let text = tidings_core::Draft { label: Label::new("TEXT"), ..draft(&bob(), 2, "") };
    post(store, &alice(), text, midnight).await.unwrap();
    assert_eq!(counts(midnight).await, (2, 2, 2, 1, 2));
    let week = midnight.after(Duration::from_secs(7 * 86_400));
    assert_eq!(counts(week).await, (2, 1, 2, 1, 0), "seen seven days back, received six");
    store.take(StreamName::inbox(&bob()), id(1)).await.unwrap();
    assert_eq!(counts(midnight).await, (2, 2, 2, 0, 2), "taking does not lower what was received");
    store.delete_account(alice()).await.unwrap();
    assert_eq!(counts(midnight).await, (1, 1, 1, 0, 2));
    assert_eq!(store.value("key").await.unwrap(), None);
    assert_eq!(store.value_or_insert("key", vec![1]).await.unwrap(), [1]);
    assert_eq!(store.value_or_insert("key", vec![2]).await.unwrap(), [1]);
    assert_eq!(store.value("key").await.unwrap(), Some(vec![1]));
    sound(store).await;
}
