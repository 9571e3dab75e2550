// What the node must not tell (13.8, 13.17): room ids, wallets and contents are in no log, and room ids stay out of what it prints.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withClients } from './lib/room_client.mjs';
import { endCleanly, startRoomNode } from './lib/room_node.mjs';
import { newRoomId, Person } from './lib/wallet.mjs';

test('nothing of a conversation is printed, refusals included, at debug level', async (t) => {
  const node = await startRoomNode(['--log-level', 'debug']);
  t.after(() => node.dispose());
  const roomId = newRoomId();
  const alice = new Person('Alice of Wonderland');
  const body = 'a-body-to-be-looked-for';
  const payload = await alice.message(roomId, body);
  await withClients(node.origin, 2, async (one, two) => {
    await one.join(roomId);
    await two.send(payload);
    await one.receives(1);
    await two.ask('chat-message', { payload: { ...payload, body: `${body}!` } });
    await two.ask('chat-message', { payload: { ...payload, chatType: body } });
    await two.ask('room-join', { roomId: `${roomId}0` });
    await two.ask(`unknown-${body}`, {});
    await two.pull(roomId);
    await two.count([{ channel: roomId, lastElement: 1 }]);
    // Refusals tell what is wrong, and repeat nothing that was sent.
    const { error } = await two.ask('room-join', { roomId: `${roomId}0` });
    assert.ok(!error.includes(roomId), error);
  });
  await node.stop();
  const printed = node.printed.toLowerCase();
  for (const text of [roomId, roomId.slice(3), alice.wallet, alice.wallet.slice(2), alice.name, body, payload.hash.slice(2), payload.sig.slice(2)]) {
    assert.ok(!printed.includes(text.toLowerCase()), `${text} is printed`);
  }
  await endCleanly(node);
});
