//! Pictures that the terminal draws itself: kitty's protocol, iTerm2's inline images, sixel.
//!
//! They are drawn over blank cells after these were written. What moves or goes is deleted first (kitty), or the screen is written
//! anew (the others have no other way).

use super::{Decoded, Pictures, Placement};
use crate::screen::options::Images;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::RgbImage;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Bytes of base64 in one piece of kitty's protocol.
const PIECE: usize = 4_096;
/// Pictures that the terminal is asked to keep.
const MAX_SENT: usize = 64;

/// Remembers what the terminal shows.
pub(crate) struct Painter {
    images: Images,
    shown: Vec<Placement>,
    sent: BTreeSet<u32>,
    /// Points in a cell.
    cell: (u16, u16),
}

impl Painter {
    /// Nothing is shown yet.
    pub(crate) fn new(images: Images) -> Self {
        Self { images, shown: Vec::new(), sent: BTreeSet::new(), cell: (8, 16) }
    }

    /// How many points a cell has, if the terminal says so.
    pub(crate) fn set_cell(&mut self, width: u16, height: u16) {
        if width > 0 && height > 0 {
            self.cell = (width, height);
        }
    }

    /// Whether the whole screen must be written anew before [`Painter::paint`]: old pictures can't be taken away otherwise.
    pub(crate) fn must_clear(&self, wanted: &[Placement]) -> bool {
        matches!(self.images, Images::Iterm | Images::Sixel) && !self.shown.is_empty() && self.shown != wanted
    }

    /// All was erased.
    pub(crate) fn erased(&mut self) {
        self.shown.clear();
    }

    /// What to write so that these pictures are shown, and no others.
    pub(crate) fn paint(&mut self, wanted: Vec<Placement>, pictures: &Pictures) -> String {
        let mut out = String::new();
        if self.shown == wanted || matches!(self.images, Images::None | Images::Blocks) {
            return out;
        }
        if self.images == Images::Kitty && !self.shown.is_empty() {
            // Takes away what is shown; the data stays.
            out.push_str("\x1b_Ga=d,d=a,q=2\x1b\\");
        }
        out.push_str("\x1b7");
        for placement in &wanted {
            if let Some(decoded) = pictures.decoded(placement.shape.number) {
                let _ = write!(out, "\x1b[{};{}H", placement.area.y + 1, placement.area.x + 1);
                self.one(placement, decoded, &mut out);
            }
        }
        out.push_str("\x1b8");
        self.shown = wanted;
        out
    }

    /// Takes away what is shown, at the end.
    pub(crate) fn end(&mut self) -> String {
        self.shown.clear();
        if self.images == Images::Kitty && !self.sent.is_empty() {
            "\x1b_Ga=d,d=A,q=2\x1b\\".to_owned()
        } else {
            String::new()
        }
    }

    fn one(&mut self, placement: &Placement, decoded: &Decoded, out: &mut String) {
        match self.images {
            Images::Kitty => self.kitty(placement, decoded, out),
            Images::Iterm => iterm(placement, decoded, out),
            Images::Sixel => {
                let (width, height) = (u32::from(self.cell.0), u32::from(self.cell.1));
                let (columns, rows) = (u32::from(placement.shape.columns), u32::from(placement.shape.rows));
                let whole = decoded.scaled(columns * width, rows * height);
                let cut = cut(&whole, placement);
                sixel(&cut, out);
            }
            Images::None | Images::Blocks => {}
        }
    }

    fn kitty(&mut self, placement: &Placement, decoded: &Decoded, out: &mut String) {
        let number = placement.shape.number;
        if !self.sent.contains(&number) {
            if self.sent.len() >= MAX_SENT {
                out.push_str("\x1b_Ga=d,d=A,q=2\x1b\\");
                self.sent.clear();
            }
            let Some(png) = decoded.png() else { return };
            transmit(number, &STANDARD.encode(png), out);
            self.sent.insert(number);
        }
        let (top, height) = seen(placement, decoded.size().1);
        let (columns, rows) = (placement.shape.columns, placement.area.height);
        let _ = write!(out, "\x1b_Ga=p,i={number},c={columns},r={rows},y={top},h={height},C=1,q=2\x1b\\");
    }
}

/// Sends the data of a picture in pieces.
fn transmit(number: u32, base64: &str, out: &mut String) {
    let mut left = base64;
    let mut first = true;
    while first || !left.is_empty() {
        let (piece, rest) = left.split_at_checked(PIECE).unwrap_or((left, ""));
        let more = u8::from(!rest.is_empty());
        let head = if first { format!("a=t,f=100,i={number},q=2,m={more}") } else { format!("m={more}") };
        let _ = write!(out, "\x1b_G{head};{piece}\x1b\\");
        (left, first) = (rest, false);
    }
}

/// The rows of points that are in sight: from where, and how many.
fn seen(placement: &Placement, height: u32) -> (u32, u32) {
    let rows = u32::from(placement.shape.rows.max(1));
    let top = height * u32::from(placement.above) / rows;
    (top, (height * u32::from(placement.area.height) / rows).max(1))
}

