// What changes when an invitation expires. These tests wait for the real clock: about as long as the shortest life an
// exchange can be given (see SHORT_EXCHANGE_MINUTES in lib/node.mjs), once for all of them together.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, firstUser, readInviteLink } from './lib/client.mjs';
import { Node, SHORT_EXCHANGE_MINUTES } from './lib/node.mjs';
import { until } from './lib/until.mjs';

const LIFE_MS = Number(SHORT_EXCHANGE_MINUTES) * 60_000;
const HTML = 'text/html; charset=utf-8';
const EXPIRED = 'The friend invite is expired and can not be used anymore.';
const NOT_FOUND = 'The friend invite can not be found or was already used.';

let node, empty, alice, stranger, open, accepted, firstInvitation;

before(async () => {
  const env = { CONTACT_EXCHANGE_TIME_TO_LIVE_IN_MIN: SHORT_EXCHANGE_MINUTES };
  [node, empty] = await Promise.all([Node.start({ env }), Node.start({ env })]);
  firstInvitation = readInviteLink(await empty.invitation()).token;
  alice = await firstUser(node);
  stranger = new Client(node.origin);
  const start = Date.now();
  open = (await alice.offerContact('open')).expect(201).json();
  accepted = (await alice.offerContact('accepted')).expect(201).json();
  assert.ok(Math.abs(Date.parse(open.timeToLive) - start - LIFE_MS) < 5_000, `expires at ${open.timeToLive}`);
  (await stranger.accept(accepted.oneTimeToken, { encryptedContact: 'the answer' })).expect(200);
  (await alice.exchange(open.oneTimeToken)).expect(200);
  const end = Date.parse(accepted.timeToLive);
  await until('both exchanges have expired', () => Date.now() > end, { deadlineMs: LIFE_MS + 10_000 });
});

after(async () => {
  await Promise.all([node?.dispose(), empty?.dispose()]);
});

test('an open exchange is gone for its maker and refused to the friend', async () => {
  (await alice.exchange(open.oneTimeToken)).expectPhrase(404);
  (await stranger.accept(open.oneTimeToken, { userUuid: stranger.id })).expectText(404, EXPIRED, HTML);
  (await stranger.account()).expectPhrase(403);
  (await stranger.accept(accepted.oneTimeToken, { encryptedContact: 'x' })).expectText(404, NOT_FOUND, HTML);
});

test('an answer given in time is still readable by the maker (12.2), and by nobody else', async () => {
  (await alice.exchange(accepted.oneTimeToken)).expectJson(200, {
    state: 'ACCEPTED', timeToLive: accepted.timeToLive, encryptedContact: 'the answer',
  });
  (await stranger.exchange(accepted.oneTimeToken)).expectPhrase(404);
});

test('its maker can still delete it', async () => {
  for (const { oneTimeToken } of [open, accepted]) (await alice.dropExchange(oneTimeToken)).expectPhrase(200);
});

test('a first invitation that expired is replaced at the next start: nobody is locked out (12.2)', async () => {
  const guest = new Client(empty.origin);
  (await guest.accept(firstInvitation, { userUuid: guest.id })).expectText(404, EXPIRED, HTML);
  await empty.restart();
  const { token } = readInviteLink(await empty.invitation());
  assert.notEqual(token, firstInvitation);
  const first = new Client(empty.origin);
  (await first.accept(token, { userUuid: first.id })).expect(200);
  await Promise.all([node.stop(), empty.stop()]);
});
