// A darkchat 0.2 server's peer port as section 8 describes it, faults included: each read is one message, what is merged or cut
// is lost, and some texts kill it.

import { randomUUID } from 'node:crypto';
import { splitRelays } from './late_reads.mjs';
import { Tcp, TcpServer } from './tcp.mjs';

const SEPARATOR = '**@#@';
const ADVERT_PAUSE_MS = 1_000;
const LAST_PORT = 65_535;

/** Opaque and unique: a UUID without its first hyphen, a colon, the time. */
export const newRelayId = () => `${randomUUID().replace('-', '')}:${Date.now()}`;

export class OldPeer {
  /** `follows`: whether it dials the peers it is told of. */
  static async listen({ follows = false, port = 0 } = {}) {
    const peer = new OldPeer();
    Object.assign(peer, { follows, links: new Map(), all: [], heard: [], lost: [], adverts: [], seen: new Set(), repeats: 0, dead: undefined });
    peer.server = await TcpServer.listen((tcp) => peer.#greeted(tcp), port);
    peer.port = peer.server.port;
    return peer;
  }

  get names() {
    return [...this.links.keys()];
  }

  /** Calls somebody: the greeting, and nothing else until exactly `ok` has come. */
  async dial(port) {
    const tcp = await Tcp.dial(port);
    this.all.push(tcp);
    tcp.onRead = (text) => {
      if (text !== 'ok') return this.#refuse(tcp, text);
      return this.#open(tcp, `127.0.0.1:${port}`);
    };
    tcp.write(`connect${SEPARATOR}${this.port}`);
    return tcp;
  }

  /** Was called: the first read must be exactly the greeting. */
  #greeted(tcp) {
    this.all.push(tcp);
    tcp.onRead = (text) => {
      const parts = text.split(SEPARATOR);
      if (parts.length !== 2 || parts[0] !== 'connect' || !/^\d+$/.test(parts[1])) return this.#refuse(tcp, text);
      tcp.write('ok');
      return this.#open(tcp, `127.0.0.1:${parts[1]}`);
    };
  }

  #refuse(tcp, text) {
    this.lost.push(text);
    tcp.write('error');
    tcp.leave();
  }

  #open(tcp, name) {
    const others = this.names.filter((other) => other !== name);
    this.links.set(name, tcp);
    tcp.ended.then(() => this.links.delete(name));
    tcp.onRead = (text, late) => {
      for (const part of late ? splitRelays(text) : [text]) if (!this.dead) this.#take(tcp, part);
    };
    // The real one pauses a second after each advert; ours keeps the first one apart from `ok`, which the real one does not.
    others.forEach((other, index) => {
      setTimeout(() => tcp.write(`peer${SEPARATOR}${other}`), ADVERT_PAUSE_MS * (index + 1)).unref();
    });
  }

  #take(tcp, text) {
    const parts = text.split(SEPARATOR);
    if (parts.length === 2 && parts[0] === 'peer') this.#advert(parts[1]);
    else if (parts.length === 3) this.#relay(tcp, parts, text);
    else this.lost.push(text);
  }

  #advert(name) {
    this.adverts.push(name);
    const [host, port, ...more] = name.split(':');
    if (more.length > 0 || host === '' || !/^\d+$/.test(port ?? '') || Number(port) > LAST_PORT) this.#die(`the advert ${name}`);
    else if (this.follows && !this.links.has(name) && Number(port) !== this.port) this.dial(Number(port)).catch(() => {});
  }

  #relay(from, [channel, id, json], text) {
    let object;
    try {
      object = JSON.parse(json);
    } catch (error) {
      this.#die(`${error.message} in ${text.slice(0, 200)}`);
      return;
    }
    if (object === null) return void this.#die('null');
    if (object.toPublicKey in Object.prototype && object.toPublicKey !== '') return void this.#die(`a message to ${object.toPublicKey}`);
    if (this.seen.has(id)) {
      this.repeats += 1;
      return undefined;
    }
    this.seen.add(id);
    this.heard.push({ channel, id, json, at: performance.now() });
    for (const link of this.links.values()) if (link !== from) link.write(text);
    return undefined;
  }

  #die(reason) {
    this.dead = reason;
    this.close();
  }

  /** A message of one of its own clients, to all it is connected to. */
  say(channel, json, id = newRelayId()) {
    this.seen.add(id);
    this.writeRaw([channel, id, json].join(SEPARATOR));
    return id;
  }

  /** Any text to all it is connected to, in one write. */
  writeRaw(text) {
    for (const link of this.links.values()) link.write(text);
  }

  close() {
    this.server.close();
    this.all.forEach((tcp) => tcp.close());
  }
}
