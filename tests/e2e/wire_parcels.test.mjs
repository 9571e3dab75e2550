// Wire reference, sections 4.3 to 4.6: uploads of every form, the sender's questions, the recipient's routes.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Client, firstUser, inPath, invited } from './lib/client.mjs';
import { file, form, text } from './lib/form.mjs';
import { endCleanly, Node } from './lib/node.mjs';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const ATTACHMENT_LIMIT = 19_999_999;
const FIELD_LIMIT = 1_048_575;
const UNKNOWN_PARCEL = '00000000-0000-4000-8000-000000000000';

let node, alice, bob, carol, sender;
before(async () => {
  node = await Node.start();
  alice = await firstUser(node);
  bob = await invited(alice);
  carol = await invited(alice);
  sender = new Client(node.origin); // no user of this node: senders need not be
  for (const friend of [alice, bob]) (await friend.contacts([sender.id])).expectEmpty();
});
after(() => endCleanly(node));
beforeEach(async () => {
  for (const person of [alice, bob]) {
    for (const { id } of (await person.parcels()).json()) (await person.dropParcel(id)).expectEmpty();
  }
});

const inbox = async (person) => (await person.parcels()).expect(200).json();
const contents = async (person) => (await inbox(person)).map((parcel) => parcel.content);
const sendParts = (...parts) => sender.uploadForm(form(parts));
const to = (person, content) => text('recipient', `${person.id} ${content}`);
const media = text('type', 'MEDIA');
const allTaken = { forbiddenRecipientIds: [] };
const json = (path, body) => sender.request('POST', path, { json: body });

