// A room client on `socket.io-client`: one question, one answer, always within the real client's patience.

import assert from 'node:assert/strict';
import { io } from 'socket.io-client';
import { until, within } from './until.mjs';

/** What the real client waits before it sends again (section 1). */
export const PATIENCE_MS = 2_000;
const CONNECT_MS = 10_000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const CLOCK_SKEW_MS = 5_000;

export const TRANSPORTS = {
  'polling only': { transports: ['polling'] },
  'websocket only': { transports: ['websocket'] },
  'polling with upgrade': {}, // the library's default, which is what the real client uses
};

/** The base fields of section 2, on every answer. */
export function checkBase(reply) {
  assert.equal(typeof reply, 'object', `an answer is an object: ${JSON.stringify(reply)}`);
  assert.match(reply.serverId, UUID);
  assert.equal(reply.version, '1.0');
  assert.ok(Number.isInteger(reply.status), `status ${reply.status}`);
  assert.ok(Math.abs(reply.timestamp - Date.now()) < CLOCK_SKEW_MS, `timestamp ${reply.timestamp}`);
  if (reply.status === 200) assert.equal(reply.error, undefined);
  else assert.match(reply.error, /^\S+ :: \S/, JSON.stringify(reply));
  return reply;
}

export class RoomClient {
  static async connect(origin, options = TRANSPORTS['websocket only']) {
    const client = new RoomClient();
    client.received = [];
    client.other = [];
    client.socket = io(origin, { forceNew: true, reconnection: false, ...options });
    client.socket.on('chat-message', (...args) => client.received.push(args));
    client.socket.onAny((event) => { if (event !== 'chat-message') client.other.push(event); });
    await within(CONNECT_MS, 'connecting', new Promise((resolve, reject) => {
      client.socket.once('connect', resolve);
      client.socket.once('connect_error', reject);
    }));
    return client;
  }

  get transport() {
    return this.socket.io.engine.transport.name;
  }

  /** Resolves when the library has moved from polling to a websocket. */
  upgraded() {
    return until('the connection is upgraded', () => this.transport === 'websocket');
  }

  /** Sends an event with any arguments and gives the one object of the answer. */
  async ask(event, ...args) {
    const replies = await within(PATIENCE_MS, `the answer to ${event}`, new Promise((resolve) => {
      this.socket.emit(event, ...args, (...reply) => resolve(reply));
    }));
    assert.equal(replies.length, 1, 'an answer is exactly one object');
    return checkBase(replies[0]);
  }

  async #succeed(event, request) {
    const reply = await this.ask(event, request);
    assert.equal(reply.status, 200, JSON.stringify(reply));
    return reply;
  }

  async join(roomId) {
    assert.equal((await this.#succeed('room-join', { roomId })).success, true);
  }

  async leave(roomId) {
    assert.equal((await this.#succeed('room-leave', { roomId })).success, true);
  }

  async exists(roomId) {
    return (await this.#succeed('room-exist', { roomId })).success;
  }

  /** Sends a message that must be taken. */
  async send(payload) {
    assert.equal((await this.#succeed('chat-message', { payload })).success, true);
    return payload;
  }

  async pull(roomId, { start = 0, end = -1, ...pagination } = {}) {
    const request = { roomId, startTimestamp: start, endTimestamp: end };
    if (Object.keys(pagination).length > 0) request.pagination = pagination;
    return this.#succeed('pull-message', request);
  }

  async count(options) {
    return (await this.#succeed('count-message', { options })).list;
  }

  /** The payloads of all messages that came, in order. */
  get payloads() {
    return this.received.map(([request]) => request.payload);
  }

  /** Waits for `count` messages and checks that no more came than that. */
  async receives(count, deadlineMs = 10_000) {
    await until(`${count} messages arrive`, () => this.received.length >= count, { deadlineMs })
      .catch((error) => { throw new Error(`${error.message}; ${this.received.length} came`); });
    assert.equal(this.received.length, count);
    return this.payloads;
  }

  close() {
    this.socket.close();
  }
}

/** Runs `use` with clients that are closed afterwards. */
export async function withClients(origin, count, use, options) {
  const clients = await Promise.all(Array.from({ length: count }, () => RoomClient.connect(origin, options)));
  try {
    return await use(...clients);
  } finally {
    clients.forEach((client) => client.close());
  }
}
