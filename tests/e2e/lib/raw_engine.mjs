// Socket.IO frames by hand over `ws`, for texts that no JSON.stringify writes (section 1 shows the frames).

import assert from 'node:assert/strict';
import { WebSocket } from 'ws';
import { until, within } from './until.mjs';

const OPEN_MS = 5_000;

export class RawEngine {
  static async connect(origin) {
    const raw = new RawEngine();
    raw.frames = [];
    raw.number = 0;
    raw.socket = new WebSocket(`${origin.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`);
    raw.socket.on('message', (data) => raw.#take(data.toString()));
    await within(OPEN_MS, 'opening', new Promise((resolve, reject) => {
      raw.socket.once('open', resolve);
      raw.socket.once('error', reject);
    }));
    raw.handshake = JSON.parse((await raw.frame(/^0\{/)).slice(1));
    raw.socket.send('40');
    assert.match(await raw.frame(/^40/), /^40\{"sid":"[^"]+"\}$/);
    return raw;
  }

  #take(text) {
    if (text === '2') this.socket.send('3');
    else this.frames.push(text);
  }

  /** The first frame that matches, waited for. */
  frame(pattern, deadlineMs = 2_000) {
    return until(`a frame ${pattern} arrives`, () => this.frames.find((text) => pattern.test(text)), { deadlineMs });
  }

  /** Sends the text of an event's arguments as it is, and gives the answer. */
  async ask(event, argumentsText) {
    const number = this.number++;
    this.socket.send(`42${number}[${JSON.stringify(event)}${argumentsText === '' ? '' : `,${argumentsText}`}]`);
    const answer = await this.frame(new RegExp(`^43${number}\\[`));
    const list = JSON.parse(answer.slice(`43${number}`.length));
    assert.equal(list.length, 1);
    return list[0];
  }

  close() {
    this.socket.terminate();
  }
}
