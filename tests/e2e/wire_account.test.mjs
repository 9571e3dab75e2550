// Wire reference, sections 4.7, 5.4 and 7: accounts, the invite tree, deletion, last seen and statistics.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client, firstUser, invited, newKeys } from './lib/client.mjs';
import { endCleanly, Node, withNode } from './lib/node.mjs';
import { until } from './lib/until.mjs';
import { receiverKeys } from './lib/web_push.mjs';

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** A subscription that nobody will ever be called at in these tests. */
function subscription(extra = {}) {
  const { publicKey, auth } = receiverKeys();
  const keys = { p256dh: publicKey.toString('base64url'), auth: auth.toString('base64url') };
  return { endpoint: 'https://push.example.org/send/abc?x=1', expirationTime: null, keys, ...extra };
}

describe('account', () => {
  let node, alice, bob, stranger;
  before(async () => {
    node = await Node.start();
    alice = await firstUser(node);
    bob = await invited(alice);
    stranger = new Client(node.origin);
  });
  after(() => endCleanly(node));

  test('who is no user gets 403 everywhere, and 401 unsigned', async () => {
    for (const [method, path, json] of [
      ['GET', '/account'],
      ['POST', '/account/contacts', { contacts: [] }],
      ['POST', '/account/push-subscriptions', {}],
      ['GET', '/account/backup'],
      ['POST', '/account/backup', { backup: 'x' }],
      ['GET', '/account/invited-users'],
      ['DELETE', '/account'],
      ['POST', '/account/delete'],
    ]) {
      (await stranger.request(method, path, { json })).expectPhrase(403);
      (await alice.request(method, path, { json, sign: false })).expectText(401, 'Signature is invalid', 'text/html; charset=utf-8');
    }
  });

  test('a push subscription is there, replaced, and gone with {}', async () => {
    (await alice.account()).expectJson(200, { hasPushSubscription: false });
    for (const extra of [{}, { encoding: 'aes128gcm' }, { encoding: 'aesgcm' }]) {
      (await alice.subscribe(subscription(extra))).expectEmpty();
      (await alice.account()).expectJson(200, { hasPushSubscription: true });
    }
    (await alice.subscribe({})).expectEmpty();
    (await alice.account()).expectJson(200, { hasPushSubscription: false });
  });

  test('contacts are replaced as a whole; without a list 400 and nothing changes', async () => {
    (await alice.contacts([bob.id, stranger.id])).expectEmpty();
    (await bob.accepts(alice.id)).expectPhrase(200);
    (await stranger.accepts(alice.id)).expectPhrase(200);
    (await alice.request('POST', '/account/contacts', { json: {} })).expectPhrase(400);
    (await bob.accepts(alice.id)).expectPhrase(200);
    (await alice.contacts([bob.id])).expectEmpty();
    (await stranger.accepts(alice.id)).expectPhrase(403);
    (await alice.contacts([])).expectEmpty();
    (await bob.accepts(alice.id)).expectPhrase(403);
  });

  test('removing a contact leaves what waits', async () => {
    (await alice.contacts([bob.id])).expectEmpty();
    (await bob.upload({ recipients: [[alice.id, 'early']] })).expect(200);
    (await alice.contacts([])).expectEmpty();
    (await bob.upload({ recipients: [[alice.id, 'late']] })).expectPhrase(403);
    assert.deepEqual((await alice.parcels()).json().map(({ content }) => content), ['early']);
  });

  test('a backup is replaced and given back; none is 404; no text is 400 and the old one stays', async () => {
    (await alice.backup()).expectPhrase(404);
    for (const backup of ['first', 'sécond €']) {
      (await alice.saveBackup(backup)).expectEmpty();
      const answer = await alice.backup();
      const { updatedAt } = answer.json();
      answer.expectJson(200, { updatedAt, lastReadAt: null, backup });
      assert.match(updatedAt, ISO);
    }
    for (const backup of [undefined, null]) (await alice.saveBackup(backup)).expectPhrase(400);
    assert.equal((await alice.backup()).json().backup, 'sécond €');
    assert.equal((await bob.backup()).status, 404, 'another’s backup is not mine');
  });
});

