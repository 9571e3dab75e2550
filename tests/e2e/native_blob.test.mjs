// Blobs: written in pieces, resumed after a power cut, read in ranges, deleted by who may.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { ask, makeBlob, NO_LIMITS, openNode, Person, takesSignatures, writeBlob } from './lib/native_client.mjs';
import { b64, sha256 } from './lib/native_key.mjs';
import { endCleanly } from './lib/node.mjs';

const PIECE = 1024 * 1024;

let node;
let alice;

before(async () => {
  node = await openNode({ args: NO_LIMITS });
  alice = await Person.at(node);
});
after(() => endCleanly(node));

async function upload(person, size, options) {
  const blob = await makeBlob(person, randomBytes(size), options);
  for (let offset = 0; offset < size; offset += PIECE) {
    const answer = await writeBlob(person, blob.id, offset, blob.bytes.subarray(offset, offset + PIECE));
    assert.equal(answer.expect(204).headers.get('upload-offset'), String(Math.min(offset + PIECE, size)));
  }
  return blob;
}

const read = (id, headers = {}) => ask(node, 'GET', `/v1/blobs/${id}`, { headers });

test('an upload goes on where it stopped, also after a power cut', async () => {
  const blob = await makeBlob(alice, randomBytes(5 * PIECE + 17));
  for (const offset of [0, PIECE]) (await writeBlob(alice, blob.id, offset, blob.bytes.subarray(offset, offset + PIECE))).expect(204);
  (await read(blob.id)).expect(404);
  (await ask(node, 'HEAD', `/v1/blobs/${blob.id}`)).expect(404);
  await node.kill();
  await node.start();
  await takesSignatures(node);
  const head = (await alice.ask('HEAD', `/v1/blobs/${blob.id}`)).expect(200);
  let offset = Number(head.headers.get('upload-offset'));
  assert.equal(offset, 2 * PIECE, 'what was acknowledged is there');
  const wrong = await writeBlob(alice, blob.id, 0, blob.bytes.subarray(0, 10));
  assert.equal(wrong.expect(409).json().error, 'offset');
  assert.equal(wrong.headers.get('upload-offset'), String(offset));
  while (offset < blob.bytes.length) {
    const answer = await writeBlob(alice, blob.id, offset, blob.bytes.subarray(offset, offset + PIECE));
    offset = Number(answer.expect(204).headers.get('upload-offset'));
  }
  assert.ok((await read(blob.id)).expect(200).bytes.equals(blob.bytes));
});

test('bytes that are not those that were signed are not kept', async () => {
  const blob = await makeBlob(alice, randomBytes(1000));
  const headers = alice.device.headers({ method: 'PATCH', authority: new URL(node.origin).host, path: `/v1/blobs/${blob.id}`, body: blob.bytes });
  const other = await ask(node, 'PATCH', `/v1/blobs/${blob.id}`, { body: randomBytes(1000), headers: { ...headers, 'upload-offset': '0' } });
  other.expect(401);
  assert.equal((await alice.ask('HEAD', `/v1/blobs/${blob.id}`)).headers.get('upload-offset'), '0');
  (await writeBlob(alice, blob.id, 0, randomBytes(1001))).expect(413);
  assert.equal((await alice.ask('HEAD', `/v1/blobs/${blob.id}`)).headers.get('upload-offset'), '0');
  const stranger = await Person.at(node);
  (await writeBlob(stranger, blob.id, 0, blob.bytes)).expect(404);
});

test('ranges are those of HTTP', async () => {
  const { id, bytes } = await upload(alice, 200_000);
  for (const [range, from, to] of [['bytes=0-99', 0, 100], ['bytes=199990-', 199_990, 200_000], ['bytes=-5', 199_995, 200_000], ['bytes=65552-131103', 65_552, 131_104]]) {
    const answer = await read(id, { range });
    assert.ok(answer.expect(206).bytes.equals(bytes.subarray(from, to)), range);
    assert.equal(answer.headers.get('content-range'), `bytes ${from}-${to - 1}/200000`);
  }
  const none = await read(id, { range: 'bytes=200000-' });
  assert.equal(none.expect(416).headers.get('content-range'), 'bytes */200000');
  const whole = await read(id, { range: 'bytes=0-1,5-6' });
  assert.equal(whole.expect(200).bytes.length, 200_000);
  assert.equal(whole.headers.get('cache-control'), 'no-store');
  assert.equal(whole.headers.get('x-content-type-options'), 'nosniff');
  const head = (await ask(node, 'HEAD', `/v1/blobs/${id}`)).expect(200);
  assert.deepEqual(['content-length', 'upload-offset', 'accept-ranges'].map((name) => head.headers.get(name)), ['200000', '200000', 'bytes']);
  assert.equal((await read(id, { range: 'bytes=0-9', 'if-range': '"other"' })).expect(200).bytes.length, 200_000);
});

test('whoever has the secret deletes, and nobody else but the account', async () => {
  const [first, second] = [await upload(alice, 1000), await upload(alice, 1000)];
  const stranger = await Person.at(node);
  const remove = (id, options) => ask(node, 'DELETE', `/v1/blobs/${id}`, options);
  (await remove(first.id, {})).expect(401);
  const wrong = await remove(first.id, { headers: { 'tidings-delete': b64(randomBytes(16)) } });
  assert.ok([403, 404].includes(wrong.status), String(wrong));
  assert.ok([403, 404].includes((await remove(first.id, { key: stranger.device })).status));
  (await read(first.id)).expect(200);
  (await remove(first.id, { headers: { 'tidings-delete': b64(first.secret) } })).expect(204);
  (await read(first.id)).expect(404);
  (await remove(second.id, { key: alice.device })).expect(204);
  (await read(second.id)).expect(404);
});

test('an account knows what its blobs take', async () => {
  const bob = await Person.at(node);
  await upload(bob, 10_000);
  const { blob_bytes: bytes, blob_bytes_max: most } = (await bob.ask('GET', '/v1/account')).expect(200).json();
  assert.equal(bytes, 10_000);
  assert.ok(most > 1_000_000);
  (await bob.ask('POST', '/v1/blobs', { json: { size: 0, delete: b64(sha256('x')) } })).expect(400);
  (await bob.ask('POST', '/v1/blobs', { json: { size: 2 ** 40, delete: b64(sha256('x')) } })).expect(413);
});
