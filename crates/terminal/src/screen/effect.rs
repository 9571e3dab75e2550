//! What the screen asks for and what it is told: the seam between what is shown and what is done.

use super::world::Place;
use std::path::PathBuf;
use tidings_client::command::{Command, Done, Look};
use tidings_client::view::{Event, GroupId, MessageId, MessageView};

/// Why a command was given: what to show when it has ended well. A failure is always shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Nothing.
    Quiet,
    /// This line.
    Say(String),
    /// Go to the conversation that was made.
    Go,
    /// The warnings are read.
    Dismissed,
    /// This was said in a channel: the node tells it to all others.
    Said(String, String),
    /// Go to this place, and show this line.
    Enter(Place, String),
    /// The link that was made. With a note: an invitation for somebody.
    Link(String),
    /// The code for a new device.
    Code,
    /// A message was to be sent. If it can't be, the text goes back into the input line.
    Sent(GroupId, String),
}

/// What is to be done.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    /// Ask the client for something.
    Command(Purpose, Command),
    /// Load everything but messages.
    Overview,
    /// Load one conversation anew.
    Conversation(GroupId),
    /// Load messages of a conversation before this place; `None`: the newest.
    Page {
        /// Which.
        group: GroupId,
        /// Before what.
        before: Option<Vec<u8>>,
        /// How many at most.
        limit: usize,
    },
    /// Load one message anew.
    Message(GroupId, MessageId),
    /// Search in all conversations. The number names the search.
    Search(u64, String),
    /// Send a file.
    Attach {
        /// Where.
        group: GroupId,
        /// Which.
        path: PathBuf,
        /// How it may be looked at.
        look: Look,
        /// Beside it.
        caption: String,
        /// To what it answers.
        reply: Option<MessageId>,
    },
    /// Fetch the file of a message: into a new file at this path, or to be looked at.
    Fetch {
        /// Where.
        group: GroupId,
        /// Which.
        message: MessageId,
        /// Where to; `None` keeps it in memory.
        path: Option<PathBuf>,
    },
    /// Put a text into the clipboard.
    Copy(String),
    /// Open a web page.
    Browse(String),
    /// Tell the person that something came. The text is empty unless it may be told.
    Notify(String),
    /// Stop until the shell brings it back.
    Suspend,
    /// Draw everything anew.
    Repaint,
    /// End.
    Quit,
}

/// What was fetched.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Fetched {
    /// The file's name.
    pub(crate) name: String,
    /// Its media type.
    pub(crate) kind: String,
    /// Its content, if it was fetched into memory.
    pub(crate) bytes: Option<Vec<u8>>,
    /// Where it was written.
    pub(crate) path: Option<PathBuf>,
}

/// What the screen is told.
pub(crate) enum Arrival {
    /// Everything but messages.
    Overview(Box<super::world::World>),
    /// One conversation, or that it is gone.
    Conversation(GroupId, Option<Box<tidings_client::view::ConversationView>>),
    /// Messages, oldest first, as asked for by [`Effect::Page`].
    Page {
        /// Where.
        group: GroupId,
        /// Before what.
        before: Option<Vec<u8>>,
        /// How many were asked for.
        limit: usize,
        /// Those that are there.
        messages: Vec<MessageView>,
    },
    /// One message, or that it is gone.
    Message(GroupId, MessageId, Option<Box<MessageView>>),
    /// What a search found, newest first.
    Found(u64, Vec<(GroupId, MessageView)>),
    /// A command has ended.
    Done(Purpose, Done),
    /// A file was fetched, or why not.
    Fetched(GroupId, MessageId, Result<Fetched, String>),
    /// Something happened.
    Event(Event),
    /// Something to say about what was tried outside of the client.
    Failed(String),
    /// The session has ended.
    Ended,
}
