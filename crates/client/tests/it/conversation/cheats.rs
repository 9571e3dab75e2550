//! Members who make what no client of ours makes: branches and messages that the rules do not allow, with the hub doing as it should.

use super::hostile::roster;
use super::plain::group;
use super::world::{HUB, World};
use ed25519_dalek::SigningKey;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _, TryRng};
use std::convert::Infallible;
use tidings_client::content::{Content, Message, Resend, Text};
use tidings_client::conversation::step::Appended;
use tidings_client::conversation::{Conversation, Scene, Wish};
use tidings_client::entry::{EntryKey, Info, Payload};
use tidings_client::records::{Direction, Records as _, Table};
use tidings_client::view::{ConversationKind, GroupId, Identity, MessageId, Standing};
use tidings_mls::{Group, Plan, Signer, make_package};
use tidings_wire::api::{EntryKind, NewEntry};
use tidings_wire::bytes::{Blob, Fixed};
use tidings_wire::certificate::DeviceCertificate;
use tidings_wire::signed::Signed;

/// Randomness that begins with what somebody wants.
struct Chosen {
    first: Vec<u8>,
    rest: StdRng,
}

impl Chosen {
    fn fill(&mut self, bytes: &mut [u8]) {
        let chosen = self.first.len().min(bytes.len());
        let (here, later) = bytes.split_at_mut(chosen);
        here.copy_from_slice(&self.first.drain(..chosen).collect::<Vec<_>>());
        self.rest.fill_bytes(later);
    }
}

impl TryRng for Chosen {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.fill(bytes);
        Ok(())
    }
}

/// Says something under an id and at a time of one's own choice.
fn say_as(world: &mut World, device: usize, group: &GroupId, text: &str, id: [u8; 16], at: u64) {
    let content = Content::Text(Text { text: text.to_owned(), reply: None });
    let rest = StdRng::seed_from_u64(world.random.next_u64());
    let mut random = Chosen { first: id.to_vec(), rest };
    let sent = world.call(device, group, |conversation, scene| {
        let mut own = Scene {
            now: at,
            random: &mut random,
            records: scene.records,
            batch: &mut *scene.batch,
            me: scene.me,
            people: scene.people,
            steps: &mut *scene.steps,
        };
        conversation.send(&mut own, content, None)
    });
    assert_eq!(sent.unwrap(), MessageId(id));
}

/// The group's state on a device, to be used in other ways than its client does.
fn mls(world: &World, device: usize, group: &GroupId) -> Group {
    let places = [group.0.to_vec(), [group.0.as_slice(), &[1]].concat()];
    let load = |owner: &Vec<u8>| {
        let found = world.devices[device].records.scan(Table::Mls, owner, None, Direction::Up, usize::MAX).unwrap();
        Group::load(&group.0, found).ok().filter(Group::active)
    };
    places.iter().find_map(load).expect("the device is in the group")
}

fn signer(world: &World, device: usize) -> Signer {
    let me = &world.devices[device].me;
    Signer::new(&me.device.to_bytes(), me.certificate.clone())
}

/// Posts an entry with the access key of a device. `info`: the group info, if it is a commit.
fn post(
    world: &mut World,
    by: usize,
    group: &GroupId,
    seal: &EntryKey,
    payload: &Payload,
    info: Option<(u64, [u8; 8], Vec<u8>)>,
) {
    let id: [u8; 16] =
        [world.random.next_u64().to_be_bytes(), world.random.next_u64().to_be_bytes()].concat()[..].try_into().unwrap();
    let at_hub = world.hub.groups[&group.0].turn;
    let turn = if info.is_some() { at_hub + 1 } else { at_hub };
    let body = Blob(seal.seal_entry(group, &id, payload, &mut world.random));
    let kind = if info.is_some() { EntryKind::Commit } else { EntryKind::Message };
    let info =
        info.map(|(epoch, tag, info)| Blob(seal.seal_info(group, &Info { turn, epoch, tag, info }, &mut world.random)));
    let entry = NewEntry { id: Fixed(id), kind, turn, body, info, add: Vec::new(), remove: Vec::new(), notify: false };
    let place = &world.devices[by];
    let key = Fixed(place.conversations[group].access_key(&place.me).verifying_key().to_bytes());
    let now = world.now;
    let outcome = world.hub.append(&group.0, &key, &entry, now);
    assert!(matches!(outcome, Appended::Placed { .. }), "{outcome:?}");
}

fn standing(world: &World, device: usize, group: &GroupId) -> Standing {
    world.devices[device].conversations[group].standing(&world.book)
}

fn members(world: &World, device: usize, group: &GroupId) -> Vec<Identity> {
    roster(world, device, group).members.iter().map(|member| member.id).collect()
}

