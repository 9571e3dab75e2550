//! The sweeper that runs by itself: not only at start, and nobody has to come by.

use crate::house::House;
use std::time::Duration;
use tidings_core::StreamName;

/// Longer than anything is kept by default that these tests write.
const PAST_ITS_TIME: Duration = Duration::from_secs(91 * 86_400);

/// Seconds that may pass on tokio's clock; the sweeper looks once an hour. Its store answers in real time, hence so many.
const SECONDS_MAX: usize = 200_000;

/// Lets time pass until no attachment is left.
async fn until_swept(house: &House) {
    for _ in 0..SECONDS_MAX {
        if house.files() == 0 {
            return;
        }
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    panic!("nothing was swept");
}

async fn leave(house: &House, inbox: &StreamName) {
    let blob = house.blob(100_000).await;
    house.post_with(inbox, "nobody takes it", Some(blob)).await.unwrap().pop().unwrap().unwrap();
    assert_eq!(house.files(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_past_its_time_goes_again_and_again_by_itself() {
    let house = House::new();
    let inbox = house.alice().await;
    let engine = house.engine.clone();
    let sweeper = tokio::spawn(async move { engine.run_sweeper().await });
    // Whatever the sweep at start sees, the later ones are the schedule's.
    for _ in 0..3 {
        leave(&house, &inbox).await;
        house.pass(PAST_ITS_TIME);
        until_swept(&house).await;
    }
    sweeper.abort();
}
