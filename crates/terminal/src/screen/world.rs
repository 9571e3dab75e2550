//! What the screen knows of the client, as it was last told.

use super::clean;
use tidings_client::view::{
    ContactView, ConversationKind, ConversationView, Delivery, DeviceView, GroupId, Identity, InvitationView, MeView,
    Standing,
};

/// Where one can be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// An encrypted conversation.
    Conversation(GroupId),
    /// A public channel.
    Channel(String),
}

/// All but the messages.
#[derive(Clone, Default)]
pub(crate) struct World {
    /// Oneself.
    pub(crate) me: Option<MeView>,
    /// The conversations, newest first.
    pub(crate) conversations: Vec<ConversationView>,
    /// The contacts.
    pub(crate) contacts: Vec<ContactView>,
    /// One's own devices.
    pub(crate) devices: Vec<DeviceView>,
    /// Open invitations.
    pub(crate) invitations: Vec<InvitationView>,
    /// Public channels that are followed.
    pub(crate) channels: Vec<String>,
    /// Nodes of conversations that can't be reached now.
    pub(crate) unreachable: Vec<String>,
}

impl World {
    /// A conversation.
    pub(crate) fn conversation(&self, id: &GroupId) -> Option<&ConversationView> {
        self.conversations.iter().find(|conversation| conversation.id == *id)
    }

    /// A contact.
    pub(crate) fn contact(&self, identity: &Identity) -> Option<&ContactView> {
        self.contacts.iter().find(|contact| contact.identity == *identity)
    }

    /// Takes a newer view of a conversation over, and keeps the newest first.
    pub(crate) fn update(&mut self, view: ConversationView) {
        self.conversations.retain(|conversation| conversation.id != view.id);
        let place = self.conversations.partition_point(|conversation| conversation.last_at > view.last_at);
        self.conversations.insert(place, view);
    }

    /// Messages that were not read and are not muted.
    pub(crate) fn unread(&self) -> u64 {
        self.conversations.iter().filter(|one| !one.muted && !one.archived).map(|one| one.unread).sum()
    }

    /// The title of a place, harmless.
    pub(crate) fn title(&self, place: &Place) -> String {
        match place {
            Place::Conversation(id) => match self.conversation(id) {
                Some(conversation) => clean::name(&conversation.title),
                None => "Conversation".to_owned(),
            },
            Place::Channel(name) => format!("#{}", clean::name(name)),
        }
    }

    /// How somebody is called, harmless.
    pub(crate) fn name_of(&self, identity: &Identity) -> String {
        if self.me.as_ref().is_some_and(|me| me.identity == *identity) {
            return "You".to_owned();
        }
        let member = || {
            let members = self.conversations.iter().flat_map(|conversation| &conversation.members);
            members.into_iter().find(|member| member.identity == *identity).map(|member| member.name.as_str())
        };
        let name = self.contact(identity).map(|contact| contact.name.as_str()).or_else(member);
        name.map_or_else(|| format!("{}…", identity.to_string().chars().take(8).collect::<String>()), clean::name)
    }

    /// A contact by the beginning of its name, or by its key.
    pub(crate) fn find_contact(&self, text: &str) -> Result<&ContactView, String> {
        let named: Vec<(&str, &ContactView)> =
            self.contacts.iter().map(|contact| (contact.name.as_str(), contact)).collect();
        if let Some(contact) = Identity::parse(text).and_then(|identity| self.contact(&identity)) {
            return Ok(contact);
        }
        pick(text, named, "contact")
    }

    /// A conversation or channel by the beginning of its name.
    pub(crate) fn find_place(&self, text: &str) -> Result<Place, String> {
        if let Some(name) = text.strip_prefix('#') {
            let channels =
                self.channels.iter().map(|channel| (channel.as_str(), Place::Channel(channel.clone()))).collect();
            let name = name.trim();
            let unknown = |_| format!("#{0} was not joined: /join #{0} does that", clean::line(name));
            let begun = self.channels.iter().any(|channel| channel.to_lowercase().starts_with(&name.to_lowercase()));
            let found = pick(name, channels, "channel");
            return if begun { found } else { found.map_err(unknown) };
        }
        let titled = self.conversations.iter().map(|one| (one.title.as_str(), Place::Conversation(one.id))).collect();
        pick(text, titled, "conversation")
    }
}

