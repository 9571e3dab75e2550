// Wire reference, sections 4.2, 5.1 and 5.2: invitations and contact exchanges.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client, firstUser, invited, newKeys, readInviteLink } from './lib/client.mjs';
import { endCleanly, Node, withNode } from './lib/node.mjs';
import { rawRequest } from './lib/raw_http.mjs';

const HTML = 'text/html; charset=utf-8';
const NOTHING_TO_ACCEPT = 'The friend invite can not be accepted without encrypted contact information or a user uuid to sign up.';
const NOT_FOUND = 'The friend invite can not be found or was already used.';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const DEFAULT_MINUTES = 10;
const UNKNOWN_TOKEN = '00000000-0000-4000-8000-000000000000';
const SIMULTANEOUS = 8;

describe('contact exchange', () => {
  let node, alice, bob, stranger;
  before(async () => {
    node = await Node.start();
    alice = await firstUser(node);
    bob = await invited(alice);
    stranger = new Client(node.origin);
  });
  after(() => endCleanly(node));

  const offer = async (contact = 'sealed by alice') => (await alice.offerContact(contact)).expect(201).json();

  test('POST gives token, accept URL and the moment of expiry, in this order', async () => {
    const before = Date.now();
    const answer = await alice.offerContact('x');
    const made = answer.expect(201).json();
    answer.expectJson(201, { oneTimeToken: made.oneTimeToken, acceptUrl: made.acceptUrl, timeToLive: made.timeToLive });
    assert.match(made.oneTimeToken, UUID);
    assert.match(made.timeToLive, ISO);
    const minutes = (Date.parse(made.timeToLive) - before) / 60_000;
    assert.ok(Math.abs(minutes - DEFAULT_MINUTES) < 0.5, `expiry is ${minutes} minutes away`);
    const { host } = new URL(node.origin);
    assert.equal(made.acceptUrl, `https://${host}/api/contact-exchange/${made.oneTimeToken}/accept`);
  });

  test('the accept URL names the host that was asked, always with https, port kept', async () => {
    for (const host of ['node.example', 'node.example:8443']) {
      const made = await rawRequest(node.origin, {
        method: 'POST', path: '/api/contact-exchange', body: '{}',
        headers: { ...(await alice.sign()), Host: host, 'Content-Type': 'application/json', 'Content-Length': 2 },
      });
      const { acceptUrl, oneTimeToken } = made.expect(201).json();
      assert.equal(acceptUrl, `https://${host}/api/contact-exchange/${oneTimeToken}/accept`);
    }
  });

  test('only users make exchanges; there is no list of them', async () => {
    (await stranger.offerContact('x')).expectPhrase(403);
    (await stranger.dropExchange(UNKNOWN_TOKEN)).expectPhrase(403);
    (await alice.request('GET', '/contact-exchange')).expect(404);
  });

  test('maker and friend swap their texts; the expiry is the same everywhere', async () => {
    const { oneTimeToken, timeToLive } = await offer();
    (await alice.exchange(oneTimeToken)).expectJson(200, { state: 'INITIATED', timeToLive });
    const accepted = await stranger.accept(oneTimeToken, { encryptedContact: 'sealed by the friend' });
    accepted.expectJson(200, { encryptedContact: 'sealed by alice', timeToLive });
    for (let i = 0; i < 2; i += 1) {
      (await alice.exchange(oneTimeToken)).expectJson(200, { state: 'ACCEPTED', timeToLive, encryptedContact: 'sealed by the friend' });
    }
    (await stranger.account()).expectPhrase(403);
  });

  test('a userUuid signs up; the maker’s text is replaced, by null if none is brought', async () => {
    const { oneTimeToken, timeToLive } = await offer();
    const carol = new Client(node.origin);
    const accepted = await carol.accept(oneTimeToken, { userUuid: carol.id });
    accepted.expectJson(200, { encryptedContact: 'sealed by alice', timeToLive, createdUserAccount: true });
    (await carol.account()).expectJson(200, { hasPushSubscription: false });
    (await alice.exchange(oneTimeToken)).expectJson(200, { state: 'ACCEPTED', timeToLive, encryptedContact: null });
  });

  test('for somebody who is a user already nothing is created', async () => {
    const { oneTimeToken, timeToLive } = await offer();
    const accepted = await bob.accept(oneTimeToken, { userUuid: bob.id, encryptedContact: 'b' });
    accepted.expectJson(200, { encryptedContact: 'sealed by alice', timeToLive });
  });

  test('an exchange without a text gives null', async () => {
    const { oneTimeToken, timeToLive } = (await alice.request('POST', '/contact-exchange', { json: {} })).expect(201).json();
    (await stranger.accept(oneTimeToken, { encryptedContact: 'b' })).expectJson(200, { encryptedContact: null, timeToLive });
  });

  test('refusals, in their order, with their sentences', async () => {
    for (const body of [{}, { userUuid: null, encryptedContact: null }, { other: 1 }, []]) {
      (await stranger.accept(UNKNOWN_TOKEN, body)).expectText(400, NOTHING_TO_ACCEPT, HTML);
    }
    (await stranger.request('POST', `/contact-exchange/${UNKNOWN_TOKEN}/accept`, { sign: false })).expectText(400, NOTHING_TO_ACCEPT, HTML);
    (await stranger.accept(UNKNOWN_TOKEN, { encryptedContact: 'x' })).expectText(404, NOT_FOUND, HTML);
    const { oneTimeToken } = await offer();
    (await stranger.accept(oneTimeToken, {})).expectText(400, NOTHING_TO_ACCEPT, HTML);
    (await stranger.accept(oneTimeToken.toUpperCase(), { encryptedContact: 'x' })).expectText(404, NOT_FOUND, HTML);
    (await stranger.accept(oneTimeToken, { encryptedContact: 'x' })).expect(200);
    (await stranger.accept(oneTimeToken, { encryptedContact: 'x' })).expectText(404, NOT_FOUND, HTML);
    (await stranger.accept('no-uuid', { encryptedContact: 'x' })).expectText(404, NOT_FOUND, HTML);
  });

  test('only its maker sees an exchange', async () => {
    const { oneTimeToken } = await offer();
    for (const person of [bob, stranger]) (await person.exchange(oneTimeToken)).expectPhrase(404);
    for (const token of [UNKNOWN_TOKEN, 'no-uuid']) (await alice.exchange(token)).expectPhrase(404);
    (await alice.exchange(oneTimeToken)).expect(200);
  });

  test('its maker deletes it in any state, with 200', async () => {
    const { oneTimeToken } = await offer();
    (await bob.dropExchange(oneTimeToken)).expectPhrase(404);
    (await alice.dropExchange(oneTimeToken)).expectPhrase(200);
    (await alice.dropExchange(oneTimeToken)).expectPhrase(404);
    (await alice.exchange(oneTimeToken)).expectPhrase(404);
    (await stranger.accept(oneTimeToken, { encryptedContact: 'x' })).expectText(404, NOT_FOUND, HTML);
    const second = await offer();
    (await stranger.accept(second.oneTimeToken, { encryptedContact: 'x' })).expect(200);
    (await alice.dropExchange(second.oneTimeToken)).expectPhrase(200);
  });

  test('exactly one of several simultaneous accepts wins', async () => {
    const { oneTimeToken } = await offer();
    const guests = Array.from({ length: SIMULTANEOUS }, () => new Client(node.origin));
    const answers = await Promise.all(guests.map((guest) => guest.accept(oneTimeToken, { userUuid: guest.id })));
    const winners = answers.filter((answer) => answer.status === 200);
    assert.equal(winners.length, 1, answers.join('\n'));
    for (const answer of answers.filter((each) => each.status !== 200)) answer.expectText(404, NOT_FOUND, HTML);
    const accounts = await Promise.all(guests.map((guest) => guest.account()));
    const created = accounts.map((answer) => answer.status === 200);
    assert.deepEqual(created, answers.map((answer) => answer.status === 200), 'only the winner has an account');
  });
});