describe('upload', () => {
  test('one parcel each: id, type, content, sender, time, in this order', async () => {
    const before = Date.now();
    (await sender.upload({ recipients: [[alice.id, 'for a'], [bob.id, 'for b']] })).expectJson(200, allTaken);
    const answer = await alice.parcels();
    const [parcel, ...more] = answer.json();
    assert.equal(more.length, 0);
    answer.expectJson(200, [{ id: parcel.id, type: 'MEDIA', content: 'for a', uploadedBy: sender.id, uploadedAt: parcel.uploadedAt }]);
    assert.match(parcel.id, UUID);
    assert.match(parcel.uploadedAt, ISO);
    assert.ok(Math.abs(Date.parse(parcel.uploadedAt) - before) < 10_000, parcel.uploadedAt);
    assert.deepEqual(await contents(bob), ['for b']);
  });

  test('refused and unknown recipients are named in the order sent, twice if sent twice', async () => {
    const nobody = new Client(node.origin);
    (await sendParts(media, to(carol, 'x'), to(alice, 'y'), to(nobody, 'z'), to(carol, 'x')))
      .expectJson(200, { forbiddenRecipientIds: [carol.id, nobody.id, carol.id] });
    assert.deepEqual(await contents(alice), ['y']);
    assert.deepEqual(await contents(carol), []);
  });

  test('nobody accepts: 403', async () => {
    (await sendParts(media, to(carol, 'x'), file('data'))).expectPhrase(403);
  });

  test('contents: blanks, none, unicode, long; the same id twice keeps the last at the first place', async () => {
    for (const content of [' two  blanks ', '', 'ä€😀', '"<&>', 'x'.repeat(200_000)]) {
      (await sendParts(media, to(alice, content))).expectJson(200, allTaken);
      assert.equal((await contents(alice)).at(-1), content);
    }
    (await sendParts(media, to(bob, 'first'), to(alice, 'a'), to(bob, 'last'))).expectJson(200, allTaken);
    assert.deepEqual(await contents(bob), ['last']);
  });

  test('parts in any order; unknown fields, nameless and typeless parts do not matter', async () => {
    (await sendParts(file('data'), to(alice, '1'), text('other', 'x'), media)).expectJson(200, allTaken);
    (await sendParts(media, to(alice, '2'), text('attachment', 'only text'))).expectJson(200, allTaken);
    (await sendParts(media, to(alice, '3'), { name: 'attachment', filename: '', type: 'application/octet-stream', body: '' })).expectJson(200, allTaken);
    const parcels = await inbox(alice);
    assert.deepEqual(parcels.map(({ content }) => content), ['1', '2', '3']);
    assert.equal((await alice.attachment(parcels[0].id)).expect(200).text, 'data');
    for (const { id } of parcels.slice(1)) (await alice.attachment(id)).expectPhrase(400);
  });

  test('recipient[] and recipient[0] are read as recipient (as is)', async () => {
    (await sendParts(media, text('recipient[]', `${alice.id} 1`))).expectJson(200, allTaken);
    (await sendParts(media, text('recipient[0]', `${alice.id} 2`))).expectJson(200, allTaken);
    assert.deepEqual(await contents(alice), ['1', '2']);
  });

  test('any file name and part type is an attachment, and neither is kept', async () => {
    (await sendParts(media, to(alice, '1'), { name: 'attachment', filename: 'a b.jpg', type: 'image/jpeg', body: 'jpeg' })).expectJson(200, allTaken);
    const [{ id }] = await inbox(alice);
    const answer = (await alice.attachment(id)).expectText(200, 'jpeg', 'application/octet-stream');
    assert.equal(answer.headers.get('content-disposition'), null);
  });

  test('400: no recipient, no type, two types, and nothing is kept', async () => {
    (await sendParts(media, file('data'))).expectPhrase(400);
    (await sendParts(to(alice, 'x'), file('data'))).expectPhrase(400);
    (await sendParts(media, media, to(alice, 'x'))).expectPhrase(400);
    (await sendParts()).expectPhrase(400);
    assert.deepEqual(await contents(alice), []);
  });

  test('attachment of the longest size is taken and given back whole', async () => {
    const data = randomBytes(ATTACHMENT_LIMIT);
    (await sender.upload({ recipients: [[alice.id, 'long']], attachment: data })).expectJson(200, allTaken);
    const [{ id }] = await inbox(alice);
    const answer = (await alice.attachment(id)).expect(200);
    assert.equal(answer.headers.get('content-length'), String(ATTACHMENT_LIMIT));
    assert.ok(data.equals(answer.bytes), 'the bytes are the same');
  });

  test('a text field of the longest size is taken', async () => {
    const content = 'x'.repeat(FIELD_LIMIT - alice.id.length - 1);
    (await sendParts(media, to(alice, content))).expectJson(200, allTaken);
    assert.deepEqual(await contents(alice), [content]);
  });

  test('as JSON: recipient is a text or a list', async () => {
    (await json('/parcels', { type: 'MEDIA', recipient: `${alice.id} one` })).expectJson(200, allTaken);
    (await json('/parcels', { type: 'CONTACT', recipient: [`${alice.id} two`, `${carol.id} x`] })).expectJson(200, { forbiddenRecipientIds: [carol.id] });
    assert.deepEqual((await inbox(alice)).map(({ type, content }) => [type, content]), [['MEDIA', 'one'], ['CONTACT', 'two']]);
    (await json('/parcels', { type: 'MEDIA' })).expectPhrase(400);
    (await json('/parcels', { recipient: `${alice.id} x` })).expectPhrase(400);
    (await sender.request('POST', '/parcels', { body: 'type=MEDIA', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } })).expectPhrase(400);
    (await sender.request('POST', '/parcels')).expectPhrase(400);
  });

  test('the upload needs a signature', async () => {
    const { body, type } = form([media, to(alice, 'x')]);
    (await sender.request('POST', '/parcels', { sign: false, body, headers: { 'Content-Type': type } })).expect(401);
  });
});

