// The two transports of channel clients. A line counts each read or frame as one message, as the real clients do, and notes what
// would have killed them.

import { WebSocket } from 'ws';
import { splitObjects } from './late_reads.mjs';
import { Tcp } from './tcp.mjs';
import { until, within } from './until.mjs';

const OPEN_MS = 5_000;

class Line {
  /** Texts of all messages, and what was wrong with the first that a real client could not take. */
  constructor() {
    this.texts = [];
    this.closed = false;
    this.fault = undefined;
  }

  take(text) {
    this.texts.push(text);
    try {
      const { msg } = JSON.parse(text);
      if (msg === undefined || msg === null) throw new Error('no msg');
    } catch (error) {
      this.fault ??= `${error.message} in ${text.slice(0, 300)}`;
    }
  }

  get messages() {
    return this.texts.map((text) => JSON.parse(text));
  }

  untilClosed(deadlineMs = 10_000) {
    return until('the connection is closed', () => this.closed, { deadlineMs });
  }
}

export class TcpLine extends Line {
  static async open({ tcp }) {
    const line = new TcpLine();
    line.tcp = await Tcp.dial(tcp);
    line.tcp.onRead = (text, late) => (late ? splitObjects(text) : [text]).forEach((part) => line.take(part));
    line.tcp.ended.then(() => { line.closed = true; });
    return line;
  }

  write(text) {
    this.tcp.write(text);
  }

  close() {
    this.tcp.close();
  }

  pause() {
    this.tcp.pause();
  }

  resume() {
    this.tcp.resume();
  }
}

export class WebSocketLine extends Line {
  static async open({ websocketUrl }, options = {}) {
    const line = new WebSocketLine();
    line.socket = new WebSocket(websocketUrl, options.protocols ?? [], options);
    line.socket.on('message', (data, isBinary) => {
      if (isBinary) line.fault ??= `a binary frame: ${data}`;
      line.take(data.toString());
    });
    line.socket.on('close', () => { line.closed = true; });
    await within(OPEN_MS, 'opening', new Promise((resolve, reject) => {
      line.socket.once('open', resolve);
      line.socket.once('error', reject);
    }));
    line.socket.on('error', () => {});
    return line;
  }

  write(text) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(text);
  }

  close() {
    this.socket.terminate();
  }

  pause() {
    this.socket.pause();
  }

  resume() {
    this.socket.resume();
  }
}

export const LINES = { TCP: TcpLine, WebSocket: WebSocketLine };
