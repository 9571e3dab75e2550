// A device that runs the core: does its actions with `fetch` and WebSockets. Its records are kept in memory, or by the core in a file:
// `{ handle, key }`.

import WebSocket from 'ws';

const DEADLINE_MS = 30_000;

export class Device {
  #sockets = new Map();
  #files = new Map();
  #waiting = new Map();
  #changed = new Set();
  #last = 0;
  #timer;

  constructor(core, records = new Map()) {
    this.records = records;
    this.events = [];
    const { handle, key } = records;
    this.client = handle ? core.Client.open(handle, key, Date.now()) : new core.Client([...records.values()], Date.now());
    this.#take('started');
  }

  // Gives a command and waits for its end: the outcome, or an error with the fault.
  command(command) {
    const id = (this.#last += 1);
    const outcome = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#take({ command: { id, command } });
    return within(outcome, Object.keys(command)[0] ?? command);
  }

  // A file that the core may read or write.
  file(bytes = new Uint8Array()) {
    const id = (this.#last += 1);
    this.#files.set(id, bytes);
    return id;
  }

  content(file) {
    return this.#files.get(file);
  }

  // Waits until `check` gives something.
  until(what, check) {
    const found = new Promise((resolve, reject) => {
      const look = () => {
        try {
          const value = check(this.client);
          if (!value) return;
          this.#changed.delete(look);
          resolve(value);
        } catch (error) {
          reject(error);
        }
      };
      this.#changed.add(look);
      look();
    });
    return within(found, what, () => JSON.stringify(this.events.slice(-20)));
  }

  // Ends as a closed tab does: nothing is said, nothing but the records stays.
  end() {
    clearTimeout(this.#timer);
    this.ended = true;
    for (const socket of this.#sockets.values()) socket.terminate();
    return this.records;
  }

  #take(input) {
    if (this.ended) return;
    for (const action of this.client.handle(input, Date.now())) {
      const [[kind, value]] = Object.entries(action);
      this[`_${kind}`](value);
    }
    for (const look of [...this.#changed]) look();
  }

  _save(records) {
    for (const record of records) {
      const key = [record.table, ...[record.owner, record.order].map((bytes) => Buffer.from(bytes).toString('hex'))].join('/');
      if (record.value === null || record.value === undefined) this.records.delete(key);
      else this.records.set(key, record);
    }
  }

  async _request({ id, node, method, target, headers, body }) {
    let answer;
    try {
      const reply = await fetch(node + target, { method, headers, body: body ?? undefined, signal: AbortSignal.timeout(DEADLINE_MS) });
      answer = { answer: { id, status: reply.status, headers: [...reply.headers], body: new Uint8Array(await reply.arrayBuffer()) } };
    } catch {
      answer = { no_answer: { id } };
    }
    this.#take(answer);
  }

  _connect({ node }) {
    const socket = new WebSocket(`${node.replace(/^http/, 'ws')}/v1/live`);
    this.#sockets.set(node, socket);
    socket.on('open', () => this.#take({ connected: { node } }));
    socket.on('message', (text) => this.#take({ heard: { node, text: text.toString() } }));
    socket.on('error', () => {});
    socket.on('close', () => this.#take({ disconnected: { node } }));
  }

  _say({ node, text }) {
    this.#sockets.get(node)?.send(text, () => {});
  }

  _disconnect({ node }) {
    this.#sockets.get(node)?.close();
  }

  _wake_at(at) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#take('tick'), Math.min(Math.max(0, at - Date.now()), 2 ** 30));
  }

  _read_file({ file, offset, length }) {
    const bytes = this.#files.get(file)?.slice(offset, offset + length) ?? null;
    queueMicrotask(() => this.#take({ file_read: { file, offset, bytes } }));
  }

  _write_file({ file, offset, bytes }) {
    const before = offset === 0 ? new Uint8Array() : this.#files.get(file).slice(0, offset);
    this.#files.set(file, Buffer.concat([before, bytes]));
    queueMicrotask(() => this.#take({ file_written: { file, worked: true } }));
  }

  _done({ id, outcome }) {
    const { resolve, reject } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (outcome.failed === undefined) resolve(outcome);
    else reject(new Error(`refused: ${JSON.stringify(outcome.failed)}`));
  }

  _show(event) {
    this.events.push(event);
  }
}

function within(promise, what, more = () => '') {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${DEADLINE_MS} ms: ${what} ${more()}`)), DEADLINE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
