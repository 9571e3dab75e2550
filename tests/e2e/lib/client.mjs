// A piqchat client, written from the wire reference alone: tweetnacl, fetch, nothing of ours.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import nacl from 'tweetnacl';
import { Answer } from './answer.mjs';

export const base64 = (bytes) => Buffer.from(bytes).toString('base64');
export const unbase64 = (text) => new Uint8Array(Buffer.from(text, 'base64'));

/** A key pair; `id` is how the wire names it. */
export function newKeys(secret = randomBytes(32)) {
  const pair = nacl.box.keyPair.fromSecretKey(new Uint8Array(secret));
  return { id: base64(pair.publicKey), publicKey: pair.publicKey, secretKey: pair.secretKey };
}

/** Wire section 3.1: base64 of nonce and box of the X-Date text. */
export function signature(keys, serverPublicKey, date, nonce = randomBytes(24)) {
  const box = nacl.box(new TextEncoder().encode(date), new Uint8Array(nonce), unbase64(serverPublicKey), keys.secretKey);
  return base64(Buffer.concat([nonce, box]));
}

/** The two headers of a signed request. `spelling` replaces the key id's text, for tests of foreign spellings. */
export function signedHeaders(keys, serverPublicKey, { date = new Date().toISOString(), nonce, spelling = keys.id } = {}) {
  const value = signature(keys, serverPublicKey, date, nonce);
  return { Authorization: `Signature keyId="${spelling}",headers="x-date",signature="${value}"`, 'X-Date': date };
}

/** Seals what one side of a contact exchange tells the other; the key goes into the link's fragment only. */
export function sealContact(contact, key) {
  const nonce = randomBytes(nacl.secretbox.nonceLength);
  const box = nacl.secretbox(new TextEncoder().encode(JSON.stringify(contact)), nonce, key);
  return base64(Buffer.concat([nonce, box]));
}

export function openContact(sealed, key) {
  const bytes = unbase64(sealed);
  const nonce = bytes.subarray(0, nacl.secretbox.nonceLength);
  const plain = nacl.secretbox.open(bytes.subarray(nacl.secretbox.nonceLength), nonce, key);
  if (plain === null) throw new Error('the contact text does not open with the key of the link');
  return JSON.parse(new TextDecoder().decode(plain));
}

/** The link a person passes on: wire section 5.1. */
export function inviteLink(acceptUrl, key = new Uint8Array()) {
  return `https://piqchat.net/#?exchange-url=${encodeURIComponent(acceptUrl)}&exchange-key=${encodeURIComponent(base64(key))}`;
}

/** Reads such a link the way the web app does. */
export function readInviteLink(link) {
  const fragment = new URLSearchParams(new URL(link).hash.replace(/^#\?/, ''));
  const acceptUrl = fragment.get('exchange-url');
  if (acceptUrl === null) throw new Error(`no exchange-url in ${link}`);
  const key = fragment.get('exchange-key');
  if (key === null) throw new Error(`no exchange-key in ${link}`);
  return { acceptUrl, key: unbase64(key), token: acceptUrl.split('/').at(-2) };
}

/** An id as it stands in a path. */
export const inPath = (id) => encodeURIComponent(id);

/** A person at one node. With `keys: null` the requests go out unsigned. */
export class Client {
  constructor(origin, keys = newKeys(), { version = '0.2.0' } = {}) {
    this.origin = origin;
    this.keys = keys;
    this.version = version;
    this.serverPublicKey = undefined;
  }

  get id() {
    return this.keys.id;
  }

  /** The same person at another node. */
  at(origin) {
    return new Client(origin, this.keys, { version: this.version });
  }

  async sign(options) {
    this.serverPublicKey ??= (await this.info()).json().publicKey;
    return signedHeaders(this.keys, this.serverPublicKey, options);
  }

  /** Any request; `path` starts below /api. `sign` are options of signedHeaders, or false for none. */
  async request(method, path, { headers = {}, body, json, sign = {} } = {}) {
    const credentials = sign === false || this.keys === null ? {} : await this.sign(sign);
    const content = json === undefined ? {} : { 'Content-Type': 'application/json' };
    const url = path.startsWith('http') ? path : `${this.origin}/api${path}`;
    const reply = await fetch(url, {
      method,
      headers: { ...content, ...credentials, ...headers },
      body: json === undefined ? body : JSON.stringify(json),
      redirect: 'manual',
    });
    const answer = new Answer(`${method} ${url}`, reply.status, reply.headers, new Uint8Array(await reply.arrayBuffer()));
    // Wire section 2: without this header a browser sees only a network failure, so every answer is checked for it.
    assert.equal(answer.headers.get('access-control-allow-origin'), '*', `CORS header of ${answer}`);
    return answer;
  }

  info() {
    return this.request('GET', '/info', { sign: false });
  }

  // Contact exchange

  offerContact(encryptedContact) {
    return this.request('POST', '/contact-exchange', { json: { encryptedContact } });
  }

  exchange(token) {
    return this.request('GET', `/contact-exchange/${token}`);
  }

  dropExchange(token) {
    return this.request('DELETE', `/contact-exchange/${token}`);
  }

  /** Accepting is unsigned and goes to whichever node made the invitation. */
  accept(token, body, origin = this.origin) {
    return this.request('POST', `${origin}/api/contact-exchange/${token}/accept`, { json: body, sign: false });
  }

  // Parcels

  /** `recipients` are pairs of id and content. */
  upload({ type = 'MEDIA', recipients, attachment }) {
    const form = new FormData();
    form.append('type', type);
    for (const [id, content] of recipients) form.append('recipient', `${id} ${content}`);
    if (attachment) form.append('attachment', new Blob([attachment]), 'blob');
    return this.request('POST', '/parcels', { body: form });
  }

  uploadForm(form) {
    return this.request('POST', '/parcels', { body: form.body, headers: { 'Content-Type': form.type } });
  }

  accepts(recipient) {
    return this.request('GET', `/parcels/${inPath(recipient)}/accepts`);
  }

  status(recipient) {
    return this.request('GET', `/parcels/${inPath(recipient)}/status`);
  }

  parcels() {
    return this.request('GET', '/parcels', { headers: { 'X-Client-Version': this.version } });
  }

  attachment(id) {
    return this.request('GET', `/parcels/${id}/attachment`);
  }

  dropParcel(id) {
    return this.request('DELETE', `/parcels/${id}`);
  }

  // Account

  account() {
    return this.request('GET', '/account');
  }

  contacts(contacts) {
    return this.request('POST', '/account/contacts', { json: { contacts } });
  }

  subscribe(subscription) {
    return this.request('POST', '/account/push-subscriptions', { json: subscription });
  }

  saveBackup(backup) {
    return this.request('POST', '/account/backup', { json: { backup } });
  }

  backup() {
    return this.request('GET', '/account/backup');
  }

  invitedUsers() {
    return this.request('GET', '/account/invited-users');
  }

  leave() {
    return this.request('DELETE', '/account');
  }
}

/** Signs a fresh key up with the first invitation the node printed. */
export async function firstUser(node, keys = newKeys()) {
  const { token } = readInviteLink(await node.invitation());
  const person = new Client(node.origin, keys);
  (await person.accept(token, { userUuid: person.id })).expect(200);
  return person;
}

/** Signs a key up with an invitation of `host`, without the contact texts. */
export async function invited(host, keys = newKeys()) {
  const { oneTimeToken } = (await host.offerContact('hello')).expect(201).json();
  const guest = new Client(host.origin, keys);
  (await guest.accept(oneTimeToken, { userUuid: guest.id })).expect(200);
  return guest;
}
