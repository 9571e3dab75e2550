// Formats of docs/protocol, written from its pages: an implementation apart from the one under test.

import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { hkdf as extractAndExpand } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { decode, encode, join } from './cbor.mjs';

const text = (value) => new TextEncoder().encode(value);
export const random = (length) => crypto.getRandomValues(new Uint8Array(length));

// README.md, Notation.
export function hkdf(salt, secret, info) {
  return extractAndExpand(sha256, secret, typeof salt === 'string' ? text(salt) : salt, text(info), 32);
}

export function padded(length) {
  for (let bucket = 256; bucket <= 16_384; bucket *= 2) if (length <= bucket) return bucket;
  return Math.ceil(length / 16_384) * 16_384;
}

export function seal(key, aad, plain) {
  const nonce = random(24);
  const full = new Uint8Array(padded(plain.length + 1));
  full.set(plain);
  full[plain.length] = 0x80;
  return join(nonce, xchacha20poly1305(key, nonce, aad).encrypt(full));
}

export function open(key, aad, sealed) {
  return unpadded(xchacha20poly1305(key, sealed.subarray(0, 24), aad).decrypt(sealed.subarray(24)));
}

export function unpadded(full) {
  let end = full.length - 1;
  while (end >= 0 && full[end] === 0) end -= 1;
  if (full[end] !== 0x80 || padded(end + 1) !== full.length) throw new Error('wrong padding');
  return full.subarray(0, end);
}

// README.md: a signed object.
export function signed(secret, label, body) {
  const bytes = encode(body);
  const message = join(text('tidings/1 '), text(label), Uint8Array.of(0), bytes);
  return encode([bytes, ed25519.sign(message, secret)]);
}

// By the identity that stands in this member of it.
export function verified(object, label, member) {
  return verifiedBy(object, label, decode(decode(object)[0])[member]);
}

export function verifiedBy(object, label, identity) {
  const [bytes, signature] = decode(object);
  const message = join(text('tidings/1 '), text(label), Uint8Array.of(0), bytes);
  if (!ed25519.verify(signature, message, identity, { zip215: false })) throw new Error('wrong signature');
  return decode(bytes);
}

// identity.md: that a device's key is one of an identity's devices.
export function proof(device, identity) {
  return ed25519.sign(join(text('tidings/1 member'), Uint8Array.of(0), identity), device);
}

// identity.md: a person with a device, or another device of that person.
export function person({ identity, serial } = { identity: random(32), serial: 0 }) {
  const device = random(32);
  const certificate = signed(identity, 'device', {
    identity: ed25519.getPublicKey(identity),
    device: ed25519.getPublicKey(device),
    serial: serial + 1,
    created: 1_790_000_000_000,
  });
  return { identity, serial: serial + 1, device, certificate };
}

// contacts.md and conversations.md: the salt and access key in a key package.
export function access() {
  return join(random(16), ed25519.getPublicKey(random(32)));
}

// conversations.md, Entries and turns.
export function entryKey(group, secret) {
  return hkdf(group, secret, 'tidings/1 seal');
}

const aad = (group, entry) => join(text('tidings/1 entry'), group, entry);

export function sealEntry(group, secret, entry, payload) {
  return seal(entryKey(group, secret), aad(group, entry), encode(payload));
}

export function openEntry(group, secret, entry, body) {
  return decode(open(entryKey(group, secret), aad(group, entry), body));
}

export function forkTag(epochAuthenticator) {
  return hkdf('tidings/1', epochAuthenticator, 'fork').subarray(0, 8);
}

// messages.md.
export function textMessage(id, seq, body) {
  return encode({ id, seq, prev: new Uint8Array(16), seen: [], at: 0, c: { text: { text: body } } });
}

export { decode, encode, join };
