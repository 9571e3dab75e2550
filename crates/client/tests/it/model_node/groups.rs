//! Hubs: the order of entries, whose turn it is, and who may.

use super::{Answered, Asked, ModelNode, Refused, done, fixed, made, no, yes};
use std::collections::{BTreeMap, BTreeSet};
use tidings_client::io::HttpAnswer;
use tidings_wire::api::{self, Entry, EntryKind, Role};
use tidings_wire::bytes::{Blob, Fixed};
use tidings_wire::failure::Code;

#[derive(Clone)]
pub(crate) struct Hub {
    pub members: BTreeMap<Fixed<32>, Role>,
    pub entries: Vec<Entry>,
    /// The number after which the first entry comes.
    start: u64,
    pub turn: u64,
    /// Where to say that something came.
    pub wakes: BTreeMap<Fixed<32>, Option<String>>,
    info: Blob,
    info_turn: u64,
    made: api::NewGroup,
}

impl Hub {
    pub(crate) fn end(&self) -> u64 {
        self.start + self.entries.len() as u64
    }

    /// Entries after a number.
    pub(crate) fn after(&self, number: u64) -> &[Entry] {
        let skipped = number.saturating_sub(self.start).min(self.entries.len() as u64);
        &self.entries[skipped as usize..]
    }

    fn members(&self) -> Vec<api::Member> {
        self.members.iter().map(|(key, role)| api::Member { key: *key, role: *role }).collect()
    }

    /// A hostile node lets strangers do everything.
    fn role(&self, caller: &Fixed<32>) -> Role {
        self.members.get(caller).copied().unwrap_or(Role::Owner)
    }

    /// What is left of a commit's changes but that its sender puts another key in the place of the own one.
    fn without_swap(&self, caller: &Fixed<32>, new: &api::NewEntry) -> api::NewEntry {
        let mut rest = new.clone();
        if rest.remove.contains(caller) {
            let role = self.role(caller);
            rest.remove.retain(|removed| removed != caller);
            let there = |member: &api::Member| self.members.contains_key(&member.key);
            if let Some(at) = rest.add.iter().position(|member| member.role == role && !there(member)) {
                rest.add.remove(at);
            }
        }
        rest
    }

    fn may(&self, caller: &Fixed<32>, new: &api::NewEntry) -> bool {
        let new = &self.without_swap(caller, new);
        let ownerless = !self.members.values().any(|role| *role == Role::Owner);
        let there = |member: &api::Member| self.members.get(&member.key) == Some(&member.role);
        match self.role(caller) {
            Role::Owner => true,
            _ if ownerless => true,
            Role::Moderator => {
                let removes = |key: &Fixed<32>| self.members.get(key).is_none_or(|role| *role == Role::Member);
                new.add.iter().all(|member| member.role == Role::Member || there(member))
                    && new.remove.iter().all(removes)
            }
            Role::Member => new.add.iter().all(there) && new.remove.iter().all(|key| !self.members.contains_key(key)),
        }
    }

    fn append(&mut self, caller: Fixed<32>, new: api::NewEntry, now: u64) -> Answered {
        if let Some(there) = self.entries.iter().find(|entry| entry.id == new.id) {
            if (&there.body, there.kind) != (&new.body, new.kind) {
                return no(409, Code::Exists);
            }
            return yes(201, &api::Placed { number: there.number, at: there.at });
        }
        let commit = new.kind == EntryKind::Commit;
        let fits = if commit {
            new.turn == self.turn + 1
        } else {
            new.turn <= self.turn && self.turn - new.turn <= api::TURNS_BEHIND_MAX
        };
        if !fits {
            let of_turn = |entry: &&Entry| entry.kind == EntryKind::Commit && entry.turn == new.turn;
            let winner = self.entries.iter().find(of_turn).filter(|_| commit).cloned();
            let taken = api::TurnTaken {
                error: Code::Turn,
                message: "turn".to_owned(),
                winner,
                turn: self.turn,
                end: self.end(),
            };
            return Ok(HttpAnswer { status: 409, headers: Vec::new(), body: serde_json::to_vec(&taken).unwrap() });
        }
        if !self.may(&caller, &new) {
            return no(403, Code::NotAccepted);
        }
        let number = self.end() + 1;
        if commit {
            self.turn = new.turn;
            self.info_turn = new.turn;
            self.info = new.info.clone().unwrap_or_default();
            self.members.retain(|key, _| !new.remove.contains(key));
            self.members.extend(new.add.iter().map(|member| (member.key, member.role)));
        }
        let api::NewEntry { id, kind, turn, body, add, remove, .. } = new;
        self.entries.push(Entry { number, id, kind, turn, at: now, body, add, remove });
        yes(201, &api::Placed { number, at: now })
    }
}

