// Section 9: what is past its time leaves the disk also in a room that nobody enters, writes into or reads.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { filesBelow } from './lib/folder.mjs';
import { withClients } from './lib/room_client.mjs';
import { endCleanly, NO_LIMITS, startRoomNode } from './lib/room_node.mjs';
import { until } from './lib/until.mjs';
import { newRoomId, Person } from './lib/wallet.mjs';

const MARK = 'looked-for-on-the-disk';

/** Whether the message is anywhere in the data folder. Only sure while the node is down: its journal keeps pages for a while. */
async function isOnDisk(node) {
  const files = await filesBelow(node.folder);
  const contents = await Promise.all(files.map(({ path }) => readFile(path)));
  return contents.some((content) => content.includes(MARK));
}

test('an idle room is purged when its time is over, and the bytes leave the disk', async (t) => {
  const node = await startRoomNode(NO_LIMITS);
  t.after(() => node.dispose());
  const roomId = newRoomId();
  const payload = await new Person('Alice').message(roomId, MARK);
  await withClients(node.origin, 1, (client) => client.send(payload));
  await node.restart();
  await node.stop();
  assert.ok(await isOnDisk(node), 'kept over a restart while its time lasts');
  node.args = [...node.args, '--keep-rooms', '1s'];
  await until('its second is over', () => Date.now() > payload.timestamp + 2_000);
  await node.start();
  await until('the sweep tells of it', () => node.printed.includes('swept'));
  await node.stop();
  assert.ok(!(await isOnDisk(node)));
  await endCleanly(node);
});
