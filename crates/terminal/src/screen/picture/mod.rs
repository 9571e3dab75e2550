//! Pictures in a terminal: small ones within a conversation, large ones to look at.

mod blocks;
mod decode;
mod protocol;

pub(crate) use decode::{Decoded, decode};
pub(crate) use protocol::Painter;

use super::options::Images;
use super::palette::Palette;
use ratatui::layout::Rect;
use ratatui::text::Span;
use std::collections::BTreeMap;
use tidings_client::view::MessageId;

/// Pictures that are kept decoded.
const MAX_KEPT: usize = 48;
/// Width and height that a thumbnail may have; it comes from others and is decoded without being asked for.
const THUMBNAIL_SIDE: u32 = 1_024;

/// A picture and the cells it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Which picture.
    pub(crate) number: u32,
    /// Cells wide.
    pub(crate) columns: u16,
    /// Cells high.
    pub(crate) rows: u16,
}

/// Where the terminal is to draw a picture by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    /// Which, and how large as a whole.
    pub(crate) shape: Shape,
    /// Where; less high than the shape if part of it is out of sight.
    pub(crate) area: Rect,
    /// Rows of it that are out of sight above.
    pub(crate) above: u16,
}

/// A picture, ready to be shown.
pub(crate) struct Drawn {
    /// Its size.
    pub(crate) shape: Shape,
    /// Its rows: coloured blocks, or blanks that the terminal will draw over.
    pub(crate) lines: Vec<Vec<Span<'static>>>,
    /// Whether the terminal is to draw it.
    pub(crate) by_terminal: bool,
}

struct Kept {
    number: u32,
    decoded: Decoded,
    /// The blocks for the size it was last shown at.
    blocks: Option<(Shape, Vec<Vec<Span<'static>>>)>,
}

/// All pictures that are shown.
pub(crate) struct Pictures {
    images: Images,
    palette: Palette,
    kept: BTreeMap<MessageId, Option<Kept>>,
    next: u32,
    large: Option<Kept>,
}

impl Pictures {
    /// None yet.
    pub(crate) fn new(images: Images, palette: Palette) -> Self {
        Self { images, palette, kept: BTreeMap::new(), next: 1, large: None }
    }

    /// Whether pictures are shown at all.
    pub(crate) fn are_shown(&self) -> bool {
        self.images != Images::None
    }

    /// The thumbnail of a message in at most so many cells; nothing if it can't be shown.
    pub(crate) fn small(&mut self, message: &MessageId, jpeg: &[u8], room: (u16, u16)) -> Option<Drawn> {
        if !self.are_shown() {
            return None;
        }
        if !self.kept.contains_key(message) {
            while self.kept.len() >= MAX_KEPT {
                self.kept.pop_first();
            }
            let decoded = decode(jpeg, THUMBNAIL_SIDE);
            let number = self.next;
            self.next = self.next.wrapping_add(1).max(1);
            self.kept.insert(*message, decoded.map(|decoded| Kept { number, decoded, blocks: None }));
        }
        let (images, palette) = (self.images, self.palette);
        let kept = self.kept.get_mut(message)?.as_mut()?;
        draw(kept, room, images, palette)
    }

    /// Sets the picture that is looked at, or none.
    pub(crate) fn look_at(&mut self, decoded: Option<Decoded>) {
        let number = self.next;
        self.next = self.next.wrapping_add(1).max(1);
        self.large = decoded.map(|decoded| Kept { number, decoded, blocks: None });
    }

    /// Forgets the picture of a message, since it is gone.
    pub(crate) fn forget(&mut self, message: &MessageId) {
        self.kept.remove(message);
    }

    /// The picture that is looked at, in at most so many cells.
    pub(crate) fn large(&mut self, room: (u16, u16)) -> Option<Drawn> {
        let (images, palette) = (self.images, self.palette);
        draw(self.large.as_mut()?, room, images, palette)
    }

    /// A picture by its number.
    pub(crate) fn decoded(&self, number: u32) -> Option<&Decoded> {
        let all = self.kept.values().flatten().chain(&self.large);
        all.into_iter().find(|kept| kept.number == number).map(|kept| &kept.decoded)
    }
}

fn draw(kept: &mut Kept, room: (u16, u16), images: Images, palette: Palette) -> Option<Drawn> {
    let (columns, rows) = kept.decoded.cells(room)?;
    let shape = Shape { number: kept.number, columns, rows };
    if images != Images::Blocks {
        let blank = Span::raw(" ".repeat(columns.into()));
        return Some(Drawn { shape, lines: vec![vec![blank]; rows.into()], by_terminal: true });
    }
    if kept.blocks.as_ref().is_none_or(|(before, _)| *before != shape) {
        kept.blocks = Some((shape, blocks::lines(&kept.decoded, columns, rows, palette)));
    }
    let lines = kept.blocks.as_ref().map(|(_, lines)| lines.clone())?;
    Some(Drawn { shape, lines, by_terminal: false })
}

/// A small picture, for tests.
#[cfg(test)]
pub(crate) fn test_picture(width: u32, height: u32) -> Vec<u8> {
    decode::tests::halves(width, height)
}
