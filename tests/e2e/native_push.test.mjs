// Push: what a push service and other nodes get to see, and when.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ask, Group, NO_LIMITS, openNode, Person } from './lib/native_client.mjs';
import { Key } from './lib/native_key.mjs';
import { Live } from './lib/native_live.mjs';
import { endCleanly, localPushSettings, PUSH_CONTACT } from './lib/node.mjs';
import { PushService } from './lib/push_service.mjs';
import { until } from './lib/until.mjs';

const DEADLINE_MS = 30_000;
const TTL_SECONDS = 3 * 86_400;

let service;
let home;
let hub;
let serverKey;

before(async () => {
  service = await PushService.start();
  const env = { ...localPushSettings(service.caFile), PUSH_VAPID_CONTACT: PUSH_CONTACT };
  [home, hub] = await Promise.all([openNode({ args: NO_LIMITS, env }), openNode({ args: NO_LIMITS, env })]);
  serverKey = (await ask(home, 'GET', '/v1/node')).expect(200).json().vapid;
});
after(async () => {
  await endCleanly(home, hub);
  await service.stop();
});

async function subscribed() {
  const person = await Person.at(home);
  const endpoint = service.endpoint('aes128gcm');
  const { endpoint: url, keys } = endpoint.subscription;
  (await person.ask('PUT', '/v1/push', { json: { endpoint: url, ...keys } })).expect(204);
  return { person, endpoint };
}

/** Opens a push and checks that it says nothing, always in as many bytes. */
async function expectSilent(endpoint, count) {
  const record = await endpoint.message(count, DEADLINE_MS);
  const plain = endpoint.open(record, { serverKey, contact: PUSH_CONTACT, ttlSeconds: TTL_SECONDS });
  assert.equal(plain.length, 512);
  assert.deepEqual(JSON.parse(plain), { v: 1 });
}

test('a device can push to itself, and learns how that ended', async () => {
  const { person, endpoint } = await subscribed();
  const test = async () => (await person.ask('POST', '/v1/push/test')).expect(200).json().outcome;
  assert.equal(await test(), 'taken');
  await expectSilent(endpoint, 1);
  endpoint.willAnswer(500, 410);
  assert.equal(await test(), 'failed');
  assert.equal(await test(), 'gone');
  assert.equal(await test(), 'none', 'the subscription was deleted');
  for (const wrong of [{ endpoint: 'https://10.0.0.1/x' }, { endpoint: 'http://push.example/x' }, { auth: 'AA' }]) {
    const { endpoint: url, keys } = endpoint.subscription;
    (await person.ask('PUT', '/v1/push', { json: { endpoint: url, ...keys, ...wrong } })).expect(400);
  }
});

test('a parcel pushes to devices that are away, and not to one that listens', async () => {
  const { person, endpoint } = await subscribed();
  const live = await Live.open(home);
  await live.follow(person.device, { inbox: true });
  (await person.receive(person.device, { notify: true })).expect(201);
  await until('it comes', () => live.parcels().length === 1);
  await live.close();
  assert.equal(endpoint.requests.length, 0);
  (await person.receive(person.device)).expect(201);
  // Only what is to be told is told: the first push is of the next one.
  await until('the node knows that nobody listens', async () => {
    (await person.receive(person.device, { notify: true })).expect(201);
    return endpoint.requests.length > 0;
  }, { deadlineMs: DEADLINE_MS });
  await expectSilent(endpoint, 1);
});

test('the hub of a group wakes a device by its home node, which knows of no group', async () => {
  const { person, endpoint } = await subscribed();
  const owner = await Person.at(hub);
  const group = await Group.at(owner, { members: 2 });
  const { url } = (await person.ask('POST', '/v1/wakes')).expect(201).json();
  assert.ok(url.startsWith(`${home.origin}/v1/wakes/`), url);
  (await group.ask('PUT', '/wake', { key: group.keys[1], json: { url, device: person.device.mark } })).expect(204);
  (await group.say(0, { notify: true })).expect(201);
  await expectSilent(endpoint, 1);
  (await ask(home, 'POST', `/v1/wakes/${'0'.repeat(36)}`)).expect(404);
  const bad = (address) => group.ask('PUT', '/wake', { key: group.keys[1], json: { url: address, device: person.device.mark } });
  for (const address of ['http://example.org/x', 'https://10.1.2.3/x', 'https://user:pass@example.org/', 'nonsense']) (await bad(address)).expect(400);
  (await group.ask('PUT', '/wake', { key: new Key(), json: { url, device: person.device.mark } })).expect(403);
  (await group.ask('PUT', '/wake', { key: group.keys[1], json: { url: null, device: person.device.mark } })).expect(204);
});

test('a device is woken at most once a minute', async () => {
  const { person, endpoint } = await subscribed();
  const { url } = (await person.ask('POST', '/v1/wakes')).expect(201).json();
  for (let count = 0; count < 5; count += 1) (await ask(home, 'POST', new URL(url).pathname)).expect(204);
  await expectSilent(endpoint, 1);
  // Another device's push, asked for later, comes while this one's second still waits.
  const other = await subscribed();
  (await other.person.receive(other.person.device, { notify: true })).expect(201);
  await expectSilent(other.endpoint, 1);
  assert.equal(endpoint.requests.length, 1);
});
