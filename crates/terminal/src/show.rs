//! Making things fit to be shown in a terminal.

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use tidings_client::io::Time;
use tidings_client::view::{ContactView, ConversationView, FileView, MemberView, MessageView, Shown, Standing};

/// A text without what steers terminals or turns the direction of writing: everything that others wrote goes through here. Line
/// breaks and tabs stay.
pub fn clean(text: &str) -> String {
    text.chars().filter(|c| !is_steering(*c)).collect()
}

/// The same in one line.
pub fn line(text: &str) -> String {
    let words: Vec<String> = clean(text).split_whitespace().map(str::to_owned).collect();
    words.join(" ")
}

/// A name as one word of a command line, so that it can be pasted into a shell: between quotes where that is needed.
pub fn word(text: &str) -> String {
    let text = line(text);
    let bare = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '@' | ':' | '/' | '+');
    let plain = |(at, c): (usize, char)| bare(c) || (c == '-' && at > 0);
    if !text.is_empty() && text.chars().enumerate().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Control characters (C0, C1), marks of direction (Unicode Bidi), and invisible ones that break alignment.
fn is_steering(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{061c}' => true,
        '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => true,
        c => c.is_control(),
    }
}

/// Bytes in a unit that a person can read.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 3] = ["KiB", "MiB", "GiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes.saturating_mul(10) / 1024;
    for unit in UNITS {
        if tenths < 10_240 {
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
        tenths /= 1024;
    }
    format!("{} TiB", tenths / 10)
}

/// A length of time as people say it: the largest unit that leaves something.
pub fn span(seconds: u64) -> String {
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute")];
    let (count, unit) = units
        .iter()
        .find(|(each, _)| seconds >= *each)
        .map_or((seconds, "second"), |(each, unit)| (seconds / each, *unit));
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// A point in time as ISO 8601 in UTC: `2026-11-21T17:45:00Z`.
pub fn instant(time: Time) -> String {
    let seconds = time / 1000;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// How long ago something was, or in how long it is.
pub fn when(time: Time, now: Time) -> String {
    if time > now {
        return format!("in {}", span((time - now) / 1000));
    }
    let seconds = (now - time) / 1000;
    if seconds < 60 { "just now".to_owned() } else { format!("{} ago", span(seconds)) }
}

/// A day, and how long ago it was: `2026-11-21, 3 hours ago`.
pub fn day(time: Time, now: Time) -> String {
    let (year, month, day) = date(time / 86_400_000);
    format!("{year:04}-{month:02}-{day:02}, {}", when(time, now))
}

/// How long something is still good, in the two largest units: `6 days 23 hours`.
pub fn left(time: Time, now: Time) -> String {
    let seconds = time.saturating_sub(now) / 1000;
    let rest = match seconds {
        0 => return "over".to_owned(),
        1..60 => 0,
        60..3600 => seconds % 60,
        3600..86_400 => seconds % 3600 / 60 * 60,
        _ => seconds % 86_400 / 3600 * 3600,
    };
    let rest = if rest == 0 { String::new() } else { format!(" {}", span(rest)) };
    format!("{}{rest}", span(seconds))
}

/// Year, month and day of a day since 1970, by the civil calendar (years begin in March while counting, so that leap days come last).
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// Who is in a conversation. Once one is out of it: those who were, as far as is known here, without oneself.
pub fn inside(view: &ConversationView) -> Vec<&MemberView> {
    view.members.iter().filter(|member| !member.me || view.standing != Standing::Out).collect()
}

/// Sixty digits in three rows of four groups.
pub fn safety_rows(contact: &ContactView) -> Vec<String> {
    let digits: Vec<char> = contact.safety_number.chars().filter(char::is_ascii_digit).collect();
    let groups: Vec<String> = digits.chunks(5).map(|group| group.iter().collect()).collect();
    groups.chunks(4).map(|row| row.join(" ")).collect()
}

/// A QR code of half blocks; most readers take light on dark as well as dark on light.
pub fn qr(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, qrcode::EcLevel::L).ok()?;
    Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).quiet_zone(true).build())
}

/// What a message says, in plain words.
pub fn said(message: &MessageView) -> String {
    match &message.shown {
        Shown::Text(text) => clean(text),
        Shown::File(file) => file_line(file),
        Shown::Introduction { name, open, .. } => {
            let rest = match open {
                false => " (done)".to_owned(),
                true if message.mine => String::new(),
                true => format!(" (`tidings contacts follow {}` follows it)", word(name)),
            };
            format!("suggests a contact: {}{rest}", line(name))
        }
        Shown::RoomLink { name, link } => format!("invites to the room {}: {}", line(name), clean(&link.0)),
        Shown::Deleted => "(deleted)".to_owned(),
        Shown::Gap(1) => "(one message could not be had)".to_owned(),
        Shown::Gap(count) => format!("({count} messages could not be had)"),
        Shown::Notice(notice) => format!("({})", line(&notice.to_string())),
        Shown::Newer => "(a message of a newer kind: update tidings to see it)".to_owned(),
    }
}

