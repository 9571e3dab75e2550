// Wire reference, section 4: fields of a message, who gets it, repeats, order.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { withClients } from './lib/room_client.mjs';
import { ECHO, endCleanly, NO_LIMITS, startRoomNode } from './lib/room_node.mjs';
import { until } from './lib/until.mjs';
import { isGenuine, newRoomId, Person, signed } from './lib/wallet.mjs';

const vectors = JSON.parse(readFileSync(new URL('vectors/denetwork.json', import.meta.url)));
const MINUTE_MS = 60_000;
const alice = new Person('Alice');
let node;

before(async () => { node = await startRoomNode(NO_LIMITS); });
after(() => endCleanly(node));

/** Sends a message and says whether it was taken; a refused one must be kept by nobody. */
async function taken(client, payload) {
  const reply = await client.ask('chat-message', { payload });
  if (reply.status === 200) {
    assert.equal(reply.success, true);
    return true;
  }
  assert.deepEqual([reply.status, reply.success], [400, false], JSON.stringify(reply));
  assert.match(reply.error, /^chat-message :: /);
  return false;
}

/** Fields by name, each with values that are taken and values that are not. */
const FIELDS = {
  chatType: { good: [0, 1, 2], bad: [3, -1, 1.5, '1', '2', 'GROUP', 'PRIVATE', 'UNKNOWN', null, undefined, true, [], {}] },
  messageType: { good: [undefined, 0, 1, 2, 7, 'text', null], bad: [] },
  fromName: { good: [undefined, '', 'n', 'n'.repeat(128), '😀'.repeat(64)], bad: ['n'.repeat(129), '😀'.repeat(65), 5, {}, []] },
  fromAvatar: { good: [undefined, '', 'a'.repeat(256), '😀'.repeat(128)], bad: ['a'.repeat(257), '😀'.repeat(129), 5, {}, []] },
  body: {
    good: ['', 'deadbeef', 'x'.repeat(4_096), '😀'.repeat(2_048), '你'.repeat(4_096)],
    bad: ['x'.repeat(4_097), '😀'.repeat(2_049), undefined, null, 5, {}, []],
  },
  timestamp: {
    good: [() => Date.now() + 59 * MINUTE_MS, () => Date.now() - 80 * 24 * 60 * MINUTE_MS, 1],
    bad: [() => Date.now() + 61 * MINUTE_MS, 0, -1, -0.5, '1700000000000', null, undefined, [], 1e300],
  },
  extra: { good: [null, true, 'text', 1e21, -0.5, [], {}, { nested: [{ b: 1, a: 2 }] }, 'x'.repeat(20_000)], bad: [] },
};

for (const [field, { good, bad }] of Object.entries(FIELDS)) {
  test(`field ${field}`, () => withClients(node.origin, 2, async (sender, reader) => {
    for (const [values, expected] of [[good, true], [bad, false]]) {
      for (const value of values) {
        const roomId = newRoomId();
        const changed = typeof value === 'function' ? value() : value;
        const payload = await signedAnyhow(roomId, { [field]: changed });
        const shown = `${field}: ${JSON.stringify(changed)?.slice(0, 40)}`;
        assert.equal(await taken(sender, payload), expected, shown);
        const { list } = await reader.pull(roomId);
        // A message from before the retention is acknowledged and not kept (section 9).
        if (!expected || changed === 1 && field === 'timestamp') assert.deepEqual(list, [], shown);
        else assert.deepEqual(list, [{ channel: roomId, timestamp: payload.timestamp, data: { payload } }], shown);
      }
    }
  }));
}

/** Signed even where `debeem-id` refuses to hash, which it does for timestamps that are no positive numbers. */
async function signedAnyhow(roomId, changes) {
  try {
    return await alice.message(roomId, 'deadbeef', changes);
  } catch {
    const payload = { ...(await alice.message(roomId, 'deadbeef')), ...changes };
    for (const key of Object.keys(changes)) if (changes[key] === undefined) delete payload[key];
    return payload;
  }
}

