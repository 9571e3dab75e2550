// Inboxes: who may write, what devices take, and exchanges.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { ask, NO_LIMITS, openNode, Person } from './lib/native_client.mjs';
import { b64, Key } from './lib/native_key.mjs';
import { endCleanly } from './lib/node.mjs';

let node;

before(async () => {
  node = await openNode({ args: NO_LIMITS });
  await Person.at(node);
});
after(() => endCleanly(node));

test('strangers can not write, and what is dropped looks accepted', async () => {
  const alice = await Person.at(node);
  const [friend, blocked, stranger] = [new Key(), new Key(), new Key()];
  await alice.accepts(friend, { key: blocked.text, drop: true });
  assert.equal((await alice.receive(stranger)).expect(403).json().error, 'not_accepted');
  const id = b64(randomBytes(16));
  const body = b64(randomBytes(500));
  const placed = (await alice.receive(friend, { id, body })).expect(201).json();
  assert.deepEqual((await alice.receive(friend, { id, body })).expect(201).json(), placed, 'the same again');
  assert.equal((await alice.receive(friend, { id })).expect(409).json().error, 'exists');
  const dropped = (await alice.receive(blocked)).expect(201).json();
  assert.deepEqual(Object.keys(dropped).sort(), Object.keys(placed).sort());
  assert.deepEqual([dropped.number, placed.number], [0, 0], 'nobody but the owner learns numbers');
  const { parcels, end } = await alice.inbox();
  assert.deepEqual(parcels.map((parcel) => [parcel.id, parcel.body, parcel.label]), [[id, body, 'parcel']]);
  assert.equal(end, 1);
  (await ask(node, 'GET', `/v1/inboxes/${alice.identity.text}/devices`, { key: friend })).expect(200);
  (await ask(node, 'GET', `/v1/inboxes/${alice.identity.text}/devices`, { key: stranger })).expect(403);
});

test('a parcel stays until all devices have it', async () => {
  const alice = await Person.at(node, { devices: 2 });
  const [first, second] = alice.devices.map(({ key }) => key);
  const friend = new Key();
  await alice.accepts(friend);
  (await alice.receive(friend)).expect(201);
  const [{ number }] = (await alice.inbox()).parcels;
  (await alice.ask('POST', '/v1/inbox/taken', { key: first, json: { number } })).expect(204);
  assert.equal((await alice.inbox(0, second)).parcels.length, 1);
  (await alice.ask('POST', '/v1/inbox/taken', { key: second, json: { number } })).expect(204);
  assert.equal((await alice.inbox(0, second)).parcels.length, 0);
  const next = (await alice.receive(first)).expect(201).json();
  assert.ok(next.number > number, 'numbers go on');
  assert.deepEqual((await alice.inbox(number)).parcels.map((parcel) => parcel.number), [next.number]);
});

test('pages end where they are asked to', async () => {
  const alice = await Person.at(node);
  for (let count = 0; count < 5; count += 1) (await alice.receive(alice.device)).expect(201);
  const page = (await alice.ask('GET', '/v1/inbox?after=1&limit=2')).expect(200).json();
  assert.deepEqual(page.parcels.map(({ number }) => number), [2, 3]);
  for (const query of ['limit=0', 'limit=1001', 'limit=x', 'after=-1', 'after=1&after=2', 'after=']) {
    (await alice.ask('GET', `/v1/inbox?${query}`)).expect(400);
  }
});

test('an exchange takes one answer, which comes into the inbox, and one reply', async () => {
  const [alice, bob] = [await Person.at(node), await Person.at(node)];
  const id = b64(randomBytes(16));
  const [offer, answer, reply] = [100, 200, 300].map((size) => b64(randomBytes(size)));
  const expires = Date.now() + 60_000;
  const make = { id, offer, expires };
  (await alice.ask('POST', '/v1/exchanges', { json: make })).expect(201);
  (await alice.ask('POST', '/v1/exchanges', { json: make })).expect(201);
  (await bob.ask('POST', '/v1/exchanges', { json: make })).expect(409);
  const read = async () => (await ask(node, 'GET', `/v1/exchanges/${id}`)).expect(200).json();
  assert.deepEqual(await read(), { id, state: 'open', offer, expires });
  (await alice.ask('PUT', `/v1/exchanges/${id}/reply`, { json: { reply } })).expect(412);
  const send = (text) => ask(node, 'POST', `/v1/exchanges/${id}/answer`, { json: { answer: text } });
  (await send(answer)).expect(204);
  (await send(answer)).expect(204);
  assert.equal((await send(reply)).expect(409).json().error, 'answered');
  const { parcels } = await alice.inbox();
  const came = parcels.find(({ label }) => label === 'answer');
  assert.equal(came.body, b64(Buffer.concat([Buffer.from(id, 'base64url'), Buffer.from(answer, 'base64url')])));
  (await bob.ask('PUT', `/v1/exchanges/${id}/reply`, { json: { reply } })).expect(404);
  (await alice.ask('PUT', `/v1/exchanges/${id}/reply`, { json: { reply } })).expect(204);
  const whole = await read();
  assert.deepEqual([whole.state, whole.answer, whole.reply], ['replied', answer, reply]);
  const own = (await alice.ask('GET', '/v1/exchanges')).expect(200).json();
  assert.deepEqual(own.exchanges, [{ id, state: 'replied', expires }]);
  (await alice.ask('DELETE', `/v1/exchanges/${id}`)).expect(204);
  (await ask(node, 'GET', `/v1/exchanges/${id}`)).expect(404);
});
