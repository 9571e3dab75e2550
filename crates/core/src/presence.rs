//! Which devices listen now, so that nobody wakes them.

use crate::group::GroupId;
use crate::key::Ed25519Key;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The first 8 bytes of the SHA-256 of a device's key, by which hubs know it.
pub type DeviceMark = [u8; 8];

/// What a device listens to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Listening {
    Inbox(Ed25519Key),
    Group(GroupId, Ed25519Key, DeviceMark),
}

/// The devices that listen in this process. Bounded by the sessions that the doors allow.
#[derive(Default)]
pub struct Presences(Mutex<HashMap<Listening, usize>>);

impl Presences {
    fn lock(&self) -> MutexGuard<'_, HashMap<Listening, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this device of this member follows the group.
    pub fn in_group(&self, group: &GroupId, key: &Ed25519Key, device: &DeviceMark) -> bool {
        self.lock().contains_key(&Listening::Group(*group, *key, *device))
    }

    /// Whether the device follows its inbox.
    pub fn in_inbox(&self, device: &Ed25519Key) -> bool {
        self.lock().contains_key(&Listening::Inbox(*device))
    }

    /// A device of a member follows a group while what this gives lives.
    pub fn enter_group(self: &Arc<Self>, group: GroupId, key: Ed25519Key, device: DeviceMark) -> Presence {
        self.enter(Listening::Group(group, key, device))
    }

    /// A device follows its inbox while what this gives lives.
    pub fn enter_inbox(self: &Arc<Self>, device: Ed25519Key) -> Presence {
        self.enter(Listening::Inbox(device))
    }

    fn enter(self: &Arc<Self>, what: Listening) -> Presence {
        *self.lock().entry(what).or_default() += 1;
        Presence { presences: Arc::clone(self), what }
    }
}

/// While it lives, a device counts as listening.
pub struct Presence {
    presences: Arc<Presences>,
    what: Listening,
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut all = self.presences.lock();
        if let Some(sessions) = all.get_mut(&self.what) {
            *sessions -= 1;
            if *sessions == 0 {
                all.remove(&self.what);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_present_until_its_last_session_ends() {
        let presences = Arc::<Presences>::default();
        let key = Ed25519Key::from_bytes([7; 32]).unwrap();
        let (first, second) = (presences.enter_inbox(key), presences.enter_inbox(key));
        let group = presences.enter_group([1; 16], key, [2; 8]);
        drop(first);
        assert!(presences.in_inbox(&key) && presences.in_group(&[1; 16], &key, &[2; 8]));
        assert!(!presences.in_group(&[1; 16], &key, &[3; 8]));
        drop((second, group));
        assert!(!presences.in_inbox(&key) && presences.lock().is_empty());
    }
}