test('the invite tree: what a user sees, what the admin sees, and its holes', async () => {
  const adminKeys = newKeys();
  await withNode({ env: { ADMIN_UUID: adminKeys.id } }, async (node) => {
    const admin = await firstUser(node, adminKeys);
    const bob = await invited(admin);
    const carol = await invited(bob);
    const dave = await invited(bob);
    carol.version = '7.8.9';
    (await carol.parcels()).expectJson(200, []);
    (await dave.request('GET', '/parcels')).expectJson(200, []);
    (await bob.invitedUsers()).expectJson(200, [
      { id: bob.id, entryId: 2, clientLastSeen: 'NEVER', createdBy: '1.0' },
      { id: carol.id, entryId: 3, clientLastSeen: 'RECENTLY', createdBy: '2.0' },
      { id: dave.id, entryId: 4, clientLastSeen: 'RECENTLY', createdBy: '2.0' },
    ]);
    (await carol.invitedUsers()).expectJson(200, [{ id: carol.id, entryId: 3, clientLastSeen: 'RECENTLY', createdBy: '2.0' }]);
    (await carol.leave()).expectEmpty();
    (await admin.invitedUsers()).expectJson(200, [
      { id: admin.id, entryId: 1, clientVersion: null, clientLastSeen: 'NEVER', createdBy: null },
      { id: bob.id, entryId: 2, clientVersion: null, clientLastSeen: 'NEVER', createdBy: '1.0' },
      { id: null, entryId: 3, clientVersion: null, clientLastSeen: 'NEVER', createdBy: '2.0' },
      { id: dave.id, entryId: 4, clientVersion: null, clientLastSeen: 'RECENTLY', createdBy: '2.0' },
    ]);
    const erin = await invited(admin);
    erin.version = '7.8.9';
    (await erin.parcels()).expect(200);
    const row = (await admin.invitedUsers()).json().at(-1);
    assert.deepEqual(row, { id: erin.id, entryId: 5, clientVersion: '7.8.9', clientLastSeen: 'RECENTLY', createdBy: '1.0' });
  });
});

test('an account is deleted with all it had, once; the key may come back and finds nothing', async () => {
  await withNode({}, async (node) => {
    const alice = await firstUser(node);
    for (const spelling of [['DELETE', '/account'], ['POST', '/account/delete']]) {
      const bob = await invited(alice);
      const entry = (await bob.invitedUsers()).json()[0].entryId;
      (await alice.contacts([bob.id])).expectEmpty();
      (await bob.contacts([alice.id])).expectEmpty();
      (await bob.saveBackup('b')).expectEmpty();
      (await bob.subscribe(subscription())).expectEmpty();
      (await alice.upload({ recipients: [[bob.id, 'x']], attachment: Buffer.from('data') })).expect(200);
      const [{ id: gone }] = (await bob.parcels()).json();
      (await bob.upload({ recipients: [[alice.id, `sent by ${entry}`]] })).expect(200);
      const { oneTimeToken } = (await bob.offerContact('still open')).json();

      (await bob.request(...spelling)).expectEmpty();
      (await bob.request(...spelling)).expectPhrase(403);
      (await bob.account()).expectPhrase(403);
      (await bob.parcels()).expectJson(200, []);
      (await bob.attachment(gone)).expectPhrase(404);
      (await alice.upload({ recipients: [[bob.id, 'x']] })).expectPhrase(403);
      (await alice.accepts(bob.id)).expectPhrase(403);
      (await alice.status(bob.id)).expectJson(200, { count: 0, lastSeen: 'NEVER' });
      assert.equal((await alice.parcels()).json().at(-1).content, `sent by ${entry}`, 'what was sent stays');
      (await bob.accept(oneTimeToken, { encryptedContact: 'x' })).expect(200);

      const again = await invited(alice, bob.keys);
      assert.ok((await again.invitedUsers()).json()[0].entryId > entry, 'a new row');
      (await again.account()).expectJson(200, { hasPushSubscription: false });
      (await again.backup()).expectPhrase(404);
      (await again.parcels()).expectJson(200, []);
      (await alice.accepts(bob.id)).expectPhrase(403);
      (await again.exchange(oneTimeToken)).expectPhrase(404);
    }
  });
});

test('statistics count users, signs of life, what waits and what came', async () => {
  await withNode({}, async (node) => {
    const alice = await firstUser(node);
    const bob = await invited(alice);
    const statistics = (wanted) => until(`the statistics are ${JSON.stringify(wanted)}`, async () => {
      const { statistics: seen } = (await alice.info()).json();
      assert.deepEqual(Object.values(seen), wanted);
      return true;
    });
    await statistics([2, 0, 0, 0, 0]);
    (await alice.parcels()).expect(200);
    await statistics([2, 1, 1, 0, 0]);
    for (const person of [alice, bob]) (await person.contacts([alice.id])).expectEmpty();
    (await alice.upload({ recipients: [[alice.id, 'x'], [bob.id, 'y']] })).expect(200);
    await statistics([2, 1, 1, 2, 2]);
    const [{ id }] = (await alice.parcels()).json();
    (await alice.dropParcel(id)).expectEmpty();
    await statistics([2, 1, 1, 1, 2]);
    (await bob.leave()).expectEmpty();
    await statistics([1, 1, 1, 0, 2]);
  });
});
