// A live connection of the native protocol, with `ws`.

import { WebSocket } from 'ws';
import { until, within } from './until.mjs';

const OPEN_MS = 5_000;

export class Live {
  /** Connects and waits for the hello. */
  static async open(node, options = {}) {
    const live = new Live();
    live.authority = new URL(node.origin).host;
    live.texts = [];
    live.closed = undefined;
    live.socket = new WebSocket(`${node.origin.replace('http', 'ws')}/v1/live`, options);
    live.socket.on('message', (data) => live.texts.push(JSON.parse(data)));
    live.socket.on('close', (code, reason) => { live.closed = { code, reason: reason.toString() }; });
    live.socket.on('error', () => {});
    live.hello = (await live.hears('hello', OPEN_MS)).hello;
    return live;
  }

  send(object) {
    this.socket.send(typeof object === 'string' ? object : JSON.stringify(object));
  }

  /** What came with this word, in order. */
  all(word) {
    return this.texts.filter((text) => word in text).map((text) => text[word]);
  }

  /** The first text with this word that fits. */
  async hears(word, deadlineMs = 10_000, fits = () => true) {
    return until(`"${word}" comes (heard: ${JSON.stringify(this.texts).slice(-500)})`, () => this.texts.find((text) => word in text && fits(text[word])), { deadlineMs });
  }

  sendFollow(key, stream, after = 0, more = {}) {
    const signature = key.follows(this.hello.challenge, this.authority, stream);
    this.send({ follow: { ...stream, after, key: key.text, signature, ...more } });
  }

  /** Follows and waits for the answer, `following` or `refused`. */
  async follow(key, stream, after = 0, more = {}) {
    const before = this.all('following').length + this.all('refused').length;
    this.sendFollow(key, stream, after, more);
    await until('the follow is answered', () => this.all('following').length + this.all('refused').length > before);
    return this.texts.findLast((text) => 'following' in text || 'refused' in text);
  }

  /** All entries of a group that came, over all texts. */
  entries(group) {
    return this.all('entries').filter((text) => text.group === group).flatMap((text) => text.entries);
  }

  parcels() {
    return this.all('parcels').flatMap((text) => text.parcels);
  }

  pause() {
    this.socket.pause();
  }

  resume() {
    this.socket.resume();
  }

  async ends(deadlineMs = 10_000) {
    return until('the connection ends', () => this.closed, { deadlineMs });
  }

  async close() {
    this.socket.close();
    await within(5_000, 'closing', this.ends());
  }
}
