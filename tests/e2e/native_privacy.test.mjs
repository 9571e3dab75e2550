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
  await endCleanly(node);
});
