// Wire reference, section 6 and 12.5: what is pushed, when, and how the node behaves towards push services.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client, firstUser, inPath, invited } from './lib/client.mjs';
import { form, text } from './lib/form.mjs';
import { endCleanly, localPushSettings, Node, PUSH_CONTACT, PUSH_DAYS } from './lib/node.mjs';
import { PushService } from './lib/push_service.mjs';

const PUSH_DEADLINE_MS = 30_000;
const BURST = 6;

describe('push', () => {
  let service, node, alice, vapidKey;
  before(async () => {
    service = await PushService.start();
    node = await Node.start({
      env: {
        ...localPushSettings(service.caFile),
        PUSH_VAPID_CONTACT: PUSH_CONTACT,
        PUSH_TIME_TO_LIVE_ON_SERVICE_IN_DAYS: String(PUSH_DAYS),
      },
    });
    alice = await firstUser(node);
    vapidKey = (await alice.info()).json().vapidPublicKey;
  });
  after(async () => {
    await endCleanly(node);
    await service.stop();
  });

  /** A fresh user with a fresh endpoint and a fresh contact, so that no test waits for another's held-back push. */
  async function pair(encoding) {
    const person = await invited(alice);
    const sender = new Client(node.origin);
    const endpoint = service.endpoint(encoding);
    (await person.contacts([sender.id])).expectEmpty();
    (await person.subscribe(endpoint.subscription)).expectEmpty();
    return { person, sender, endpoint };
  }

  const send = async (sender, person, type = 'MEDIA') => (await sender.upload({ type, recipients: [[person.id, 'x']] })).expect(200);
  const postForm = (sender, path, parts) => {
    const { body, type } = form(parts);
    return sender.request('POST', path, { body, headers: { 'Content-Type': type } });
  };
  const opened = async (endpoint, count = 1) => {
    const record = await endpoint.message(count, PUSH_DEADLINE_MS);
    return endpoint.open(record, { serverKey: vapidKey, contact: PUSH_CONTACT, ttlSeconds: PUSH_DAYS * 86_400 });
  };
  const payload = (sender, type) => JSON.stringify({ type: 'PARCEL', payload: { type, sender: sender.id } });

  for (const encoding of [undefined, 'aes128gcm', 'aesgcm']) {
    test(`encoding ${encoding ?? 'left out'}: the message opens to exactly the payload`, async () => {
      const { person, sender, endpoint } = await pair(encoding);
      await send(sender, person);
      assert.equal(await opened(endpoint), payload(sender, 'MEDIA'));
    });
  }

  test('an encoding the node does not know: no push, and the parcel arrives', async () => {
    const { person, sender, endpoint } = await pair('rot13');
    const control = await pair();
    (await sender.upload({ recipients: [[person.id, 'x']] })).expect(200);
    await send(control.sender, control.person);
    await control.endpoint.message(1, PUSH_DEADLINE_MS);
    assert.equal(endpoint.requests.length, 0);
    assert.equal((await person.parcels()).json().length, 1);
  });

  test('POST /parcels pushes for MEDIA only', async () => {
    const { person, sender, endpoint } = await pair();
    await send(sender, person, 'CONTACT');
    await send(sender, person, 'IMAGE');
    await send(sender, person, 'MEDIA');
    assert.equal(await opened(endpoint), payload(sender, 'MEDIA'));
  });

  test('the single upload pushes for IMAGE only, also by default', async () => {
    const { person, sender, endpoint } = await pair();
    (await postForm(sender, `/parcels/${inPath(person.id)}`, [text('type', 'MEDIA')])).expectPhrase(201);
    (await postForm(sender, `/parcels/${inPath(person.id)}`, [text('content', 'c')])).expectPhrase(201);
    assert.equal(await opened(endpoint), payload(sender, 'IMAGE'));
  });

  test('the group upload pushes for MEDIA only', async () => {
    const { person, sender, endpoint } = await pair();
    const parts = (type) => [text('type', type), text('contents', '"x"')];
    (await postForm(sender, `/parcels/group/${inPath(person.id)}`, parts('IMAGE'))).expect(200);
    (await postForm(sender, `/parcels/group/${inPath(person.id)}`, parts('MEDIA'))).expect(200);
    assert.equal(await opened(endpoint), payload(sender, 'MEDIA'));
  });

  test('429 with Retry-After and 500 are tried again, and the message is still good', async () => {
    const slow = await pair();
    slow.endpoint.willAnswer([429, { 'Retry-After': '2' }]);
    const broken = await pair();
    broken.endpoint.willAnswer(500);
    await Promise.all([slow, broken].map(({ sender, person }) => send(sender, person)));
    for (const { sender, endpoint } of [slow, broken]) assert.equal(await opened(endpoint, 2), payload(sender, 'MEDIA'));
    const [first, second] = slow.endpoint.requests;
    assert.ok(second.at - first.at >= 1_900, `tried again after ${second.at - first.at} ms in spite of Retry-After: 2`);
    for (const { person } of [slow, broken]) (await person.account()).expectJson(200, { hasPushSubscription: true });
  });

  test('a burst from one sender does not ring every time', async () => {
    const { person, sender, endpoint } = await pair();
    for (let i = 0; i < BURST; i += 1) await send(sender, person);
    await endpoint.message(1, PUSH_DEADLINE_MS);
    const control = await pair();
    await send(control.sender, control.person);
    await control.endpoint.message(1, PUSH_DEADLINE_MS);
    assert.ok(endpoint.requests.length < BURST, `${endpoint.requests.length} pushes for ${BURST} parcels`);
  });

  test('a parcel that comes while pushes are held back rings later', async () => {
    const { person, sender, endpoint } = await pair();
    await send(sender, person);
    await endpoint.message(1, PUSH_DEADLINE_MS);
    await send(sender, person);
    assert.equal(await opened(endpoint, 2), payload(sender, 'MEDIA'));
  });

  test('redirects are not followed', async () => {
    const { person, sender, endpoint } = await pair();
    const elsewhere = service.endpoint();
    endpoint.willAnswer([307, { Location: elsewhere.subscription.endpoint }]);
    await send(sender, person);
    await endpoint.message(1, PUSH_DEADLINE_MS);
    const control = await pair();
    await send(control.sender, control.person);
    await control.endpoint.message(1, PUSH_DEADLINE_MS);
    assert.equal(elsewhere.requests.length, 0);
  });

  test('after {} nothing is pushed any more', async () => {
    const { person, sender, endpoint } = await pair();
    (await person.subscribe({})).expectEmpty();
    await send(sender, person);
    const control = await pair();
    await send(control.sender, control.person);
    await control.endpoint.message(1, PUSH_DEADLINE_MS);
    assert.equal(endpoint.requests.length, 0);
  });
});

test('without the allowance nothing on this machine is called', async () => {
  const service = await PushService.start();
  const node = await Node.start({ env: { PUSH_VAPID_CONTACT: PUSH_CONTACT, SSL_CERT_FILE: service.caFile } });
  try {
    const alice = await firstUser(node);
    const sender = new Client(node.origin);
    const endpoint = service.endpoint();
    (await alice.contacts([sender.id])).expectEmpty();
    const answer = await alice.subscribe(endpoint.subscription);
    assert.ok([204, 400].includes(answer.status), `${answer}`);
    (await sender.upload({ recipients: [[alice.id, 'x']] })).expect(200);
    await node.stop(); // drains what it would have sent
    assert.equal(endpoint.requests.length, 0, 'the guard let a loopback address through');
  } finally {
    await node.dispose();
    await service.stop();
  }
});
