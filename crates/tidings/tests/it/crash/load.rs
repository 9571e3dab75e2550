//! One of several clients at work: it does this and that at random, and notes what it was told. `None` everywhere means that the
//! node went away meanwhile.

use super::model::{Fate, Member, Parcel, Parcels};
use crate::attempt::{Answer, Attempts, Dice, bytes_of};
use crate::piqchat::{Person, escaped};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

/// Recipients of one upload at most.
const GROUP_MAX: usize = 4;

/// Parcels taken at a time at most.
const TAKEN_MAX: usize = 10;

/// Numbers uploads, exchanges and attachments through a whole test.
static NEXT: AtomicU64 = AtomicU64::new(1);

fn next() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// How far an account that comes and goes is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stay {
    Away,
    /// It signs up with this token and text.
    Coming(String, String),
    Here,
    Leaving,
}

/// How far a contact exchange is.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Made,
    Accepting(String),
    Accepted(String),
    /// Before its deletion was asked for it was this.
    Deleting(Option<String>),
    Deleted,
}

/// A client with the people it acts for.
pub(super) struct Worker {
    pub(super) members: Vec<Member>,
    pub(super) guest: Member,
    pub(super) stay: Stay,
    pub(super) exchanges: Vec<(String, Step)>,
    pub(super) dice: Dice,
}

/// What is the same for all clients between two crashes.
pub(super) struct World<'a> {
    pub(super) node: Attempts,
    pub(super) parcels: &'a Parcels,
    /// Those who are always there.
    pub(super) everybody: &'a [String],
    pub(super) acknowledged: &'a (dyn Fn() + Sync),
}

fn expect(answer: &Answer, status: u16, what: &str) {
    assert!(answer.status == status, "{what}: {}", answer.text());
}

impl Worker {
    /// Works until the node goes away.
    pub(super) fn work(&mut self, world: &World<'_>) {
        while self.one(world).is_some() {
            (world.acknowledged)();
        }
    }

    fn one(&mut self, world: &World<'_>) -> Option<()> {
        let member = self.dice.roll(self.members.len());
        match self.dice.roll(100) {
            0..40 => self.upload(world, member),
            40..75 => self.take(world, member),
            75..82 => contacts(world, &mut self.members[member]),
            82..89 => backup(world, &mut self.members[member]),
            89..95 => self.guest(world),
            _ => self.exchange(world, member),
        }
    }

    fn upload(&mut self, world: &World<'_>, member: usize) -> Option<()> {
        let from = &self.members[member].person;
        let upload = next();
        let attachment = match self.dice.roll(10) {
            0..4 => None,
            4..6 => Some((upload, self.dice.roll(16 * 1024 + 1))),
            6..9 => Some((upload, 16 * 1024 + 1 + self.dice.roll(200_000))),
            _ => Some((upload, 1_000_000 + self.dice.roll(1_000_000))),
        };
        let mut to: BTreeSet<&String> =
            (0..=self.dice.roll(GROUP_MAX)).map(|_| &world.everybody[self.dice.roll(world.everybody.len())]).collect();
        if self.stay == Stay::Here && self.guest.contacts.sure > 0 && self.dice.roll(2) == 0 {
            to.insert(&self.guest.person.id);
        }
        let filling = "c".repeat(self.dice.roll(2000));
        let parcels: Vec<(String, String)> =
            to.iter().map(|to| ((*to).clone(), format!("{upload}/{to} {filling}"))).collect();
        let note = |(to, content): &(String, String)| {
            let (to, from) = (to.clone(), from.id.clone());
            (content.clone(), Parcel { upload, from, to, attachment, fate: Fate::Sent })
        };
        world.parcels.send(parcels.iter().map(note).collect());
        let bytes = attachment.map(|(number, length)| bytes_of(number, length));
        let answer = world.node.upload(from, &parcels, bytes.as_deref())?;
        assert_eq!(answer.text(), "200 {\"forbiddenRecipientIds\":[]}");
        world.parcels.acknowledge(upload);
        Some(())
    }

    /// Lists an inbox, fetches some attachments, and takes some parcels.
    fn take(&mut self, world: &World<'_>, member: usize) -> Option<()> {
        let here = self.stay == Stay::Here && self.dice.roll(3) == 0;
        let person = if here { &self.guest.person } else { &self.members[member].person };
        let kept = world.parcels.kept(&person.id);
        let listed = list(world, person)?;
        let contents: BTreeSet<String> = listed.iter().map(|(_, content)| content.clone()).collect();
        assert!(kept.is_subset(&contents), "not listed: {:?}", kept.difference(&contents).next());
        for (id, content) in listed.iter().take(self.dice.roll(TAKEN_MAX)) {
            if self.dice.roll(3) > 0 {
                fetch(world, person, id, content)?;
            }
            world.parcels.set(content, Fate::Taking);
            expect(&world.node.ask(person, "DELETE", &format!("/parcels/{id}"), None)?, 204, "taking");
            world.parcels.set(content, Fate::Gone);
        }
        Some(())
    }

    /// Somebody signs up, gives a list of contacts, or deletes the account; sometimes comes again with the same key.
    fn guest(&mut self, world: &World<'_>) -> Option<()> {
        match self.stay {
            Stay::Here if self.guest.contacts.sure > 0 => {
                self.stay = Stay::Leaving;
                expect(&world.node.ask(&self.guest.person, "DELETE", "/account", None)?, 204, "leaving");
                self.left(world.parcels);
            }
            Stay::Here => contacts(world, &mut self.guest)?,
            _ => {
                let token = invite(world, &self.members[0].person)?;
                let text = format!("text {}", next());
                self.stay = Stay::Coming(token.clone(), text.clone());
                let body = json!({ "userUuid": self.guest.person.id, "encryptedContact": text });
                let answer = world.node.ask_unsigned("POST", &accept(&token), &body)?;
                expect(&answer, 200, "signing up");
                assert_eq!(answer.json()["createdUserAccount"], true);
                self.stay = Stay::Here;
            }
        }
        Some(())
    }

