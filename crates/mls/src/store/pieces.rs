//! Values, their pieces, and which pieces have changed.

use super::{Change, PIECE, StoreError};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use zeroize::Zeroizing;

type Value = Arc<Zeroizing<Vec<u8>>>;
type Before = BTreeMap<Vec<u8>, Option<Value>>;

/// The values, what they were when changes were last taken, and what they were when the present call began.
#[derive(Default)]
pub(super) struct Held {
    values: BTreeMap<Vec<u8>, Value>,
    unsaved: Before,
    undo: Before,
}

impl Held {
    /// Puts the pieces together again: a record's key is the value's and two bytes of number.
    pub(super) fn load(records: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Result<Self, StoreError> {
        let mut pieces: BTreeMap<Vec<u8>, BTreeMap<u16, Vec<u8>>> = BTreeMap::new();
        for (mut key, piece) in records {
            let number = key.split_off(key.len().checked_sub(2).ok_or(StoreError::Decode)?);
            let number = u16::from_be_bytes(number.try_into().map_err(|_| StoreError::Decode)?);
            pieces.entry(key).or_default().insert(number, piece);
        }
        let values = pieces.into_iter().map(|(key, pieces)| Ok((key, joined(pieces)?)));
        Ok(Self { values: values.collect::<Result<_, StoreError>>()?, ..Self::default() })
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.values.get(key).map(|value| value.as_slice())
    }

    pub(super) fn keys(&self, prefix: &[u8]) -> Vec<Vec<u8>> {
        let from = self.values.range(prefix.to_vec()..);
        from.map(|(key, _)| key).take_while(|key| key.starts_with(prefix)).cloned().collect()
    }

    pub(super) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        let old = self.values.insert(key.clone(), Arc::new(Zeroizing::new(value)));
        self.remember(key, old);
    }

    pub(super) fn delete(&mut self, key: &[u8]) {
        if let Some(old) = self.values.remove(key) {
            self.remember(key.to_vec(), Some(old));
        }
    }

    fn remember(&mut self, key: Vec<u8>, old: Option<Value>) {
        self.undo.entry(key.clone()).or_insert_with(|| old.clone());
        self.unsaved.entry(key).or_insert(old);
    }

    pub(super) fn begin(&mut self) {
        self.undo.clear();
    }

    pub(super) fn roll_back(&mut self) {
        for (key, old) in std::mem::take(&mut self.undo) {
            match old {
                Some(old) => self.values.insert(key, old),
                None => self.values.remove(&key),
            };
        }
        // `unsaved` may now name values that are as they were saved: they come out with no change.
    }

    pub(super) fn take_changes(&mut self) -> Vec<Change> {
        self.undo.clear();
        let mut changes = Vec::new();
        for (key, old) in std::mem::take(&mut self.unsaved) {
            let old = old.as_ref().map(|value| value.as_slice());
            let new = self.values.get(&key).map(|value| value.as_slice());
            changed(&key, old, new, &mut changes);
        }
        changes
    }

    /// Deletes of all records that were ever given out by [`take_changes`](Self::take_changes) or loaded.
    pub(super) fn erase(&mut self) -> Vec<Change> {
        let mut saved = std::mem::take(&mut self.values);
        for (key, old) in std::mem::take(&mut self.unsaved) {
            match (old, saved.entry(key)) {
                (Some(old), Entry::Vacant(place)) => drop(place.insert(old)),
                (Some(old), Entry::Occupied(mut place)) => drop(place.insert(old)),
                (None, Entry::Occupied(place)) => drop(place.remove()),
                (None, Entry::Vacant(_)) => {}
            }
        }
        let mut changes = Vec::new();
        for (key, value) in &saved {
            changed(key, Some(value), None, &mut changes);
        }
        changes
    }
}

#[cfg(test)]
impl Held {
    pub(super) fn snapshot(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.values.iter().map(|(key, value)| (key.clone(), value.to_vec())).collect()
    }
}

