// Readers that stop reading: bounded memory, however much they miss, and all of it, once and in order, when they read again.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { withClients } from './lib/room_client.mjs';
import { endCleanly, NO_LIMITS, startRoomNode } from './lib/room_node.mjs';
import { StubbornReader } from './lib/stubborn_reader.mjs';
import { until } from './lib/until.mjs';
import { newRoomId, Person } from './lib/wallet.mjs';

/** More than the kernel's buffers of one connection and the tail (12 MiB) hold, so that resuming has to read the store. */
const COUNT = 2_000;
const BODY = '€'.repeat(4_000); // three bytes each
const STUBBORN = 30;
const UNDER_WAY = 20;
/** With a copy for each reader it would be some 700. */
const MOST_GROWTH_MIB = 100;

/** Resident memory of the process, in MiB. */
async function memory(node) {
  const status = await readFile(`/proc/${node.process.pid}/status`, 'utf8');
  return Number(status.match(/VmRSS:\s+(\d+) kB/)[1]) / 1024;
}

test(`${STUBBORN} readers miss ${COUNT} long messages, and lose none`, async (t) => {
  const node = await startRoomNode(NO_LIMITS);
  t.after(() => node.dispose());
  const roomId = newRoomId();
  const alice = new Person('Alice');
  const readers = await Promise.all(Array.from({ length: STUBBORN }, () => StubbornReader.join(node.origin, roomId)));
  const before = await memory(node);
  const start = Date.now() - 3_600_000;
  await withClients(node.origin, 1, async (sender) => {
    for (let first = 0; first < COUNT; first += UNDER_WAY) {
      const numbers = Array.from({ length: UNDER_WAY }, (_, index) => first + index);
      await Promise.all(numbers.map(async (number) => sender.send(await alice.message(roomId, `${number} ${BODY}`.slice(0, 4_000), { timestamp: start + number }))));
    }
  });
  const growth = (await memory(node)) - before;
  t.diagnostic(`grew by ${growth.toFixed(0)} MiB`);
  assert.ok(growth < MOST_GROWTH_MIB, `grew by ${growth.toFixed(0)} MiB`);

  const woken = readers.slice(0, 3);
  woken.forEach((reader) => reader.resume());
  for (const reader of woken) {
    await until('it has read all', () => reader.bodies.length >= COUNT, { deadlineMs: 60_000, giveUp: () => reader.closed });
    const numbers = reader.bodies.map((body) => Number(body.split(' ')[0]));
    assert.equal(numbers.length, COUNT);
    assert.equal(new Set(numbers).size, COUNT, 'each once');
  }
  const orders = woken.map((reader) => reader.bodies.map((body) => body.split(' ')[0]).join());
  assert.ok(orders.every((order) => order === orders[0]), 'in one order for all');
  readers.forEach((reader) => reader.close());
  await endCleanly(node);
});
