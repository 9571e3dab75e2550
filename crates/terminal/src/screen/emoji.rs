//! The emoji that are offered. Any other can be written.

/// Offered for reactions first.
pub(crate) const QUICK: [&str; 8] = ["👍", "❤️", "😂", "😮", "😢", "🎉", "🙏", "👎"];

/// Emoji and their names.
pub(crate) const ALL: &[(&str, &str)] = &[
    ("👍", "thumbs_up"),
    ("👎", "thumbs_down"),
    ("❤️", "heart"),
    ("😂", "joy"),
    ("😮", "surprised"),
    ("😢", "sad"),
    ("🎉", "tada"),
    ("🙏", "thanks"),
    ("😀", "grin"),
    ("😊", "smile"),
    ("😉", "wink"),
    ("😍", "in_love"),
    ("😎", "cool"),
    ("🤔", "thinking"),
    ("😴", "sleepy"),
    ("😡", "angry"),
    ("😱", "scream"),
    ("🤯", "mind_blown"),
    ("🥳", "party"),
    ("🙄", "eye_roll"),
    ("🤷", "shrug"),
    ("🤦", "facepalm"),
    ("👏", "clap"),
    ("👋", "wave"),
    ("🙌", "hooray"),
    ("💪", "strong"),
    ("👀", "eyes"),
    ("🔥", "fire"),
    ("✨", "sparkles"),
    ("⭐", "star"),
    ("💯", "hundred"),
    ("✅", "done"),
    ("❌", "no"),
    ("❓", "question"),
    ("🚀", "rocket"),
    ("🎂", "cake"),
    ("☕", "coffee"),
    ("🍺", "beer"),
    ("🌞", "sun"),
    ("🌈", "rainbow"),
    ("🐛", "bug"),
    ("🐱", "cat"),
    ("🐶", "dog"),
    ("💔", "broken_heart"),
];

/// Those whose name begins so, or has it within.
pub(crate) fn matching(text: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let text = text.to_lowercase();
    let (wanted, within) = (text.clone(), text);
    let begun = ALL.iter().filter(move |(_, name)| name.starts_with(&wanted));
    let inside = ALL.iter().filter(move |(_, name)| !name.starts_with(&within) && name.contains(&within));
    begun.chain(inside).copied()
}
