//! Looking at a write-ahead log that a crash left behind, before SQLite does. SQLite reads it up to the first frame that is
//! wrong and forgets the rest in silence. That is right for what was being written when the crash came, but not for what
//! was committed, synced and acknowledged before. The format: <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>.

use super::fault::Fault;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

const HEADER_LEN: usize = 32;
const FRAME_HEADER_LEN: usize = 24;

/// What a log begins with; the lowest bit says that its checksums read words as big-endian.
const MAGIC: u32 = 0x377f_0682;

/// The largest page that SQLite knows.
const PAGE_MAX: u32 = 65_536;

/// Bytes read from the file at a time.
const BUFFER: usize = 256 * 1024;

/// Fails if the log has frames behind a wrong one that were only written after the wrong one was synced. What is wrong in the
/// last transaction can't be told from a write that a crash cut off.
pub(super) fn check(path: &Path) -> Result<(), Fault> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let mut input = BufReader::with_capacity(BUFFER, file);
    let mut header = [0; HEADER_LEN];
    if !fill(&mut input, &mut header)? || header == [0; HEADER_LEN] {
        return Ok(());
    }
    let damaged = |what: &str| Fault::Damaged(format!("{}: {what}", path.display()));
    let log = Log::read(&header).ok_or_else(|| damaged("the header is damaged"))?;
    match log.lost(&mut input)? {
        None => Ok(()),
        Some(frame) => Err(damaged(&format!("frame {frame} is damaged, and committed ones follow it"))),
    }
}

struct Log {
    big_endian: bool,
    page: usize,
    salts: (u32, u32),
    sums: (u32, u32),
}

impl Log {
    /// Reads the header; none if it does not fit its own checksum.
    fn read(header: &[u8; HEADER_LEN]) -> Option<Self> {
        let (content, sums) = header.split_at_checked(24)?;
        let page = word(content, 2, true);
        let log = Self {
            big_endian: word(content, 0, true) & 1 == 1,
            page: usize::try_from(page).ok().filter(|_| page.is_power_of_two() && (512..=PAGE_MAX).contains(&page))?,
            salts: (word(content, 4, true), word(content, 5, true)),
            sums: (word(sums, 0, true), word(sums, 1, true)),
        };
        let magic = word(content, 0, true) & !1 == MAGIC;
        (magic && log.sum((0, 0), content) == log.sums).then_some(log)
    }

    /// The first wrong frame (from 0) if a later transaction follows.
    fn lost(mut self, input: &mut impl Read) -> Result<Option<u64>, Fault> {
        let (mut header, mut page) = ([0; FRAME_HEADER_LEN], vec![0; self.page]);
        let (mut wrong, mut committed) = (None, false);
        for number in 0u64.. {
            if !fill(input, &mut header)? || !fill(input, &mut page)? {
                break;
            }
            let own = (word(&header, 2, true), word(&header, 3, true)) == self.salts;
            if wrong.is_none() && own && self.continues(&header, &page) {
                continue;
            }
            let first = *wrong.get_or_insert(number);
            if own && committed {
                return Ok(Some(first));
            }
            // The size of the database stands in the last frame of a transaction only.
            committed |= own && word(&header, 1, true) != 0;
        }
        Ok(None)
    }

    /// Whether the frame fits the checksum that runs through all of them.
    fn continues(&mut self, header: &[u8; FRAME_HEADER_LEN], page: &[u8]) -> bool {
        let start = header.get(..8).unwrap_or_default();
        let sums = self.sum(self.sum(self.sums, start), page);
        let fits = sums == (word(header, 4, true), word(header, 5, true));
        if fits {
            self.sums = sums;
        }
        fits
    }

    fn sum(&self, start: (u32, u32), bytes: &[u8]) -> (u32, u32) {
        bytes.chunks_exact(8).fold(start, |(first, second), pair| {
            let first = first.wrapping_add(word(pair, 0, self.big_endian)).wrapping_add(second);
            (first, second.wrapping_add(word(pair, 1, self.big_endian)).wrapping_add(first))
        })
    }
}

/// The word of four bytes at this index.
fn word(bytes: &[u8], index: usize, big_endian: bool) -> u32 {
    let four = bytes.get(4 * index..4 * index + 4).and_then(|four| four.try_into().ok()).unwrap_or_default();
    if big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
}

/// Reads the whole buffer; false at the end of the file.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> Result<bool, Fault> {
    match input.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error.into()),
    }
}
