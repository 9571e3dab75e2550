//! What is signed: certificates, device lists, cards, offers, answers, parcels. The first byte says which. As a whole object, nothing may
//! pass that has no signature; as a body, what is read must keep its own rules and lead back.

use tidings_client::card::Card;
use tidings_client::invitation::{Answer, Offer};
use tidings_client::parcel::Parcel;
use tidings_wire::certificate::DeviceCertificate;
use tidings_wire::device_list::{DeviceList, Freshness, Standing};
use tidings_wire::signed::Body;
use tidings_wire::{Signed, cbor};

/// Reads a body, and the same again from what is written of it.
fn body<T: Body>(data: &[u8]) -> Option<T> {
    if let Ok(signed) = Signed::<T>::verify(data) {
        assert!(signed.check().is_ok() && signed.bytes() == data);
    }
    let body = cbor::decode::<T>(data, T::BYTES_MAX).ok().filter(|body| body.check().is_ok())?;
    let written = cbor::encode(&body);
    assert!(written.len() <= data.len().max(64) * 2, "{} of {}", written.len(), data.len());
    let Ok(again) = cbor::decode::<T>(&written, T::BYTES_MAX * 2) else { panic!("what was written is not read") };
    assert!(again.check().is_ok() && cbor::encode(&again) == written);
    Some(body)
}

fn list(list: &DeviceList) {
    assert_eq!(list.against(list), Ok(Freshness::Same));
    assert!(list.succeeds(list).is_err());
    for device in &list.devices {
        let certificate =
            DeviceCertificate { identity: list.identity, device: device.key, serial: device.serial, created: 0 };
        assert_eq!(list.standing(&certificate), Standing::Listed);
        if let Ok(less) = list.without(device.serial) {
            assert_eq!(less.succeeds(list), Ok(()));
            assert_eq!(less.standing(&certificate), Standing::Removed);
            assert!(list.against(&less).is_err());
        }
    }
}

pub(super) fn run(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    match kind % 6 {
        0 => drop(body::<DeviceCertificate>(data)),
        1 => body::<DeviceList>(data).iter().for_each(list),
        2 => drop(body::<Card>(data)),
        3 => drop(body::<Offer>(data)),
        4 => drop(body::<Answer>(data)),
        _ => drop(body::<Parcel>(data)),
    }
}
