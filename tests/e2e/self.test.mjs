// The client library and the push service, tested without a node: known vectors, round trips, and each check failing
// when it should.

import assert from 'node:assert/strict';
import { createCipheriv, createECDH, generateKeyPairSync, hkdfSync, randomBytes, sign } from 'node:crypto';
import https from 'node:https';
import { after, before, describe, test } from 'node:test';
import { inviteLink, newKeys, openContact, readInviteLink, sealContact, signature } from './lib/client.mjs';
import { PushService } from './lib/push_service.mjs';
import { checkVapid, openAes128gcm, openAesgcm, receiverKeys } from './lib/web_push.mjs';

const bytes = (from, count) => Buffer.from(Array.from({ length: count }, (_, index) => from + index));
const url = (text) => Buffer.from(text, 'base64url');

describe('client', () => {
  const server = 'B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw=';

  test('makes signature vectors A, B and C of wire section 3.3', () => {
    const a = newKeys(bytes(0x21, 32));
    assert.equal(a.id, 'WGmv9FBUlzLLqu1eXfmzCm2jHLDldCutWtShp2jxpns=');
    assert.equal(
      signature(a, server, '2024-01-02T03:04:05.678Z', bytes(0x41, 24)),
      'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYczJRXhth/Dz3w1c0n41AxFHHwgc4QatgeS8K1tFG/tfZRztsG1S81w==',
    );
    const b = newKeys(bytes(0x61, 32));
    assert.equal(
      signature(b, server, 'Tue, 02 Jan 2024 03:04:05 GMT', bytes(0x81, 24)),
      'gYKDhIWGh4iJiouMjY6PkJGSk5SVlpeYkq/T1GOdL9TZzjN0Ww1YiYUQsdJ/S8sRZe+aI3R9MDSkfadifOk1V7KAVkK1',
    );
    assert.equal(signature(a, server, '', bytes(0xa1, 24)), 'oaKjpKWmp6ipqqusra6vsLGys7S1tre4TZFHkxZ7RSVX1K1APuTZcw==');
  });

  test('an invite link gives back its accept URL and key, and a sealed contact opens with it', () => {
    const key = randomBytes(32);
    const acceptUrl = 'https://node.example:8443/api/contact-exchange/5f1c/accept';
    const read = readInviteLink(inviteLink(acceptUrl, key));
    assert.deepEqual({ ...read, key: Buffer.from(read.key) }, { acceptUrl, key, token: '5f1c' });
    const contact = { userUuid: newKeys().id, name: 'Zoë' };
    assert.deepEqual(openContact(sealContact(contact, key), read.key), contact);
    assert.throws(() => openContact(sealContact(contact, key), randomBytes(32)));
  });
});

describe('web push', () => {
  test('opens the message of RFC 8291, appendix A', () => {
    const receiver = receiverKeys(url('q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94'), url('BTBZMqHH6r4Tts7J_aSIgg'));
    const message = url(
      'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_' +
      'yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
    );
    const opened = openAes128gcm(receiver, message);
    assert.deepEqual(opened, { plain: 'When I grow up, I want to be a watermelon', recordSize: 4096, padding: 1 });
    message[message.length - 1] ^= 1;
    assert.throws(() => openAes128gcm(receiver, message));
  });

  test('opens an aesgcm message', () => {
    const receiver = receiverKeys();
    const { body, headers } = sealAesgcm(receiver, '{"type":"PARCEL"}');
    assert.deepEqual(openAesgcm(receiver, body, headers), { plain: '{"type":"PARCEL"}', padding: 0 });
    assert.throws(() => openAesgcm(receiverKeys(), body, headers));
  });

  test('takes a good VAPID token in both styles and no bad one', () => {
    const good = { aud: 'https://localhost:1', exp: Math.floor(Date.now() / 1000) + 43_200, sub: 'mailto:a@example.org' };
    const { token, key } = vapidToken(good);
    const wanted = { origin: good.aud, serverKey: key, contact: good.sub };
    checkVapid({ authorization: `vapid t=${token}, k=${key}` }, wanted);
    checkVapid({ authorization: `WebPush ${token}`, 'crypto-key': `dh=x;p256ecdsa=${key}` }, wanted);
    assert.throws(() => checkVapid({ authorization: `vapid t=${vapidToken(good).token}, k=${key}` }, wanted), /signature/);
    for (const bad of [{ aud: 'https://localhost' }, { exp: good.exp - 86_400 }, { exp: good.exp + 86_400 }, { sub: 'x' }]) {
      const other = vapidToken({ ...good, ...bad });
      const headers = { authorization: `vapid t=${other.token}, k=${other.key}` };
      assert.throws(() => checkVapid(headers, { ...wanted, serverKey: other.key }), undefined, JSON.stringify(bad));
    }
  });
});

