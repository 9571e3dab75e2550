//! People and a roster of theirs, for tests.

use super::*;
use ed25519_dalek::SigningKey;
use tidings_wire::certificate::DeviceCertificate;
use tidings_wire::signed::Signed;

pub(super) const GROUP: [u8; 16] = [7; 16];

pub(super) fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

pub(super) fn id(n: u8) -> Identity {
    Identity(key(n).verifying_key().to_bytes())
}

pub(super) fn number(who: &Identity) -> u8 {
    (0..100).find(|n| id(*n) == *who).unwrap()
}

pub(super) fn member(n: u8, role: u8) -> RosterMember {
    RosterMember { id: id(n), access: [n.wrapping_add(100); 32], salt: [n; 16], role, since: u64::from(n) }
}

pub(super) fn device_key(n: u8, device: u8) -> SigningKey {
    key(n.wrapping_mul(10).wrapping_add(device).wrapping_add(100))
}

/// Completes a roster by the first device of somebody.
pub(super) fn attest(before: &Roster, after: &mut Roster, by: u8) {
    let device = device_key(by, 0);
    let certificate = DeviceCertificate {
        identity: Fixed(id(by).0),
        device: Fixed(device.verifying_key().to_bytes()),
        serial: 1,
        created: 0,
    };
    let certificate = Signed::sign(certificate, &key(by)).ok().unwrap();
    let pen = Pen { device: &device, certificate, group: GROUP };
    let staff = before.role(&id(by)).is_some_and(|role| role < MEMBER);
    let _ = after.attest(before, staff.then_some(&pen));
}

/// Owner 1, owner 2, moderators 3 and 4, members 5 and 6.
pub(super) fn roster() -> Roster {
    Roster {
        v: 5,
        kind: ConversationKind::Group,
        name: "Rowing".to_owned(),
        picture: None,
        hub: "https://hub.example".to_owned(),
        seal: [1; 32],
        locked: false,
        expire: None,
        members: vec![member(1, 0), member(2, 0), member(3, 1), member(4, 1), member(5, 2), member(6, 2)],
        signed: Vec::new(),
        gone: Vec::new(),
    }
}
