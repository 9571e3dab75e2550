// What was acknowledged stays: a power cut in the middle of sending; readers that stop reading.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { RoomClient, withClients } from './lib/room_client.mjs';
import { pullAll } from './lib/room_history.mjs';
import { endCleanly, NO_LIMITS, startRoomNode } from './lib/room_node.mjs';
import { StubbornReader } from './lib/stubborn_reader.mjs';
import { until } from './lib/until.mjs';
import { isGenuine, newRoomId, Person } from './lib/wallet.mjs';

const SENDERS = 4;
const PREPARED = 400;
const ROUNDS = 3;

/** Sends everything, several under way, until the connection breaks; gives the hashes that were acknowledged. */
function sendUntilCut(client, payloads) {
  const acknowledged = [];
  for (const payload of payloads) {
    client.socket.emit('chat-message', { payload }, (reply) => { if (reply.success) acknowledged.push(payload.hash); });
  }
  return acknowledged;
}

test(`killed ${ROUNDS} times while ${SENDERS} people send: every acknowledged message can be pulled`, async (t) => {
  const node = await startRoomNode(NO_LIMITS);
  t.after(() => node.dispose());
  const roomId = newRoomId();
  const kept = new Set();
  let clock = Date.now() - 3_600_000;
  for (let round = 0; round < ROUNDS; round += 1) {
    const people = Array.from({ length: SENDERS }, (_, index) => new Person(`Sender ${index}`));
    const payloads = [];
    for (const person of people) {
      payloads.push(await Promise.all(Array.from({ length: PREPARED }, (_, index) => person.message(roomId, `${index}`, { timestamp: clock++ }))));
    }
    const clients = await Promise.all(people.map(() => RoomClient.connect(node.origin)));
    const acknowledged = clients.map((client, index) => sendUntilCut(client, payloads[index]));
    await until('some are acknowledged and some are not', () => acknowledged.every((list) => list.length > 20));
    await node.kill();
    // What arrived before the cut was acknowledged, and must be there; the rest may be.
    acknowledged.flat().forEach((hash) => kept.add(hash));
    clients.forEach((client) => client.close());
    await node.start();
  }
  const items = await withClients(node.origin, 1, (client) => pullAll(client, roomId));
  const found = items.map(({ data }) => data.payload.hash);
  assert.equal(new Set(found).size, found.length, 'each once');
  const missing = [...kept].filter((hash) => !found.includes(hash));
  assert.deepEqual(missing, [], `${missing.length} of ${kept.size} acknowledged messages are gone`);
  for (const { data } of items.slice(0, 50)) assert.ok(await isGenuine(data.payload));
  await endCleanly(node);
});

/** Resident memory of the process, in MiB. */
async function memory(node) {
  const status = await readFile(`/proc/${node.process.pid}/status`, 'utf8');
  return Number(status.match(/VmRSS:\s+(\d+) kB/)[1]) / 1024;
}

test('readers that stop reading cost the others nothing, and get everything later', async (t) => {
  const node = await startRoomNode(NO_LIMITS);
  t.after(() => node.dispose());
  const roomId = newRoomId();
  const BIG = 'ab'.repeat(2_000);
  const COUNT = 1_500;
  const STUBBORN = 20;
  const MOST_GROWTH_MIB = 60;
  await withClients(node.origin, 2, async (sender, reader) => {
    await reader.join(roomId);
    const stubborn = await Promise.all(Array.from({ length: STUBBORN }, () => StubbornReader.join(node.origin, roomId)));
    const alice = new Person('Alice');
    const start = Date.now() - 3_600_000;
    const payloads = [];
    for (let index = 0; index < COUNT; index += 1) payloads.push(await alice.message(roomId, `${index} ${BIG}`, { timestamp: start + index }));
    const before = await memory(node);
    let slowest = 0;
    for (const payload of payloads) {
      const sent = Date.now();
      await sender.send(payload);
      slowest = Math.max(slowest, Date.now() - sent);
    }
    await reader.receives(COUNT, 30_000);
    assert.deepEqual(reader.payloads.map(({ body }) => body), payloads.map(({ body }) => body));
    assert.ok(slowest < 1_000, `the slowest answer took ${slowest} ms`);
    // 20 readers of 6 MB each would be 120 MB if the node kept all of it for each of them.
    const growth = (await memory(node)) - before;
    assert.ok(growth < MOST_GROWTH_MIB, `grew by ${growth.toFixed(0)} MiB`);

    stubborn[0].resume();
    await until('it has read what waits, or was cut off', () => stubborn[0].closed || stubborn[0].bodies.length === COUNT, { deadlineMs: 30_000 });
    const live = stubborn[0].bodies.map((body) => Number(body.split(' ')[0]));
    assert.deepEqual(live, live.slice().sort((a, b) => a - b), 'in order, whatever came');
    assert.equal(new Set(live).size, live.length, 'nothing twice');
    const later = await withClients(node.origin, 1, (client) => pullAll(client, roomId));
    assert.equal(later.length, COUNT);
    stubborn.forEach((one) => one.close());
  });
  await endCleanly(node);
});
