// Wire reference, sections 1 to 3 and "rooms" of 4: transport, events, base fields, identifiers, membership.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { RawEngine } from './lib/raw_engine.mjs';
import { checkBase, RoomClient, withClients } from './lib/room_client.mjs';
import { endCleanly, NO_LIMITS, startRoomNode } from './lib/room_node.mjs';
import { until } from './lib/until.mjs';
import { newRoomId, Person } from './lib/wallet.mjs';

const vectors = JSON.parse(readFileSync(new URL('vectors/denetwork.json', import.meta.url)));
const POLLING = '/socket.io/?EIO=4&transport=polling';
const WRONG_REQUESTS = [undefined, null, 1, 'text', true, [], {}, { roomId: null }, { roomId: 5 }, { roomId: ['g'] }];
const ROOM_EVENTS = ['room-join', 'room-leave', 'room-exist'];
const person = new Person('Alice');
let node;

before(async () => { node = await startRoomNode(NO_LIMITS); });
after(() => endCleanly(node));

describe('transport (1)', () => {
  test('the handshake names both transports and the library\'s usual numbers', async () => {
    const reply = await fetch(node.origin + POLLING);
    const text = await reply.text();
    assert.equal(reply.status, 200);
    assert.equal(text[0], '0');
    const { sid, ...rest } = JSON.parse(text.slice(1));
    assert.ok(sid.length > 0);
    assert.deepEqual(rest, { upgrades: ['websocket'], pingInterval: 25_000, pingTimeout: 20_000, maxPayload: 1_000_000 });
  });

  test('over a websocket there is nothing to upgrade to', async () => {
    const raw = await RawEngine.connect(node.origin);
    assert.deepEqual(raw.handshake.upgrades, []);
    raw.close();
  });

  for (const origin of ['https://app.example.org', 'http://localhost:3000', 'null']) {
    test(`a page from ${origin} may connect, without credentials`, async () => {
      const reply = await fetch(node.origin + POLLING, { headers: { origin } });
      assert.equal(reply.status, 200);
      assert.equal(reply.headers.get('access-control-allow-origin'), '*');
      assert.equal(reply.headers.get('access-control-allow-credentials'), null);
      await reply.arrayBuffer();
    });
  }

  test('preflights are answered', async () => {
    const reply = await fetch(node.origin + POLLING, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example.org', 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    });
    assert.ok(reply.status === 200 || reply.status === 204, `${reply.status}`);
    assert.equal(reply.headers.get('access-control-allow-origin'), '*');
    assert.match(reply.headers.get('access-control-allow-methods') ?? '', /POST/);
  });

  test('websockets from any origin', async () => {
    const client = await RoomClient.connect(node.origin, { transports: ['websocket'], extraHeaders: { origin: 'https://elsewhere.example' } });
    await client.join(newRoomId());
    client.close();
  });

  test('unknown sessions and other protocol versions are refused without harm', async () => {
    for (const query of ['EIO=4&transport=polling&sid=nobody', 'EIO=3&transport=polling', 'EIO=4&transport=carrier-pigeon', '']) {
      const reply = await fetch(`${node.origin}/socket.io/?${query}`);
      assert.equal(reply.status, 400, query);
      await reply.arrayBuffer();
    }
    await node.assertAlive();
  });
});

describe('events (2)', () => {
  test('the server is the same for everybody and after a restart', async (t) => {
    const own = await startRoomNode();
    t.after(() => own.dispose());
    const ask = () => withClients(own.origin, 1, (client) => client.ask('room-exist', { roomId: newRoomId() }));
    const first = await ask();
    assert.equal((await ask()).serverId, first.serverId);
    await own.restart();
    assert.equal((await ask()).serverId, first.serverId);
    const other = await withClients(node.origin, 1, (client) => client.ask('room-exist', { roomId: newRoomId() }));
    assert.notEqual(other.serverId, first.serverId);
    await endCleanly(own);
  });

  for (const event of ROOM_EVENTS) {
    test(`${event}: what is no request is refused with an answer`, () => withClients(node.origin, 1, async (client) => {
      for (const request of WRONG_REQUESTS) {
        const reply = await client.ask(event, ...(request === undefined ? [] : [request]));
        assert.deepEqual([reply.status, reply.success], [400, false], JSON.stringify(request));
        assert.ok(reply.error.startsWith(`${event} :: `), reply.error);
      }
    }));
  }

  test('other events: every one is refused with its own failure fields', () => withClients(node.origin, 1, async (client) => {
    for (const request of WRONG_REQUESTS) {
      const args = request === undefined ? [] : [request];
      const sent = await client.ask('chat-message', ...args);
      assert.deepEqual([sent.status, sent.success], [400, false]);
      const { total, pageKey, list, status } = await client.ask('pull-message', ...args);
      assert.deepEqual([status, total, pageKey, list], [400, 0, 0, []]);
      const counted = await client.ask('count-message', ...args);
      assert.deepEqual([counted.status, counted.list], [400, []]);
    }
  }));

  test('events nobody knows are answered', () => withClients(node.origin, 1, async (client) => {
    for (const event of ['no-such-event', 'toString', '__proto__', 'chat-messages', 'x'.repeat(1_000)]) {
      const reply = await client.ask(event, {});
      assert.deepEqual([reply.status, reply.success], [400, false], event);
    }
    await client.join(newRoomId());
  }));

  test('binary attachments are refused like any other wrong type', () => withClients(node.origin, 1, async (client) => {
    assert.equal((await client.ask('room-join', Buffer.from('room'))).status, 400);
    assert.equal((await client.ask('room-join', { roomId: Buffer.from('room') })).status, 400);
    await client.join(newRoomId());
  }));

  test('further arguments do no harm', () => withClients(node.origin, 1, async (client) => {
    await client.ask('room-join', { roomId: newRoomId() }, 'more', { than: 'one' });
    await client.join(newRoomId());
  }));

  test('an event without a wish for an answer works', () => withClients(node.origin, 2, async (one, two) => {
    const roomId = newRoomId();
    await one.join(roomId);
    two.socket.emit('chat-message', { payload: await person.message(roomId, 'aa') });
    assert.equal((await one.receives(1))[0].body, 'aa');
  }));

  test('the frames of section 1, by hand', async () => {
    const raw = await RawEngine.connect(node.origin);
    const reply = checkBase(await raw.ask('room-join', '{"roomId":"g0x00112233445566778899aabbccddeeff00112233"}'));
    assert.deepEqual([reply.status, reply.success], [200, true]);
    raw.close();
  });
});

describe('room ids (3)', () => {
  for (const [roomId, valid] of Object.entries(vectors.roomIds)) {
    test(`${JSON.stringify(roomId)} is ${valid ? 'valid' : 'refused'}`, () => withClients(node.origin, 1, async (client) => {
      const status = valid ? 200 : 400;
      for (const event of ROOM_EVENTS) assert.equal((await client.ask(event, { roomId })).status, status, event);
      assert.equal((await client.ask('pull-message', { roomId, startTimestamp: 0, endTimestamp: -1 })).status, status);
    }));
  }

  test('are compared by their exact text', () => withClients(node.origin, 2, async (one, two) => {
    const roomId = newRoomId();
    const shouted = `g0x${roomId.slice(3).toUpperCase()}`;
    await one.join(shouted);
    assert.equal(await two.exists(roomId), false);
    await two.send(await person.message(roomId, '00'));
    await two.send(await person.message(shouted, '11'));
    assert.deepEqual((await one.receives(1)).map(({ body }) => body), ['11']);
    assert.equal((await two.pull(roomId)).total, 1);
  }));
});

describe('rooms (4)', () => {
  test('exist while a socket is joined', () => withClients(node.origin, 2, async (one, two) => {
    const roomId = newRoomId();
    assert.equal(await two.exists(roomId), false);
    await one.join(roomId);
    assert.equal(await one.exists(roomId), true);
    assert.equal(await two.exists(roomId), true, 'also for an outsider');
    await one.leave(roomId);
    assert.equal(await two.exists(roomId), false);
    await one.join(roomId);
    await two.join(roomId);
    await one.leave(roomId);
    assert.equal(await one.exists(roomId), true);
  }));

  test('joining and leaving may be repeated, and deliver once', () => withClients(node.origin, 2, async (one, two) => {
    const roomId = newRoomId();
    await one.leave(roomId);
    for (let again = 0; again < 3; again += 1) await one.join(roomId);
    await two.send(await person.message(roomId, '01'));
    await one.receives(1);
    for (let again = 0; again < 2; again += 1) await one.leave(roomId);
    await two.send(await person.message(roomId, '02'));
    await one.join(roomId);
    await two.send(await person.message(roomId, '03'));
    assert.deepEqual((await one.receives(2)).map(({ body }) => body), ['01', '03']);
  }));

  test('two hundred rooms joined one after the other, twice', () => withClients(node.origin, 2, async (one, two) => {
    const rooms = Array.from({ length: 200 }, () => newRoomId());
    for (const roomId of [...rooms, ...rooms]) await one.join(roomId);
    for (const roomId of rooms) await two.send(await person.message(roomId, 'ab'));
    assert.deepEqual((await one.receives(200)).map(({ roomId }) => roomId), rooms);
  }));

  test('a room is empty again when the connection is gone', () => withClients(node.origin, 2, async (one, two) => {
    const roomId = newRoomId();
    await one.join(roomId);
    one.close();
    await until('the room is empty', async () => !(await two.exists(roomId)));
  }));
});
