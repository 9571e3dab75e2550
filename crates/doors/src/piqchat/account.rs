//! What users do with their accounts (wire/piqchat.md, section 4.7).

use super::answer::{Answer, Refused, json, status};
use super::dispatch::{Asked, Signer};
use super::json::stored_text;
use crate::webpush::Subscription;
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use tidings_core::account::{Invited, Presence};
use tidings_core::{BoxKey, Key};

/// Contacts of one account at most.
const CONTACTS_MAX: usize = 50_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountAnswer {
    has_push_subscription: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BackupAnswer {
    updated_at: String,
    last_read_at: Option<String>,
    backup: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InvitedUser {
    id: Option<String>,
    entry_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_version: Option<Option<String>>,
    client_last_seen: &'static str,
    created_by: Option<String>,
}

/// `GET /account`.
pub(super) async fn account(asked: Asked, signer: Signer) -> Answer {
    let account = asked.door.engine.account(signer.key).await?;
    json(StatusCode::OK, &AccountAnswer { has_push_subscription: account.subscribed })
}

/// `POST /account/contacts`.
pub(super) async fn set_contacts(mut asked: Asked, signer: Signer) -> Answer {
    asked.door.engine.account(signer.key).await?;
    let Some(Value::Array(listed)) = asked.members.remove("contacts") else { return Err(Refused::BAD_REQUEST) };
    if listed.len() > CONTACTS_MAX {
        return Err(Refused::TOO_LARGE);
    }
    let contacts: Option<Vec<Option<Key>>> = listed.iter().map(contact).collect();
    let contacts = contacts.ok_or(Refused::BAD_REQUEST)?.into_iter().flatten().collect();
    asked.door.engine.set_contacts(signer.key, contacts, asked.now).await?;
    Ok(status(StatusCode::NO_CONTENT))
}

/// A text that is no key can never sign, so it is left out of the list; what is no text is a mistake.
fn contact(value: &Value) -> Option<Option<Key>> {
    value.as_str().map(|text| BoxKey::parse(text).ok().map(Key::Box))
}

/// `POST /account/push-subscriptions`.
pub(super) async fn set_push(asked: Asked, signer: Signer) -> Answer {
    asked.door.engine.account(signer.key).await?;
    let subscription = subscription(&asked)?;
    asked.door.engine.set_subscription(signer.key, subscription).await?;
    Ok(status(StatusCode::NO_CONTENT))
}

/// The subscription in the form to be stored; `None` to unsubscribe.
fn subscription(asked: &Asked) -> Result<Option<String>, Refused> {
    let member = |name| asked.members.get(name).filter(|value| !value.is_null());
    if member("endpoint").is_none() && member("keys").is_none() {
        return Ok(None);
    }
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned).ok_or(Refused::BAD_REQUEST);
    let key = |name| text(member("keys").and_then(|keys| keys.get(name)));
    let encoding = member("encoding").map(|value| text(Some(value))).transpose()?;
    let policy = asked.door.settings.load().address_policy();
    let parsed =
        Subscription::parse(&text(member("endpoint"))?, &key("p256dh")?, &key("auth")?, encoding.as_deref(), policy);
    let stored = parsed.and_then(|subscription| subscription.to_json());
    stored.map(Some).map_err(|reason| {
        tracing::debug!(%reason, "refused a push subscription");
        Refused::BAD_REQUEST
    })
}

/// `POST /account/backup`.
pub(super) async fn set_backup(mut asked: Asked, signer: Signer) -> Answer {
    asked.door.engine.account(signer.key).await?;
    let content = stored_text(&mut asked.members, "backup")?.ok_or(Refused::BAD_REQUEST)?;
    asked.door.engine.set_backup(signer.key, content, asked.now).await?;
    Ok(status(StatusCode::NO_CONTENT))
}

/// `GET /account/backup`.
pub(super) async fn read_backup(asked: Asked, signer: Signer) -> Answer {
    let (backup, updated_at) = asked.door.engine.backup(signer.key).await?;
    json(StatusCode::OK, &BackupAnswer { updated_at: updated_at.to_string(), last_read_at: None, backup })
}

/// `GET /account/invited-users`. The admin sees everybody, with the versions of their clients.
pub(super) async fn invited(asked: Asked, signer: Signer) -> Answer {
    let admin = asked.door.settings.load().admin.map(Key::Box) == Some(signer.key);
    let rows = asked.door.engine.invited(signer.key, admin).await?;
    let users: Vec<InvitedUser> = rows
        .into_iter()
        .map(|row| InvitedUser {
            id: row.key.map(|key| key.to_string()),
            entry_id: row.number.number(),
            client_version: admin.then(|| row.client_version.clone()),
            client_last_seen: label(presence(&row, asked.now)),
            created_by: row.creator.map(|creator| format!("{}.0", creator.number())),
        })
        .collect();
    json(StatusCode::OK, &users)
}

fn presence(row: &Invited, now: tidings_core::Timestamp) -> Presence {
    Presence::of(row.seen_at, now)
}

/// `DELETE /account` and `POST /account/delete`. What can't be undone wants a signature that was not used before.
pub(super) async fn delete(asked: Asked, signer: Signer) -> Answer {
    asked.door.engine.account(signer.key).await?;
    if !signer.fresh {
        tracing::debug!("refused to delete an account on a signature that may have been used before");
        return Err(Refused::Signature);
    }
    asked.door.engine.delete_account(signer.key).await?;
    Ok(status(StatusCode::NO_CONTENT))
}

/// The wire's name of a presence (section 7).
pub(super) fn label(presence: Presence) -> &'static str {
    match presence {
        Presence::Never => "NEVER",
        Presence::LongTime => "LONG_TIME",
        Presence::WithinMonth => "WITHIN_MONTH",
        Presence::WithinWeek => "WITHIN_WEEK",
        Presence::Recently => "RECENTLY",
    }
}