#[test]
fn a_plain_member_lures_nobody_to_a_branch_without_somebody() {
    let mut world = World::new(120);
    let (alice, bob, mallory) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Mallory", 1)[0]);
    let walks = group(&mut world, alice, &[bob, mallory]);
    world.run(20_000);
    world.set_offline(mallory, true);
    // Privately she takes Bob out, as if he had gone by himself, and gives the hub the group info of that.
    let bobs = world.identity(bob);
    let before = roster(&world, mallory, &walks);
    let mut after = before.without(&[bobs]);
    after.v = before.v + 1;
    after.attest(&before, None).unwrap();
    let mut branch = mls(&world, mallory, &walks);
    let key = world.devices[bob].me.device.verifying_key().to_bytes();
    let leaf = branch.leaves().unwrap().into_iter().find(|leaf| leaf.key == key).unwrap().index;
    let (epoch, tag) = (branch.epoch(), branch.tag());
    let plan = Plan { remove: vec![leaf], extension: Some(after.encode().unwrap()), ..Plan::default() };
    let signer = signer(&world, mallory);
    let made = branch.commit(&signer, &plan, &mut world.random).unwrap();
    let seal = EntryKey::unlocked(&walks, &before.seal);
    let payload = Payload { epoch, tag, mls: b"no commit".to_vec() };
    post(&mut world, mallory, &walks, &seal, &payload, Some((epoch + 1, made.tag, made.info)));
    world.run(60_000);
    let mut said = Vec::new();
    for device in [alice, bob] {
        said.push(format!("by {device}"));
        world.say(device, &walks, &format!("by {device}"));
        world.run(60_000);
    }
    world.agree(&[alice, bob], &walks, &said);
    for device in [alice, bob] {
        assert_eq!(standing(&world, device, &walks), Standing::Ready);
        assert!(members(&world, device, &walks).contains(&bobs));
    }
}

#[test]
fn nobody_takes_the_place_of_somebody_elses_message() {
    let mut world = World::new(121);
    let (alice, bob, mallory) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Mallory", 1)[0]);
    let walks = group(&mut world, alice, &[bob, mallory]);
    let (at, id) = (world.now, [7; 16]);
    let mut like = id;
    like[15] = 8;
    world.set_offline(mallory, true);
    say_as(&mut world, mallory, &walks, "not hers", like, at);
    say_as(&mut world, alice, &walks, "hers", id, at);
    world.run(20_000);
    world.set_offline(mallory, false);
    world.run(60_000);
    world.agree(&[alice, bob, mallory], &walks, &["hers".to_owned(), "not hers".to_owned()]);
}

#[test]
fn nobody_keeps_a_message_away_by_being_first_with_its_id() {
    let mut world = World::new(122);
    let (alice, bob, mallory) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Mallory", 1)[0]);
    let walks = group(&mut world, alice, &[bob, mallory]);
    let (now, id) = (world.now, [7; 16]);
    world.set_offline(alice, true);
    say_as(&mut world, alice, &walks, "hers", id, now);
    say_as(&mut world, mallory, &walks, "not hers", id, now);
    world.run(20_000);
    world.set_offline(alice, false);
    world.run(60_000);
    world.agree(&[alice, bob, mallory], &walks, &["hers".to_owned(), "not hers".to_owned()]);
}

#[test]
fn who_has_gone_asks_for_nothing_through_another() {
    let mut world = World::new(123);
    let (alice, mary, max) = (world.person("Alice", 1)[0], world.person("Mary", 1)[0], world.person("Max", 1)[0]);
    let walks = group(&mut world, alice, &[]);
    for text in ["before", "before that"] {
        world.say(alice, &walks, text);
        world.run(20_000);
    }
    let newcomers = [mary, max].map(|device| world.identity(device));
    world.call(alice, &walks, |conversation, scene| conversation.wish(scene, Wish::Add(newcomers.to_vec()))).unwrap();
    world.run(20_000);
    // Mary asks for what was said before she came, but it reaches the hub, by Max's key, only after she was taken out.
    let mut hers = mls(&world, mary, &walks);
    let (epoch, tag) = (hers.epoch(), hers.tag());
    let device = tidings_wire::certificate::mark(&world.devices[alice].me.device.verifying_key().to_bytes());
    let content = Content::Resend(Resend { device: device.0, from: 1, to: 10 });
    let message = Message {
        id: MessageId([9; 16]),
        seq: 0,
        prev: [0; 16],
        seen: Vec::new(),
        at: world.now,
        expire: None,
        content,
    };
    let signer = signer(&world, mary);
    let mls = hers.seal(&message.encode().unwrap(), &signer, &mut world.random).unwrap();
    world.call(alice, &walks, |conversation, scene| conversation.wish(scene, Wish::Remove(newcomers[0]))).unwrap();
    world.run(20_000);
    let seal = EntryKey::unlocked(&walks, &roster(&world, alice, &walks).seal);
    let entries = world.hub.groups[&walks.0].entries.len();
    post(&mut world, max, &walks, &seal, &Payload { epoch, tag, mls }, None);
    world.run(60_000);
    assert_eq!(world.hub.groups[&walks.0].entries.len(), entries + 1, "no answer");
    assert!(world.texts(max, &walks).is_empty());
}