/// Pieces from number 0 on without a hole, each but the last full.
fn joined(pieces: BTreeMap<u16, Vec<u8>>) -> Result<Value, StoreError> {
    let mut whole = Zeroizing::new(Vec::with_capacity(pieces.len() * PIECE));
    for (at, (number, piece)) in pieces.into_iter().enumerate() {
        if usize::from(number) != at || whole.len() != at * PIECE || piece.len() > PIECE {
            return Err(StoreError::Decode);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(Arc::new(whole))
}

fn changed(key: &[u8], old: Option<&[u8]>, new: Option<&[u8]>, changes: &mut Vec<Change>) {
    let mut old = old.map(cut).into_iter().flatten();
    let mut new = new.map(cut).into_iter().flatten();
    for number in 0..=u16::MAX {
        let (before, after) = (old.next(), new.next());
        if before.is_none() && after.is_none() {
            return;
        }
        if before != after {
            let key = [key, &number.to_be_bytes()].concat();
            changes.push(Change { key, value: after.map(<[u8]>::to_vec) });
        }
    }
}

/// At least one piece, so that an empty value is one, too.
fn cut(value: &[u8]) -> Vec<&[u8]> {
    if value.is_empty() { vec![value] } else { value.chunks(PIECE).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(records: &mut BTreeMap<Vec<u8>, Vec<u8>>, changes: Vec<Change>) -> usize {
        let bytes = changes.iter().map(|change| change.value.as_ref().map_or(0, Vec::len)).sum();
        for Change { key, value } in changes {
            match value {
                Some(value) => drop(records.insert(key, value)),
                None => assert!(records.remove(&key).is_some(), "deletes only what is there"),
            }
        }
        bytes
    }

    #[test]
    fn records_follow_the_values() {
        let mut records = BTreeMap::new();
        let mut held = Held::default();
        let long: Vec<u8> = (0..PIECE * 3).map(|at| (at % 251) as u8).collect();
        for length in [PIECE * 3, 0, 1, PIECE, PIECE + 1, PIECE * 2, 5] {
            held.put(vec![1, 2], long[..length].to_vec());
            held.put(vec![9], vec![length as u8]);
            apply(&mut records, held.take_changes());
            let loaded = Held::load(records.clone()).unwrap();
            assert_eq!(loaded.snapshot(), held.snapshot());
        }
        held.delete(&[1, 2]);
        apply(&mut records, held.take_changes());
        assert_eq!(records.len(), 1);
        apply(&mut records, held.erase());
        assert!(records.is_empty());
    }

    #[test]
    fn only_changed_pieces_are_written() {
        let mut records = BTreeMap::new();
        let mut held = Held::default();
        let mut value = vec![7; PIECE * 10];
        held.put(vec![1], value.clone());
        assert_eq!(apply(&mut records, held.take_changes()), PIECE * 10);
        value[PIECE * 4 + 3] = 1;
        held.put(vec![1], value);
        assert_eq!(apply(&mut records, held.take_changes()), PIECE);
        assert!(held.take_changes().is_empty());
    }

    #[test]
    fn what_is_rolled_back_was_never_there() {
        let mut held = Held::default();
        held.put(vec![1], vec![1]);
        held.put(vec![2], vec![2]);
        let mut records = BTreeMap::new();
        apply(&mut records, held.take_changes());
        held.put(vec![3], vec![3]);
        held.begin();
        held.put(vec![1], vec![8]);
        held.delete(&[2]);
        held.put(vec![4], vec![4]);
        held.roll_back();
        apply(&mut records, held.take_changes());
        assert_eq!(records.len(), 3);
        assert_eq!(Held::load(records).unwrap().snapshot(), held.snapshot());
    }

    #[test]
    fn an_unsaved_group_erases_what_is_on_the_disk() {
        let mut held = Held::default();
        held.put(vec![1], vec![1]);
        let mut records = BTreeMap::new();
        apply(&mut records, held.take_changes());
        held.put(vec![1], vec![1; PIECE * 2]);
        held.put(vec![2], vec![2]);
        apply(&mut records, held.erase());
        assert!(records.is_empty());
    }

    #[test]
    fn broken_records_are_refused() {
        let gap = [(vec![1, 0, 0], vec![0; PIECE]), (vec![1, 0, 2], vec![1])];
        assert!(Held::load(gap).is_err());
        let short = [(vec![1, 0, 0], vec![0; 3]), (vec![1, 0, 1], vec![1])];
        assert!(Held::load(short).is_err());
        assert!(Held::load([(vec![1], vec![1])]).is_err());
    }
}