    /// The guest's account is gone, and everything with it.
    pub(super) fn left(&mut self, parcels: &Parcels) {
        parcels.forget(&self.guest.person.id);
        self.stay = Stay::Away;
        let number = if self.dice.roll(2) == 0 { self.guest.number } else { 1_000_000 + next() };
        self.guest = Member::numbered(number);
    }

    fn exchange(&mut self, world: &World<'_>, member: usize) -> Option<()> {
        // All exchanges are the first member's, so that one key can ask for them.
        let maker = &self.members[0].person;
        let open = self.exchanges.iter_mut().rev().find(|(_, step)| !matches!(step, Step::Deleted));
        match open {
            Some((token, step @ Step::Made)) if self.dice.roll(3) > 0 => {
                let text = format!("text {member} {}", next());
                *step = Step::Accepting(text.clone());
                let body = json!({ "encryptedContact": text });
                expect(&world.node.ask_unsigned("POST", &accept(token), &body)?, 200, "accepting");
                *step = Step::Accepted(text);
            }
            Some((token, step)) => {
                let was = if let Step::Accepted(text) = step { Some(text.clone()) } else { None };
                *step = Step::Deleting(was);
                let path = format!("/contact-exchange/{token}");
                expect(&world.node.ask(maker, "DELETE", &path, None)?, 200, "deleting an exchange");
                *step = Step::Deleted;
            }
            None => {
                let token = invite(world, maker)?;
                self.exchanges.push((token, Step::Made));
            }
        }
        Some(())
    }
}

fn accept(token: &str) -> String {
    format!("/contact-exchange/{token}/accept")
}

fn invite(world: &World<'_>, maker: &Person) -> Option<String> {
    let body = json!({ "encryptedContact": "contact" });
    let answer = world.node.ask(maker, "POST", "/contact-exchange", Some(&body))?;
    expect(&answer, 201, "making an exchange");
    Some(answer.json()["oneTimeToken"].as_str().unwrap().to_owned())
}

/// Replaces somebody's list of contacts by another version of it.
pub(super) fn contacts(world: &World<'_>, member: &mut Member) -> Option<()> {
    let version = member.contacts.attempt();
    let marks = member.marks(version).map(|mark| mark.id);
    let list: Vec<String> = world.everybody.iter().cloned().chain(marks).collect();
    let body = json!({ "contacts": list });
    expect(&world.node.ask(&member.person, "POST", "/account/contacts", Some(&body))?, 204, "contacts");
    member.contacts.acknowledge();
    Some(())
}

fn backup(world: &World<'_>, member: &mut Member) -> Option<()> {
    let version = member.backup.attempt();
    let body = json!({ "backup": member.backup_text(version) });
    expect(&world.node.ask(&member.person, "POST", "/account/backup", Some(&body))?, 204, "backup");
    member.backup.acknowledge();
    Some(())
}

/// The ids and contents in an inbox, each of which was sent to it.
pub(super) fn list(world: &World<'_>, person: &Person) -> Option<Vec<(String, String)>> {
    let answer = world.node.ask(person, "GET", "/parcels", None)?;
    expect(&answer, 200, "listing");
    let Value::Array(listed) = answer.json() else { panic!("no list: {}", answer.text()) };
    let text = |parcel: &Value, name: &str| parcel[name].as_str().unwrap().to_owned();
    let read = |parcel: &Value| {
        let content = text(parcel, "content");
        assert_eq!(text(parcel, "uploadedBy"), world.parcels.show(&content, &person.id).from);
        (text(parcel, "id"), content)
    };
    Some(listed.iter().map(read).collect())
}

/// Fetches an attachment and compares it with what was sent.
pub(super) fn fetch(world: &World<'_>, person: &Person, id: &str, content: &str) -> Option<()> {
    let answer = world.node.ask(person, "GET", &format!("/parcels/{id}/attachment"), None)?;
    match world.parcels.show(content, &person.id).attachment {
        None => expect(&answer, 400, "an attachment that never was"),
        Some((number, length)) => {
            let name = content.split(' ').next().unwrap_or_default();
            assert_eq!(answer.status, 200, "the attachment of {name}");
            assert!(answer.body == bytes_of(number, length), "the attachment of {name} was changed");
        }
    }
    Some(())
}

/// The version of a list of contacts that the node has, by the keys that it accepts: wholly or not at all.
pub(super) fn contacts_found(world: &World<'_>, member: &Member) -> u64 {
    let path = format!("/parcels/{}/accepts", escaped(&member.person.id));
    let accepts = |person: &Person| match world.node.ask(person, "GET", &path, None).unwrap().status {
        200 => true,
        403 => false,
        other => panic!("whether somebody is accepted: {other}"),
    };
    let newest = member.contacts.sure.max(member.contacts.tried.unwrap_or(0));
    let mut found = Vec::new();
    for version in member.contacts.sure.saturating_sub(1).max(1)..=newest {
        let seen: BTreeSet<bool> = member.marks(version).map(|mark| accepts(&mark)).collect();
        assert_eq!(seen.len(), 1, "half of a list of contacts");
        found.extend(seen.contains(&true).then_some(version));
    }
    assert!(found.len() < 2, "two lists of contacts in one: {found:?}");
    found.first().copied().unwrap_or(0)
}
