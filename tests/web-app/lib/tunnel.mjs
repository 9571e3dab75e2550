// The way to a node, with a tunnel in it: what Chromium emulates as being offline reaches neither workers nor connections that are open.
import { connect, createServer } from 'node:net';

export class Tunnel {
  #pairs = new Set();
  #dark = false;

  /** Opens a way to `origin`; its own origin stands in its place. `slow`: milliseconds that each piece from the browser takes. */
  static async to(origin, { slow = 0 } = {}) {
    const tunnel = new Tunnel();
    tunnel.target = new URL(origin);
    tunnel.slow = slow;
    tunnel.server = createServer((from) => tunnel.#carry(from));
    await new Promise((listening) => tunnel.server.listen(0, '127.0.0.1', listening));
    tunnel.origin = `http://127.0.0.1:${tunnel.server.address().port}`;
    return tunnel;
  }

  #carry(from) {
    if (this.#dark) {
      from.destroy();
      return;
    }
    const to = connect(Number(this.target.port), this.target.hostname);
    const pair = [from, to];
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      for (const one of pair) one.destroy();
    };
    for (const one of pair) one.on('error', end).on('close', end);
    to.pipe(from);
    from.on('data', (bytes) => {
      to.write(bytes);
      if (this.slow === 0) return;
      from.pause();
      setTimeout(() => from.resume(), this.slow);
    });
  }

  /** Nothing gets through any more. */
  enter() {
    this.#dark = true;
    for (const [from, to] of [...this.#pairs]) {
      from.destroy();
      to.destroy();
    }
  }

  leave() {
    this.#dark = false;
  }

  close() {
    this.enter();
    this.server.close();
  }
}