#[test]
fn a_hub_that_counts_lower_turns_shows_a_newcomer_nothing_older() {
    let mut world = World::new(125);
    let (alice, bob, nora) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Nora", 1)[0]);
    let walks = group(&mut world, alice, &[bob]);
    for name in ["one", "two", "three", "four", "five"] {
        let wish = Wish::Set { name: Some(name.to_owned()), picture: None, expire: None };
        world.call(alice, &walks, |conversation, scene| conversation.wish(scene, wish)).unwrap();
        world.run(20_000);
    }
    world.say(alice, &walks, "old");
    world.run(20_000);
    let noras = world.identity(nora);
    world.hub.groups.get_mut(&walks.0).unwrap().turn = 1;
    world.call(alice, &walks, |conversation, scene| conversation.wish(scene, Wish::Add(vec![noras]))).unwrap();
    world.run(600_000);
    assert_eq!(standing(&world, nora, &walks), Standing::Ready);
    assert!(world.hub.groups[&walks.0].turn < 6, "it counts from there");
    world.say(alice, &walks, "new");
    world.run(600_000);
    world.agree(&[alice, bob], &walks, &["new".to_owned(), "old".to_owned()]);
    assert_eq!(world.texts(nora, &walks), ["new"]);
}

#[test]
fn a_hub_puts_no_notice_behind_all_that_comes() {
    let mut world = World::new(126);
    let (alice, bob) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0]);
    let walks = group(&mut world, alice, &[bob]);
    world.run(20_000);
    world.set_offline(bob, true);
    let named = Wish::Set { name: Some("here".to_owned()), picture: None, expire: None };
    world.call(alice, &walks, |conversation, scene| conversation.wish(scene, named)).unwrap();
    world.run(20_000);
    world.hub.groups.get_mut(&walks.0).unwrap().entries.last_mut().unwrap().at = u64::MAX;
    world.set_offline(bob, false);
    world.run(20_000);
    assert_eq!(roster(&world, bob, &walks).name, "here");
    let latest = world.page(bob, &walks).into_iter().map(|view| view.at).max();
    assert!(latest.is_some_and(|at| at <= world.now + 24 * 3_600_000), "{latest:?}");
}

#[test]
fn nobody_sits_in_a_room_with_the_certificate_of_another() {
    let mut world = World::new(124);
    let (alice, bob, carol) = (world.person("Alice", 1)[0], world.person("Bob", 1)[0], world.person("Carol", 1)[0]);
    let room = world.make(alice, |scene| Conversation::create(scene, HUB, ConversationKind::Room, "Cave", None));
    world.run(5_000);
    let link = world.devices[alice].conversations[&room].room_link().unwrap();
    let seal = EntryKey::unlocked(&room, &link.seal);
    world.make(bob, |scene| Conversation::join_room(scene, &link, None));
    world.run(20_000);
    // Somebody comes in with a good leaf, and then makes a branch in which a key of theirs has Alice's certificate.
    let alices = mls(&world, alice, &room).leaf(0).unwrap().unwrap().credential;
    let identity = SigningKey::from_bytes(&[3; 32]);
    let device = SigningKey::from_bytes(&[4; 32]);
    let [who, key] = [&identity, &device].map(|key| Fixed(key.verifying_key().to_bytes()));
    let certificate = DeviceCertificate { identity: who, device: key, serial: 1, created: world.now };
    let certificate = Signed::sign(certificate, &identity).map_err(|_| "signs").unwrap().into_bytes();
    let signer = Signer::new(&device.to_bytes(), certificate);
    let shown = seal.open_info(&room, &world.hub.groups[&room.0].info.0).unwrap();
    let (mut branch, came) = Group::join_external(&shown.info, &signer, &mut world.random).unwrap();
    let payload = Payload { epoch: shown.epoch, tag: shown.tag, mls: came.commit };
    post(&mut world, bob, &room, &seal, &payload, Some((shown.epoch + 1, came.tag, came.info)));
    world.run(20_000);
    let (epoch, tag) = (branch.epoch(), branch.tag());
    let forged = Signer::new(&[5; 32], alices);
    let package = make_package(&forged, false, &[0; 48], &mut world.random).unwrap().package;
    let plan = Plan { add: vec![package], ..Plan::default() };
    let made = branch.commit(&signer, &plan, &mut world.random).unwrap();
    world.set_offline(alice, true);
    world.set_offline(bob, true);
    let payload = Payload { epoch, tag, mls: b"no commit".to_vec() };
    post(&mut world, bob, &room, &seal, &payload, Some((epoch + 1, made.tag, made.info)));
    world.make(carol, |scene| Conversation::join_room(scene, &link, None));
    world.run(60_000);
    assert_ne!(standing(&world, carol, &room), Standing::Ready, "she waits for a better one");
    world.set_offline(alice, false);
    world.set_offline(bob, false);
    world.run(1_200_000);
    world.say(alice, &room, "it is me");
    world.run(20_000);
    world.agree(&[alice, bob, carol], &room, &["it is me".to_owned()]);
    let leaves = mls(&world, carol, &room).leaves().unwrap();
    assert!(leaves.iter().all(|leaf| leaf.key != forged.public()));
}
