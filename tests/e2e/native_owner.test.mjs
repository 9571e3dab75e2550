// What the node keeps of an account, as the account sees it; and the node, as its owner sees it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { firstToken, Group, makeBlob, NO_LIMITS, openNode, Person, takesSignatures, writeBlob } from './lib/native_client.mjs';
import { b64, Key } from './lib/native_key.mjs';
import { BINARY, endCleanly, Node } from './lib/node.mjs';

const DAY = 86_400_000;
const HOUR = DAY / 24;
const secret = randomBytes(32).toString('base64');

let node;
let owner;
let guest;

before(async () => {
  node = await takesSignatures(await Node.start({ args: NO_LIMITS, env: { TIDINGS_API_PRIVATE_KEY: secret } }));
  owner = await Person.at(node, { token: await firstToken(node) });
  const made = (await owner.ask('POST', '/v1/tokens', { json: { expires: Date.now() + DAY } })).expect(201).json();
  guest = await Person.at(node, { token: made.token, devices: 2 });
});
after(() => endCleanly(node));

const known = async (person) => (await person.ask('GET', '/v1/account/known')).expect(200).json();
const rows = ({ rows }, kind) => rows.find((found) => found.kind === kind);
const overview = async () => (await owner.ask('GET', '/v1/owner')).expect(200).json();
const command = (...words) => execFileSync(BINARY, ['node', 'owner', ...words, '--data-dir', node.folder], { env: { HOME: node.folder }, encoding: 'utf8' });

test('an account is told of every row that the node keeps of it, and when it goes', async () => {
  const before = await known(guest);
  assert.deepEqual([before.owner, before.invited, before.invites, before.devices.length], [false, true, 0, 2]);
  assert.deepEqual(new Set(before.devices.map(({ key }) => key)), new Set(guest.devices.map(({ key }) => key.text)));
  const [account] = rows(before, 'account').rows;
  assert.ok(account.expires - before.seen >= 365 * DAY && account.expires - before.seen <= 366 * DAY);

  const friend = new Key();
  await guest.accepts(friend, new Key());
  (await guest.receive(friend, { body: b64(randomBytes(1000)) })).expect(201);
  const blob = await makeBlob(guest, randomBytes(5000));
  (await writeBlob(guest, blob.id, 0, blob.bytes)).expect(204);
  const expires = Date.now() + DAY;
  (await guest.ask('POST', '/v1/exchanges', { json: { id: b64(randomBytes(16)), offer: b64(randomBytes(300)), expires } })).expect(201);
  (await guest.ask('POST', '/v1/tokens', { json: { expires } })).expect(201);
  (await guest.ask('PUT', '/v1/profile', { json: { body: b64(randomBytes(700)) }, headers: { 'if-match': '"0"' } })).expect(200);
  await Group.at(guest, { members: 3 });

  const after = await known(guest);
  const count = (kind) => [rows(after, kind).count, rows(after, kind).bytes];
  assert.deepEqual(count('posting_keys')[0], 2);
  assert.deepEqual(count('profile'), [1, 700]);
  assert.deepEqual(count('blobs'), [1, 5000]);
  assert.equal(rows(after, 'blobs').rows[0].expires, blob.expires);
  assert.deepEqual(count('exchanges'), [1, 300]);
  // Whoever answered in time may fetch the reply for an hour more.
  assert.equal(rows(after, 'exchanges').rows[0].expires, expires + HOUR);
  // A token is kept for a week, so that one that can't be used any more is told apart from a wrong one.
  const [token] = rows(after, 'tokens').rows;
  assert.ok(token.expires - token.at >= 7 * DAY && token.expires - token.at <= 8 * DAY);
  assert.equal(count('groups')[0], 1);
  assert.ok(count('groups')[1] > 0);
  const [parcel] = rows(after, 'parcels').rows;
  assert.ok(parcel.bytes >= 1000 && parcel.expires - parcel.at >= 90 * DAY && parcel.expires - parcel.at <= 91 * DAY);
  const newest = (await guest.inbox()).parcels.at(-1).number;
  for (const { key } of guest.devices) (await guest.ask('POST', '/v1/inbox/taken', { key, json: { number: newest } })).expect(204);
  assert.deepEqual(rows(await known(guest), 'parcels'), { kind: 'parcels', count: 0, bytes: 0, rows: [] });
});

