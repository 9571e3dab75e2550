// Wire reference, section 2 (HTTP conventions) and 4.1 (info), from outside.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { Client, firstUser, newKeys } from './lib/client.mjs';
import { endCleanly, Node, withNode } from './lib/node.mjs';
import { rawRequest } from './lib/raw_http.mjs';

const JSON_LIMIT = 102_400;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('HTTP conventions', () => {
  let node, alice, stranger;
  before(async () => {
    node = await Node.start();
    alice = await firstUser(node);
    stranger = new Client(node.origin);
  });
  after(() => endCleanly(node));

  const raw = (options) => rawRequest(node.origin, options);
  const postExchange = async (body, headers) => alice.request('POST', '/contact-exchange', { body, headers });

  test('info has its fields, types and order; what is not configured is left out', async () => {
    const answer = await stranger.info();
    const info = answer.expect(200).json();
    answer.expectJson(200, info);
    assert.deepEqual(Object.keys(info), ['publicKey', 'vapidPublicKey', 'statistics']);
    assert.match(info.publicKey, /^[A-Za-z0-9+/]{43}=$/);
    assert.match(info.vapidPublicKey, /^[A-Za-z0-9_-]{87}$/);
    assert.equal(Buffer.from(info.vapidPublicKey, 'base64url')[0], 4, 'an uncompressed point');
    assert.deepEqual(Object.keys(info.statistics), [
      'userTotal', 'userActiveLast7Days', 'userActiveLast30Days', 'mediaParcelsWaiting', 'mediaParcelsReceivedLast7Days',
    ]);
    for (const value of Object.values(info.statistics)) assert.ok(Number.isInteger(value), `${answer}`);
  });

  test('paths: case and one trailing slash do not matter, nor does a query; a doubled slash does', async () => {
    for (const path of ['/api/info', '/API/Info', '/api/info/', '/api/info?x=1&y', '/api/info/?x']) {
      (await raw({ path })).expect(200);
    }
    for (const path of ['//api/info', '/api//info', '/api/infos', '/api', '/apiinfo']) (await raw({ path })).expect(404);
  });

  test('ids in paths: escaped in upper or lower case, plus and equals sign left alone', async () => {
    let keys = newKeys();
    while (!keys.id.includes('/') || !keys.id.includes('+')) keys = newKeys();
    const bob = new Client(node.origin, keys);
    (await alice.contacts([bob.id])).expectEmpty();
    (await bob.accepts(alice.id)).expectPhrase(200);
    const upper = encodeURIComponent(bob.id);
    const lower = upper.replace(/%../g, (escape) => escape.toLowerCase());
    const bare = bob.id.replaceAll('/', '%2F');
    const { oneTimeToken } = (await alice.offerContact('x')).expect(201).json();
    (await bob.accept(oneTimeToken, { userUuid: bob.id })).expect(200);
    (await bob.contacts([alice.id])).expectEmpty();
    for (const id of [upper, lower, bare]) (await alice.request('GET', `/parcels/${id}/accepts`)).expectPhrase(200);
  });

  test('unknown routes are 404, but 401 first where the signature is asked for', async () => {
    for (const path of ['/api/nowhere', '/nowhere', '/favicon.nothing']) (await raw({ path })).expect(404);
    for (const base of ['/parcels', '/contact-exchange', '/account']) {
      const path = `${base}/no/such/route`;
      (await stranger.request('GET', path, { sign: false })).expectText(401, 'Signature is invalid', 'text/html; charset=utf-8');
      (await alice.request('GET', path)).expect(404);
    }
  });

  test('a known path with another method is 404', async () => {
    (await alice.request('POST', '/info', { sign: false })).expect(404);
    (await alice.request('PUT', '/parcels')).expect(404);
    (await alice.request('PATCH', '/account')).expect(404);
    (await alice.request('GET', '/contact-exchange')).expect(404);
    (await alice.request('PUT', '/account', { sign: false })).expect(401);
  });

  test('HEAD works wherever GET does', async () => {
    const get = await alice.request('GET', '/account');
    const head = await alice.request('HEAD', '/account');
    head.expect(200);
    assert.equal(head.bytes.length, 0);
    assert.equal(head.headers.get('content-length'), String(get.bytes.length));
    assert.equal(head.type, get.type);
    (await alice.request('HEAD', '/info', { sign: false })).expect(200);
    (await alice.request('HEAD', '/parcels')).expect(200);
    (await stranger.request('HEAD', '/account')).expect(403);
  });

  test('answers with a body have a weak ETag, and a matching If-None-Match gives 304', async () => {
    // Not with fetch: it adds `Cache-Control: no-cache` to a request that has If-None-Match, which asks for a full answer.
    const get = async (path, headers = {}) => raw({ path: `/api${path}`, headers: { ...(await alice.sign()), ...headers } });
    for (const path of ['/info', '/account', '/parcels']) {
      const tag = (await get(path)).expect(200).headers.get('etag');
      assert.match(tag ?? '', /^W\/"[^"]+"$/, `ETag of ${path}`);
      const again = (await get(path, { 'If-None-Match': tag })).expect(304);
      assert.equal(again.bytes.length, 0);
      assert.equal(again.headers.get('access-control-allow-origin'), '*');
      (await get(path, { 'If-None-Match': `"x", ${tag}` })).expect(304);
      (await get(path, { 'If-None-Match': 'W/"other"' })).expect(200);
    }
    assert.match((await stranger.account()).expectPhrase(403).headers.get('etag') ?? '', /^W\//);
  });

  test('OPTIONS on any path is the whole preflight answer', async () => {
    const wanted = 'authorization,x-date,x-client-version,content-type';
    for (const path of ['/api/info', '/api/parcels', '/api/account/backup', '/api/nowhere', '/', '/elsewhere']) {
      const answer = await raw({ method: 'OPTIONS', path, headers: { 'Access-Control-Request-Headers': wanted, Origin: 'https://piqchat.net' } });
      answer.expect(204);
      assert.equal(answer.bytes.length, 0);
      const seen = Object.fromEntries(['allow-origin', 'allow-methods', 'allow-headers'].map((name) => [
        name, answer.headers.get(`access-control-${name}`),
      ]));
      assert.deepEqual(seen, { 'allow-origin': '*', 'allow-methods': 'GET,HEAD,PUT,PATCH,POST,DELETE', 'allow-headers': wanted }, `${answer}`);
      assert.equal(answer.headers.get('vary'), 'Access-Control-Request-Headers');
      assert.equal(answer.headers.get('content-length'), '0');
      for (const name of ['allow-credentials', 'max-age', 'expose-headers']) {
        assert.equal(answer.headers.get(`access-control-${name}`), null, `${name} of ${answer}`);
      }
    }
    const plain = (await raw({ method: 'OPTIONS', path: '/api/parcels' })).expect(204);
    assert.equal(plain.headers.get('access-control-allow-headers'), null, 'nothing asked, nothing echoed');
  });

  test('JSON bodies: with parameters, gzip, deflate and UTF-16', async () => {
    const json = JSON.stringify({ encryptedContact: 'ä€' });
    const bodies = [
      [json, 'application/json; charset=utf-8', undefined],
      [json, 'application/json;charset=UTF-8', undefined],
      [gzipSync(json), 'application/json', 'gzip'],
      [deflateSync(json), 'application/json', 'deflate'],
      [Buffer.from(json, 'utf16le'), 'application/json; charset=utf-16le', undefined],
    ];
    for (const [body, type, encoding] of bodies) {
      const coded = encoding === undefined ? {} : { 'Content-Encoding': encoding };
      const { oneTimeToken } = (await postExchange(body, { 'Content-Type': type, ...coded })).expect(201).json();
      const accepted = (await stranger.accept(oneTimeToken, { encryptedContact: 'y' })).expect(200).json();
      assert.equal(accepted.encryptedContact, 'ä€', `${type} ${encoding}`);
    }
  });

  test('with another media type, or none, a body counts as {}', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', 'application/vnd.api+json']) {
      const answer = (await postExchange(JSON.stringify({ encryptedContact: 'x' }), { 'Content-Type': type })).expect(201);
      const accepted = (await stranger.accept(answer.json().oneTimeToken, { encryptedContact: 'y' })).expect(200).json();
      assert.equal(accepted.encryptedContact, null, type);
    }
    (await postExchange(JSON.stringify([]), { 'Content-Type': 'application/json' })).expect(201);
  });

  test('JSON bodies: broken, scalar, foreign charset and too long ones are refused, with CORS', async () => {
    const type = { 'Content-Type': 'application/json' };
    for (const body of ['{', '"x"', '5', 'true', 'null', '{"encryptedContact":"x"} x']) (await postExchange(body, type)).expect(400);
    (await postExchange('{}', { 'Content-Type': 'application/json; charset=iso-8859-1' })).expect(415);
    const ofSize = (size) => JSON.stringify({ encryptedContact: 'x'.repeat(size - JSON.stringify({ encryptedContact: '' }).length) });
    (await postExchange(ofSize(JSON_LIMIT), type)).expect(201);
    (await postExchange(ofSize(JSON_LIMIT + 1), type)).expect(413);
    (await postExchange(gzipSync(ofSize(JSON_LIMIT + 1)), { ...type, 'Content-Encoding': 'gzip' })).expect(413);
  });

  test('texts that end in the database: boolean, object and array are 400', async () => {
    for (const value of [true, {}, []]) (await alice.offerContact(value)).expectPhrase(400);
    for (const value of [null, undefined, '']) (await alice.offerContact(value)).expect(201);
  });

  test('chunked bodies and Expect: 100-continue are accepted', async () => {
    const body = JSON.stringify({ encryptedContact: 'x' });
    const path = '/api/contact-exchange';
    const type = { 'Content-Type': 'application/json' };
    const chunked = await raw({
      method: 'POST', path, headers: { ...type, ...(await alice.sign()), 'Transfer-Encoding': 'chunked' },
      write: (request) => { request.write(body.slice(0, 5)); request.end(body.slice(5)); },
    });
    assert.match(chunked.expect(201).json().oneTimeToken, UUID);
    let continued = false;
    const asked = await raw({
      method: 'POST', path, headers: { ...type, ...(await alice.sign()), Expect: '100-continue', 'Content-Length': body.length },
      write: (request) => {
        request.on('continue', () => { continued = true; request.end(body); });
        request.flushHeaders();
      },
    });
    asked.expect(201);
    assert.ok(continued, 'the node said 100 Continue');
  });

  test('more than 16 KiB of headers are 431', async () => {
    (await raw({ path: '/api/info', headers: { 'X-Long': randomBytes(10_000).toString('hex') } })).expect(431);
    (await raw({ path: '/api/info', headers: { 'X-Long': 'x'.repeat(8_000) } })).expect(200);
  });

  test('the page for people is the web app of the node, not a landing page of piqchat', async () => {
    for (const path of ['/', '/index.html']) {
      const page = (await raw({ path })).expect(200);
      assert.equal(page.type?.toLowerCase(), 'text/html; charset=utf-8');
      assert.match(page.text, /<title>Tidings/);
      const head = (await raw({ method: 'HEAD', path })).expect(200);
      assert.equal(head.bytes.length, 0);
    }
  });
});

test('what the admin says is in info, and keys survive a restart', async () => {
  const env = { ADMIN_DISPLAY_NAME: 'Zoë', ADMIN_MESSAGE: 'two\nlines', ADMIN_PRIVACY_POLICY_URL: 'https://example.org/p' };
  await withNode({ env }, async (node) => {
    const info = async () => (await new Client(node.origin).info()).expect(200).json();
    const first = await info();
    assert.deepEqual(Object.keys(first), ['publicKey', 'vapidPublicKey', 'adminDisplayName', 'adminMessage', 'privacyPolicyUrl', 'statistics']);
    assert.equal(first.adminDisplayName, 'Zoë');
    assert.equal(first.adminMessage, 'two\nlines');
    assert.equal(first.privacyPolicyUrl, 'https://example.org/p');
    await node.restart();
    assert.deepEqual(await info(), first);
  });
});
