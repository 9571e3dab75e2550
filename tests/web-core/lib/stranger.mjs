// A client that is not ours: MLS by ts-mls, and around it what docs/protocol says of accounts, invitations, parcels, entries and
// messages, each function by its page. It asks when it is told to, keeps nothing on disk, and has one device.

import { createHash } from 'node:crypto';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { hpkeOpen } from '../../e2e/lib/protocol.mjs';
import * as formats from './formats.mjs';
import { TsPeer } from './ts_mls.mjs';

const bytesOf = (text) => new Uint8Array(Buffer.from(text, 'base64url'));
const b64 = (bytes) => Buffer.from(bytes).toString('base64url');
const same = (one, other) => Buffer.from(one).equals(Buffer.from(other));
const sha256 = (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest());
const must = (holds, why) => {
  if (!holds) throw new Error(why);
};

// node.md, Signatures: one request, signed by the key with this seed. Gives the JSON of the answer; fails unless the status is `wanted`.
export async function ask(node, method, target, { seed, json, wanted = 200 } = {}) {
  const url = new URL(target, node);
  const body = json === undefined ? undefined : JSON.stringify(json);
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  if (seed) Object.assign(headers, signature(seed, method, url, body));
  const reply = await fetch(url, { method, body, headers });
  const text = await reply.text();
  must(reply.status === wanted, `${method} ${target}: ${reply.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

function signature(seed, method, url, body) {
  const digest = body === undefined ? undefined : `sha-256=:${Buffer.from(sha256(body)).toString('base64')}:`;
  const covered = `"@method" "@authority" "@path" "@query"${digest ? ' "content-digest"' : ''}`;
  const created = Math.floor(Date.now() / 1000);
  const keyid = b64(ed25519.getPublicKey(seed));
  const parameters = `(${covered});created=${created};nonce="${b64(formats.random(16))}";keyid="${keyid}";alg="ed25519";tag="tidings/1"`;
  const lines = [
    `"@method": ${method}`, `"@authority": ${url.host}`, `"@path": ${url.pathname}`, `"@query": ?${url.search.slice(1)}`,
    ...(digest ? [`"content-digest": ${digest}`] : []), `"@signature-params": ${parameters}`,
  ];
  const signed = ed25519.sign(new TextEncoder().encode(lines.join('\n')), seed);
  return {
    ...(digest && { 'content-digest': digest }),
    'signature-input': `tidings=${parameters}`,
    signature: `tidings=:${Buffer.from(signed).toString('base64')}:`,
  };
}

export class Stranger {
  #inbox = formats.random(32);
  #root = formats.random(32);
  #contacts = [];
  #taken = 0;

  // identity.md and node.md: an account with one device, its key packages (one for each conversation that is to come) and its card.
  static async at(node, name) {
    const it = new Stranger();
    Object.assign(it, formats.person(), { node, name, packages: [] });
    it.id = ed25519.getPublicKey(it.identity);
    const devices = [{ key: ed25519.getPublicKey(it.device), serial: it.serial, proof: formats.proof(it.device, it.id) }];
    it.list = formats.signed(it.identity, 'devices', { identity: it.id, counter: 1, next: it.serial + 1, devices });
    await ask(node, 'POST', '/v1/accounts', { seed: it.identity, json: { devices: b64(it.list) }, wanted: 201 });
    return it;
  }

  #card(posting) {
    const card = { identity: this.id, node: this.node, inbox: x25519.getPublicKey(this.#inbox), name: this.name, counter: 1, posting };
    return formats.signed(this.identity, 'card', card);
  }

  // conversations.md: a key package with an access key of its own, whose secret half comes from the salt.
  async #package() {
    const peer = new TsPeer(this);
    const salt = formats.random(16);
    const packed = await peer.makePackage(formats.join(salt, ed25519.getPublicKey(this.#access(salt))));
    this.packages.push(peer);
    return packed;
  }

  #access(salt) {
    return formats.hkdf(salt, this.#root, 'tidings/1 access');
  }

  async publishPackages(count) {
    const packages = [];
    for (let number = 0; number < count; number += 1) packages.push(b64(await this.#package()));
    const { waiting } = await ask(this.node, 'PUT', '/v1/key-packages', { seed: this.device, json: { packages } });
    must(waiting === count, 'the node has other key packages');
  }

  // contacts.md, Invitation, 1: the link.
  async invite() {
    const [secret, posting] = [formats.random(16), formats.random(32)];
    const exchange = formats.hkdf('tidings/1', secret, 'invitation id').subarray(0, 16);
    const key = formats.hkdf('tidings/1', secret, 'invitation key');
    const { incarnation } = await ask(this.node, 'GET', '/v1/node');
    const expires = Date.now() + 3_600_000;
    const offer = formats.signed(this.identity, 'offer', {
      exchange, card: this.#card(ed25519.getPublicKey(posting)), devices: this.list, packages: [await this.#package()], expires, incarnation,
    });
    const json = { id: b64(exchange), offer: b64(formats.seal(key, new TextEncoder().encode('offer'), offer)), expires };
    await ask(this.node, 'POST', '/v1/exchanges', { seed: this.device, json, wanted: 201 });
    this.invitation = { exchange, key };
    return `${this.node}/i#1.${b64(secret)}`;
  }

  // What has come into the inbox: answers make contacts, welcomes conversations. Gives the conversations that are new.
  async receive() {
    const { parcels } = await ask(this.node, 'GET', `/v1/inbox?after=${this.#taken}`, { seed: this.device });
    const joined = [];
    for (const { number, label, body } of parcels) {
      const made = label === 'answer' ? await this.#answered(bytesOf(body)) : await this.#parcel(bytesOf(body));
      if (made) joined.push(made);
      this.#taken = number;
    }
    if (parcels.length > 0) await ask(this.node, 'POST', '/v1/inbox/taken', { seed: this.device, json: { number: this.#taken }, wanted: 204 });
    return joined;
  }

  // contacts.md, Invitation, 3.
  async #answered(body) {
    const { exchange, key } = this.invitation;
    must(same(body.subarray(0, 16), exchange), 'an answer to another invitation');
    const object = formats.open(key, new TextEncoder().encode('answer'), body.subarray(16));
    const { card: signedCard, devices, welcome, group, hub, exchange: of, to } = formats.decode(formats.decode(object)[0]);
    const card = formats.verified(signedCard, 'card', 'identity');
    const answer = formats.verifiedBy(object, 'answer', card.identity);
    const list = formats.verified(devices, 'devices', 'identity');
    must(same(list.identity, card.identity) && same(of, exchange) && same(to, this.id) && answer.hub === hub, 'an answer for somebody else');
    this.#contacts.push(card.identity);
    const contacts = [{ key: b64(card.posting) }];
    await ask(this.node, 'PUT', '/v1/contacts', { seed: this.device, json: { contacts }, wanted: 204 });
    return this.#join({ welcome, group, hub, turn: 0, number: 0 });
  }

  // contacts.md, Parcels.
  async #parcel(body) {
    const opened = hpkeOpen(this.#inbox, 'tidings/1 parcel', this.id, body.subarray(0, 32), body.subarray(32));
    const object = formats.unpadded(opened);
    const parcel = formats.verified(object, 'parcel', 'from');
    must(same(parcel.to, this.id), 'a parcel for somebody else');
    must(this.#contacts.some((contact) => same(contact, parcel.from)), 'a parcel by a stranger');
    return parcel.welcome && this.#join(parcel.welcome);
  }

  async #join({ welcome, group, hub, turn, number }) {
    for (const [at, peer] of this.packages.entries()) {
      if (!(await peer.isFor(welcome))) continue;
      this.packages.splice(at, 1);
      await peer.join(welcome);
      return new Talk(this, peer, { group, hub, turn, number, access: (salt) => this.#access(salt) });
    }
    throw new Error('a welcome for no key package of this device');
  }
}

// conversations.md, Signed rosters: a roster is what its last statement says of it.
export function checkRoster(group, roster) {
  const object = roster.signed.at(-1);
  const { by } = formats.decode(formats.decode(object)[0]);
  const { device, identity } = formats.verified(by, 'device', 'identity');
  const said = formats.verifiedBy(object, 'roster', device);
  const hash = (...values) => sha256(formats.encode(values));
  const { kind, hub, seal, locked, name, picture = null, expire = null } = roster;
  const listed = roster.members.map(({ id, since }) => [id, since]);
  for (const [place, id, since] of roster.gone ?? []) listed.splice(place, 0, [id, since]);
  const own = hash(kind, hub, seal, locked);
  must(same(said.group, group) && said.v <= roster.v && same(said.own, own), 'a statement of another roster');
  must(same(said.all, hash(own, name, picture, expire, listed)), 'a roster that nobody signed');
  must(roster.signed.length > 1 || roster.members.some(({ id, role }) => role === 0 && same(id, identity)), 'a beginning by no owner');
}

// One conversation at its hub (conversations.md, Entries and turns; messages.md).
export class Talk {
  #seq = 0;
  #previous = new Uint8Array(16);
  #chains = new Map();

  constructor(owner, peer, { group, hub, turn, number, access }) {
    Object.assign(this, { owner, peer, group, hub, turn, number, texts: [], receipts: [] });
    must(same(peer.state.groupContext.groupId, group), 'a welcome to another group');
    const { members, seal, hub: at } = this.roster();
    checkRoster(group, this.roster());
    must(at === hub, 'a welcome to another hub');
    this.secret = seal;
    // What was sealed in epochs before it came in, or back, is not for it.
    this.since = peer.epoch();
    this.access = access(members.find(({ id }) => same(id, owner.id)).salt);
  }

  roster() {
    return formats.decode(this.peer.roster());
  }

  #ask(method, rest, options) {
    return ask(this.hub, method, `/v1/groups/${b64(this.group)}${rest}`, { seed: this.access, ...options });
  }

  // Reads what is new, in order.
  async read() {
    const { entries } = await this.#ask('GET', `/entries?after=${this.number}`);
    for (const entry of entries) {
      must(entry.number === this.number + 1, 'a hole in the stream');
      await this.#entry(entry);
      this.number = entry.number;
    }
    return this.texts;
  }

  async #entry({ id, kind, turn, body }) {
    if (this.own === id) return;
    const opened = formats.openEntry(this.group, this.secret, bytesOf(id), bytesOf(body));
    if (opened.epoch < this.since) return;
    if (opened.epoch === this.peer.epoch()) must(same(opened.tag, this.peer.tag()), 'another branch');
    const sender = kind === 'message' ? await this.peer.sender(opened.mls) : undefined;
    const taken = await this.peer.take(opened.mls);
    if (kind === 'commit') {
      must(turn === this.turn + 1, 'a turn that is none');
      this.turn = turn;
      this.secret = this.roster().seal;
      checkRoster(this.group, this.roster());
    } else if (taken.kind === 'applicationMessage') {
      this.#message(Buffer.from(sender).toString('hex'), taken.message);
    }
  }

  // messages.md, Chains and gaps. The first message of a device that was here before begins its chain.
  #message(device, bytes) {
    const { seq, prev, c } = formats.decode(bytes);
    const before = this.#chains.get(device);
    if (seq > 0) {
      if (before && seq <= before.seq) return;
      must(!before || (seq === before.seq + 1 && same(prev, before.hash)), 'a gap, or another chain');
      this.#chains.set(device, { seq, hash: sha256(bytes).subarray(0, 16) });
    }
    const [[kind, value]] = Object.entries(c);
    if (kind === 'text') this.texts.push(value.text);
    if (kind === 'receipt') this.receipts.push(value);
  }

  async #append(kind, turn, mls, { epoch, tag }, more = {}) {
    const id = formats.random(16);
    const body = formats.sealEntry(this.group, this.secret, id, { epoch, tag, mls });
    this.own = b64(id);
    return this.#ask('POST', '/entries', { json: { id: this.own, kind, turn, body: b64(body), ...more }, wanted: 201 });
  }

  async #send(content, seq) {
    const message = formats.encode({
      id: formats.random(16), seq, prev: seq === 0 ? new Uint8Array(16) : this.#previous, seen: [], at: Date.now(), c: content,
    });
    if (seq > 0) this.#previous = sha256(message).subarray(0, 16);
    const at = { epoch: this.peer.epoch(), tag: this.peer.tag() };
    await this.#append('message', this.turn, await this.peer.seal(message), at);
  }

  async say(text) {
    await this.read();
    this.#seq += 1;
    await this.#send({ text: { text } }, this.#seq);
    await this.read();
  }

  // Says of everybody that all that came was read.
  async acknowledge() {
    await this.read();
    const seen = [...this.#chains].map(([device, { seq }]) => [sha256(Buffer.from(device, 'hex')).subarray(0, 8), seq]);
    await this.#send({ receipt: { delivered: seen, read: seen } }, 0);
    await this.read();
  }

  #info(turn, info) {
    const payload = formats.encode({ turn, epoch: this.peer.epoch(), tag: this.peer.tag(), info });
    return b64(formats.seal(formats.entryKey(this.group, this.secret), this.#aad(), payload));
  }

  #aad() {
    return formats.join(new TextEncoder().encode('tidings/1 info'), this.group);
  }

  // Commits new keys of its own leaf, with the group info that comes of it.
  async update() {
    await this.read();
    const at = { epoch: this.peer.epoch(), tag: this.peer.tag() };
    const made = await this.peer.commit();
    await this.#append('commit', this.turn + 1, made.commit, at, { info: this.#info(this.turn + 1, made.info) });
    this.turn += 1;
    await this.read();
  }

  // Comes back by an external commit to the hub's group info, as if everything of MLS had been lost.
  async comeBack() {
    const looked = await this.#ask('GET', '');
    const sealed = formats.open(formats.entryKey(this.group, this.secret), this.#aad(), bytesOf(looked.info));
    const { turn, epoch, tag, info } = formats.decode(sealed);
    must(turn === looked.turn && turn === looked.info_turn, 'a group info of another turn');
    this.peer = new TsPeer(this.owner);
    const commit = await this.peer.joinExternal(info, true);
    await this.#append('commit', turn + 1, commit, { epoch, tag }, { info: this.#info(turn + 1, await this.peer.info()) });
    [this.turn, this.number, this.since] = [turn + 1, looked.end, this.peer.epoch()];
    await this.read();
  }
}
