//! Key packages: put by devices, each taken once.

use super::answer::{Answer, Refused, json};
use super::dispatch::Asked;
use http::StatusCode;
use tidings_core::device::PackagesWaiting as Waiting;
use tidings_wire::api::{NewPackages, PACKAGE_BYTES_MAX, PACKAGES_MAX, Package, PackagesWaiting, TakenPackages};
use tidings_wire::{Blob, Code, Fixed};

/// `PUT /v1/key-packages`.
pub(super) async fn put(asked: Asked) -> Answer {
    let (device, _) = asked.caller.as_device()?;
    let new: NewPackages = asked.json()?;
    let all = || new.packages.iter().chain(&new.last_resort);
    if new.packages.len() > PACKAGES_MAX || all().any(|package| package.0.len() > PACKAGE_BYTES_MAX) {
        let message = format!("at most {PACKAGES_MAX} key packages of {PACKAGE_BYTES_MAX} bytes");
        return Err(Refused::new(Code::TooLarge, message));
    }
    if all().any(|package| package.0.is_empty()) {
        return Err(Refused::malformed("a key package has no bytes"));
    }
    let packages = new.packages.into_iter().map(|package| package.0).collect();
    let last_resort = new.last_resort.map(|package| package.0);
    let waiting = asked.door.engine.add_packages(device, packages, last_resort, asked.now).await?;
    json(StatusCode::OK, &told(&waiting))
}

fn told(waiting: &Waiting) -> PackagesWaiting {
    let Waiting { waiting, last_resort, incarnation } = *waiting;
    PackagesWaiting { waiting, last_resort, incarnation }
}

/// `GET /v1/key-packages`.
pub(super) async fn waiting(asked: Asked) -> Answer {
    let (device, _) = asked.caller.as_device()?;
    json(StatusCode::OK, &told(&asked.door.engine.packages_waiting(device).await?))
}

/// `POST /v1/inboxes/{identity}/key-packages`.
pub(super) async fn take(asked: Asked) -> Answer {
    let (owner, (caller, _)) = (asked.identity()?, asked.caller.as_poster()?);
    let taken = asked.door.engine.take_packages(owner, caller, asked.now).await?;
    let packages = taken.packages.into_iter().map(|taken| Package {
        device: Fixed(*taken.device.as_bytes()),
        package: Blob(taken.package),
        last_resort: taken.last_resort,
    });
    json(StatusCode::OK, &TakenPackages { devices: Blob(taken.list), packages: packages.collect() })
}
