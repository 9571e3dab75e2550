//! What the node says of itself (wire/piqchat.md, sections 4.1 and 7).

use super::answer::{Answer, json};
use super::dispatch::Asked;
use super::settings::StatisticsMode;
use http::StatusCode;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info<'a> {
    public_key: &'a str,
    vapid_public_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    admin_display_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    admin_message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    privacy_policy_url: Option<&'a str>,
    statistics: Statistics,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Statistics {
    user_total: u64,
    #[serde(rename = "userActiveLast7Days")]
    user_active_last_7_days: u64,
    #[serde(rename = "userActiveLast30Days")]
    user_active_last_30_days: u64,
    media_parcels_waiting: u64,
    #[serde(rename = "mediaParcelsReceivedLast7Days")]
    media_parcels_received_last_7_days: u64,
}

/// `GET /info`.
pub(super) async fn info(asked: Asked) -> Answer {
    let door = &asked.door;
    let settings = door.settings.load();
    let info = Info {
        public_key: &door.public_key,
        vapid_public_key: door.vapid.key().public_base64url(),
        admin_display_name: settings.admin_display_name.as_deref(),
        admin_message: settings.admin_message.as_deref(),
        privacy_policy_url: settings.privacy_policy_url.as_deref(),
        statistics: statistics(&asked, settings.statistics).await?,
    };
    json(StatusCode::OK, &info)
}

async fn statistics(asked: &Asked, mode: StatisticsMode) -> Result<Statistics, tidings_engine::Error> {
    let show = |count: u64| match mode {
        StatisticsMode::Exact => count,
        StatisticsMode::Rounded => count - count % 10,
        StatisticsMode::Off => 0,
    };
    if mode == StatisticsMode::Off {
        return Ok(Statistics::default());
    }
    let counts = asked.door.engine.statistics(asked.now).await?;
    Ok(Statistics {
        user_total: show(counts.accounts),
        user_active_last_7_days: show(counts.seen_last_7_days),
        user_active_last_30_days: show(counts.seen_last_30_days),
        media_parcels_waiting: show(counts.media_waiting),
        media_parcels_received_last_7_days: show(counts.received_last_7_days),
    })
}
