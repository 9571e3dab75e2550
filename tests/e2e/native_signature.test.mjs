// Signatures of requests (node.md, Signatures): what is refused, and what the answer says to do about it.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { ask, NO_LIMITS, openNode, Person } from './lib/native_client.mjs';
import { b64, Key } from './lib/native_key.mjs';
import { endCleanly } from './lib/node.mjs';
import { until } from './lib/until.mjs';

let node;
let alice;

before(async () => {
  node = await openNode({ args: NO_LIMITS });
  alice = await Person.at(node);
});
after(() => endCleanly(node));

/** A refusal with this code, of which the message tells what is wrong. */
function expectRefusal(answer, status, error, message) {
  const said = answer.expect(status).json();
  assert.equal(said.error, error);
  assert.match(said.message, message);
  return said;
}

const account = (options) => ask(node, 'GET', '/v1/account', options);

test('a good signature is good once', async () => {
  const signing = { nonce: b64(randomBytes(16)), created: Math.floor(Date.now() / 1000) };
  (await account({ key: alice.device, signing })).expect(200);
  expectRefusal(await account({ key: alice.device, signing }), 401, 'unsigned', /used before/);
});

test('without a signature, or with half of one, the answer says so', async () => {
  expectRefusal(await account({}), 401, 'unsigned', /must be signed/);
  expectRefusal(await account({ headers: { signature: 'x' } }), 401, 'unsigned', /must be signed/);
  expectRefusal(await account({ headers: { signature: 'x', 'signature-input': 'y' } }), 401, 'unsigned', /form/);
});

test('what was signed for another request is not good here', async () => {
  const { host } = new URL(node.origin);
  const good = { method: 'GET', authority: host, path: '/v1/account' };
  for (const other of [{ method: 'DELETE' }, { authority: 'other.example' }, { path: '/v1/profile' }, { query: 'a=1' }]) {
    const headers = alice.device.headers({ ...good, ...other });
    expectRefusal(await account({ headers }), 401, 'unsigned', /does not fit/);
  }
});

test('a clock that is off is told the time of the node', async () => {
  const now = Math.floor(Date.now() / 1000);
  for (const created of [now - 400, now + 400]) {
    const answer = await account({ key: alice.device, signing: { created } });
    const { message } = expectRefusal(answer, 401, 'unsigned', /clock/);
    const told = Number(message.match(/node's clock says (\d+)/)[1]);
    assert.ok(Math.abs(told - now) < 30, message);
    assert.ok(Math.abs(Date.parse(answer.headers.get('date')) / 1000 - now) < 30, 'Date');
  }
  (await account({ key: alice.device, signing: { created: now + 200 } })).expect(200);
});

test('the body is the one that was signed', async () => {
  const { host } = new URL(node.origin);
  const request = { method: 'PUT', authority: host, path: '/v1/contacts' };
  const send = (signed, sent) => ask(node, 'PUT', '/v1/contacts', {
    body: Buffer.from(sent), headers: { 'content-type': 'application/json', ...alice.device.headers({ ...request, body: signed && Buffer.from(signed) }) },
  });
  (await send('{"contacts":[]}', '{"contacts":[]}')).expect(204);
  expectRefusal(await send('{"contacts":[]}', '{"contacts": []}'), 401, 'unsigned', /digest/);
  expectRefusal(await send(undefined, '{"contacts":[]}'), 401, 'unsigned', /content-digest/);
});

test('a key that nobody here knows is refused, before its body is looked at', async () => {
  const answer = await ask(node, 'PUT', '/v1/contacts', { key: new Key(), body: Buffer.from('not json'), headers: { 'content-type': 'application/json' } });
  expectRefusal(answer, 403, 'not_accepted', /device/);
});

test('what may have been seen before a kill is not taken after it', async () => {
  const created = Math.floor(Date.now() / 1000);
  const signing = { nonce: b64(randomBytes(16)), created };
  await node.kill();
  await node.start();
  const answer = await account({ key: alice.device, signing });
  expectRefusal(answer, 503, 'busy', /sign it anew/);
  assert.ok(Number(answer.headers.get('retry-after')) >= 1);
  await until('a fresh signature is taken', async () => (await account({ key: alice.device })).status === 200);
});

test('a node that knows its name takes nothing that was signed for another', async (t) => {
  const named = await openNode({ args: ['--public-url', 'https://node.example'] });
  t.after(() => named.dispose());
  const person = await Person.at(named);
  const send = (authority) => fetch(`${named.origin}/v1/account`, {
    headers: { ...person.device.headers({ method: 'GET', authority, path: '/v1/account' }) },
  });
  assert.equal((await send(new URL(named.origin).host)).status, 200, 'this machine is always good');
  await endCleanly(named);
});
