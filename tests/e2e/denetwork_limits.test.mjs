// Wire reference, sections 11 and 13: limits are answered, never silence or a disconnect; one client's excess is its own.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { checkBase, PATIENCE_MS, RoomClient, withClients } from './lib/room_client.mjs';
import { RawEngine } from './lib/raw_engine.mjs';
import { endCleanly, MAX_REQUEST_BYTES, NO_LIMITS, SMALL_LIMITS, startRoomNode } from './lib/room_node.mjs';
import { until } from './lib/until.mjs';
import { newRoomId, Person } from './lib/wallet.mjs';

const TOO_MANY = 429;
const TOO_LARGE = 413;

/** Sends everything at once, and gives the answers, each within the real client's patience. */
async function flood(client, event, requests) {
  const replies = await Promise.all(requests.map((request) => client.ask(event, request)));
  replies.forEach(checkBase);
  return replies;
}

const statuses = (replies) => replies.map(({ status }) => status);
const tally = (replies, wanted) => statuses(replies).filter((status) => status === wanted).length;

describe('rates (11)', () => {
  const at = {};
  before(async () => { at.node = await startRoomNode(SMALL_LIMITS.arguments); });
  after(() => endCleanly(at.node));

  for (const event of ['room-join', 'room-leave', 'room-exist', 'pull-message', 'count-message', 'no-such-event']) {
    test(`${event}: too many are answered with ${TOO_MANY}, and the connection lives on`, () => withClients(at.node.origin, 1, async (client) => {
      const roomId = newRoomId();
      const request = { roomId, startTimestamp: 0, endTimestamp: -1, options: [{ channel: roomId }] };
      const replies = await flood(client, event, Array.from({ length: SMALL_LIMITS.eventsBurst * 3 }, () => request));
      assert.ok(tally(replies, TOO_MANY) > 0, `${statuses(replies)}`);
      assert.ok(replies.length - tally(replies, TOO_MANY) >= 1);
      const refused = replies.find(({ status }) => status === TOO_MANY);
      if (event === 'pull-message') assert.deepEqual([refused.total, refused.pageKey, refused.list], [0, 0, []]);
      else if (event === 'count-message') assert.deepEqual(refused.list, []);
      else assert.equal(refused.success, false);
      assert.ok(client.socket.connected);
      await until('it may ask again', async () => (await client.ask('room-exist', { roomId })).status === 200);
    }));
  }

  test('messages of one wallet, over several connections', () => withClients(at.node.origin, 3, async (reader, ...senders) => {
    const alice = new Person('Alice');
    const roomId = newRoomId();
    await reader.join(roomId);
    const payloads = await Promise.all(Array.from({ length: SMALL_LIMITS.messagesBurst * 2 }, (_, index) => alice.message(roomId, `${index}`)));
    const halves = senders.map((sender, half) => payloads.filter((_, index) => index % 2 === half).map((payload) => ({ payload })));
    const replies = (await Promise.all(senders.map((sender, half) => flood(sender, 'chat-message', halves[half])))).flat();
    const taken = tally(replies, 200);
    assert.ok(taken >= SMALL_LIMITS.messagesBurst && taken < payloads.length, `${statuses(replies)}`);
    assert.equal(tally(replies, TOO_MANY), payloads.length - taken);
    await until('what was taken arrives', () => reader.received.length >= taken);
    assert.equal(reader.received.length, taken, 'and nothing else');
  }));

  test('a message refused for the rate is taken when it is sent again, as the client does', () => withClients(at.node.origin, 1, async (client) => {
    const bob = new Person('Bob');
    const roomId = newRoomId();
    const payloads = await Promise.all(Array.from({ length: SMALL_LIMITS.messagesBurst + 3 }, (_, index) => bob.message(roomId, `${index}`)));
    const replies = await flood(client, 'chat-message', payloads.map((payload) => ({ payload })));
    const refused = payloads.filter((_, index) => replies[index].status === TOO_MANY);
    assert.ok(refused.length > 0);
    for (const payload of refused) {
      await until('it is taken', async () => (await client.ask('chat-message', { payload })).success);
    }
  }));

  test('one who is over the limit does not slow another', () => withClients(at.node.origin, 2, async (greedy, modest) => {
    await flood(greedy, 'room-join', Array.from({ length: SMALL_LIMITS.eventsBurst * 2 }, () => ({ roomId: newRoomId() })));
    await modest.join(newRoomId());
    await modest.send(await new Person('Carol').message(newRoomId(), 'aa'));
  }));
});