test('field wallet: every form of address', () => withClients(node.origin, 1, async (client) => {
  const owner = new Person('Alice', vectors.alice.privateKey);
  for (const [wallet, valid] of Object.entries(vectors.addresses)) {
    const roomId = newRoomId();
    const base = await owner.message(roomId, 'aa');
    const payload = await signed({ ...base, wallet }, owner.privateKey).catch(() => ({ ...base, wallet }));
    // Forms that can never pass the reader's check may be refused; forms that are no address must be.
    if (/^0x/.test(wallet) && valid) assert.equal(await taken(client, payload), true, wallet);
    else assert.equal(await taken(client, payload), false, wallet);
  }
}));

for (const field of ['hash', 'sig', 'roomId', 'wallet']) {
  test(`field ${field}: what is no text of its form is refused`, () => withClients(node.origin, 1, async (client) => {
    const payload = await alice.message(newRoomId(), 'aa');
    const values = [undefined, null, 5, {}, [], '', 'z'.repeat(66), payload[field].slice(0, -1), `${payload[field]}0`, ` ${payload[field]}`];
    for (const value of values) {
      const changed = { ...payload, [field]: value };
      assert.equal(await taken(client, changed), false, JSON.stringify(value));
    }
  }));
}

describe('whose key it is (13.7)', () => {
  const bob = new Person('Bob');
  const cases = { 'somebody else\'s': [bob.publicKey, false], 'the own': [alice.publicKey, true], 'no key at all': ['0x02', false], missing: [undefined, true] };
  for (const [name, [publicKey, expected]] of Object.entries(cases)) {
    test(name, () => withClients(node.origin, 1, async (client) => {
      assert.equal(await taken(client, await alice.message(newRoomId('p'), 'aa', { publicKey })), expected);
    }));
  }
});

test('the chat type need not agree with the letter of the room', () => withClients(node.origin, 1, async (client) => {
  assert.ok(await taken(client, await alice.message(newRoomId('p'), 'aa', { chatType: 2 })));
  assert.ok(await taken(client, await alice.message(newRoomId('g'), 'aa', { chatType: 1 })));
}));

describe('who gets it', () => {
  test('everybody in the room but the sending socket, the sender\'s other socket too, nobody else', () => (
    withClients(node.origin, 4, async (sender, sameWallet, other, outsider) => {
      const roomId = newRoomId();
      for (const client of [sender, sameWallet, other]) await client.join(roomId);
      await outsider.join(newRoomId());
      const payload = await sender.send(await alice.message(roomId, 'aa'));
      for (const client of [sameWallet, other]) assert.deepEqual(await client.receives(1), [payload]);
      const last = await other.send(await alice.message(roomId, 'bb'));
      assert.deepEqual(await sender.receives(1), [last], 'not its own one');
      assert.deepEqual(outsider.received, []);
    })));

  test('sending does not require having joined', () => withClients(node.origin, 2, async (sender, reader) => {
    const roomId = newRoomId();
    await reader.join(roomId);
    const payload = await sender.send(await alice.message(roomId, 'aa'));
    assert.deepEqual(await reader.receives(1), [payload]);
  }));

  test('the request comes as it was sent: unknown fields, inside and beside the payload', () => withClients(node.origin, 2, async (sender, reader) => {
    const roomId = newRoomId();
    await reader.join(roomId);
    const extra = { zeta: { b: [3, { y: 1, x: 2 }], a: null }, 7: 'seven', é: 1e21, createdAt: 'now', updatedAt: 5 };
    const payload = await alice.message(roomId, 'aa', extra);
    const request = { before: 1, payload, after: [{}] };
    assert.equal((await sender.ask('chat-message', request)).status, 200);
    await reader.receives(1);
    assert.deepEqual(reader.received, [[request]]);
    assert.equal(JSON.stringify(reader.received[0][0]), JSON.stringify(request), 'the order of members, too');
    assert.ok(await isGenuine(reader.payloads[0]));
  }));

  test('a server told to echo sends it back to the sender, once', async (t) => {
    const echoing = await startRoomNode(ECHO);
    t.after(() => echoing.dispose());
    await withClients(echoing.origin, 2, async (sender, reader) => {
      const roomId = newRoomId();
      for (const client of [sender, reader]) await client.join(roomId);
      const payload = await sender.send(await alice.message(roomId, 'aa'));
      for (const client of [sender, reader]) assert.deepEqual(await client.receives(1), [payload]);
      await sender.send(payload);
      const next = await sender.send(await alice.message(roomId, 'bb'));
      for (const client of [sender, reader]) assert.deepEqual(await client.receives(2), [payload, next]);
    });
    await endCleanly(echoing);
  });
});

