// Power cuts at random moments while several people send into several rooms, over both transports: what was acknowledged or
// heard is there, each sender's messages in order; and who sends again what was not acknowledged, as the real client does,
// leaves nothing twice. E2E_KILL_ROUNDS says how often the power fails, E2E_SEED repeats a run's moments.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Dice } from './lib/dice.mjs';
import { RoomClient, TRANSPORTS, withClients } from './lib/room_client.mjs';
import { pullAll } from './lib/room_history.mjs';
import { endCleanly, NO_LIMITS, startRoomNode } from './lib/room_node.mjs';
import { until } from './lib/until.mjs';
import { newRoomId, Person } from './lib/wallet.mjs';

const ROUNDS = Number(process.env.E2E_KILL_ROUNDS ?? 5);
const SENDERS = 4;
const ROOMS = 2;
const PREPARED = 150;
/** Messages of one sender that wait for their answer. */
const UNDER_WAY = 8;
/** Room in milliseconds for each message, so that times tell the order of sending. */
const APART_MS = 1;

/** One who sends a list of messages in order, some under way at a time, as often as the power fails. */
class Sender {
  constructor(index, rooms) {
    this.person = new Person(`Sender ${index}`);
    this.transport = TRANSPORTS[index % 2 === 0 ? 'websocket only' : 'polling only'];
    this.rooms = rooms;
    this.acknowledged = new Set();
    this.underWay = new Set();
    this.payloads = [];
  }

  async prepare(clock) {
    for (let index = 0; index < PREPARED; index += 1) {
      const roomId = this.rooms[index % this.rooms.length];
      this.payloads.push(await this.person.message(roomId, `${this.payloads.length}`, { timestamp: clock + index * APART_MS }));
    }
  }

  /** Sends what is not acknowledged yet, the earliest first, until all is or the connection breaks. */
  async send(origin) {
    this.client = await RoomClient.connect(origin, this.transport);
    const waiting = this.payloads.filter(({ hash }) => !this.acknowledged.has(hash));
    this.underWay.clear();
    let next = 0;
    const one = () => {
      const payload = waiting[next++];
      if (payload === undefined) return;
      this.underWay.add(payload.hash);
      this.client.socket.emit('chat-message', { payload }, (reply) => {
        assert.equal(reply.success, true, JSON.stringify(reply));
        this.underWay.delete(payload.hash);
        this.acknowledged.add(payload.hash);
        one();
      });
    };
    for (let lane = 0; lane < UNDER_WAY; lane += 1) one();
  }

  get isDone() {
    return this.acknowledged.size === this.payloads.length;
  }
}

/** Everything in a room, oldest first, by somebody new. */
const kept = async (node, roomId) => {
  const items = await withClients(node.origin, 1, (client) => pullAll(client, roomId));
  return items.map(({ data }) => data.payload).sort((one, other) => one.timestamp - other.timestamp);
};

test(`killed ${ROUNDS} times at random moments while ${SENDERS} people send into ${ROOMS} rooms`, async (t) => {
  const dice = Dice.printed(t);
  const node = await startRoomNode(NO_LIMITS);
  t.after(() => node.dispose());
  const rooms = Array.from({ length: ROOMS }, () => newRoomId());
  const senders = Array.from({ length: SENDERS }, (_, index) => new Sender(index, rooms));
  const heard = new Set();
  let clock = Date.now() - 3_600_000;
  let uncertain = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    await Promise.all(senders.map((sender) => sender.prepare(clock)));
    clock += PREPARED * APART_MS;
    const listener = await RoomClient.connect(node.origin);
    for (const roomId of rooms) await listener.join(roomId);
    const before = senders.map(({ acknowledged }) => acknowledged.size);
    await Promise.all(senders.map((sender) => sender.send(node.origin)));
    // What is still under way when the power fails is what the test is about.
    const wanted = 1 + dice.roll(PREPARED * SENDERS / 2);
    const done = () => senders.reduce((sum, { acknowledged }, index) => sum + acknowledged.size - before[index], 0);
    await new Promise((resolve) => { const look = () => (done() >= wanted ? resolve() : setImmediate(look)); look(); });
    await node.kill();
    senders.forEach(({ client }) => client.close());
    for (const { hash } of listener.payloads) heard.add(hash);
    listener.close();
    uncertain += senders.reduce((sum, { underWay }) => sum + underWay.size, 0);
    await node.start();
    for (const roomId of rooms) check(await kept(node, roomId), senders, roomId, heard);
  }
  assert.ok(uncertain > 0, 'the power never failed in the middle of something');
  await Promise.all(senders.map((sender) => sender.send(node.origin)));
  await until('everything is acknowledged in the end', () => senders.every(({ isDone }) => isDone), { deadlineMs: 60_000 });
  for (const roomId of rooms) {
    const found = await kept(node, roomId);
    check(found, senders, roomId, heard);
    assert.equal(found.length, senders.reduce((sum, { payloads }) => sum + payloads.filter((payload) => payload.roomId === roomId).length, 0));
  }
  t.diagnostic(`${heard.size} heard, ${uncertain} under way at a cut`);
  senders.forEach(({ client }) => client.close());
  await endCleanly(node);
});

/** Each once; what was acknowledged or heard; of each sender what it sent first, without a gap wider than what was under way. */
function check(found, senders, roomId, heard) {
  const hashes = new Set(found.map(({ hash }) => hash));
  assert.equal(hashes.size, found.length, 'each once');
  for (const { person, payloads, acknowledged } of senders) {
    const own = payloads.filter((payload) => payload.roomId === roomId);
    const lost = own.filter(({ hash }) => (acknowledged.has(hash) || heard.has(hash)) && !hashes.has(hash));
    assert.deepEqual(lost.map(({ body }) => body), [], `of ${person.name} what was acknowledged or heard is gone`);
    const last = own.findLastIndex(({ hash }) => hashes.has(hash));
    assert.ok(own.slice(0, last + 1).every(({ hash }) => hashes.has(hash)), `${person.name}: stored ahead of an earlier one`);
  }
}
