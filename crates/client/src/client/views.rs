//! What a screen shows.

use super::Client;
use super::book::{Contact, Person};
use crate::command::Fault;
use crate::conversation::Conversation;
use crate::conversation::People as _;
use crate::io::FileId;
use crate::keys::box_public;
use crate::profile::Name;
use crate::records::Records;
use crate::safety::{safety_code, safety_number};
use crate::view::{ContactView, ConversationView, GroupId, Identity, MeView, MessageId, MessageView, Stage, Standing};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Most messages of one page or search.
const PAGE_MAX: usize = 1000;

impl Client {
    /// Whether there is an account on this device, or one is being made.
    pub fn has_account(&self) -> bool {
        self.own.is_some()
    }

    /// Oneself; none before there is an account.
    pub fn me(&self) -> Option<MeView> {
        let own = self.own.as_ref()?;
        let me = self.me_record();
        let taken = self.book.get(&Name::Box).and_then(|key| key.try_into().ok());
        let box_secret = taken.unwrap_or(*own.secrets.box_secret());
        let backup = (own.profile.highest > 0).then_some((own.profile.highest, own.profile.written));
        Some(MeView {
            identity: own.identity(),
            history: me.keep(),
            name: me.name,
            picture: me.picture.map(serde_bytes::ByteBuf::into_vec),
            statement: me.statement,
            node: own.node.clone(),
            wallet: own.secrets.wallet_address(),
            box_key: box_public(&box_secret),
            read_receipts: me.receipts,
            backup,
            warnings: own.warnings(),
            connected: self.live.is_open(&own.node),
            stage: match own.stage {
                super::state::Stage::Registering { .. } => Stage::Registering,
                super::state::Stage::Enrolling => Stage::Enrolling,
                super::state::Stage::Ready => Stage::Ready,
                super::state::Stage::Removed => Stage::Removed,
            },
        })
    }

    /// All conversations, the newest first; archived ones too.
    pub fn conversations(&self) -> Vec<ConversationView> {
        let Some(me) = self.me_scene() else { return Vec::new() };
        let mut views: Vec<_> = self.all_founded().map(|found| found.view(&me, &self.book, self.now)).collect();
        views.sort_by_key(|view| (Reverse(view.last_at), view.id));
        views
    }

    /// One conversation.
    pub fn conversation(&self, group: &GroupId) -> Option<ConversationView> {
        Some(self.founded(group)?.view(&self.me_scene()?, &self.book, self.now))
    }

    fn shown(&self, group: &GroupId) -> Result<&Conversation, Fault> {
        self.conversations.get(group).ok_or_else(|| Fault::Unknown("this conversation".to_owned()))
    }

