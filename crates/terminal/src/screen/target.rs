//! What on the screen can be clicked.

use super::world::Place;
use ratatui::layout::{Position, Rect};
use tidings_client::view::MessageId;

/// Something that can be clicked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A conversation or channel in the list.
    Place(Place),
    /// A message.
    Message(MessageId),
    /// The file of a message.
    Open(MessageId),
    /// A link in a text.
    Link(String),
    /// A reaction, to join in or to take back.
    React(MessageId, String),
    /// The message that another one answers.
    Jump(MessageId),
    /// A suggestion of a contact: yes or no.
    Introduction(tidings_client::view::Introduction, bool),
    /// A room whose link was sent.
    Room(MessageId),
    /// The rest of a long message.
    Unfold(MessageId),
    /// The newest messages.
    End,
    /// The input line.
    Input,
    /// The title of the conversation: who is in it.
    Title,
    /// The list's own search.
    Go,
    /// The warnings.
    Warnings,
    /// The public channel's own warning.
    Nothing,
    /// A row of the open dialog.
    Row(usize),
    /// A button of the open dialog.
    Button(usize),
    /// A field of the open dialog.
    Field(usize),
    /// A suggestion for what is being written.
    Choice(usize),
    /// Outside of the dialog.
    Outside,
}

/// Where things are that can be clicked. What came later lies above.
#[derive(Default)]
pub(crate) struct Targets {
    all: Vec<(Rect, Target)>,
}

impl Targets {
    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.all.clear();
    }

    /// Something can be clicked here.
    pub(crate) fn add(&mut self, area: Rect, target: Target) {
        self.all.push((area, target));
    }

    /// What is there.
    pub(crate) fn at(&self, column: u16, row: u16) -> Option<(&Target, Rect)> {
        let found = self.all.iter().rev().find(|(area, _)| area.contains(Position { x: column, y: row }));
        found.map(|(area, target)| (target, *area))
    }

    /// All of a kind, for tests and for the keyboard.
    #[cfg(test)]
    pub(crate) fn find(&self, wanted: impl Fn(&Target) -> bool) -> Option<Rect> {
        self.all.iter().rev().find(|(_, target)| wanted(target)).map(|(area, _)| *area)
    }
}
