//! Accounts, their device lists, and tokens that let others in.

use super::answer::{Answer, Refused, done, json};
use super::dispatch::{Asked, key};
use super::node::{millis, time};
use http::StatusCode;
use tidings_core::device::{DeviceList, Registration, TOKEN_LIFE_MAX};
use tidings_core::{Ed25519Key, TokenHash};
use tidings_wire::api::{Account, CounterTaken, Devices, NewAccount, NewToken, TokenMade};
use tidings_wire::device_list::DeviceList as SignedList;
use tidings_wire::signed::Signed;
use tidings_wire::{Blob, Code, Fixed};

/// `POST /v1/accounts`.
pub(super) async fn create(asked: Asked) -> Answer {
    let identity = asked.caller.as_holder()?;
    let new: NewAccount = asked.json()?;
    let door = &asked.door;
    door.limits.may_guess(asked.address, asked.now).map_err(Refused::rate)?;
    let registration = Registration {
        identity,
        devices: listed(&verified(&new.devices, &identity)?, Vec::new())?,
        token: new.token.as_deref().map(TokenHash::of),
        open: door.settings.load().open_registration,
    };
    let made = door.engine.register_account(registration, asked.now).await;
    if matches!(made, Err(tidings_engine::Error::Exchange(_))) {
        door.limits.guessed_wrong(asked.address, asked.now);
    }
    made?;
    created()
}

/// 201 without a body.
pub(super) fn created() -> Answer {
    let mut response = done()?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// Reads a device list that this identity has signed.
fn verified(bytes: &Blob, identity: &Ed25519Key) -> Result<Signed<SignedList>, Refused> {
    Signed::<SignedList>::verify_by(&bytes.0, &Fixed(*identity.as_bytes()))
        .map_err(|error| Refused::malformed(format!("`devices` is not a device list of this identity: {error}")))
}

/// A device list as it is kept; `anew`: those of its devices that have another serial than before.
fn listed(signed: &Signed<SignedList>, anew: Vec<Ed25519Key>) -> Result<DeviceList, Refused> {
    let devices: Result<Vec<_>, _> = signed.devices.iter().map(|listed| key(listed.key.0)).collect();
    Ok(DeviceList { list: signed.bytes().to_vec(), counter: signed.counter, devices: devices?, anew })
}

/// `DELETE /v1/account`.
pub(super) async fn delete(asked: Asked) -> Answer {
    let identity = asked.caller.as_holder()?;
    asked.door.engine.delete_account(tidings_core::Key::Ed25519(identity)).await?;
    done()
}

/// `GET /v1/account`.
pub(super) async fn account(asked: Asked) -> Answer {
    let (_, identity) = asked.caller.as_device()?;
    let account = asked.door.engine.native_account(identity).await?;
    let account = Account {
        identity: Fixed(*identity.as_bytes()),
        created: millis(account.created),
        devices: Blob(account.list),
        profile: account.profile,
        blob_bytes: account.blob_bytes,
        blob_bytes_max: account.blob_bytes_max,
    };
    json(StatusCode::OK, &account)
}

/// `PUT /v1/devices`.
pub(super) async fn put_devices(asked: Asked) -> Answer {
    let identity = asked.caller.as_holder()?;
    let new: Devices = asked.json()?;
    let list = verified(&new.devices, &identity)?;
    let Some(stored) = asked.door.engine.device_list(identity).await? else {
        return Err(tidings_engine::Error::NoAccount.into());
    };
    // It was verified before it was stored.
    let Ok(before) = Signed::<SignedList>::stored_body(&stored) else { return Err(counter(stored)) };
    // Devices that were removed do not come back, and none changes its number.
    if stored != list.bytes() && list.succeeds(&before).is_err() {
        return Err(counter(stored));
    }
    let list = listed(&list, renumbered(&list, &before))?;
    match asked.door.engine.set_device_list(identity, list).await? {
        Ok(()) => done(),
        Err(stored) => Err(counter(stored)),
    }
}

/// The devices that both lists have, each with another serial.
fn renumbered(new: &SignedList, old: &SignedList) -> Vec<Ed25519Key> {
    let other = |key: &Fixed<32>, serial: u64| old.listed(key).is_some_and(|before| before != serial);
    let found = new.devices.iter().filter(|device| other(&device.key, device.serial));
    found.filter_map(|device| key(device.key.0).ok()).collect()
}

fn counter(stored: Vec<u8>) -> Refused {
    let message = "the device list is not the next one after the one that is stored here, which is attached";
    let body = CounterTaken { error: Code::Counter, message: message.to_owned(), devices: Blob(stored) };
    Refused::new(Code::Counter, message).with_body(&body)
}

/// `GET /v1/devices`.
pub(super) async fn devices(asked: Asked) -> Answer {
    let identity = asked.caller.as_identity()?;
    let stored = asked.door.engine.device_list(identity).await?.ok_or(tidings_engine::Error::NoAccount)?;
    json(StatusCode::OK, &Devices { devices: Blob(stored) })
}

/// `POST /v1/tokens`.
pub(super) async fn make_token(asked: Asked) -> Answer {
    let (_, identity) = asked.caller.as_device()?;
    let new: NewToken = asked.json()?;
    let expires = time(new.expires).min(asked.now.after(TOKEN_LIFE_MAX));
    let token = asked.door.engine.invitation_token(identity, expires, asked.now).await?;
    json(StatusCode::CREATED, &TokenMade { token: token.as_str().to_owned(), expires: millis(expires) })
}
