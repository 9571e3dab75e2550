// People of the native protocol as the node sees them: identities with devices, posting keys and access keys. What they say to each other
// is random bytes here; sealing it is the client's business, not the node's.

import { randomBytes } from 'node:crypto';
import { Answer } from './answer.mjs';
import { b64, Key, sha256 } from './native_key.mjs';
import { Node } from './node.mjs';
import { until } from './until.mjs';

const NATIVE_INVITATION = /(http:\/\/\S+\/i#1\.\.(\S+))/;

/** Settings that let a few fast people not meet the limits, as flags. */
export const NO_LIMITS = ['address', 'key', 'guesses'].flatMap((name) => [`--rate-${name}-burst`, '1000000', `--rate-${name}-per-second`, '1000000']);

/**
 * Waits for the end of the second in which a node started, whose signatures it does not take. It asks nothing meanwhile: the first
 * requests of a test that counts requests are its own.
 */
export async function takesSignatures(node) {
  const second = () => Math.floor(Date.now() / 1000);
  const ready = second();
  await until('the second of its start has passed', () => second() > ready);
  return node;
}

/** A node that lets anybody in and takes signatures. */
export const openNode = async ({ args = [], ...more } = {}) =>
  takesSignatures(await Node.start({ args: ['--open-registration', ...args], ...more }));

/** The token of the invitation that a node prints at its first start. */
export async function firstToken(node) {
  await node.said(NATIVE_INVITATION);
  return node.printed.match(NATIVE_INVITATION)[2];
}

/** One request. `key` signs it; `json` or `body` is what it carries. */
export async function ask(node, method, target, { key, json, body, headers = {}, signing } = {}) {
  const url = new URL(target, node.origin);
  const bytes = json === undefined ? body : Buffer.from(JSON.stringify(json));
  const parts = { method, authority: url.host, path: url.pathname, query: url.search.slice(1), body: bytes };
  const reply = await fetch(url, {
    method,
    body: bytes,
    headers: { ...(json !== undefined && { 'content-type': 'application/json' }), ...(key && key.headers(parts, signing)), ...headers },
  });
  return new Answer(`${method} ${target}`, reply.status, reply.headers, Buffer.from(await reply.arrayBuffer()));
}

export class Person {
  /** Somebody with devices, not known anywhere yet. */
  constructor(devices = 1) {
    this.identity = new Key();
    this.devices = Array.from({ length: devices }, (_, index) => ({ key: new Key(), serial: index + 1 }));
    this.counter = 1;
    this.next = devices + 1;
    this.gone = [];
  }

  static async at(node, options = {}) {
    const person = new Person(options.devices);
    await person.register(node, options.token);
    return person;
  }

  get device() {
    return this.devices[0].key;
  }

  list() {
    const devices = this.devices.map(({ key, serial }) => ({ key: key.bytes, serial, proof: key.proves(this.identity) }));
    const gone = this.gone.length > 0 && { gone: this.gone };
    return b64(this.identity.object('devices', { identity: this.identity.bytes, counter: this.counter, next: this.next, devices, ...gone }));
  }

  async register(node, token) {
    this.node = node;
    return (await this.tryToRegister(node, token)).expect(201);
  }

  tryToRegister(node, token) {
    this.node = node;
    return ask(node, 'POST', '/v1/accounts', { key: this.identity, json: { devices: this.list(), ...(token && { token }) } });
  }

  /** A request by the first device, or by another key. */
  ask(method, target, { key = this.device, ...more } = {}) {
    return ask(this.node, method, target, { key, ...more });
  }

  async remove(serial) {
    const removed = this.devices.filter((device) => device.serial === serial).map(({ key }) => ({ key: key.bytes, serial }));
    this.gone = [...this.gone, ...removed].sort((one, other) => one.serial - other.serial);
    this.devices = this.devices.filter((device) => device.serial !== serial);
    this.counter += 1;
    (await this.ask('PUT', '/v1/devices', { key: this.identity, json: { devices: this.list() } })).expect(204);
  }

  async add() {
    const device = { key: new Key(), serial: this.next };
    this.devices.push(device);
    this.counter += 1;
    this.next += 1;
    (await this.ask('PUT', '/v1/devices', { key: this.identity, json: { devices: this.list() } })).expect(204);
    return device.key;
  }

  async accepts(...contacts) {
    const listed = contacts.map((contact) => (contact instanceof Key ? { key: contact.text } : contact));
    (await this.ask('PUT', '/v1/contacts', { json: { contacts: listed } })).expect(204);
  }

  /** Puts a parcel into this person's inbox, signed by a posting key. */
  receive(key, { id = b64(randomBytes(16)), body = b64(randomBytes(100)), notify = false } = {}) {
    return ask(this.node, 'POST', `/v1/inboxes/${this.identity.text}/parcels`, { key, json: { id, body, notify } });
  }

  async inbox(after = 0, key = this.device) {
    return (await this.ask('GET', `/v1/inbox?after=${after}`, { key })).expect(200).json();
  }
}

/** A group at a hub with its access keys. The first is the owner's. */
export class Group {
  static async at(owner, { members = 1 } = {}) {
    const group = new Group();
    Object.assign(group, { node: owner.node, id: b64(randomBytes(16)), keys: Array.from({ length: members }, () => new Key()) });
    const listed = group.keys.map((key, index) => ({ key: key.text, role: index === 0 ? 'owner' : 'member' }));
    (await owner.ask('POST', '/v1/groups', { json: { group: group.id, members: listed, info: b64(randomBytes(50)) } })).expect(201);
    return group;
  }

  ask(method, rest, { key = this.keys[0], ...more } = {}) {
    return ask(this.node, method, `/v1/groups/${this.id}${rest}`, { key, ...more });
  }

  say(turn, { key, id = b64(randomBytes(16)), body = b64(randomBytes(200)), notify = false } = {}) {
    return this.ask('POST', '/entries', { key, json: { id, kind: 'message', turn, body, notify } });
  }

  commit(turn, { key, id = b64(randomBytes(16)), body = b64(randomBytes(200)), add = [], remove = [] } = {}) {
    return this.ask('POST', '/entries', { key, json: { id, kind: 'commit', turn, body, info: b64(randomBytes(50)), add, remove } });
  }

  async look(key) {
    return (await this.ask('GET', '', { key })).expect(200).json();
  }

  async entries(after = 0, key = this.keys[0]) {
    return (await this.ask('GET', `/entries?after=${after}`, { key })).expect(200).json();
  }
}

/** A blob's worth of bytes, its secret, and what the node says of it. */
export async function makeBlob(person, bytes, { secret = randomBytes(16), more = {} } = {}) {
  const made = await person.ask('POST', '/v1/blobs', { json: { size: bytes.length, delete: b64(sha256(secret)), ...more } });
  return { ...made.expect(201).json(), secret, bytes };
}

/** Writes bytes of a blob from an offset on. */
export const writeBlob = (person, id, offset, bytes) =>
  person.ask('PATCH', `/v1/blobs/${id}`, { body: bytes, headers: { 'upload-offset': String(offset) } });
