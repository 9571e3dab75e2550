//! A conversation: an MLS group, its roster and its stream at the hub (docs/protocol/conversations.md and messages.md).
//!
//! [`Conversation`] has no input or output of its own. Each call is given a [`Scene`]; what it changes goes into the scene's
//! [`Batch`], what is to be done after that into its steps. A conversation that is read again from its records goes on where
//! the one before was when its last batch was kept: whatever had been asked of the hub is asked again with the same ids.

mod batch;
mod behind;
mod chain;
mod commit;
mod create;
mod expiry;
mod farewell;
mod flight;
mod forgotten;
mod gaps;
mod heal;
mod history;
mod intake;
mod join;
mod judging;
mod kept;
mod keys;
mod knock;
mod lists;
mod notice;
mod open;
mod outbox;
mod part;
mod plan;
mod profile;
mod receipts;
mod rekey;
mod remains;
mod remake;
mod restore;
mod said;
mod scene;
mod search;
mod slot;
mod state;
pub mod step;
mod turn;
mod unaware;
mod view;
mod wish;

pub use batch::{Batch, Found};
pub use join::{LAST_RESORT, PACKAGES};
pub use open::Kept;
pub use remake::{Forgetful, GivenBack};
pub use scene::{Me, People, Scene};
pub use turn::Refusal;
pub use unaware::Membership;
pub use wish::Wish;

use crate::command::Fault;
use crate::io::Time;
use crate::records::{RecordKey, Table};
use crate::view::{ConversationKind, Event, GroupId, Identity};
use state::{Seat, State};
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use step::{HubRequest, Step};
use tidings_mls::Group;
use tidings_wire::bytes::Fixed;

/// The `order` of the state's record in [`Table::Conversation`]; the others are of what is in flight.
const STATE: &[u8] = b"";

/// One conversation on this device.
pub struct Conversation {
    state: State,
    /// The MLS group, once it was needed.
    group: Option<Group>,
    /// The MLS group that will take its place.
    next: Option<Group>,
    /// Certificates that were verified: by their bytes' and key's hash.
    certificates: HashMap<[u8; 32], (Identity, u64)>,
    /// Certificates of senders that were verified: their device's key, by the hash of their bytes.
    senders: HashMap<[u8; 32], [u8; 32]>,
    /// Leaves of removed devices, once they were looked for in this call.
    stale: OnceCell<Vec<Seat>>,
    /// The number of one's own last message that is kept beside the state.
    numbered: u64,
    /// The MLS state was to be read, and is damaged.
    keys_lost: bool,
    /// Whether the state must be written.
    changed: bool,
    /// What is known of the connection; nothing of this survives.
    link: Link,
    /// Who is writing, until when.
    typing: BTreeMap<Identity, Time>,
}

/// What is under way just now; forgotten when the client ends.
#[derive(Default)]
struct Link {
    followed: bool,
    /// Since when, if it is.
    followed_at: Time,
    /// Until when an answer to a Fetch is waited for.
    fetching: Option<Time>,
    /// Until when no answer to a Fetch is believed that says once more that the hub was restored.
    restored: Option<Time>,
    /// Until when an answer to a Look is waited for.
    looking: Option<Time>,
    /// Device lists that were said here: the `seq` with which this device says one of somebody else.
    lists: BTreeMap<state::Mark, u64>,
    /// Salts whose keys the hub has refused since it last accepted one.
    refused: Vec<Fixed<16>>,
    /// The hub was looked at before all was read that it has: it is looked at again as soon as that is so.
    look_when_read: bool,
    /// The hub has refused something that was said, and was not looked at since.
    unaccepted: bool,
    /// The salt of the access key with which it was asked, and up to where the stream had been read.
    looked_with: Option<(Fixed<16>, u64)>,
    /// The entry that the hub is just given back.
    putting_back: Option<Fixed<16>>,
    /// Until when it is waited for that the hub takes the conversation back, and after which number it begins there.
    giving: Option<(Time, u64)>,
    /// Whether this own typing is to be said, and when it was last.
    typing: bool,
    typing_said: Time,
    answered: gaps::Answered,
    /// The wake-up that was asked for last.
    woken: Option<Time>,
}