test('whoever came first sees the node, and nobody else', async () => {
  assert.equal((await known(owner)).owner, true);
  for (const [method, path] of [['GET', ''], ['GET', '/findings'], ['POST', '/invitations'], ['DELETE', `/invitations/${b64(randomBytes(32))}`]]) {
    (await guest.ask(method, `/v1/owner${path}`)).expect(403);
  }
  const seen = await overview();
  assert.equal(seen.accounts, 2);
  assert.deepEqual(seen.tree.map(({ number, creator, kind }) => [number, creator, kind]), [[1, null, 'tidings'], [2, 1, 'tidings']]);
  assert.ok(seen.storage.database > 0 && seen.storage.free > 0 && seen.started <= Date.now());
  assert.ok(seen.settings.some(({ name, value, changed }) => name === 'listen' && value.startsWith('127.0.0.1') && changed));
  assert.equal(seen.settings.find(({ name }) => name === 'api-private-key').value, '(set)');
  assert.ok(!JSON.stringify(seen).includes(secret));
});

test('the owner invites, and takes invitations back', async () => {
  const made = (await owner.ask('POST', '/v1/owner/invitations')).expect(201).json();
  const token = made.link.split('/i#1..')[1];
  const open = (await overview()).invitations.filter(({ maker }) => maker === null);
  assert.equal(open.length, 1);
  assert.ok(Math.abs(open[0].expires - made.expires) < 5000);
  (await owner.ask('DELETE', `/v1/owner/invitations/${open[0].id}`)).expect(204);
  (await owner.ask('DELETE', `/v1/owner/invitations/${open[0].id}`)).expect(404);
  (await new Person().tryToRegister(node, token)).expect(403);
  const other = (await owner.ask('POST', '/v1/owner/invitations')).expect(201).json();
  (await new Person().tryToRegister(node, other.link.split('/i#1..')[1])).expect(201);
});

test('the owner hears what the doctor finds', async () => {
  const { findings } = (await owner.ask('GET', '/v1/owner/findings')).expect(200).json();
  assert.equal(findings.find(({ check }) => check === 'database').level, 'ok');
  assert.ok(findings.some(({ check, text }) => check === 'disk' && text.includes('free')));
});

test('somebody else can be made the owner, or nobody', async () => {
  assert.equal(JSON.parse(command('--json')).owner, owner.identity.text);
  command('2');
  assert.deepEqual([(await known(owner)).owner, (await known(guest)).owner], [false, true]);
  (await owner.ask('GET', '/v1/owner')).expect(403);
  command('--nobody');
  assert.equal(JSON.parse(command('--json')).owner, null);
  (await guest.ask('GET', '/v1/owner')).expect(403);
  assert.throws(() => command('77'));
  command(owner.identity.text);
  (await owner.ask('GET', '/v1/owner')).expect(200);
});

test('key packages that were taken are told apart from those that wait', async () => {
  const packages = [1, 2, 3].map(() => b64(randomBytes(300)));
  (await guest.ask('PUT', '/v1/key-packages', { json: { packages, last_resort: b64(randomBytes(300)) } })).expect(200);
  (await guest.ask('POST', `/v1/inboxes/${guest.identity.text}/key-packages`)).expect(200);
  const told = await known(guest);
  assert.deepEqual([rows(told, 'key_packages').count, rows(told, 'key_packages').bytes], [3, 900]);
  assert.equal(rows(told, 'used_key_packages').count, 1);
});

test('an upload that is not finished goes after a day', async () => {
  const blob = await makeBlob(guest, randomBytes(9000));
  const [row] = rows(await known(guest), 'blobs').rows;
  assert.deepEqual([row.bytes, row.expires], [0, row.at + DAY]);
  (await guest.ask('DELETE', `/v1/blobs/${blob.id}`)).expect(204);
});

test('where anybody may come in, nobody becomes the owner by coming first, nor by a token that is none', async (t) => {
  for (const token of [undefined, b64(randomBytes(32))]) {
    const open = await openNode();
    t.after(() => open.dispose());
    const first = await Person.at(open, { token });
    assert.equal((await known(first)).owner, false);
    (await first.ask('GET', '/v1/owner')).expect(403);
    await endCleanly(open);
  }
});

test('whoever deletes the owner’s account ends that it is theirs', async (t) => {
  const other = await takesSignatures(await Node.start());
  t.after(() => other.dispose());
  const first = await Person.at(other, { token: await firstToken(other) });
  const { token } = (await first.ask('POST', '/v1/tokens', { json: { expires: Date.now() + DAY } })).expect(201).json();
  const friend = await Person.at(other, { token });
  const again = (await friend.ask('POST', '/v1/tokens', { json: { expires: Date.now() + DAY } })).expect(201).json();
  assert.equal((await known(first)).owner, true);
  (await first.ask('DELETE', '/v1/account', { key: first.identity })).expect(204);
  await first.register(other, again.token);
  assert.equal((await known(first)).owner, false);
  await endCleanly(other);
});

test('the doctor looks once at a time, for all who ask', async () => {
  const all = await Promise.all([1, 2, 3, 4].map(() => owner.ask('GET', '/v1/owner/findings')));
  for (const answer of all) assert.ok(answer.expect(200).json().findings.length > 3);
});