/// The one that is called so, or the only one whose name begins so.
fn pick<T>(text: &str, named: Vec<(&str, T)>, what: &str) -> Result<T, String> {
    let wanted = text.trim().to_lowercase();
    let (mut exact, mut begun) = (Vec::new(), Vec::new());
    for (name, value) in named {
        let lower = name.to_lowercase();
        if lower == wanted {
            exact.push(value);
        } else if lower.starts_with(&wanted) {
            begun.push((name, value));
        }
    }
    match (exact.len(), begun.len()) {
        (1, _) => exact.pop().ok_or_else(String::new),
        (0, 1) => begun.pop().map(|(_, value)| value).ok_or_else(String::new),
        (0, 0) => Err(format!("no {what} is called \"{}\"", clean::line(text))),
        (0, _) => {
            let names: Vec<String> = begun.iter().take(4).map(|(name, _)| clean::name(name)).collect();
            Err(format!("\"{}\" could be {}", clean::line(text), names.join(", ")))
        }
        _ => Err(format!("several {what}s are called \"{}\"", clean::line(text))),
    }
}

/// What stands in the way of writing, in words; nothing if one can.
pub(crate) fn hindrance(conversation: &ConversationView, world: &World) -> Option<String> {
    match &conversation.standing {
        Standing::Ready => None,
        // The link of a room does not say whether it is locked.
        Standing::Joining if conversation.kind == ConversationKind::Room => {
            Some("Joining. If it stays so, the room is locked: /unlock with its passphrase.".to_owned())
        }
        Standing::Joining => Some("Joining; messages can be written in a moment.".to_owned()),
        Standing::Locked => Some("Locked: /unlock with its passphrase.".to_owned()),
        Standing::KeyChanged(who) => Some(format!(
            "The key of {} has changed. Nothing is sent until you have looked at it: /verify",
            world.name_of(who)
        )),
        Standing::Behind => {
            Some("The hub shows an old list of members; nothing is sent. /delete-conversation gives it up.".to_owned())
        }
        Standing::Out => Some("You are not in this conversation any more.".to_owned()),
    }
}

/// That the node of a conversation can't be reached, in words; nothing if it can.
pub(crate) fn cut_off(conversation: &ConversationView, world: &World) -> Option<String> {
    let cut_off = conversation.standing != Standing::Out && world.unreachable.contains(&conversation.hub);
    cut_off.then(|| {
        let host = conversation.hub.split_once("://").map_or(conversation.hub.as_str(), |(_, host)| host);
        format!("{} can't be reached; messages wait", clean::line(host))
    })
}

/// The sign of a delivery, at most three cells.
pub(crate) fn delivery_sign(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Waiting => "…",
        Delivery::Accepted => "✓",
        Delivery::Delivered(_) => "✓✓",
        Delivery::Seen(_) => "✓✓✓",
        Delivery::Failed => "✗",
    }
}

/// A delivery in words. `others`: how many other people are in the conversation.
pub(crate) fn delivery_words(delivery: Delivery, others: usize) -> String {
    let share = |count: u32| if others > 1 { format!(" by {count} of {others}") } else { String::new() };
    match delivery {
        Delivery::Waiting => "waiting to be sent".to_owned(),
        Delivery::Accepted => "accepted by the hub".to_owned(),
        Delivery::Delivered(count) => match share(count) {
            share if share.is_empty() => "on the recipient's device".to_owned(),
            share => format!("received{share}"),
        },
        Delivery::Seen(count) => format!("seen{}", share(count)),
        Delivery::Failed => "not sent".to_owned(),
    }
}

/// What a kind of conversation is called.
pub(crate) fn kind_words(kind: ConversationKind, members: usize) -> String {
    match kind {
        ConversationKind::Pair => "two people".to_owned(),
        ConversationKind::Group => format!("group of {members}"),
        ConversationKind::Room => format!("anonymous room, {members} here"),
    }
}

/// What a role is called.
pub(crate) fn role_name(role: u8) -> &'static str {
    match role {
        0 => "owner",
        1 => "moderator",
        _ => "member",
    }
}
