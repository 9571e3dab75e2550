// What the node can learn, as SECURITY.md has it for conversations: what its log says, and what its folder holds, after one.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ask, Group, makeBlob, NO_LIMITS, openNode, Person, writeBlob } from './lib/native_client.mjs';
import { b64, Key } from './lib/native_key.mjs';
import { Live } from './lib/native_live.mjs';
import { endCleanly } from './lib/node.mjs';
import { until } from './lib/until.mjs';

/** All bytes below a folder. */
async function everything(folder) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  return Buffer.concat(await Promise.all(files.map((file) => readFile(file))));
}

/** In every spelling in which a text or its bytes could stand somewhere. */
function holds(haystack, b64text) {
  const bytes = Buffer.from(b64text, 'base64url');
  const spellings = [b64text, bytes.toString('hex'), bytes.toString('base64')];
  return haystack.includes(bytes) || spellings.some((text) => haystack.includes(Buffer.from(text)));
}

test('a conversation: what is logged, what is kept, what is gone', async (t) => {
  const node = await openNode({ args: [...NO_LIMITS, '--log-level', 'debug'] });
  t.after(() => node.dispose());
  const [alice, bob] = [await Person.at(node), await Person.at(node)];
  const posting = new Key();
  await bob.accepts(posting);
  const body = () => b64(randomBytes(64));
  const [taken, waiting, said, answer] = [body(), body(), body(), body()];

  (await bob.receive(posting, { body: taken })).expect(201);
  const [{ number }] = (await bob.inbox()).parcels;
  const live = await Live.open(node);
  await live.follow(bob.device, { inbox: true });
  await until('it has come', () => live.parcels().length === 1);
  (await bob.ask('POST', '/v1/inbox/taken', { json: { number } })).expect(204);
  (await bob.receive(posting, { body: waiting })).expect(201);
  const group = await Group.at(alice, { members: 2 });
  (await group.say(0, { body: said })).expect(201);
  const blob = await makeBlob(alice, randomBytes(64));
  (await writeBlob(alice, blob.id, 0, blob.bytes)).expect(204);
  const seen = await makeBlob(alice, randomBytes(64));
  (await writeBlob(alice, seen.id, 0, seen.bytes)).expect(204);
  (await ask(node, 'DELETE', `/v1/blobs/${seen.id}`, { headers: { 'tidings-delete': b64(seen.secret) } })).expect(204);
  const exchange = b64(randomBytes(16));
  (await alice.ask('POST', '/v1/exchanges', { json: { id: exchange, offer: body(), expires: Date.now() + 60_000 } })).expect(201);
  (await ask(node, 'POST', `/v1/exchanges/${exchange}/answer`, { json: { answer } })).expect(204);
  const { token } = (await alice.ask('POST', '/v1/tokens', { json: { expires: Date.now() + 60_000 } })).expect(201).json();
  const wake = (await alice.ask('POST', '/v1/wakes')).expect(201).json().url.split('/').at(-1);
  // Refusals, too.
  (await bob.receive(new Key(), { body: said })).expect(403);
  (await alice.ask('GET', `/v1/groups/${group.id}`)).expect(403);
  await live.close();
  await node.stop();

  const [printed, kept] = [Buffer.from(node.printed), await everything(node.folder)];
  const secrets = { taken, waiting, said, answer, blob: blob.id, group: group.id, exchange, token: b64(Buffer.from(token)), wake: b64(Buffer.from(wake)) };
  for (const person of [alice, bob]) Object.assign(secrets, { [`identity ${person.identity.text}`]: person.identity.text, [`device ${person.device.text}`]: person.device.text });
  for (const [index, key] of [posting, ...group.keys].entries()) secrets[`key ${index}`] = key.text;
  for (const [name, text] of Object.entries(secrets)) assert.ok(!holds(printed, text), `${name} is in the log`);
  assert.ok(!/127\.0\.0\.1:\d+.*\/v1\//.test(printed.toString()), 'no addresses of clients beside what they asked');

  for (const [name, text] of Object.entries({ waiting, said, answer, group: group.id })) assert.ok(holds(kept, text), `${name} waits, so it is kept`);
  for (const [name, text] of Object.entries({ taken, blob: blob.id, token: b64(Buffer.from(token)), wake: b64(Buffer.from(wake)), seen: b64(seen.bytes) })) {
    assert.ok(!holds(kept, text), `${name} is in the folder`);
  }
  // In a group the hub knows access keys; nothing in it leads to an identity other than that of whose account it is counted to.
  assert.ok(holds(kept, group.keys[1].text));
  assert.ok(!kept.includes('127.0.0.1'), 'an address of a client is in the folder');
  await endCleanly(node);
});

test('the hub of a conversation knows keys and no people, their home no conversations', async (t) => {
  const [home, hub] = await Promise.all([openNode({ args: NO_LIMITS }), openNode({ args: NO_LIMITS })]);
  t.after(() => Promise.all([home.dispose(), hub.dispose()]));
  const [owner, bob] = [await Person.at(hub), await Person.at(home)];
  // The owner, whose node the hub is, writes to Bob at his, with the key of this pair.
  const posting = new Key();
  await bob.accepts(posting);
  (await bob.receive(posting)).expect(201);
  const group = await Group.at(owner, { members: 2 });
  const access = group.keys[1];
  const live = await Live.open(hub);
  await live.follow(access, { group: group.id });
  (await group.say(0, { key: access })).expect(201);
  await until('it has come', () => live.entries(group.id).length === 1);
  const wakes = [];
  for (let count = 0; count < 2; count += 1) wakes.push((await bob.ask('POST', '/v1/wakes')).expect(201).json().url);
  assert.notEqual(wakes[0], wakes[1], 'each conversation has its own');
  await live.close();
  await Promise.all([home.stop(), hub.stop()]);
  const [atHome, atHub] = [await everything(home.folder), await everything(hub.folder)];
  const bobs = { identity: bob.identity.text, device: bob.device.text, 'mark of his device': bob.device.mark, 'posting key': posting.text };
  for (const [name, text] of Object.entries(bobs)) assert.ok(!holds(atHub, text), `Bob's ${name} is at the hub`);
  for (const [name, text] of Object.entries({ group: group.id, access: access.text, identity: owner.identity.text, device: owner.device.text })) {
    assert.ok(!holds(atHome, text), `${name} of the conversation at the hub is at Bob's home`);
  }
  assert.ok(holds(atHome, posting.text) && holds(atHub, access.text));
  await endCleanly(home, hub);
});

test('of a group that has ended nothing is left', async (t) => {
  const node = await openNode({ args: NO_LIMITS });
  t.after(() => node.dispose());
  const owner = await Person.at(node);
  const group = await Group.at(owner, { members: 2 });
  const [first, last] = [b64(randomBytes(64)), b64(randomBytes(64))];
  (await group.say(0, { body: first })).expect(201);
  (await group.commit(1, { body: last })).expect(201);
  (await group.ask('DELETE', '')).expect(204);
  await node.stop();
  const kept = await everything(node.folder);
  const secrets = { first, last, 'the other member': group.keys[1].text, 'the group': group.id };
  for (const [name, text] of Object.entries(secrets)) assert.ok(!holds(kept, text), `${name} is in the folder`);
  await endCleanly(node);
});
