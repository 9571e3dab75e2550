//! Dialogs. All are made of the same parts, so that each can be used by keys and by mouse in the same way.

mod draw;
mod keys;

pub(crate) use draw::draw;
pub(crate) use keys::{Answer, edit};

use super::editor::Editor;
use super::effect::Effect;
use super::intent::Panel;
use super::palette::Tone;
use super::qr::Qr;
use super::world::Place;
use tidings_client::view::{DeviceRequest, GroupId, Identity, MessageId, MessageView};

/// Which dialog it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Keys and commands.
    Help,
    /// Whom an invitation is for.
    Invite,
    /// A link that was made.
    Link,
    /// Open invitations.
    Invitations,
    /// A link to accept.
    Accept,
    /// Where to go.
    Go,
    /// The contacts.
    Contacts,
    /// A contact.
    Contact(Identity),
    /// A new group.
    NewGroup,
    /// Members.
    Members(GroupId),
    /// Whom to add.
    AddMembers(GroupId),
    /// One member.
    Member(GroupId, Identity),
    /// One's own devices.
    Devices,
    /// The code for a new device.
    Code,
    /// A device asks.
    DeviceAsks(DeviceRequest),
    /// How far a message has come.
    Info,
    /// What to do with a message.
    Message,
    /// A search, in one conversation or all.
    Search(Option<GroupId>),
    /// A reaction.
    React(MessageId),
    /// A file is to be sent.
    File,
    /// A file is to be opened.
    Open(MessageId),
    /// A picture or text is looked at.
    Viewer(MessageId),
    /// A locked conversation.
    Unlock(GroupId),
    /// A link in a text.
    Page,
    /// A question.
    Confirm,
    /// What the person should know.
    Warnings,
}

/// What happens on a choice.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// The dialog is closed.
    Close,
    /// It is closed, and this is done.
    Do(Vec<Effect>),
    /// It is closed, and one goes there.
    Go(Place),
    /// It is closed, and this is shown.
    Show(Panel),
    /// A message is gone to.
    Jump(GroupId, Box<MessageView>),
    /// What stands in the fields is taken.
    Submit,
    /// The row is marked or not any more.
    Toggle,

    /// A member's dialog.
    Member(GroupId, Identity),
    /// It is copied; the dialog stays.
    Copy(String),
    /// The dialog is closed, and what this letter does is done with a message.
    Letter(MessageId, char),
}

/// A field to write in.
pub(crate) struct Field {
    /// What belongs there.
    pub(crate) label: String,
    /// What stands there.
    pub(crate) editor: Editor,
    /// Whether it is hidden.
    pub(crate) secret: bool,
}

/// A row to choose.
pub(crate) struct Choice {
    /// What it says.
    pub(crate) text: String,
    /// On the right.
    pub(crate) note: String,
    /// How it looks.
    pub(crate) tone: Tone,
    /// What it does.
    pub(crate) act: Act,
    /// Marked or not, if it can be.
    pub(crate) marked: Option<bool>,
    /// To find it again after the rows were made anew.
    pub(crate) key: Vec<u8>,
}

/// A button.
pub(crate) struct Button {
    /// What it says.
    pub(crate) label: &'static str,
    /// What it does.
    pub(crate) act: Act,
}

/// What the keyboard speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Focus {
    /// This field.
    Field(usize),
    /// The rows.
    Rows,
    /// This button.
    Button(usize),
}

/// A dialog.
pub(crate) struct Sheet {
    /// Which.
    pub(crate) kind: Kind,
    /// Above it.
    pub(crate) title: String,
    /// Paragraphs.
    pub(crate) body: Vec<(Tone, String)>,
    /// A QR code.
    pub(crate) qr: Option<Qr>,
    /// Fields.
    pub(crate) fields: Vec<Field>,
    /// Rows.
    pub(crate) rows: Vec<Choice>,
    /// Buttons.
    pub(crate) buttons: Vec<Button>,
    /// What the keyboard speaks to.
    pub(crate) focus: Focus,
    /// The row that is chosen.
    pub(crate) row: usize,
    /// Lines of the body, or rows, that lie above what is seen.
    pub(crate) scroll: usize,
    /// Lines that Page Up and Page Down go, as last drawn.
    pub(crate) page: usize,
    /// Until when it is open (milliseconds).
    pub(crate) until: Option<u64>,
    /// It must be answered: Escape does not close it.
    pub(crate) must_answer: bool,
}

impl Sheet {
    /// An empty one.
    pub(crate) fn new(kind: Kind, title: impl Into<String>) -> Self {
        Self {
            kind,
            title: title.into(),
            body: Vec::new(),
            qr: None,
            fields: Vec::new(),
            rows: Vec::new(),
            buttons: Vec::new(),
            focus: Focus::Rows,
            row: 0,
            scroll: 0,
            page: 8,
            until: None,
            must_answer: false,
        }
    }

    /// With a paragraph.
    pub(crate) fn say(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.body.push((tone, text.into()));
        self
    }

    /// With a QR code of this text.
    pub(crate) fn qr(mut self, text: &str) -> Self {
        self.qr = Qr::of(text);
        self
    }

    /// With a field. The first one has the focus.
    pub(crate) fn field(mut self, label: &str, text: &str) -> Self {
        if self.fields.is_empty() {
            self.focus = Focus::Field(0);
        }
        self.fields.push(Field { label: label.to_owned(), editor: Editor::with(text), secret: false });
        self
    }

    /// With a field that hides what is written.
    pub(crate) fn secret(mut self, label: &str) -> Self {
        self = self.field(label, "");
        if let Some(field) = self.fields.last_mut() {
            field.secret = true;
        }
        self
    }

    /// With rows.
    pub(crate) fn rows(mut self, rows: Vec<Choice>) -> Self {
        self.rows = rows;
        self
    }

    /// With a button. The first one has the focus if there is nothing else.
    pub(crate) fn button(mut self, label: &'static str, act: Act) -> Self {
        if self.buttons.is_empty() && self.fields.is_empty() && self.rows.is_empty() {
            self.focus = Focus::Button(0);
        }
        self.buttons.push(Button { label, act });
        self
    }

    /// What stands in a field.
    pub(crate) fn text(&self, field: usize) -> String {
        self.fields.get(field).map(|field| field.editor.text().trim().to_owned()).unwrap_or_default()
    }

    /// Puts other rows in the place of those there are; marks stay.
    pub(crate) fn replace_rows(&mut self, mut rows: Vec<Choice>) {
        for row in &mut rows {
            if let (Some(_), Some(before)) = (row.marked, self.rows.iter().find(|before| before.key == row.key)) {
                row.marked = before.marked;
            }
        }
        self.rows = rows;
        self.row = self.row.min(self.rows.len().saturating_sub(1));
    }
}

/// A row.
pub(crate) fn choice(text: impl Into<String>, note: impl Into<String>, act: Act) -> Choice {
    Choice { text: text.into(), note: note.into(), tone: Tone::Text, act, marked: None, key: Vec::new() }
}
