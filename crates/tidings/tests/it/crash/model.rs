//! What a node must have, may have and must not have, by what it answered.

use crate::piqchat::Person;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// What is known of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Sent; nobody was told that it is kept.
    Sent,
    /// It must be there.
    Kept,
    /// Its deletion was asked for; nobody was told that it is done.
    Taking,
    /// It must not be there.
    Gone,
}

/// A parcel; its content is its name.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    pub(super) upload: u64,
    pub(super) from: String,
    pub(super) to: String,
    /// Number and length of the attachment's bytes.
    pub(super) attachment: Option<(u64, usize)>,
    pub(super) fate: Fate,
}

#[derive(Default)]
struct Known {
    parcels: BTreeMap<String, Parcel>,
    /// Uploads of which somebody was shown a parcel: what was shown is durable, and so is all of its upload.
    shown: BTreeSet<u64>,
}

/// All parcels ever sent.
#[derive(Default)]
pub(super) struct Parcels(Mutex<Known>);

impl Parcels {
    /// An upload is about to be sent.
    pub(super) fn send(&self, parcels: Vec<(String, Parcel)>) {
        self.0.lock().unwrap().parcels.extend(parcels);
    }

    /// An upload was acknowledged.
    pub(super) fn acknowledge(&self, upload: u64) {
        for parcel in self.0.lock().unwrap().parcels.values_mut().filter(|parcel| parcel.upload == upload) {
            if parcel.fate == Fate::Sent {
                parcel.fate = Fate::Kept;
            }
        }
    }

    /// A parcel was listed: gives what is known of it. Fails if it should not be there.
    pub(super) fn show(&self, content: &str, to: &str) -> Parcel {
        let mut known = self.0.lock().unwrap();
        let parcel = known.parcels.get(content).unwrap_or_else(|| panic!("{content} was never sent")).clone();
        assert!(parcel.to == to && parcel.fate != Fate::Gone, "{content} must not be there: {parcel:?}");
        known.shown.insert(parcel.upload);
        parcel
    }

    pub(super) fn set(&self, content: &str, fate: Fate) {
        self.0.lock().unwrap().parcels.get_mut(content).unwrap().fate = fate;
    }

    /// What must be in an inbox now.
    pub(super) fn kept(&self, to: &str) -> BTreeSet<String> {
        let known = self.0.lock().unwrap();
        known.parcels.iter().filter(|(_, p)| p.to == to && p.fate == Fate::Kept).map(|(c, _)| c.clone()).collect()
    }

    /// Everything of an inbox went with its account.
    pub(super) fn forget(&self, to: &str) {
        for parcel in self.0.lock().unwrap().parcels.values_mut().filter(|parcel| parcel.to == to) {
            parcel.fate = Fate::Gone;
        }
    }

    /// Compares with everything that is there after a crash; then nothing is uncertain any more. Gives how many were uncertain.
    pub(super) fn settle(&self, there: &BTreeSet<String>) -> usize {
        let mut known = self.0.lock().unwrap();
        let known = &mut *known;
        let mut uploads: BTreeMap<u64, BTreeSet<bool>> = BTreeMap::new();
        for (content, parcel) in &known.parcels {
            let is_there = there.contains(content);
            match parcel.fate {
                Fate::Kept => assert!(is_there, "{content} was acknowledged and is lost: {parcel:?}"),
                Fate::Gone => assert!(!is_there, "{content} was deleted and came back: {parcel:?}"),
                Fate::Sent => drop(uploads.entry(parcel.upload).or_default().insert(is_there)),
                Fate::Taking => {}
            }
        }
        for (upload, seen) in &uploads {
            assert!(seen.len() == 1, "upload {upload} is half there");
            assert!(seen.contains(&true) || !known.shown.contains(upload), "upload {upload} was shown and is lost");
        }
        let mut uncertain = 0;
        for (content, parcel) in &mut known.parcels {
            uncertain += usize::from([Fate::Sent, Fate::Taking].contains(&parcel.fate));
            parcel.fate = if there.contains(content) { Fate::Kept } else { Fate::Gone };
        }
        known.parcels.retain(|_, parcel| parcel.fate == Fate::Kept);
        uncertain
    }
}

/// A value that is replaced: what was acknowledged last, and what may have come after.
#[derive(Clone, Copy, Debug)]
pub(super) struct Replaced {
    pub(super) sure: u64,
    pub(super) tried: Option<u64>,
}

impl Replaced {
    pub(super) const NEVER: Self = Self { sure: 0, tried: None };

    /// Another version is tried; gives its number.
    pub(super) fn attempt(&mut self) -> u64 {
        let next = self.sure.max(self.tried.unwrap_or(0)) + 1;
        self.tried = Some(next);
        next
    }

    /// The version that was tried is certain.
    pub(super) fn acknowledge(&mut self) {
        self.sure = self.tried.take().unwrap_or(self.sure);
    }

    /// After a crash, this version was found.
    pub(super) fn settle(&mut self, found: u64, what: &str) {
        assert!(found == self.sure || Some(found) == self.tried, "{what}: found version {found}, but {self:?}");
        *self = Self { sure: found, tried: None };
    }
}

/// Somebody with an account, or whose account comes and goes.
pub(super) struct Member {
    pub(super) person: Person,
    pub(super) number: u64,
    pub(super) contacts: Replaced,
    pub(super) backup: Replaced,
}

/// Keys in a list of contacts that belong to one version of it alone.
const MARKS: u64 = 4;

impl Member {
    pub(super) fn numbered(number: u64) -> Self {
        Self { person: Person::numbered(number), number, contacts: Replaced::NEVER, backup: Replaced::NEVER }
    }

    /// The keys by which a version of the list of contacts is known.
    pub(super) fn marks(&self, version: u64) -> impl Iterator<Item = Person> + use<> {
        let first = (self.number << 32) + version * MARKS;
        (first..first + MARKS).map(Person::numbered)
    }

    /// The text of a version of the backup.
    pub(super) fn backup_text(&self, version: u64) -> String {
        let length = usize::try_from(version * 7919 % 40_000).unwrap();
        format!("{} {version} {}", self.number, "b".repeat(length))
    }
}
