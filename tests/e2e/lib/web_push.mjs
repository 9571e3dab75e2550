// What a browser and its push service do with a push message: open it, and check who sent it. RFC 8291 (aes128gcm),
// draft-ietf-webpush-encryption-04 (aesgcm), RFC 8292 (VAPID). Node's crypto only.

import assert from 'node:assert/strict';
import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes, verify } from 'node:crypto';

const TAG_BYTES = 16;
const POINT_BYTES = 65;
const MAX_TOKEN_LIFE_S = 24 * 3600; // RFC 8292, section 2
const ALLOWED_SKEW_S = 60;

const hkdf = (salt, ikm, info, length) => Buffer.from(hkdfSync('sha256', ikm, salt, info, length));
const text = (value) => Buffer.from(value, 'latin1');

/** The browser's half of a subscription. Without arguments a fresh one. */
export function receiverKeys(privateKey, auth = randomBytes(16)) {
  const ecdh = createECDH('prime256v1');
  if (privateKey) ecdh.setPrivateKey(privateKey);
  else ecdh.generateKeys();
  return { ecdh, publicKey: ecdh.getPublicKey(), auth };
}

function openRecord(key, nonce, record) {
  const decipher = createDecipheriv('aes-128-gcm', key, nonce);
  decipher.setAuthTag(record.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(record.subarray(0, -TAG_BYTES)), decipher.final()]);
}

/** RFC 8291: salt, record size, key id and the only record in the body. Returns `{ plain, recordSize, padding }`. */
export function openAes128gcm(receiver, body) {
  assert.ok(body.length > 21 + POINT_BYTES + TAG_BYTES, `an aes128gcm body of ${body.length} bytes is too short`);
  const salt = body.subarray(0, 16);
  const recordSize = body.readUInt32BE(16);
  assert.equal(body[20], POINT_BYTES, 'length of the key id');
  const sender = body.subarray(21, 21 + POINT_BYTES);
  const record = body.subarray(21 + POINT_BYTES);
  assert.ok(record.length <= recordSize, 'more than one record');
  const shared = receiver.ecdh.computeSecret(sender);
  const info = Buffer.concat([text('WebPush: info\0'), receiver.publicKey, sender]);
  const secret = hkdf(receiver.auth, shared, info, 32);
  const key = hkdf(salt, secret, text('Content-Encoding: aes128gcm\0'), 16);
  const nonce = hkdf(salt, secret, text('Content-Encoding: nonce\0'), 12);
  const padded = openRecord(key, nonce, record);
  const end = padded.findLastIndex((byte) => byte !== 0);
  assert.equal(padded[end], 2, 'delimiter of the last record');
  return { plain: padded.subarray(0, end).toString(), recordSize, padding: padded.length - end };
}

/** `name=value` pairs of a header such as `dh=…;p256ecdsa=…`. */
export function headerParameters(value = '') {
  return Object.fromEntries(value.split(/[;,]/).map((piece) => {
    const at = piece.indexOf('=');
    return [piece.slice(0, at).trim(), piece.slice(at + 1).trim().replace(/^"|"$/g, '')];
  }));
}

/** The older draft: salt and key in headers, two bytes of padding length in front. */
export function openAesgcm(receiver, body, headers) {
  const salt = Buffer.from(headerParameters(headers.encryption).salt ?? '', 'base64url');
  assert.equal(salt.length, 16, 'salt in the Encryption header');
  const sender = Buffer.from(headerParameters(headers['crypto-key']).dh ?? '', 'base64url');
  assert.equal(sender.length, POINT_BYTES, 'dh in the Crypto-Key header');
  const shared = receiver.ecdh.computeSecret(sender);
  const secret = hkdf(receiver.auth, shared, text('Content-Encoding: auth\0'), 32);
  const size = Buffer.from([0, POINT_BYTES]);
  const context = Buffer.concat([text('P-256\0'), size, receiver.publicKey, size, sender]);
  const key = hkdf(salt, secret, Buffer.concat([text('Content-Encoding: aesgcm\0'), context]), 16);
  const nonce = hkdf(salt, secret, Buffer.concat([text('Content-Encoding: nonce\0'), context]), 12);
  const padded = openRecord(key, nonce, body);
  const padding = padded.readUInt16BE(0);
  assert.ok(padded.subarray(2, 2 + padding).every((byte) => byte === 0), 'padding of zeros');
  return { plain: padded.subarray(2 + padding).toString(), padding };
}

/** The token and the key in the headers of either style, as `{ token, key }`. */
export function vapidOf(headers) {
  const authorization = headers.authorization ?? '';
  if (authorization.startsWith('vapid ')) {
    const { t, k } = headerParameters(authorization.slice('vapid '.length));
    return { token: t, key: k };
  }
  assert.match(authorization, /^WebPush /, 'scheme of the push message’s Authorization header');
  return { token: authorization.slice('WebPush '.length), key: headerParameters(headers['crypto-key']).p256ecdsa };
}

/** A VAPID token's claims, after checking its signature against `key` (uncompressed point, base64url). */
export function openVapidToken(token, key) {
  const point = Buffer.from(key, 'base64url');
  assert.equal(point.length, POINT_BYTES, 'length of the VAPID key');
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  const pieces = token.split('.');
  assert.equal(pieces.length, 3, 'pieces of the VAPID token');
  const [header, claims] = pieces.slice(0, 2).map((piece) => JSON.parse(Buffer.from(piece, 'base64url')));
  const good = verify(
    'sha256',
    Buffer.from(`${pieces[0]}.${pieces[1]}`),
    { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
    Buffer.from(pieces[2], 'base64url'),
  );
  assert.ok(good, 'the signature of the VAPID token is wrong');
  return { header, claims };
}

/** Everything RFC 8292 and wire section 6 say about the token of one message to `origin`. */
export function checkVapid(headers, { origin, serverKey, contact, now = Date.now() / 1000 }) {
  const { token, key } = vapidOf(headers);
  assert.equal(key, serverKey, 'the key beside the token is the vapidPublicKey of /info');
  const { header, claims } = openVapidToken(token, key);
  assert.deepEqual(header, { typ: 'JWT', alg: 'ES256' });
  assert.equal(claims.aud, origin, 'aud is the origin of the endpoint, port included');
  assert.equal(claims.sub, contact, 'sub is the configured contact');
  assert.ok(claims.exp > now - ALLOWED_SKEW_S, `the token has expired: ${claims.exp}`);
  assert.ok(claims.exp <= now + MAX_TOKEN_LIFE_S, `the token lives longer than a day: ${claims.exp}`);
  return claims;
}