describe('the example application lives with the usual limits', () => {
  const at = {};
  before(async () => { at.node = await startRoomNode(); });
  after(() => endCleanly(at.node));

  test('200 joins one after the other, and a count of 200 rooms', () => withClients(at.node.origin, 1, async (client) => {
    const rooms = Array.from({ length: 200 }, () => newRoomId());
    for (const roomId of rooms) await client.join(roomId);
    const list = await client.count(rooms.map((channel) => ({ channel, startTimestamp: Date.now(), lastElement: 3 })));
    assert.equal(list.length, rooms.length);
  }));

  test('messages as fast as a person who pastes: 50 at once', () => withClients(at.node.origin, 2, async (client, reader) => {
    const alice = new Person('Alice');
    const roomId = newRoomId();
    await reader.join(roomId);
    const payloads = await Promise.all(Array.from({ length: 50 }, (_, index) => alice.message(roomId, `${index}`)));
    assert.equal(tally(await flood(client, 'chat-message', payloads.map((payload) => ({ payload }))), 200), 50);
    await reader.receives(50);
  }));
});

describe('sizes (11, 13.6)', () => {
  const at = {};
  const alice = new Person('Alice');
  before(async () => { at.node = await startRoomNode(NO_LIMITS); });
  after(() => endCleanly(at.node));

  test('the largest a client can make is taken', () => withClients(at.node.origin, 2, async (sender, reader) => {
    const roomId = newRoomId();
    await reader.join(roomId);
    const payload = await sender.send(await alice.message(roomId, '你'.repeat(4_096), {
      fromName: '名'.repeat(128), fromAvatar: '图'.repeat(256),
    }));
    assert.deepEqual(await reader.receives(1), [payload]);
  }));

  test('larger than the limit: 413, kept by nobody', () => withClients(at.node.origin, 1, async (client) => {
    for (const length of [MAX_REQUEST_BYTES, 200_000, 900_000]) {
      const payload = await alice.message(newRoomId(), 'aa', { extra: 'x'.repeat(length) });
      const reply = await client.ask('chat-message', { payload });
      assert.deepEqual([reply.status, reply.success], [TOO_LARGE, false], `${length}`);
      assert.equal((await client.pull(payload.roomId)).total, 0);
    }
    for (const event of ['room-join', 'pull-message', 'count-message']) {
      assert.equal((await client.ask(event, { roomId: newRoomId(), more: 'x'.repeat(MAX_REQUEST_BYTES) })).status, TOO_LARGE, event);
    }
    await client.join(newRoomId());
  }));

  test('over what the transport takes: that connection alone is closed', async () => {
    const raw = await RawEngine.connect(at.node.origin);
    const closed = new Promise((resolve) => { raw.socket.once('close', resolve); });
    raw.socket.send(`420["chat-message",{"x":"${'x'.repeat(2_000_000)}"}]`);
    await closed;
    await withClients(at.node.origin, 1, (client) => client.join(newRoomId()));
  });

  test('nesting without end is answered', async () => {
    const raw = await RawEngine.connect(at.node.origin);
    for (const text of [`${'['.repeat(15_000)}${']'.repeat(15_000)}`, `{"payload":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`]) {
      const reply = await raw.ask('chat-message', text);
      assert.equal(reply.success, false);
    }
    raw.close();
    await at.node.assertAlive();
  });

  test('what is no JSON or no packet harms nobody else', () => withClients(at.node.origin, 1, async (bystander) => {
    for (const frame of ['42["chat-message",', '42', '42[]', '42{}', '421[', '4', '9', '', '42999999999999999999999["room-join",{}]', '451-["x",{"_placeholder":true,"num":0}]', '44', '40/admin,', '41']) {
      const raw = await RawEngine.connect(at.node.origin);
      raw.socket.send(frame);
      raw.close();
    }
    await bystander.join(newRoomId());
    await at.node.assertAlive();
  }));
});

test('every event has an answer, with everything at once on one connection (13.14)', async (t) => {
  const node = await startRoomNode();
  t.after(() => node.dispose());
  await withClients(node.origin, 1, async (client) => {
    const events = ['room-join', 'room-leave', 'room-exist', 'chat-message', 'pull-message', 'count-message', 'unknown'];
    const requests = [{ roomId: newRoomId() }, {}, null, 5, { payload: null }, { options: {} }];
    let answered = 0;
    for (let round = 0; round < 60; round += 1) {
      const event = events[round % events.length];
      for (const request of requests) client.socket.emit(event, request, (reply) => { checkBase(reply); answered += 1; });
    }
    await until('all are answered', () => answered === 60 * requests.length, { deadlineMs: PATIENCE_MS });
    assert.ok(client.socket.connected);
  });
  await endCleanly(node);
});

test('a real client\'s whole start: polling first, requests in the same breath', async (t) => {
  const node = await startRoomNode();
  t.after(() => node.dispose());
  const client = await RoomClient.connect(node.origin, {});
  const rooms = Array.from({ length: 20 }, () => newRoomId());
  await Promise.all([...rooms.map((roomId) => client.join(roomId)), client.count([]), client.pull(rooms[0])]);
  client.close();
  await endCleanly(node);
});