    /// A page of messages, the oldest first, of what stands before `before` (a [`MessageView::order`]; none: the newest).
    /// Fails with [`Fault::Unknown`] or [`Fault::Store`].
    pub fn messages(
        &self,
        records: &dyn Records,
        group: &GroupId,
        before: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<MessageView>, Fault> {
        let mut page = self.shown(group)?.page(records, &self.book, before, limit.min(PAGE_MAX))?;
        page.iter_mut().for_each(|view| self.see_suggestion(view));
        Ok(page)
    }

    /// A page of messages, the oldest first, of what stands after `after` (a [`MessageView::order`]). Fails as [`Client::messages`] does.
    pub fn messages_after(
        &self,
        records: &dyn Records,
        group: &GroupId,
        after: &[u8],
        limit: usize,
    ) -> Result<Vec<MessageView>, Fault> {
        self.shown(group)?.page_after(records, &self.book, after, limit.min(PAGE_MAX))
    }

    /// One message. Fails as [`Client::messages`] does.
    pub fn message(
        &self,
        records: &dyn Records,
        group: &GroupId,
        id: &MessageId,
    ) -> Result<Option<MessageView>, Fault> {
        let mut found = self.shown(group)?.message(records, &self.book, id)?;
        found.iter_mut().for_each(|view| self.see_suggestion(view));
        Ok(found)
    }

    /// Messages that hold all the words of a text, the newest first. Fails with [`Fault::Store`].
    pub fn search(
        &self,
        records: &dyn Records,
        text: &str,
        limit: usize,
    ) -> Result<Vec<(GroupId, MessageView)>, Fault> {
        let limit = limit.min(PAGE_MAX);
        let mut found = Vec::new();
        for (group, conversation) in &self.conversations {
            let here = conversation.search(records, &self.book, text, None, limit)?;
            found.extend(here.into_iter().map(|view| (*group, view)));
        }
        found.sort_by_key(|(group, view)| (Reverse(view.at), *group));
        found.truncate(limit);
        Ok(found)
    }

    /// Messages of one conversation that hold all the words of a text, the newest first, of what stands before `before` (a
    /// [`MessageView::order`]; none: from the newest on). Fails as [`Client::messages`] does.
    pub fn search_in(
        &self,
        records: &dyn Records,
        group: &GroupId,
        text: &str,
        before: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<MessageView>, Fault> {
        self.shown(group)?.search(records, &self.book, text, before, limit.min(PAGE_MAX))
    }

    /// All contacts, by name.
    pub fn contacts(&self) -> Vec<ContactView> {
        let Some(own) = &self.own else { return Vec::new() };
        let me = own.identity();
        let mut views: Vec<_> = self.book.contacts().map(|row| self.contact_view(&me, row)).collect();
        views.sort_by_key(|view| (view.name.to_lowercase(), view.identity));
        views
    }

    /// One contact.
    pub fn contact(&self, who: &Identity) -> Option<ContactView> {
        let me = self.own.as_ref()?.identity();
        let (person, contact) = self.book.contact(who)?;
        Some(self.contact_view(&me, (who, person, contact)))
    }

    fn contact_view(&self, me: &Identity, (who, person, contact): (&Identity, &Person, &Contact)) -> ContactView {
        let card = person.card.as_ref();
        ContactView {
            identity: *who,
            name: self.book.name(who).unwrap_or_else(|| self.book.own_name(who)),
            own_name: self.book.own_name(who),
            picture: card.and_then(|card| card.picture.clone()),
            node: card.map(|card| card.node.clone()).unwrap_or_default(),
            conversation: contact.conversation.filter(|group| self.conversations.contains_key(group)),
            verified: contact.verified,
            key_changed: contact.key_changed,
            blocked: contact.blocked,
            safety_number: safety_number(me, who),
            safety_code: safety_code(me, who),
        }
    }

    /// Whether something is still to be brought to a node, for which a person would wait. What others must do does not count, nor what
    /// is gathered before the profile is written ([`Client::hurry`]).
    pub fn busy(&self) -> bool {
        self.owes() || self.conversations.values().any(Conversation::waiting)
    }

    /// Whether the home node has refused this device again and again: it does not know the account (any more), as after its owner has
    /// deleted it there. (One that was restored from an earlier backup is given the account again at once.)
    pub fn is_unknown_at_home(&self) -> bool {
        self.inbox.is_refused()
    }

    /// Files that are being sent: their copies are needed, all others are not.
    pub fn files_sending(&self) -> Vec<FileId> {
        self.files.sending()
    }

    /// The same as [`Client::busy`] without what waits for hubs that can't be reached.
    pub fn busy_where_reached(&self) -> bool {
        let reached = |conversation: &&Conversation| self.live.is_open(conversation.hub());
        self.owes() || self.conversations.values().filter(reached).any(Conversation::waiting)
    }

    fn owes(&self) -> bool {
        let owed = self.own.as_ref().is_some_and(|own| {
            let profile = own.owed.profile.is_some_and(|at| at <= self.now);
            own.owed.push || own.owed.contacts || own.owed.devices || own.owed.packages || profile
        });
        let joins = !self.missing.is_empty() && self.own.as_ref().is_some_and(|own| !own.profile.read);
        owed || joins || self.upkeep.writing_profile || self.jobs_urgent() || self.files.busy() || self.invites_others()
    }

    /// Whether all that waited at the nodes when this client began to follow them has been read. Hubs that can't be reached now
    /// don't count: see [`Client::unreachable`].
    pub fn caught_up(&self) -> bool {
        let inbox = self.own.as_ref().is_some_and(|own| self.inbox.caught_up(own.inbox));
        inbox && self.all_founded().all(|conversation| self.has_read(conversation))
    }

    fn has_read(&self, conversation: &Conversation) -> bool {
        let (hub, group) = (conversation.hub(), conversation.id());
        // Beyond the most that one connection follows, only what is known of can be waited for.
        let beyond = conversation.wants_following() && !self.live.follows(hub, &group) && conversation.all_known_read();
        conversation.caught_up()
            || beyond
            || self.live.is_unreachable(hub)
            || conversation.standing(&self.book) == Standing::Out
    }

    /// The hubs of conversations that the last try did not reach: what waits there is not here.
    pub fn unreachable(&self) -> Vec<String> {
        let live = self.conversations.values().filter(|one| one.standing(&self.book) != Standing::Out);
        let hubs: BTreeSet<&str> = live.map(Conversation::hub).filter(|hub| self.live.is_unreachable(hub)).collect();
        hubs.into_iter().map(str::to_owned).collect()
    }
}
