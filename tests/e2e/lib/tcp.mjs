// TCP connections whose reads are kept apart: the real programs take each read for one message.

import { Worker } from 'node:worker_threads';
import { until, within } from './until.mjs';

const OPEN_MS = 5_000;
const byId = new Map();
let worker;
let made = 0;

function post(message) {
  if (worker === undefined) {
    worker = new Worker(new URL('tcp_worker.mjs', import.meta.url));
    worker.on('message', (event) => byId.get(event.id)?.take(event));
    worker.unref(); // after the listener, which would keep the process alive
  }
  worker.postMessage(message);
}

/**
 * One connection. `reads` holds the text of each read; `onRead` may take them as they come, and is told whether the reading thread
 * was late, so that what is merged may be its own doing (lib/late_reads.mjs).
 */
export class Tcp {
  constructor(id) {
    this.id = id;
    this.reads = [];
    this.closed = false;
    this.open = new Promise((resolve) => { this.opened = resolve; });
    this.ended = new Promise((resolve) => { this.end = resolve; });
    byId.set(id, this);
  }

  static async dial(port) {
    made += 1;
    const tcp = new Tcp(`dialled ${made}`);
    post({ command: 'dial', id: tcp.id, port });
    const refused = tcp.ended.then(() => { throw new Error(`nobody listens on port ${port}`); });
    refused.catch(() => {});
    await within(OPEN_MS, 'dialling', Promise.race([tcp.open, refused]));
    return tcp;
  }

  take({ what, text, late }) {
    if (what === 'open') this.opened();
    if (what === 'closed') {
      this.closed = true;
      this.end();
      byId.delete(this.id);
    }
    if (what === 'read') {
      this.reads.push(text);
      this.onRead?.(text, late);
    }
  }

  write(text) {
    post({ command: 'write', id: this.id, text });
  }

  /** Half-closes, which is how clients leave. */
  leave() {
    post({ command: 'end', id: this.id });
  }

  close() {
    post({ command: 'destroy', id: this.id });
  }

  pause() {
    post({ command: 'pause', id: this.id });
  }

  resume() {
    post({ command: 'resume', id: this.id });
  }

  /** Waits until the reads fulfil `check`, which gets their texts. */
  until(what, check, deadlineMs = 5_000) {
    return until(what, () => check(this.reads), { deadlineMs })
      .catch((error) => { throw new Error(`${error.message}; reads: ${JSON.stringify(this.reads).slice(-1_000)}`); });
  }
}

export class TcpServer {
  static async listen(onConnection, port = 0) {
    made += 1;
    const server = new TcpServer();
    server.id = `listening ${made}`;
    server.onConnection = onConnection;
    byId.set(server.id, server);
    const listening = new Promise((resolve) => { server.listening = resolve; });
    post({ command: 'listen', id: server.id, port });
    server.port = await within(OPEN_MS, 'listening', listening);
    return server;
  }

  take({ what, port, child }) {
    if (what === 'listening') this.listening(port);
    else this.onConnection(new Tcp(child));
  }

  close() {
    post({ command: 'stop', id: this.id });
  }
}
