//! The limits of what a message may hold, and what must not contradict itself.

use super::{
    AGAIN_BYTES_MAX, Again, CAPTION_BYTES_MAX, Content, EMOJI_BYTES_MAX, EXPIRE_SECONDS_MAX, GONE_MAX, LINK_BYTES_MAX,
    LOOK_SECONDS_MAX, Media, Message, NAME_BYTES_MAX, RECEIPT_MAX, Receipt, Resend, SEEN_MAX, TEXT_BYTES_MAX,
    THUMB_BYTES_MAX,
};
use crate::command::Look;
use crate::node_url::is_node_url;
use tidings_wire::device_list::DeviceList;
use tidings_wire::signed::Body;

/// What is wrong, for whoever writes a client.
type Verdict = Result<(), &'static str>;

/// Most bytes of a signed device list: its body, and what is around it.
const LIST_BYTES_MAX: usize = <DeviceList as Body>::BYTES_MAX + 80;
/// Most bytes of a signed card.
const CARD_BYTES_MAX: usize = crate::card::Card::BYTES_MAX + 80;

fn must(holds: bool, wrong: &'static str) -> Verdict {
    if holds { Ok(()) } else { Err(wrong) }
}

/// Checks a message.
pub(super) fn message(message: &Message) -> Verdict {
    must(message.seen.len() <= SEEN_MAX, "it has seen too many devices")?;
    let expire = message.expire.is_none_or(|seconds| (1..=EXPIRE_SECONDS_MAX).contains(&seconds));
    must(expire, "it disappears at once or after more than a year")?;
    let newer = matches!(message.content, Content::Newer(_));
    must(newer || message.content.needs_memory() == (message.seq > 0), "its number does not go with its kind")?;
    must(message.seq > 0 || message.prev == [0; 16], "what has no number has no place in the chain")?;
    content(&message.content)
}

fn content(content: &Content) -> Verdict {
    match content {
        Content::Text(value) => text(&value.text),
        Content::Edit(value) => text(&value.text),
        Content::Media(value) => media(value),
        Content::React(value) => must(value.emoji.len() <= EMOJI_BYTES_MAX, "the reaction is too long"),
        Content::Receipt(value) => receipt(value),
        Content::Profile(value) => must(value.card.len() <= CARD_BYTES_MAX, "the card is too long"),
        Content::Devices(value) => must(value.list.len() <= LIST_BYTES_MAX, "the device list is too long"),
        Content::Introduce(value) => {
            must(value.name.len() <= NAME_BYTES_MAX, "the name is too long")?;
            must(value.node.as_ref().is_none_or(|node| is_node_url(node)), "the node's URL is none")
        }
        Content::Invite(value) => {
            must(value.link.len() <= LINK_BYTES_MAX, "the link is too long")?;
            must(value.name.len() <= NAME_BYTES_MAX, "the name is too long")
        }
        Content::Resend(value) => resend(value),
        Content::Again(value) => again(value),
        Content::Newer(value) => must(value.kind.len() <= NAME_BYTES_MAX, "its kind has too long a name"),
        Content::Delete(_) | Content::Viewed(_) | Content::Typing(_) | Content::Witness(_) | Content::Backup(_) => {
            Ok(())
        }
    }
}

fn text(text: &str) -> Verdict {
    must(!text.is_empty(), "the text is empty")?;
    must(text.len() <= TEXT_BYTES_MAX, "the text is too long")
}

fn media(media: &Media) -> Verdict {
    media.blob.check()?;
    must(media.caption.len() <= CAPTION_BYTES_MAX, "the caption is too long")?;
    if let Look::Seconds(seconds) = media.view {
        must((1..=LOOK_SECONDS_MAX).contains(&seconds), "it can't be looked at so long")?;
    }
    let thumb = media.thumb.as_ref();
    must(thumb.is_none() || media.view == Look::Keep, "what can't be kept has no thumbnail")?;
    must(thumb.is_none_or(|thumb| thumb.len() <= THUMB_BYTES_MAX), "the thumbnail is too large")
}

fn receipt(receipt: &Receipt) -> Verdict {
    must(receipt.delivered.len() <= RECEIPT_MAX && receipt.read.len() <= RECEIPT_MAX, "it is about too many devices")
}

fn resend(resend: &Resend) -> Verdict {
    must(1 <= resend.from && resend.from <= resend.to, "the range is none")
}

fn again(again: &Again) -> Verdict {
    let bytes: usize = again.messages.iter().map(Vec::len).sum();
    must(bytes <= AGAIN_BYTES_MAX, "it brings too much at once")?;
    must(again.messages.iter().all(|message| !message.is_empty()), "an empty message is none")?;
    let times = again.times.is_empty() || again.times.len() == again.messages.len();
    must(times, "it gives a time of other messages")?;
    must(again.gone.len() <= GONE_MAX, "it names too many ranges")?;
    must(again.gone.iter().all(|(from, to)| 1 <= *from && from <= to), "a range is none")
}
