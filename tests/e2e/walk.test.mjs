// A whole life with piqchat, across two nodes, told in order. Each step builds on the one before.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Client, inviteLink, newKeys, openContact, readInviteLink, sealContact } from './lib/client.mjs';
import { localPushSettings, Node, PUSH_CONTACT, PUSH_DAYS } from './lib/node.mjs';
import { PushService } from './lib/push_service.mjs';
import { until } from './lib/until.mjs';

const IMAGE_BYTES = 19 * 1024 * 1024;
// A second push from the same sender may be held back for some seconds (wire 12.5).
const PUSH_DEADLINE_MS = 30_000;

let push, nodeA, nodeB, alice, bob, carol, vapidKey;
const image = randomBytes(IMAGE_BYTES);

before(async () => {
  push = await PushService.start();
  const env = {
    ...localPushSettings(push.caFile),
    PUSH_VAPID_CONTACT: PUSH_CONTACT,
    PUSH_TIME_TO_LIVE_ON_SERVICE_IN_DAYS: String(PUSH_DAYS),
  };
  [nodeA, nodeB] = await Promise.all([Node.start({ env }), Node.start({ env })]);
});

after(async () => {
  await Promise.all([nodeA?.dispose(), nodeB?.dispose(), push?.stop()]);
});

/** What the web app does with an accept URL: the protocol is its choice. */
const reachable = (acceptUrl) => acceptUrl.replace(/^https:/, 'http:');

const inbox = async (person) => (await person.parcels()).expect(200).json();
const pushedText = (sender) => JSON.stringify({ type: 'PARCEL', payload: { type: 'MEDIA', sender: sender.id } });
const openPush = (endpoint, record) => endpoint.open(record, { serverKey: vapidKey, contact: PUSH_CONTACT, ttlSeconds: PUSH_DAYS * 86_400 });

/** Maker and friend run a whole exchange; both texts are sealed with the key in the link. */
async function becomeFriends(maker, friend, { signUp }) {
  const key = randomBytes(32);
  const mine = { userUuid: maker.id, server: maker.origin };
  const offer = (await maker.offerContact(sealContact(mine, key))).expect(201).json();
  const link = inviteLink(reachable(offer.acceptUrl), key);

  const read = readInviteLink(link);
  const theirs = { userUuid: friend.id, server: friend.origin };
  const body = { encryptedContact: sealContact(theirs, read.key), ...(signUp ? { userUuid: friend.id } : {}) };
  const accepted = (await friend.request('POST', read.acceptUrl, { json: body, sign: false })).expect(200).json();
  assert.deepEqual(openContact(accepted.encryptedContact, read.key), mine);
  assert.equal(accepted.createdUserAccount, signUp ? true : undefined);

  const answer = await until('the maker sees the answer', async () => {
    const seen = (await maker.exchange(offer.oneTimeToken)).expect(200).json();
    return seen.state === 'ACCEPTED' && seen;
  });
  assert.equal(answer.timeToLive, offer.timeToLive);
  assert.equal(accepted.timeToLive, offer.timeToLive);
  assert.deepEqual(openContact(answer.encryptedContact, key), theirs);
  (await maker.dropExchange(offer.oneTimeToken)).expectPhrase(200);
}

test('1. each node prints an invitation; Alice takes the one of node A, Bob the one of node B', async () => {
  for (const [name, node] of [['alice', nodeA], ['bob', nodeB]]) {
    const { token } = readInviteLink(await node.invitation());
    const person = new Client(node.origin);
    (await person.account()).expectPhrase(403);
    const accepted = (await person.accept(token, { userUuid: person.id })).expect(200).json();
    assert.equal(accepted.createdUserAccount, true);
    assert.equal(accepted.encryptedContact, '');
    (await person.account()).expectJson(200, { hasPushSubscription: false });
    if (name === 'alice') alice = person;
    else bob = person;
  }
  vapidKey = (await alice.info()).json().vapidPublicKey;
  assert.notEqual(vapidKey, (await bob.info()).json().vapidPublicKey, 'each node has keys of its own');
});

test('2. Alice and Bob become friends across the nodes; Carol joins node A with Alice’s link', async () => {
  await becomeFriends(alice, bob, { signUp: false });
  carol = new Client(nodeA.origin);
  await becomeFriends(alice, carol, { signUp: true });
  await becomeFriends(bob, carol, { signUp: false });
  (await alice.contacts([bob.id, carol.id])).expectEmpty();
  (await bob.contacts([alice.id, carol.id])).expectEmpty();
  (await carol.contacts([alice.id, bob.id])).expectEmpty();
});

test('3. Alice and Carol subscribe to push, one as browsers do now, one as they did', async () => {
  alice.endpoint = push.endpoint('aes128gcm');
  carol.endpoint = push.endpoint('aesgcm');
  for (const person of [alice, carol]) {
    (await person.subscribe(person.endpoint.subscription)).expectEmpty();
    (await person.account()).expectJson(200, { hasPushSubscription: true });
  }
});