describe('push service', () => {
  let service;
  before(async () => { service = await PushService.start(); });
  after(() => service.stop());

  const post = (endpoint) => new Promise((resolve, reject) => {
    const request = https.request(endpoint.subscription.endpoint, { method: 'POST', ca: service.ca, headers: { TTL: '60' } }, (reply) => {
      reply.resume();
      reply.on('end', () => resolve(reply));
    });
    request.on('error', reject);
    request.end('sealed');
  });

  test('its certificate is trusted under its authority, and it answers as told, then 201', async () => {
    const endpoint = service.endpoint('aes128gcm').willAnswer(404, 410, [429, { 'Retry-After': '7' }], 500);
    const replies = [];
    for (let i = 0; i < 5; i += 1) replies.push(await post(endpoint));
    assert.deepEqual(replies.map((reply) => reply.statusCode), [404, 410, 429, 500, 201]);
    assert.equal(replies[2].headers['retry-after'], '7');
    assert.equal((await endpoint.message(5)).body.toString(), 'sealed');
    assert.equal(endpoint.requests[0].headers.ttl, '60');
  });

  test('keeps messages for endpoints it does not have apart', async () => {
    const unknown = service.endpoint();
    service.endpoints.delete(unknown.path);
    assert.equal((await post(unknown)).statusCode, 404);
    assert.equal(service.strays.length, 1);
  });
});

function sealAesgcm(receiver, plain) {
  const sender = createECDH('prime256v1');
  sender.generateKeys();
  const salt = randomBytes(16);
  const hkdf = (from, ikm, info, length) => Buffer.from(hkdfSync('sha256', ikm, from, info, length));
  const secret = hkdf(receiver.auth, sender.computeSecret(receiver.publicKey), Buffer.from('Content-Encoding: auth\0'), 32);
  const size = Buffer.from([0, 65]);
  const context = Buffer.concat([Buffer.from('P-256\0'), size, receiver.publicKey, size, sender.getPublicKey()]);
  const key = hkdf(salt, secret, Buffer.concat([Buffer.from('Content-Encoding: aesgcm\0'), context]), 16);
  const nonce = hkdf(salt, secret, Buffer.concat([Buffer.from('Content-Encoding: nonce\0'), context]), 12);
  const cipher = createCipheriv('aes-128-gcm', key, nonce);
  const sealed = [cipher.update(Buffer.concat([Buffer.from([0, 0]), Buffer.from(plain)])), cipher.final()];
  return {
    body: Buffer.concat([...sealed, cipher.getAuthTag()]),
    headers: {
      encryption: `salt=${salt.toString('base64url')}`,
      'crypto-key': `dh=${sender.getPublicKey('base64url')};p256ecdsa=x`,
    },
  };
}

function vapidToken(claims) {
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const { x, y } = pair.publicKey.export({ format: 'jwk' });
  const key = Buffer.concat([Buffer.from([4]), url(x), url(y)]).toString('base64url');
  const pieces = [{ typ: 'JWT', alg: 'ES256' }, claims].map((piece) => Buffer.from(JSON.stringify(piece)).toString('base64url'));
  const proof = sign('sha256', Buffer.from(pieces.join('.')), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });
  return { token: `${pieces.join('.')}.${proof.toString('base64url')}`, key };
}
