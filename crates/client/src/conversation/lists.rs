//! Device lists of others that are said in a conversation before a removed device is taken out because of them, so that all judge alike
//! (docs/protocol/conversations.md, Roster).

use super::Conversation;
use super::create::mark_of;
use super::scene::Scene;
use super::step::Step;
use crate::command::Fault;
use crate::content::{Content, DevicesHeard};
use crate::view::Identity;
use tidings_wire::device_list::DeviceList;
use tidings_wire::signed::Signed;

/// Lists of which it is remembered that they were said; what is forgotten is said again.
const LISTS_MAX: usize = 1_024;

impl Conversation {
    /// Whether the others were told in this conversation of the device list that is known of somebody, by which their removed devices are taken
    /// out; else it is told them first (docs/protocol/conversations.md): to who does not know it, the commit would be void.
    pub(super) fn list_is_said(&mut self, scene: &mut Scene<'_>, who: &Identity) -> Result<bool, Fault> {
        let Some(list) = scene.people.signed_devices(who).filter(|_| *who != self.state.me) else { return Ok(true) };
        let mark = mark_of(&list);
        if let Some(seq) = self.link.lists.get(&mark) {
            return Ok(!self.state.outbox.contains(seq));
        }
        if self.behind() {
            return Ok(false);
        }
        self.write_message(scene, Content::Devices(DevicesHeard { list }), None)?;
        self.link.lists.insert(mark, self.state.seq);
        Ok(false)
    }

    /// Sends such a list before all else: who is removed by it can still read it, and nothing else is said until they are out.
    pub(super) fn say_list(&mut self, scene: &mut Scene<'_>) -> Result<(), Fault> {
        let waits = self.link.lists.values().find(|seq| self.state.outbox.contains(seq)).copied();
        let Some(seq) = waits.filter(|_| self.may_seal(scene)) else { return Ok(()) };
        match self.written(scene, seq)? {
            Some(written) => self.launch(scene, seq, &written.message.0, false),
            None => {
                self.state().outbox.retain(|waiting| *waiting != seq);
                Ok(())
            }
        }
    }

    /// Somebody says a device list: their own, or one by which they will take somebody's device out.
    pub(super) fn hear_list(&mut self, scene: &mut Scene<'_>, by: &Identity, list: &[u8]) {
        let of = Signed::<DeviceList>::verify(list).map(|list| Identity(list.identity.0));
        let Some(of) = of.ok().filter(|of| of == by || self.has_member(of)) else { return };
        let mark = mark_of(list);
        if of == self.state.me && *by == of {
            self.state().list.mark = mark;
        }
        if self.link.lists.len() >= LISTS_MAX {
            self.link.lists.clear();
        }
        self.link.lists.insert(mark, 0);
        scene.steps.push(Step::DeviceList(of, list.to_vec()));
    }
}
