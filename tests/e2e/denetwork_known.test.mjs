// Repeats after a power cut: the filter that stands before the exact look-up is made again from what is stored.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withClients } from './lib/room_client.mjs';
import { pullAll } from './lib/room_history.mjs';
import { endCleanly, NO_LIMITS, startRoomNode } from './lib/room_node.mjs';
import { until } from './lib/until.mjs';
import { newRoomId, Person } from './lib/wallet.mjs';

const COUNT = 20;

/** A figure of /metrics; 0 while there is none. */
async function figure(node, name) {
  const text = await (await fetch(`${node.origin}/metrics`)).text();
  return Number(text.match(new RegExp(`^${name} (\\d+)$`, 'm'))?.[1] ?? 0);
}

test('after a power cut the filter knows what is stored; repeats are acknowledged and go nowhere', async (t) => {
  const node = await startRoomNode(NO_LIMITS);
  t.after(() => node.dispose());
  const roomId = newRoomId();
  const alice = new Person('Alice');
  const start = Date.now() - COUNT;
  const payloads = await Promise.all(Array.from({ length: COUNT }, (_, index) => alice.message(roomId, `${index}`, { timestamp: start + index })));
  await withClients(node.origin, 1, async (sender) => { for (const payload of payloads) await sender.send(payload); });
  await node.kill();
  await node.start();
  await until('the filter holds what is stored', async () => (await figure(node, 'tidings_known_ids')) === COUNT);
  await withClients(node.origin, 2, async (sender, reader) => {
    await reader.join(roomId);
    for (const payload of payloads) await sender.send(payload);
    assert.equal(await figure(node, 'tidings_known_ids_maybe_total'), COUNT, 'each was looked up exactly');
    assert.equal(await figure(node, 'tidings_known_ids_false_positives_total'), 0);
    const fresh = await sender.send(await alice.message(roomId, 'new'));
    assert.deepEqual((await reader.receives(1)).map(({ hash }) => hash), [fresh.hash], 'only what is new is delivered');
    assert.equal((await pullAll(reader, roomId)).length, COUNT + 1);
  });
  await endCleanly(node);
});