/// Whether a group can begin with these: each once, and an owner among them.
fn may_make(members: &[api::Member]) -> bool {
    let keys: BTreeSet<_> = members.iter().map(|member| member.key).collect();
    keys.len() == members.len() && members.iter().any(|member| member.role == Role::Owner)
}

impl ModelNode {
    pub(crate) fn hub(&mut self, group: Fixed<16>, key: Fixed<32>) -> Result<&mut Hub, Refused> {
        let lax = self.lax;
        let hub = self.groups.get_mut(&group).filter(|hub| lax || hub.members.contains_key(&key));
        hub.ok_or(Refused(403, Code::NotAccepted, Vec::new()))
    }

    pub(super) fn group_request(&mut self, asked: &Asked<'_>) -> Answered {
        let incarnation = self.incarnation;
        match (asked.request.method, &asked.path[..]) {
            ("POST", ["groups"]) => {
                let new: api::NewGroup = asked.body()?;
                self.device(asked)?;
                let far = new.turn.max(new.end) > 1 << 31;
                if far || !may_make(&new.members) {
                    return no(400, Code::Malformed);
                }
                if let Some(hub) = self.groups.get(&new.group) {
                    return if hub.made == new { made() } else { no(409, Code::Exists) };
                }
                let members = new.members.iter().map(|member| (member.key, member.role)).collect();
                let hub = Hub {
                    members,
                    entries: Vec::new(),
                    start: new.end,
                    turn: new.turn,
                    wakes: BTreeMap::new(),
                    info: new.info.clone(),
                    info_turn: new.turn,
                    made: new.clone(),
                };
                self.groups.insert(new.group, hub);
                made()
            }
            ("GET", ["groups", id]) => {
                let hub = self.hub(fixed(id)?, asked.key()?)?;
                let group = api::Group {
                    turn: hub.turn,
                    end: hub.end(),
                    first: hub.start + 1,
                    info: hub.info.clone(),
                    info_turn: hub.info_turn,
                    incarnation,
                    members: hub.members(),
                };
                yes(200, &group)
            }
            ("GET", ["groups", id, "entries"]) => {
                let hub = self.hub(fixed(id)?, asked.key()?)?;
                let (after, limit) = (asked.number("after"), asked.number("limit").clamp(1, 1000) as usize);
                let entries = hub.after(after).iter().take(limit).cloned().collect();
                yes(200, &api::Entries { entries, end: hub.end(), turn: hub.turn, incarnation })
            }
            _ => self.member_request(asked),
        }
    }

    /// What members do.
    fn member_request(&mut self, asked: &Asked<'_>) -> Answered {
        match (asked.request.method, &asked.path[..]) {
            ("POST", ["groups", id, "entries"]) => {
                let new: api::NewEntry = asked.body()?;
                let key = asked.key()?;
                self.hub(fixed(id)?, key)?.append(key, new, asked.now)
            }
            ("DELETE", ["groups", id, "members", "self"]) => {
                let key = asked.key()?;
                self.hub(fixed(id)?, key)?.members.remove(&key);
                done()
            }
            ("DELETE", ["groups", id]) => {
                let (id, key) = (fixed(id)?, asked.key()?);
                if self.hub(id, key)?.members.get(&key) != Some(&Role::Owner) {
                    return no(403, Code::NotAccepted);
                }
                self.groups.remove(&id);
                done()
            }
            ("PUT", ["groups", id, "wake"]) => {
                let (new, key): (api::NewWake, _) = (asked.body()?, asked.key()?);
                self.hub(fixed(id)?, key)?.wakes.insert(key, new.url);
                done()
            }
            _ => no(404, Code::NotFound),
        }
    }
}