test('4. Bob asks whether both accept him and sends one image of 19 MB to both', async () => {
  const bobAtA = bob.at(nodeA.origin);
  for (const { id } of [alice, carol]) (await bobAtA.accepts(id)).expectPhrase(200);
  const recipients = [[alice.id, 'sealed key for alice'], [carol.id, 'sealed key for carol']];
  (await bobAtA.upload({ recipients, attachment: image })).expectJson(200, { forbiddenRecipientIds: [] });
  for (const { id } of [alice, carol]) assert.equal((await bobAtA.status(id)).expect(200).json().count, 1);
});

test('5. both are woken: the push service opens what came and knows the node by its key', async () => {
  for (const person of [alice, carol]) {
    const record = await person.endpoint.message(1, PUSH_DEADLINE_MS);
    assert.equal(openPush(person.endpoint, record), pushedText(bob));
  }
});

test('6. the power fails at node A; nothing that was acknowledged is lost', async () => {
  await nodeA.kill();
  await nodeA.start();
  alice = Object.assign(alice.at(nodeA.origin), { endpoint: alice.endpoint });
  carol = Object.assign(carol.at(nodeA.origin), { endpoint: carol.endpoint });
  assert.equal((await alice.info()).json().vapidPublicKey, vapidKey, 'the keys are the same');
  assert.equal((await inbox(carol)).length, 1);
});

test('7. Alice lists, downloads and deletes; Carol’s copy stays until she has it, too', async () => {
  for (const person of [alice, carol]) {
    const [parcel, ...more] = await inbox(person);
    assert.equal(more.length, 0);
    assert.deepEqual([parcel.type, parcel.uploadedBy], ['MEDIA', bob.id]);
    assert.equal(parcel.content, person === alice ? 'sealed key for alice' : 'sealed key for carol');
    const answer = (await person.attachment(parcel.id)).expect(200);
    assert.equal(answer.headers.get('content-length'), String(IMAGE_BYTES));
    assert.ok(image.equals(answer.bytes), 'the image is the same');
    (await person.dropParcel(parcel.id)).expectEmpty();
    (await person.attachment(parcel.id)).expectPhrase(404);
    (await bob.at(nodeA.origin).status(person.id)).expectJson(200, { count: 0, lastSeen: 'RECENTLY' });
  }
});

test('8. Alice answers at Bob’s node', async () => {
  const aliceAtB = alice.at(nodeB.origin);
  (await aliceAtB.upload({ type: 'MEDIA', recipients: [[bob.id, 'hello']] })).expectJson(200, { forbiddenRecipientIds: [] });
  const [parcel] = await inbox(bob);
  assert.deepEqual([parcel.content, parcel.uploadedBy], ['hello', alice.id]);
  (await bob.dropParcel(parcel.id)).expectEmpty();
});

test('9. Alice backs up, loses her phone and restores on a new one', async () => {
  const key = randomBytes(32);
  const profile = { name: 'Alice', contacts: [bob.id, carol.id] };
  (await alice.saveBackup(sealContact(profile, key))).expectEmpty();
  const newPhone = new Client(nodeA.origin, newKeys(alice.keys.secretKey));
  const { backup, lastReadAt } = (await newPhone.backup()).expect(200).json();
  assert.equal(lastReadAt, null);
  assert.deepEqual(openContact(backup, key), profile);
});

test('10. an endpoint that is gone is forgotten', async () => {
  for (const [person, gone] of [[alice, 410], [carol, 404]]) {
    const before = person.endpoint.requests.length;
    person.endpoint.willAnswer(gone);
    (await bob.at(nodeA.origin).upload({ recipients: [[person.id, 'ping']] })).expect(200);
    await person.endpoint.message(before + 1, PUSH_DEADLINE_MS);
    await until(`the node forgets an endpoint that answered ${gone}`, async () =>
      (await person.account()).expect(200).json().hasPushSubscription === false);
  }
});

test('11. the invite tree of node A', async () => {
  const row = (person, entryId, createdBy) => ({ id: person.id, entryId, clientLastSeen: 'RECENTLY', createdBy });
  (await alice.invitedUsers()).expectJson(200, [row(alice, 1, null), row(carol, 2, '1.0')]);
  (await carol.invitedUsers()).expectJson(200, [row(carol, 2, '1.0')]);
});

test('12. Alice deletes her account and comes back with the same key, to an empty one', async () => {
  (await alice.leave()).expectEmpty();
  (await alice.account()).expectPhrase(403);
  (await alice.leave()).expectPhrase(403);
  (await bob.at(nodeA.origin).upload({ recipients: [[alice.id, 'late']] })).expectPhrase(403);
  await becomeFriends(carol, alice, { signUp: true });
  (await alice.account()).expectJson(200, { hasPushSubscription: false });
  (await alice.backup()).expectPhrase(404);
  (await alice.parcels()).expectJson(200, []);
  (await bob.at(nodeA.origin).accepts(alice.id)).expectPhrase(403);
  const [{ entryId, createdBy }] = (await alice.invitedUsers()).json();
  assert.deepEqual([entryId, createdBy], [3, '2.0']);
});

test('13. both nodes end cleanly', async () => {
  await Promise.all([nodeA.stop(), nodeB.stop()]);
});
