// Wire reference, section 3: who is let in, and how the header is read.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client, firstUser, newKeys, signature } from './lib/client.mjs';
import { endCleanly, Node } from './lib/node.mjs';

const bytes = (from, count) => Buffer.from(Array.from({ length: count }, (_, index) => from + index));

describe('signature', () => {
  let node, alice, publicKey;
  before(async () => {
    // The server key of the vectors of section 3.3, so that they can be tried as they stand there.
    const env = {
      API_PRIVATE_KEY: 'AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=',
      API_PUBLIC_KEY: 'B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw=',
    };
    node = await Node.start({ env });
    alice = await firstUser(node);
    publicKey = (await alice.info()).json().publicKey;
  });
  after(() => endCleanly(node));

  const ask = (headers) => alice.request('GET', '/account', { sign: false, headers });
  const refused = async (headers, what) => {
    const answer = await ask(headers);
    assert.equal(answer.status, 401, `${what}: ${answer}`);
    answer.expectText(401, 'Signature is invalid', 'text/html; charset=utf-8');
  };
  /** The parts of a good header, fresh. */
  const parts = (date = new Date().toISOString(), keys = alice.keys) => ({ date, id: keys.id, value: signature(keys, publicKey, date) });

  test('the key given by environment is the one in info', () => {
    assert.equal(publicKey, 'B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw=');
  });

  test('the usual header is good, for users and strangers, and again at once with other methods', async () => {
    const headers = await alice.sign();
    (await ask(headers)).expectJson(200, { hasPushSubscription: false });
    const post = await alice.request('POST', '/account/backup', { sign: false, headers, json: { backup: 'x' } });
    post.expectEmpty();
    (await alice.request('GET', '/account/backup', { sign: false, headers })).expect(200);
    (await alice.request('DELETE', '/parcels/00000000-0000-4000-8000-000000000000', { sign: false, headers })).expectPhrase(404);
    (await new Client(node.origin).parcels()).expectJson(200, []);
  });

  test('order is free, unknown parameters are ignored, headers may be absent, the last of several wins', async () => {
    for (const write of [
      ({ id, value }) => `Signature keyId="${id}",signature="${value}"`,
      ({ id, value }) => `Signature signature="${value}",headers="x-date",keyId="${id}"`,
      ({ id, value }) => `Signature algorithm="naclbox",keyId="${id}",headers="(created) x-date",signature="${value}",opaque="1"`,
      ({ id, value }) => `Signature keyId="nobody",signature="AAAA",keyId="${id}",signature="${value}"`,
    ]) {
      const good = parts();
      const answer = await ask({ Authorization: write(good), 'X-Date': good.date });
      assert.equal(answer.status, 200, `${write({ id: 'ID', value: 'SIG' })}: ${answer}`);
    }
  });

  test('read as the model does: no scheme, no closing quote (as is)', async () => {
    for (const write of [
      ({ id, value }) => `keyId="${id}",headers="x-date",signature="${value}"`,
      ({ id, value }) => `Signature keyId="${id},signature="${value}`,
    ]) {
      const good = parts();
      const answer = await ask({ Authorization: write(good), 'X-Date': good.date });
      assert.equal(answer.status, 200, `${write({ id: 'ID', value: 'SIG' })}: ${answer}`);
    }
  });

  test('another way to write the time is a date, too', async () => {
    const date = new Date().toUTCString();
    const { id, value } = parts(date);
    (await ask({ Authorization: `Signature keyId="${id}",headers="x-date",signature="${value}"`, 'X-Date': date })).expect(200);
  });

  test('white space, case of the scheme and empty headers are refused', async () => {
    await refused({}, 'no header');
    for (const [what, write] of [
      ['blank after the comma', ({ id, value }) => `Signature keyId="${id}", headers="x-date", signature= "${value}"`],
      ['two blanks after the scheme', ({ id, value }) => `Signature  signature="${value}",keyId= "${id}"`],
      ['lower-case scheme', ({ id, value }) => `signature keyId="${id} ",signature="${value}"`],
      ['no key id', ({ value }) => `Signature signature="${value}"`],
      ['no signature', ({ id }) => `Signature keyId="${id}"`],
      ['empty', () => 'Signature '],
      ['another scheme', () => 'Bearer abc'],
    ]) {
      const good = parts();
      await refused({ Authorization: write(good), 'X-Date': good.date }, what);
    }
  });

  test('white space after a comma becomes part of the value', async () => {
    for (const write of [
      ({ id, value }) => `Signature keyId="${id}", signature="${value}"`,
      ({ id, value }) => `Signature  keyId="${id}",signature="${value}"`,
      ({ id, value }) => `signature keyId="${id}",signature="${value}"`,
    ]) {
      const good = parts();
      await refused({ Authorization: write(good), 'X-Date': good.date }, write({ id: 'ID', value: 'SIG' }));
    }
  });

  test('key and signature must be padded standard base64 of the right length', async () => {
    let keys = newKeys();
    while (!/[+/]/.test(keys.id)) keys = newKeys();
    const safe = (text) => text.replaceAll('+', '-').replaceAll('/', '_');
    for (const [what, change] of [
      ['key in URL-safe letters', (good) => ({ ...good, id: safe(good.id) })],
      ['key without padding', (good) => ({ ...good, id: good.id.slice(0, -1) })],
      ['key of 31 bytes', (good) => ({ ...good, id: Buffer.alloc(31, 1).toString('base64') })],
      ['key of 33 bytes', (good) => ({ ...good, id: Buffer.alloc(33, 1).toString('base64') })],
      ['empty key', (good) => ({ ...good, id: '' })],
      ['signature without padding', (good) => ({ ...good, value: good.value.replace(/=+$/, '') })],
      ['signature too short', (good) => ({ ...good, value: Buffer.alloc(39, 1).toString('base64') })],
      ['signature of zeros', (good) => ({ ...good, value: Buffer.alloc(64).toString('base64') })],
      ['one bit of the signature', (good) => ({ ...good, value: flip(good.value) })],
      ['another key', (good) => ({ ...good, id: newKeys().id })],
    ]) {
      // A text of 25 characters makes a signature of 65 bytes, which has padding to leave out.
      const good = parts(`${new Date().toISOString().slice(0, -1)}0Z`, keys);
      const { id, value } = change(good);
      await refused({ Authorization: `Signature keyId="${id}",headers="x-date",signature="${value}"`, 'X-Date': good.date }, what);
    }
  });

  test('X-Date must be there and be the text that was sealed', async () => {
    const { id, value, date } = parts();
    const Authorization = `Signature keyId="${id}",headers="x-date",signature="${value}"`;
    await refused({ Authorization }, 'no X-Date');
    await refused({ Authorization, 'X-Date': '' }, 'empty X-Date');
    await refused({ Authorization, 'X-Date': new Date(Date.parse(date) + 1).toISOString() }, 'another X-Date');
    (await ask({ Authorization, 'X-Date': date })).expect(200);
  });

  test('a signature for another server is refused', async () => {
    const date = new Date().toISOString();
    const other = newKeys(bytes(1, 32).reverse()).id;
    await refused({ Authorization: `Signature keyId="${alice.id}",signature="${signature(alice.keys, other, date)}"`, 'X-Date': date }, 'other server');
  });
});

function flip(base64Text) {
  const changed = Buffer.from(base64Text, 'base64');
  changed[30] ^= 1;
  return changed.toString('base64');
}
