// People talking in rooms as the real clients do it: invitation, keys, encryption, both kinds of rooms, every transport;
// and one who was away and reads what was missed page by page.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readInvitation, writeInvitation } from './lib/invitation.mjs';
import { lock, newRoomKey, open, seal, unlock } from './lib/room_cipher.mjs';
import { RoomClient, TRANSPORTS, withClients } from './lib/room_client.mjs';
import { pullAll, unread } from './lib/room_history.mjs';
import { endCleanly, NO_LIMITS, startRoomNode } from './lib/room_node.mjs';
import { isGenuine, newRoomId, Person } from './lib/wallet.mjs';

const PIN_CODE = '4711';
const PLAIN = ['hello', '', '你好 👋 – "quoted"\n', 'x'.repeat(2_047)];
const alice = new Person('Alice');
const bob = new Person('Bob');

/** One says everything of `PLAIN`, the other reads, checks and decrypts it. */
async function tell(from, client, listener, roomId, password) {
  const start = listener.received.length;
  for (const plain of PLAIN) await client.send(await from.message(roomId, seal(plain, password)));
  await listener.receives(start + PLAIN.length);
  const heard = listener.payloads.slice(start);
  for (const payload of heard) {
    assert.equal(payload.wallet, from.wallet);
    assert.ok(await isGenuine(payload));
  }
  return heard;
}

async function privateRoom(at, asAlice, asBob) {
  const roomId = newRoomId('p');
  const invitation = writeInvitation({ roomId, owner: alice, name: 'the two of us', password: lock(newRoomKey()) });
  await asAlice.join(roomId);

  // The one who was invited knows both keys and writes first.
  const room = readInvitation(invitation);
  await asBob.join(room.roomId);
  const bobsSecret = bob.sharedSecret(room.owner.publicKey);
  const heard = await tell(bob, asBob, asAlice, roomId, bobsSecret);

  const alicesSecret = alice.sharedSecret(heard[0].publicKey);
  assert.deepEqual(heard.map(({ body }) => open(body, alicesSecret)), PLAIN);
  const answers = await tell(alice, asAlice, asBob, roomId, alicesSecret);
  assert.deepEqual(answers.map(({ body }) => open(body, bobsSecret)), PLAIN);
}

async function group(at, asAlice, asBob) {
  const roomId = newRoomId('g');
  const roomKey = newRoomKey();
  await asAlice.join(roomId);
  const invitation = writeInvitation({ roomId, owner: alice, password: lock(roomKey, PIN_CODE) });

  const room = readInvitation(invitation);
  await asBob.join(room.roomId);
  const bobsKey = unlock(room.password, PIN_CODE); // the pin code came by another way
  assert.deepEqual((await tell(bob, asBob, asAlice, roomId, bobsKey)).map(({ body }) => open(body, roomKey)), PLAIN);
  assert.deepEqual((await tell(alice, asAlice, asBob, roomId, roomKey)).map(({ body }) => open(body, bobsKey)), PLAIN);
}

describe('two people talk', () => {
  const at = {};
  before(async () => { at.node = await startRoomNode(NO_LIMITS); });
  after(() => endCleanly(at.node));

  for (const [name, options] of Object.entries(TRANSPORTS)) {
    for (const [kind, talk] of Object.entries({ privateRoom, group })) {
      test(`${kind}, ${name}`, () => withClients(at.node.origin, 2, async (asAlice, asBob) => {
        if (Object.keys(options).length === 0) await Promise.all([asAlice.upgraded(), asBob.upgraded()]);
        await talk(at, asAlice, asBob);
        const transport = name.startsWith('polling only') ? 'polling' : 'websocket';
        assert.deepEqual([asAlice.transport, asBob.transport], [transport, transport]);
        assert.deepEqual([...asAlice.other, ...asBob.other], [], 'nothing but messages is sent');
      }, options));
    }
  }

  test('one polls, the other has a websocket', async () => {
    const asAlice = await RoomClient.connect(at.node.origin, TRANSPORTS['polling only']);
    const asBob = await RoomClient.connect(at.node.origin, TRANSPORTS['websocket only']);
    await privateRoom(at, asAlice, asBob);
    [asAlice, asBob].forEach((client) => client.close());
  });

  test('messages sent while the connection is being upgraded arrive in order, once', async () => {
    const roomId = newRoomId();
    const listener = await RoomClient.connect(at.node.origin, TRANSPORTS['polling with upgrade']);
    await listener.join(roomId);
    const talker = await RoomClient.connect(at.node.origin, TRANSPORTS['polling with upgrade']);
    const bodies = Array.from({ length: 40 }, (_, index) => `${index}`);
    for (const body of bodies) await talker.send(await alice.message(roomId, body));
    await listener.receives(bodies.length);
    assert.deepEqual(listener.payloads.map(({ body }) => body), bodies);
    [listener, talker].forEach((client) => client.close());
  });
});

describe('a member who was away', () => {
  const at = {};
  const roomId = newRoomId('g');
  const roomKey = newRoomKey();
  const MISSED = 47;
  before(async () => {
    at.node = await startRoomNode(NO_LIMITS);
    await withClients(at.node.origin, 2, async (asAlice, asBob) => {
      await asBob.join(roomId);
      at.lastSeen = await asAlice.send(await alice.message(roomId, seal('0', roomKey)));
      await asBob.receives(1);
      asBob.close();
      for (let index = 1; index <= MISSED; index += 1) {
        // As a person would: never two in one millisecond.
        const timestamp = at.lastSeen.timestamp + index;
        at.newest = await asAlice.send(await alice.message(roomId, seal(`${index}`, roomKey), { timestamp }));
      }
    });
  });
  after(() => endCleanly(at.node));

  test('sees how many are new, and the newest of them', () => withClients(at.node.origin, 1, async (asBob) => {
    assert.deepEqual(await unread(asBob, roomId, at.lastSeen.timestamp), { unread: MISSED, newest: at.newest });
    assert.deepEqual(await unread(asBob, roomId, at.newest.timestamp), { unread: 0, newest: at.newest });
    assert.deepEqual(await unread(asBob, newRoomId(), 1), { unread: 0, newest: undefined });
  }));

  test('reads all of it page by page, and every item passes the full check', () => withClients(at.node.origin, 1, async (asBob) => {
    const items = await pullAll(asBob, roomId);
    const expected = Array.from({ length: MISSED + 1 }, (_, index) => `${MISSED - index}`);
    assert.deepEqual(items.map(({ data }) => open(data.payload.body, roomKey)), expected);
    for (const { channel, timestamp, data } of items) {
      assert.equal(channel, roomId);
      assert.equal(timestamp, data.payload.timestamp);
      assert.ok(await isGenuine(data.payload));
    }
    assert.equal(asBob.received.length, 0, 'nobody joined, so nothing is delivered');
  }));

  test('the same over polling alone', () => withClients(at.node.origin, 1, async (asBob) => {
    assert.equal((await pullAll(asBob, roomId)).length, MISSED + 1);
  }, TRANSPORTS['polling only']));
});