describe('repeats', () => {
  test('the same message five times: success each time, delivered and kept once', () => withClients(node.origin, 3, async (sender, other, reader) => {
    const roomId = newRoomId();
    await reader.join(roomId);
    const payload = await alice.message(roomId, 'aa');
    for (let again = 0; again < 5; again += 1) await sender.send(payload);
    await other.send(payload);
    await sender.send(await alice.message(roomId, 'bb', { timestamp: payload.timestamp + 1 }));
    assert.deepEqual((await reader.receives(2)).map(({ body }) => body), ['aa', 'bb']);
    assert.equal((await reader.pull(roomId)).total, 2);
  }));

  test('the same message from many sockets at once', () => withClients(node.origin, 8, async (reader, ...senders) => {
    const roomId = newRoomId();
    await reader.join(roomId);
    const payload = await alice.message(roomId, 'aa');
    await Promise.all(senders.flatMap((sender) => [sender.send(payload), sender.send(payload)]));
    const last = await senders[0].send(await alice.message(roomId, 'bb', { timestamp: payload.timestamp + 1 }));
    assert.deepEqual(await reader.receives(2), [payload, last]);
    assert.equal((await reader.pull(roomId)).total, 2);
  }));

  test('and after a restart', async (t) => {
    const own = await startRoomNode();
    t.after(() => own.dispose());
    const roomId = newRoomId();
    const payload = await withClients(own.origin, 1, async (client) => client.send(await alice.message(roomId, 'aa')));
    await own.restart();
    await withClients(own.origin, 2, async (sender, reader) => {
      await reader.join(roomId);
      await sender.send(payload);
      const next = await sender.send(await alice.message(roomId, 'bb', { timestamp: payload.timestamp + 1 }));
      assert.deepEqual(await reader.receives(1), [next]);
      assert.equal((await reader.pull(roomId)).total, 2);
    });
    await endCleanly(own);
  });
});

describe('order', () => {
  const SENDERS = 5;
  const EACH = 100;

  test(`${SENDERS} senders with all of ${EACH} messages under way: everybody sees each in its order, none lost or doubled`, () => (
    withClients(node.origin, SENDERS + 3, async (...clients) => {
      const roomId = newRoomId();
      const people = Array.from({ length: SENDERS }, (_, index) => new Person(`Sender ${index}`));
      const readers = clients.slice(SENDERS);
      for (const client of clients) await client.join(roomId);
      const texts = await Promise.all(people.map((person) => (
        Promise.all(Array.from({ length: EACH }, (_, index) => person.message(roomId, `${index}`))))));
      const acknowledged = [];
      texts.forEach((list, index) => list.forEach((payload) => {
        clients[index].socket.emit('chat-message', { payload }, (reply) => acknowledged.push(reply.success));
      }));
      await until('all are acknowledged', () => acknowledged.length === SENDERS * EACH, { deadlineMs: 30_000 });
      assert.ok(acknowledged.every((success) => success === true));
      const inOrder = Array.from({ length: EACH }, (_, index) => `${index}`);
      for (const reader of readers) {
        const heard = await reader.receives(SENDERS * EACH, 30_000);
        for (const { wallet } of people) {
          assert.deepEqual(heard.filter((payload) => payload.wallet === wallet).map(({ body }) => body), inOrder);
        }
      }
      for (const client of clients.slice(0, SENDERS)) await client.receives((SENDERS - 1) * EACH);
    })));
});
