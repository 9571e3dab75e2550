//! What people do, in few words.

use super::*;

impl World {
    /// A phrase that only this world has.
    pub(crate) fn phrase(&mut self) -> Secret {
        Phrase::generate(Words::Twelve, &mut self.random).unwrap_or_else(|error| panic!("{error}")).text()
    }

    /// Somebody with an account and one device.
    pub(crate) fn person(&mut self, name: &str, node: &str) -> usize {
        self.person_with_phrase(name, node).0
    }

    pub(crate) fn person_with_phrase(&mut self, name: &str, node: &str) -> (usize, Secret) {
        let number = self.device(name);
        let phrase = self.phrase();
        self.good(
            number,
            Command::CreateAccount {
                node: node.to_owned(),
                token: None,
                phrase: phrase.clone(),
                name: name.to_owned(),
                device: format!("{name}'s first"),
            },
        );
        self.settle();
        (number, phrase)
    }

    /// Runs until nobody who has a network is busy, and everybody has read everything.
    pub(crate) fn settle(&mut self) {
        let rests = |device: &Device| {
            device.offline || !device.client.has_account() || (!device.client.busy() && device.client.caught_up())
        };
        self.until(|world| world.devices.iter().all(rests), "everybody rests");
        // What is gathered for the profile goes, too.
        self.run(2_500);
        self.until(|world| world.devices.iter().all(rests), "everybody rests again");
    }

    /// A program that is started, does one thing, waits for what it led to and for what is to be read, and ends.
    pub(crate) fn briefly(&mut self, device: usize, command: Option<Command>) {
        self.set_offline(device, false);
        self.restart(device);
        let id = command.map(|command| self.order(device, command));
        let over = |world: &Self| {
            let Device { client, done, .. } = &world.devices[device];
            let given = id.is_none_or(|id| done.contains_key(&id) && client.ended(CommandId(id)));
            given && client.caught_up() && !client.busy()
        };
        self.until(over, "a short program ends");
        self.set_offline(device, true);
    }

    /// Comes back with the phrase on a new device.
    pub(crate) fn restore(&mut self, name: &str, node: &str, phrase: &Secret) -> usize {
        let number = self.device(name);
        let (node, phrase) = (node.to_owned(), phrase.clone());
        self.good(number, Command::Restore { node, phrase, device: name.to_owned() });
        self.run(30_000);
        self.settle();
        number
    }

    /// Makes an invitation.
    pub(crate) fn invite(&mut self, device: usize) -> Secret {
        let Done::Link(link) = self
            .good(device, Command::Invite { lasts: 3600, note: "for a test".to_owned(), token: None, account: false })
        else {
            panic!("no link")
        };
        link
    }

    /// Two people become contacts: the conversation.
    pub(crate) fn meet(&mut self, inviter: usize, invited: usize) -> GroupId {
        let link = self.invite(inviter);
        let done = self.good(invited, Command::Accept { link, passphrase: None });
        let Done::Conversation(group) = done else { panic!("no conversation") };
        self.settle();
        group
    }

    pub(crate) fn identity(&self, device: usize) -> Identity {
        self.devices[device].client.me().unwrap().identity
    }

    pub(crate) fn contact(&self, device: usize, other: usize) -> ContactView {
        self.devices[device].client.contact(&self.identity(other)).unwrap()
    }

    /// Says something; the world goes on by itself.
    pub(crate) fn say(&mut self, device: usize, group: GroupId, text: &str) {
        self.good(device, Command::SendText { group, text: text.to_owned(), reply: None, expire: None });
    }

    /// The messages that a device shows.
    pub(crate) fn messages(&self, device: usize, group: &GroupId) -> Vec<MessageView> {
        let device = &self.devices[device];
        device.client.messages(&device.records, group, None, 1000).unwrap_or_else(|fault| panic!("{fault}"))
    }

    /// The texts that a device shows.
    pub(crate) fn texts(&self, device: usize, group: &GroupId) -> Vec<String> {
        let text = |view: MessageView| if let Shown::Text(text) = view.shown { Some(text) } else { None };
        self.messages(device, group).into_iter().filter_map(text).collect()
    }

    /// Links a second device of somebody with a code.
    pub(crate) fn link(&mut self, old: usize, name: &str) -> usize {
        let new = self.device(name);
        let Done::Code(code, _) = self.good(old, Command::OfferLink) else { panic!("no code") };
        let linking = self.order(new, Command::Link { code, device: name.to_owned() });
        self.until(|world| !world.devices[old].client.device_requests().is_empty(), "a device asks");
        let (request, asked, check) = self.devices[old].client.device_requests().remove(0);
        assert_eq!(asked, name);
        let shows = |event: &Event| matches!(event, Event::LinkCheck { check: shown } if *shown == check);
        self.until(|world| world.devices[new].events.iter().any(shows), "both show the same number");
        self.good(old, Command::AnswerLink { request, accept: true });
        self.until(|world| world.devices[new].done.contains_key(&linking), "the device is linked");
        assert!(matches!(self.devices[new].done[&linking], Done::Well), "{:?}", self.devices[new].done[&linking]);
        self.settle();
        new
    }

    /// Puts a file into a device's hands, to be sent.
    pub(crate) fn attachment(&mut self, device: usize, content: Vec<u8>, look: Look) -> Attachment {
        let files = &mut self.devices[device].files;
        let file = FileId(files.len() as u64 + 1);
        let size = content.len() as u64;
        files.insert(file.0, content);
        Attachment {
            file,
            size,
            name: "leaves.bin".to_owned(),
            kind: "application/octet-stream".to_owned(),
            look,
            caption: String::new(),
            voice: None,
            pixels: None,
            thumbnail: None,
        }
    }
}