fn file_line(file: &FileView) -> String {
    use tidings_client::command::Look;
    let mut text = format!("[{}, {}, {}", crate::media::bare_name(&file.name), line(&file.kind), size(file.size));
    if let Some(voice) = file.voice {
        text.push_str(&format!(", voice note of {}", span(voice.div_ceil(1000))));
    }
    match file.look {
        Look::Keep => {}
        Look::Once => text.push_str(", to be seen once"),
        Look::Seconds(seconds) => text.push_str(&format!(", to be seen for {}", span(u64::from(seconds)))),
    }
    if file.gone {
        text.push_str(", gone");
    }
    text.push(']');
    if !file.caption.is_empty() {
        text.push_str(&format!(" {}", clean(&file.caption)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_be_pasted_into_a_shell() {
        assert_eq!(word("Bob"), "Bob");
        assert_eq!(word("Łucja-2"), "Łucja-2");
        assert_eq!(word("Alice \u{1f469}\u{200d}\u{1f680}"), "'Alice \u{1f469}\u{200d}\u{1f680}'");
        assert_eq!(word("it's $HOME"), "'it'\\''s $HOME'");
        assert_eq!(word("-rf"), "'-rf'");
        assert_eq!(word(""), "''");
        assert_eq!(word("a\nb"), "'a b'");
    }

    #[test]
    fn a_suggestion_says_how_it_is_followed() {
        let mut message = crate::screen::fixture::message(1, 1, "");
        let introduction = tidings_client::view::Introduction([1; 16]);
        message.shown = Shown::Introduction { name: "Carol C".to_owned(), introduction, open: true };
        assert_eq!(said(&message), "suggests a contact: Carol C (`tidings contacts follow 'Carol C'` follows it)");
        message.mine = true;
        assert_eq!(said(&message), "suggests a contact: Carol C");
    }

    #[test]
    fn who_is_out_is_not_inside() {
        let mut view = crate::screen::fixture::conversation(3, "Trip");
        view.members = vec![crate::screen::fixture::member(0, "You", 0), crate::screen::fixture::member(1, "Bob", 2)];
        view.members[0].me = true;
        assert_eq!(inside(&view).len(), 2);
        view.standing = Standing::Out;
        assert_eq!(inside(&view).iter().map(|member| member.name.as_str()).collect::<Vec<_>>(), ["Bob"]);
    }

    #[test]
    fn nothing_that_steers_a_terminal_is_shown() {
        assert_eq!(clean("a\u{1b}]0;x\u{7}b\u{202e}c\r\u{9b}d\ne\tf\u{e0041}"), "a]0;xbcd\ne\tf");
        assert_eq!(line("  a \n\n b\t c "), "a b c");
        assert_eq!(clean("Grüße 👋🏽 क्षि"), "Grüße 👋🏽 क्षि");
    }

    #[test]
    fn figures_are_told_as_people_tell_them() {
        for (bytes, told) in
            [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (100 << 20, "100.0 MiB"), (3 << 30, "3.0 GiB")]
        {
            assert_eq!(size(bytes), told);
        }
        for (seconds, told) in
            [(0, "0 seconds"), (1, "1 second"), (90, "1 minute"), (7200, "2 hours"), (200_000, "2 days")]
        {
            assert_eq!(span(seconds), told);
        }
        assert_eq!(when(0, 59_999), "just now");
        assert_eq!(when(0, 3_600_000), "1 hour ago");
        assert_eq!(when(120_000, 0), "in 2 minutes");
        for (seconds, told) in [
            (0, "over"),
            (59, "59 seconds"),
            (90, "1 minute 30 seconds"),
            (3_600, "1 hour"),
            (3_659, "1 hour"),
            (604_799, "6 days 23 hours"),
            (604_800, "7 days"),
        ] {
            assert_eq!(left(seconds * 1000, 0), told);
        }
        assert_eq!(day(951_782_400_000, 951_786_000_000), "2000-02-29, 1 hour ago");
        assert_eq!(instant(0), "1970-01-01T00:00:00Z");
        assert_eq!(instant(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(instant(1_795_283_099_999), "2026-11-21T17:44:59Z");
    }
}
