//! Accounts, devices and groups, made before anything is measured.

use std::net::SocketAddr;
use std::time::Duration;

use super::key::{Key, Request, b64, random};
use super::stack::Stack;
use crate::driver::{self, Plan};
use crate::error::{Error, Result};
use crate::script::Script;

/// How many connections make it.
const CONNECTIONS: usize = 64;

/// A group, and the access keys of its members.
pub(super) struct Group {
    /// Its id.
    pub(super) id: [u8; 16],
    /// The same in base64url.
    pub(super) text: String,
    /// Devices that are in it, by number.
    pub(super) members: Vec<usize>,
}

/// A device, which is the only one of its account.
pub(super) struct Device {
    /// Its own key, which follows the inbox.
    pub(super) key: Key,
    /// What it shows to groups. Members have another one for each group; to a node that makes no difference.
    pub(super) access: Key,
    /// The groups it is in, by number.
    pub(super) groups: Vec<usize>,
}

/// All that live at the node.
pub(super) struct Village {
    /// Where it is.
    pub(super) target: SocketAddr,
    /// What goes into `Host`.
    pub(super) host: String,
    /// Everybody.
    pub(super) devices: Vec<Device>,
    /// All groups.
    pub(super) groups: Vec<Group>,
}

impl Village {
    /// Makes so many accounts with a device each, and groups of which each device is in so many, at a node that lets anybody in.
    pub(super) fn settle(target: SocketAddr, devices: usize, groups: usize, each: usize) -> Result<Self> {
        let host = target.to_string();
        let mut village = Self { target, host, devices: Vec::new(), groups: Vec::new() };
        let (mut accounts, mut made) = (Stack::new()?, Stack::new()?);
        for _ in 0..groups {
            let id = random()?;
            village.groups.push(Group { id, text: b64(&id), members: Vec::new() });
        }
        for number in 0..devices {
            let (identity, key) = (Key::random()?, Key::random()?);
            let json = format!(r#"{{"devices":"{}"}}"#, b64(&identity.device_list(&key)));
            accounts.push(&identity, &village.host, &post("/v1/accounts", &json));
            let groups = (0..each).filter_map(|place| (number * each + place).checked_rem(groups));
            let device = Device { key, access: Key::random()?, groups: groups.collect() };
            for group in &device.groups {
                if let Some(group) = village.groups.get_mut(*group) {
                    group.members.push(number);
                }
            }
            village.devices.push(device);
        }
        village.make(accounts, "accounts")?;
        for group in &village.groups {
            village.push_group(&mut made, group);
        }
        village.make(made, "groups")?;
        Ok(village)
    }

    fn push_group(&self, stack: &mut Stack, group: &Group) {
        let members = group.members.iter().filter_map(|member| self.devices.get(*member)).enumerate();
        let members: Vec<String> = members
            .map(|(place, device)| {
                let role = if place == 0 { "owner" } else { "member" };
                format!(r#"{{"key":"{}","role":"{role}"}}"#, device.access.id())
            })
            .collect();
        let json =
            format!(r#"{{"group":"{}","members":[{}],"info":"{}"}}"#, group.text, members.join(","), b64(&[7; 200]));
        let maker = group.members.first().and_then(|member| self.devices.get(*member));
        if let Some(maker) = maker {
            stack.push(&maker.key, &self.host, &post("/v1/groups", &json));
        }
    }

    /// Sends all of these requests, every one of which must succeed.
    pub(super) fn make(&self, requests: Stack, what: &str) -> Result<()> {
        let connections = CONNECTIONS.min(requests.len().max(1));
        let (warm_up, time) = (Duration::ZERO, None);
        let plan = Plan { target: self.target, connections, threads: 1, warm_up, time };
        let figures = driver::drive(plan, &Script::once(requests.into_requests()))?;
        match figures.complaints.first_key_value() {
            Some((why, _)) => Err(Error::Unusable(format!("making {what}: {} failed: {why}", figures.failed()))),
            None => Ok(()),
        }
    }

    /// The access key of some member of a group, by turns.
    pub(super) fn speaker(&self, group: &Group, turn: usize) -> Option<&Key> {
        let member = group.members.get(turn.checked_rem(group.members.len())?)?;
        self.devices.get(*member).map(|device| &device.access)
    }
}

/// A `POST` of JSON.
fn post<'a>(path: &'a str, json: &'a str) -> Request<'a> {
    Request { method: "POST", path, query: "", body: Some(json.as_bytes()) }
}