impl Conversation {
    fn owner(&self) -> [u8; 16] {
        self.state.group.0
    }

    fn is_room(&self) -> bool {
        self.state.kind == ConversationKind::Room
    }

    fn record(&self, table: Table, order: impl Into<Vec<u8>>) -> RecordKey {
        RecordKey::new(table, self.owner(), order)
    }

    fn from_state(state: State) -> Self {
        Self {
            state,
            group: None,
            next: None,
            certificates: HashMap::new(),
            senders: HashMap::new(),
            stale: OnceCell::new(),
            numbered: 0,
            keys_lost: false,
            changed: false,
            link: Link::default(),
            typing: BTreeMap::new(),
        }
    }

    /// The state is written at the end of the call.
    fn state(&mut self) -> &mut State {
        self.changed = true;
        &mut self.state
    }

    fn show(&self, scene: &mut Scene<'_>) {
        scene.steps.push(Step::Show(Event::Conversation(self.state.group)));
    }

    fn ask(&self, scene: &mut Scene<'_>, request: HubRequest) {
        scene.steps.push(Step::Hub(request));
    }

    /// The last part of each call: does what can be done now, and writes down how things are.
    fn settle(&mut self, scene: &mut Scene<'_>) {
        self.stale = OnceCell::new();
        let mut worked = self.work(scene);
        if std::mem::take(&mut self.keys_lost) {
            worked = self.come_anew(scene).and_then(|()| self.work(scene));
        }
        self.report(scene, worked);
        self.write(scene);
        self.wake(scene);
        self.stale = OnceCell::new();
    }

    fn report(&self, scene: &mut Scene<'_>, outcome: Result<(), Fault>) {
        if let Err(fault) = outcome {
            scene.steps.push(Step::Show(Event::Warning(fault.to_string())));
        }
    }

    fn write(&mut self, scene: &mut Scene<'_>) {
        self.write_groups(scene);
        self.write_parts(scene);
        if std::mem::take(&mut self.changed) {
            let bytes = tidings_wire::cbor::encode(&self.state);
            scene.batch.put(self.record(Table::Conversation, STATE), bytes);
        }
    }

    /// Everything that waits for its time or its turn.
    fn work(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        self.expire(scene)?;
        let typing = self.typing.len();
        self.typing.retain(|_, until| *until > scene.now);
        if self.typing.len() < typing {
            self.show(scene);
        }
        self.fetch_what_lags(scene);
        self.put_back(scene)?;
        self.come_back(scene)?;
        self.say_farewell(scene);
        self.tell_salt(scene);
        self.tell_unaware(scene)?;
        self.take_turn(scene)?;
        self.chase_gaps(scene);
        self.say(scene)
    }

    /// Asks to be called again when something will be due.
    fn wake(&mut self, scene: &mut Scene<'_>) {
        let due = [
            self.state.expiry_next,
            self.typing.values().min().copied(),
            self.fetch_due(scene.now),
            self.restore_due(),
            self.heal_due(),
            self.farewell_due(),
            self.unaware_due(),
            self.turn_due(scene),
            self.gaps_due(scene.now),
            self.say_due(scene.now),
        ];
        // What is due already and was not done waits for something else, which will come with another call.
        let Some(next) = due.into_iter().flatten().filter(|at| *at > scene.now).min() else { return };
        if self.link.woken.is_none_or(|woken| woken <= scene.now || woken != next) {
            self.link.woken = Some(next);
            scene.steps.push(Step::WakeAt(next));
        }
    }

    /// Which conversation.
    pub fn id(&self) -> GroupId {
        self.state.group
    }
}
