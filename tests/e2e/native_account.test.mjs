// Accounts, device lists, key packages and profiles.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { ask, firstToken, NO_LIMITS, openNode, Person, takesSignatures } from './lib/native_client.mjs';
import { b64, Key } from './lib/native_key.mjs';
import { endCleanly, Node } from './lib/node.mjs';

let node;

before(async () => {
  node = await openNode({ args: NO_LIMITS });
  await Person.at(node);
});
after(() => endCleanly(node));

test('the first invitation makes one account, by whichever door', async (t) => {
  const closed = await takesSignatures(await Node.start());
  t.after(() => closed.dispose());
  const token = await firstToken(closed);
  const owner = new Person();
  (await owner.tryToRegister(closed)).expect(403);
  (await owner.tryToRegister(closed, 'no-such-token')).expect(403);
  (await owner.tryToRegister(closed, token)).expect(201);
  (await owner.tryToRegister(closed, token)).expect(201);
  (await new Person().tryToRegister(closed, token)).expect(403);
  const node = (await ask(closed, 'GET', '/v1/node')).expect(200).json();
  assert.equal(node.registration, 'invitation');
  // An account can let others in.
  const made = (await owner.ask('POST', '/v1/tokens', { json: { expires: Date.now() + 60_000 } })).expect(201).json();
  (await new Person().tryToRegister(closed, made.token)).expect(201);
  (await new Person().tryToRegister(closed, made.token)).expect(403);
  await endCleanly(closed);
});

test('an account is what its device list says', async () => {
  const alice = await Person.at(node, { devices: 2 });
  const account = (await alice.ask('GET', '/v1/account')).expect(200).json();
  assert.equal(account.identity, alice.identity.text);
  assert.equal(account.devices, alice.list());
  assert.equal(account.profile, 0);
  const [first, second] = alice.devices.map(({ key }) => key);
  (await alice.ask('GET', '/v1/devices', { key: second })).expect(200);
  (await alice.ask('GET', '/v1/devices', { key: alice.identity })).expect(200);
  await alice.remove(1);
  (await alice.ask('GET', '/v1/account', { key: first })).expect(403);
  (await alice.ask('GET', '/v1/account', { key: second })).expect(200);
  const third = await alice.add();
  (await alice.ask('GET', '/v1/account', { key: third })).expect(200);
});

test('a device list must be the next one', async () => {
  const alice = await Person.at(node);
  const stored = alice.list();
  for (const counter of [0, 3]) {
    const list = Object.assign(Object.create(Object.getPrototypeOf(alice)), alice, { counter }).list();
    const refused = await alice.ask('PUT', '/v1/devices', { key: alice.identity, json: { devices: list } });
    if (refused.status === 400) continue; // a counter of 0 is no list at all
    const said = refused.expect(409).json();
    assert.equal(said.error, 'counter');
    assert.equal(said.devices, stored);
  }
  const foreign = new Person().list();
  (await alice.ask('PUT', '/v1/devices', { key: alice.identity, json: { devices: foreign } })).expect(400);
  (await alice.ask('PUT', '/v1/devices', { json: { devices: stored } })).expect(400);
});

test('each key package is given once, and the last resort when there is none', async () => {
  const alice = await Person.at(node, { devices: 2 });
  const friend = new Key();
  await alice.accepts(friend);
  const packages = [randomBytes(300), randomBytes(300)].map(b64);
  const lastResort = b64(randomBytes(300));
  const put = (json, key) => alice.ask('PUT', '/v1/key-packages', { key, json });
  assert.equal((await put({ packages, last_resort: lastResort })).expect(200).json().waiting, 2);
  assert.equal((await put({ packages }, alice.devices[1].key)).expect(200).json().waiting <= 2, true);
  const take = async (key = friend) => (await ask(node, 'POST', `/v1/inboxes/${alice.identity.text}/key-packages`, { key }));
  const given = [];
  for (let round = 0; round < 3; round += 1) {
    const taken = (await take()).expect(200).json();
    assert.equal(taken.devices, alice.list());
    const own = taken.packages.find(({ device }) => device === alice.device.text);
    given.push(own);
  }
  assert.deepEqual(new Set(given.slice(0, 2).map(({ package: bytes }) => bytes)), new Set(packages));
  assert.deepEqual([given[2].package, given[2].last_resort], [lastResort, true]);
  (await take(new Key())).expect(403);
  (await take(alice.device)).expect(200);
});

test('a profile is replaced only by who has read it', async () => {
  const alice = await Person.at(node, { devices: 2 });
  const put = (counter, body, key) => alice.ask('PUT', '/v1/profile', { key, json: { body }, headers: { 'if-match': `"${counter}"` } });
  (await alice.ask('GET', '/v1/profile')).expect(404);
  const [first, second] = [randomBytes(100), randomBytes(200)].map(b64);
  assert.equal((await put(0, first)).expect(200).json().counter, 1);
  assert.equal((await put(0, first)).expect(200).json().counter, 1, 'the same again');
  const late = await put(0, second, alice.devices[1].key);
  assert.equal(late.expect(412).json().error, 'precondition');
  assert.equal(late.headers.get('etag'), '"1"');
  const answer = await put(1, second, alice.devices[1].key);
  assert.equal(answer.expect(200).headers.get('etag'), '"2"');
  const read = await alice.ask('GET', '/v1/profile', { key: alice.identity });
  assert.deepEqual(read.expect(200).json(), { counter: 2, body: second });
  assert.equal(read.headers.get('etag'), '"2"');
  (await alice.ask('PUT', '/v1/profile', { json: { body: first } })).expect(400);
});

test('a deleted account is gone, and can be made anew', async () => {
  const alice = await Person.at(node);
  (await alice.ask('DELETE', '/v1/account')).expect(403);
  (await alice.ask('DELETE', '/v1/account', { key: alice.identity })).expect(204);
  (await alice.ask('GET', '/v1/account')).expect(403);
  await alice.register(node);
  (await alice.ask('GET', '/v1/account')).expect(200);
});
