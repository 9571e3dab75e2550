//! Keys and commands, explained.

use crate::screen::palette::Tone;
use crate::screen::sheet::{Act, Kind, Sheet};
use crate::screen::slash::ENTRIES;
use crate::screen::text::fit;

/// Keys and what they do.
const KEYS: &[(&str, &[(&str, &str)])] = &[
    (
        "Everywhere",
        &[
            ("F1", "this help"),
            ("Tab, Shift+Tab", "list, messages, input"),
            ("Ctrl+G", "go to a conversation by name"),
            ("Ctrl+P, Ctrl+N", "previous, next conversation (also Alt+Up, Alt+Down)"),
            ("Alt+A", "next unread conversation"),
            ("Ctrl+F", "search"),
            ("Ctrl+T", "who is here: members, safety number"),
            ("Ctrl+O", "send a file"),
            ("Page Up, Page Down", "older, newer messages"),
            ("Ctrl+L", "draw everything anew"),
            ("Ctrl+Z, Ctrl+Q", "to the shell for a while, end"),
        ],
    ),
    (
        "Writing",
        &[
            ("Enter", "send"),
            ("Alt+Enter, Ctrl+J", "a new line"),
            ("Up", "select a message"),
            ("/, then Tab", "a command; // begins a text with a slash"),
            (":name", "an emoji"),
            ("Ctrl+W, Ctrl+U, Ctrl+K", "cut a word, to the beginning, to the end"),
            ("Ctrl+Y", "put back what was cut"),
        ],
    ),
    (
        "A message is selected",
        &[
            ("Enter, o", "open its file or link, show all of it"),
            ("r, e, d", "reply, change, delete"),
            ("+", "react"),
            ("y, s, i", "copy, save its file, how far it has come"),
            ("m", "all of these"),
            ("Esc", "back to writing"),
        ],
    ),
    (
        "In the list",
        &[
            ("Enter", "open"),
            ("i, a", "invite, accept an invitation"),
            ("n, c, d", "new group, contacts, devices"),
            ("h, w", "archived conversations, warnings"),
        ],
    ),
];

/// The dialog.
pub(crate) fn sheet() -> Sheet {
    let mut sheet = Sheet::new(Kind::Help, "Help");
    for (title, keys) in KEYS {
        sheet = sheet.say(Tone::Accent, *title);
        for (key, what) in *keys {
            sheet = sheet.say(Tone::Text, format!("  {}{what}", fit(key, 24)));
        }
        sheet = sheet.say(Tone::Text, "");
    }
    sheet = sheet.say(Tone::Accent, "Commands");
    for entry in ENTRIES {
        let written = format!("/{} {}", entry.name, entry.arguments);
        sheet = sheet.say(Tone::Text, format!("  {}{}", fit(&written, 32), entry.about));
    }
    sheet
        .say(Tone::Text, "")
        .say(Tone::Accent, "Signs")
        .say(Tone::Text, "  …   waiting    ✓  accepted by the hub    ✓✓  on a device of theirs")
        .say(Tone::Text, "  ✓✓✓ seen       ✗  not sent               ✓ beside a name: verified")
        .button("Close", Act::Close)
}