describe('the sender’s questions', () => {
  test('accepts: contacts only', async () => {
    (await sender.accepts(alice.id)).expectPhrase(200);
    (await sender.accepts(carol.id)).expectPhrase(403);
    (await sender.accepts(new Client(node.origin).id)).expectPhrase(403);
    (await sender.accepts('nonsense')).expectPhrase(403);
  });

  test('status counts what waits of type MEDIA from the asker, and falls as it is taken', async () => {
    const other = new Client(node.origin);
    (await alice.contacts([sender.id, other.id])).expectEmpty();
    const count = async (person) => (await person.status(alice.id)).expect(200).json().count;
    for (const type of ['MEDIA', 'MEDIA', 'CONTACT', 'media']) (await sender.upload({ type, recipients: [[alice.id, 'x']] })).expect(200);
    (await other.upload({ recipients: [[alice.id, 'x']] })).expect(200);
    const answer = await sender.status(alice.id);
    answer.expectJson(200, { count: 2, lastSeen: 'RECENTLY' });
    assert.equal(await count(other), 1);
    const first = (await inbox(alice)).find((parcel) => parcel.type === 'MEDIA' && parcel.uploadedBy === sender.id);
    (await alice.dropParcel(first.id)).expectEmpty();
    assert.equal(await count(sender), 1);
    (await alice.contacts([sender.id])).expectEmpty();
  });

  test('unknown recipients: NEVER and 0', async () => {
    for (const id of [new Client(node.origin).id, 'nonsense']) (await sender.status(id)).expectJson(200, { count: 0, lastSeen: 'NEVER' });
  });
});

describe('the recipient’s routes', () => {
  test('the list is oldest first and keeps the order of one upload burst', async () => {
    for (let i = 0; i < 10; i += 1) (await sender.upload({ recipients: [[alice.id, String(i)]] })).expect(200);
    assert.deepEqual(await contents(alice), Array.from({ length: 10 }, (_, index) => String(index)));
    const times = (await inbox(alice)).map(({ uploadedAt }) => uploadedAt);
    assert.deepEqual(times, [...times].sort());
  });

  test('somebody who is no user has an empty list', async () => {
    (await sender.parcels()).expectJson(200, []);
  });

  test('attachments: not another’s, not an unknown one’s, 400 without one, and downloading deletes nothing', async () => {
    (await sender.upload({ recipients: [[alice.id, 'x'], [bob.id, 'y']], attachment: Buffer.from('shared') })).expect(200);
    const [{ id }] = await inbox(alice);
    for (let i = 0; i < 2; i += 1) {
      const answer = (await alice.attachment(id)).expectText(200, 'shared', 'application/octet-stream');
      assert.equal(answer.headers.get('content-length'), '6');
    }
    for (const person of [bob, sender]) (await person.attachment(id)).expectPhrase(404);
    (await alice.attachment(UNKNOWN_PARCEL)).expectPhrase(404);
    const part = await alice.request('GET', `/parcels/${id}/attachment`, { headers: { Range: 'bytes=0-1' } });
    part.expectText(200, 'shared', 'application/octet-stream');
    (await sender.upload({ recipients: [[alice.id, 'bare']] })).expect(200);
    const bare = (await inbox(alice)).find((parcel) => parcel.content === 'bare');
    (await alice.attachment(bare.id)).expectPhrase(400);
  });

  test('deleting: the recipient only, once; a shared attachment stays for the others', async () => {
    (await sender.upload({ recipients: [[alice.id, 'x'], [bob.id, 'y']], attachment: Buffer.from('shared') })).expect(200);
    const [[forAlice], [forBob]] = [await inbox(alice), await inbox(bob)];
    (await bob.dropParcel(forAlice.id)).expectPhrase(404);
    const twice = await Promise.all([alice.dropParcel(forAlice.id), alice.dropParcel(forAlice.id)]);
    assert.deepEqual(twice.map((answer) => answer.status).sort(), [204, 404]);
    (await alice.attachment(forAlice.id)).expectPhrase(404);
    assert.equal((await bob.attachment(forBob.id)).expect(200).text, 'shared');
    (await bob.dropParcel(forBob.id)).expectEmpty();
    (await bob.attachment(forBob.id)).expectPhrase(404);
  });

  test('an empty attachment is an attachment', async () => {
    (await sendParts(media, to(alice, 'x'), file(''))).expectJson(200, allTaken);
    const [{ id }] = await inbox(alice);
    const answer = (await alice.attachment(id)).expect(200);
    assert.equal(answer.bytes.length, 0);
  });
});