test('the invitation at start: its form, what it gives, and that one is enough', async () => {
  await withNode({}, async (node) => {
    const link = await node.invitation();
    const form = /^https:\/\/piqchat\.net\/#\?exchange-url=https%3A%2F%2Finput_inbox_server_host%2Fapi%2Fcontact-exchange%2F([0-9a-f-]{36})%2Faccept&exchange-key=$/;
    assert.match(link, form);
    const { token, key } = readInviteLink(link);
    assert.match(token, UUID);
    assert.equal(key.length, 0);
    const alice = new Client(node.origin);
    const accepted = await alice.accept(token, { userUuid: alice.id });
    const { timeToLive } = accepted.expect(200).json();
    accepted.expectJson(200, { encryptedContact: '', timeToLive, createdUserAccount: true });
    assert.match(timeToLive, ISO);
    const again = new Client(node.origin);
    (await again.accept(token, { userUuid: again.id })).expectText(404, NOT_FOUND, HTML);
    await node.restart();
    assert.deepEqual(node.invitations(), [], 'no invitation once there is a user');
    await node.restart({ CREATE_SIGN_UP_INVITE: '1' });
    const bob = new Client(node.origin, newKeys());
    (await bob.accept(readInviteLink(await node.invitation()).token, { userUuid: bob.id })).expect(200);
    await node.restart({ CREATE_SIGN_UP_INVITE: 'false' });
    assert.deepEqual(node.invitations(), [], 'false is false');
  });
});
