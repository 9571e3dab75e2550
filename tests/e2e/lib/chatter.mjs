// Somebody in the channels: a key, a generation and a line. What the server answers and what people say are told apart.

import assert from 'node:assert/strict';
import { ChannelKey } from './channel_key.mjs';
import { LINES } from './chat_line.mjs';
import { GENERATIONS } from './generation.mjs';
import { until } from './until.mjs';

const ANSWER_MS = 5_000;
const ANSWERS = ['verify', 'success', 'error'];

export const CONNECTED = { type: 'success', msg: 'Connected to Network' };
export const SENT = { type: 'success', msg: 'MESSAGE SENT' };
export const JOIN_FIRST = { type: 'error', msg: 'JOIN CHANNEL FIRST' };
export const NO_DESTINATION = { type: 'error', msg: 'toPublicKey (private) or cname (public) destination required.' };
export const joined = (channel) => ({ type: 'success', msg: `Connected to channel ${channel}` });

export class Chatter {
  /** Connects without logging in. `options` go to the WebSocket. */
  static async connect(at, { generation = 'new', transport = 'WebSocket', key = new ChannelKey(), name = 'somebody', options } = {}) {
    const chatter = new Chatter();
    Object.assign(chatter, { key, name, generation: GENERATIONS[generation], answered: 0 });
    chatter.line = await LINES[transport].open(at, options);
    return chatter;
  }

  static async login(at, options) {
    const chatter = await Chatter.connect(at, options);
    await chatter.prove();
    return chatter;
  }

  /** Logged in and in a channel. */
  static async in(channel, at, options) {
    const chatter = await Chatter.login(at, options);
    await chatter.join(channel);
    return chatter;
  }

  send(object) {
    const text = typeof object === 'string' ? object : JSON.stringify(object);
    this.line.write(text);
    return text;
  }

  get answers() {
    return this.line.messages.filter(({ type }) => ANSWERS.includes(type));
  }

  /** Texts of what people said, exactly as they came. */
  get heard() {
    return this.line.texts.filter((text) => !ANSWERS.includes(JSON.parse(text).type));
  }

  /** The next answer that was not asked for yet. */
  async answer(deadlineMs = ANSWER_MS) {
    const index = this.answered++;
    return until(`answer ${index + 1} comes`, () => this.answers[index], { deadlineMs });
  }

  async expect(answer) {
    assert.deepEqual(await this.answer(), answer);
  }

  async challenge() {
    this.send(this.generation.connect(this));
    const { type, msg } = await this.answer();
    assert.equal(type, 'verify');
    return msg;
  }

  async prove() {
    this.send(this.generation.verify(this, this.key.sign(await this.challenge())));
    await this.expect(CONNECTED);
  }

  async join(channel) {
    this.send(this.generation.join(this, channel));
    await this.expect(joined(channel));
  }

  /** Says something and waits for the acknowledgement if there is one; gives the text that went out. */
  async say(channel, msg) {
    const text = this.send(this.generation.say(this, channel, msg));
    if (this.generation.acknowledges) await this.expect(SENT);
    return text;
  }

  async tell(publicKey, msg, ...more) {
    const text = this.send(this.generation.tell(this, publicKey, msg, ...more));
    if (this.generation.acknowledges) await this.expect(SENT);
    return text;
  }

  /** Waits for so many messages of people and checks that there are no more; gives their texts. */
  async hears(count, deadlineMs = 10_000) {
    await until(`${count} messages are heard`, () => this.heard.length >= count, { deadlineMs })
      .catch((error) => { throw new Error(`${error.message}; heard: ${this.heard.join('\n').slice(-1_000)}`); });
    assert.equal(this.heard.length, count);
    return this.heard;
  }

  /** The plain object in a private message. */
  open(text) {
    const { fromPublicKey, msg } = JSON.parse(text);
    return JSON.parse(this.key.open(this.generation.name, fromPublicKey, msg));
  }

  /** Asks something that is always answered, so that everything before it has been dealt with. */
  async settle() {
    await this.join('settled');
  }

  assertUnharmed() {
    assert.equal(this.line.fault, undefined);
  }

  close() {
    this.line.close();
  }
}

/** Closes everybody and fails if anything came that a real client could not take. */
export function leave(...chatters) {
  chatters.forEach((chatter) => chatter.close());
  chatters.forEach((chatter) => chatter.assertUnharmed());
}