describe('deprecated uploads', () => {
  const single = (recipient, parts) => {
    const { body, type } = form(parts);
    return sender.request('POST', `/parcels/${inPath(recipient)}`, { body, headers: { 'Content-Type': type } });
  };
  const group = (ids, parts) => {
    const { body, type } = form(parts);
    return sender.request('POST', `/parcels/group/${ids}`, { body, headers: { 'Content-Type': type } });
  };
  const both = () => encodeURIComponent([alice.id, bob.id].join(','));

  test('single: type IMAGE by default, content or null, attachment; 201', async () => {
    (await single(alice.id, [text('content', 'c'), file('image')])).expectPhrase(201);
    (await single(alice.id, [text('type', 'MEDIA')])).expectPhrase(201);
    const parcels = await inbox(alice);
    assert.deepEqual(parcels.map(({ type, content }) => [type, content]), [['IMAGE', 'c'], ['MEDIA', null]]);
    assert.equal((await alice.attachment(parcels[0].id)).expect(200).text, 'image');
    (await alice.attachment(parcels[1].id)).expectPhrase(400);
  });

  test('single: as JSON', async () => {
    (await json(`/parcels/${inPath(alice.id)}`, { content: 'j' })).expectPhrase(201);
    assert.deepEqual((await inbox(alice)).map(({ type, content }) => [type, content]), [['IMAGE', 'j']]);
  });

  test('single: no contact, unknown, and an id "group" are 403', async () => {
    (await single(carol.id, [text('content', 'c')])).expectPhrase(403);
    (await single('group', [text('content', 'c')])).expectPhrase(403);
    (await single(new Client(node.origin).id, [])).expectPhrase(403);
  });

  test('group: one text for all, or one each; commas plain or escaped', async () => {
    (await group(both(), [text('type', 'MEDIA'), text('contents', '"same"'), file('image')])).expectJson(200, allTaken);
    const each = JSON.stringify({ [alice.id]: 'a', [bob.id]: 'b' });
    const plain = [alice.id, bob.id].map(inPath).join(',');
    (await group(plain, [text('type', 'MEDIA'), text('contents', each)])).expectJson(200, allTaken);
    assert.deepEqual(await contents(alice), ['same', 'a']);
    assert.deepEqual(await contents(bob), ['same', 'b']);
    const [{ id }] = await inbox(bob);
    assert.equal((await bob.attachment(id)).expect(200).text, 'image');
  });

  test('group: the refused are named, all refused is 403, an id twice gives two', async () => {
    const some = encodeURIComponent([carol.id, alice.id].join(','));
    (await group(some, [text('type', 'MEDIA'), text('contents', '"x"')])).expectJson(200, { forbiddenRecipientIds: [carol.id] });
    (await group(inPath(carol.id), [text('type', 'MEDIA'), text('contents', '"x"')])).expectPhrase(403);
    const twice = encodeURIComponent([bob.id, bob.id].join(','));
    (await group(twice, [text('type', 'MEDIA'), text('contents', '"x"')])).expectJson(200, allTaken);
    assert.deepEqual(await contents(bob), ['x', 'x']);
  });

  test('group: what is wrong with type or contents is 400', async () => {
    const type = text('type', 'MEDIA');
    for (const [what, parts] of [
      ['no type', [text('contents', '"x"')]],
      ['no entry', [type, text('contents', JSON.stringify({ [alice.id]: 'a' }))]],
      ['entry is no text', [type, text('contents', JSON.stringify({ [alice.id]: 'a', [bob.id]: 5 }))]],
      ['null', [type, text('contents', 'null')]],
      ['array', [type, text('contents', '["a","b"]')]],
    ]) {
      const answer = await group(both(), parts);
      assert.equal(answer.status, 400, `${what}: ${answer}`);
    }
  });
});