fn cut(whole: &RgbImage, placement: &Placement) -> RgbImage {
    let (top, height) = seen(placement, whole.height());
    let height = height.min(whole.height().saturating_sub(top));
    image::imageops::crop_imm(whole, 0, top, whole.width(), height).to_image()
}

fn iterm(placement: &Placement, decoded: &Decoded, out: &mut String) {
    let whole = if placement.area.height == placement.shape.rows { decoded.png() } else { decoded.cut_png(placement) };
    let Some(png) = whole else { return };
    let (columns, rows) = (placement.shape.columns, placement.area.height);
    let size = png.len();
    let data = STANDARD.encode(png);
    let _ = write!(
        out,
        "\x1b]1337;File=inline=1;size={size};width={columns};height={rows};preserveAspectRatio=0;doNotMoveCursor=1:{data}\x07"
    );
}

impl Decoded {
    /// The part that is in sight, as a PNG.
    fn cut_png(&self, placement: &Placement) -> Option<Vec<u8>> {
        let (width, height) = self.size();
        let part = cut(&self.scaled(width, height), placement);
        Decoded::from_points(part).png()
    }
}

/// Sixel: bands of six rows, for each colour of a 6×6×6 cube that occurs in a band one pass.
fn sixel(points: &RgbImage, out: &mut String) {
    let step = |value: u8| (u16::from(value) * 5 + 127) / 255;
    let colour = |x: u32, y: u32| {
        points.get_pixel_checked(x, y).map(|point| {
            let [red, green, blue] = point.0;
            step(red) * 36 + step(green) * 6 + step(blue)
        })
    };
    let (width, height) = points.dimensions();
    let _ = write!(out, "\x1bP0;1q\"1;1;{width};{height}");
    for number in 0..216u16 {
        let percent = |part: u16| part % 6 * 20;
        let _ = write!(out, "#{number};2;{};{};{}", percent(number / 36), percent(number / 6), percent(number));
    }
    for band in (0..height).step_by(6) {
        let mut used = BTreeSet::new();
        for y in band..(band + 6).min(height) {
            used.extend((0..width).filter_map(|x| colour(x, y)));
        }
        for number in used {
            let _ = write!(out, "#{number}");
            sixel_pass(width, band, |x, y| colour(x, y) == Some(number), out);
            out.push('$');
        }
        out.push('-');
    }
    out.push_str("\x1b\\");
}

/// One colour of a band, repeated signs shortened.
fn sixel_pass(width: u32, band: u32, is: impl Fn(u32, u32) -> bool, out: &mut String) {
    let sign = |x: u32| {
        let bits = (0..6u32).fold(0u8, |bits, row| bits | (u8::from(is(x, band + row)) << row));
        char::from(63 + bits)
    };
    let mut run: Option<(char, u32)> = None;
    for now in (0..width).map(sign).map(Some).chain([None]) {
        match (&mut run, now) {
            (Some((before, count)), Some(now)) if *before == now => *count += 1,
            (before, now) => {
                if let Some((sign, count)) = before.take() {
                    let _ = write!(out, "!{count}{sign}");
                }
                run = now.map(|sign| (sign, 1));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode::tests::halves;
    use super::*;
    use crate::screen::options::{Colours, Options};
    use crate::screen::palette::Palette;
    use ratatui::layout::Rect;
    use tidings_client::view::MessageId;

    fn painted(images: Images) -> (Painter, Pictures, Placement, String) {
        let options = Options { colours: Colours::Full, images, ..Options::default() };
        let mut pictures = Pictures::new(images, Palette::new(&options));
        let drawn = pictures.small(&MessageId([1; 16]), &halves(80, 40), (20, 10)).unwrap();
        assert!(drawn.by_terminal);
        let area = Rect::new(5, 3, drawn.shape.columns, drawn.shape.rows);
        let placement = Placement { shape: drawn.shape, area, above: 0 };
        let mut painter = Painter::new(images);
        let out = painter.paint(vec![placement], &pictures);
        (painter, pictures, placement, out)
    }

    #[test]
    fn kitty_gets_the_data_once() {
        let (mut painter, pictures, placement, out) = painted(Images::Kitty);
        assert!(out.contains("\x1b[4;6H"));
        assert!(out.contains("a=t,f=100,i=1,q=2") && out.contains("a=p,i=1,c=20,r=5"));
        assert_eq!(painter.paint(vec![placement], &pictures), "");
        let mut moved = placement;
        (moved.area.height, moved.above) = (2, 3);
        let out = painter.paint(vec![moved], &pictures);
        assert!(out.contains("a=d,d=a") && !out.contains("a=t") && out.contains("r=2,y=24,h=16"), "{out:?}");
        assert!(painter.end().contains("d=A"));
    }

    #[test]
    fn iterm_and_sixel_are_written_anew() {
        let (painter, _, _, out) = painted(Images::Iterm);
        assert!(out.contains("\x1b]1337;File=inline=1;"));
        assert!(painter.must_clear(&[]));
        let (painter, _, placement, out) = painted(Images::Sixel);
        assert!(out.contains("\x1bP0;1q\"1;1;160;80") && out.contains("#180") && out.ends_with("\x1b\\\x1b8"));
        assert!(!painter.must_clear(&[placement]));
    }
}
