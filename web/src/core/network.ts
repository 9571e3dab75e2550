/** Requests and live connections of the core. */

/** Milliseconds without a sign of an answer, and in all, after which a request counts as lost. */
const SILENCE = 30_000;
const WHOLE = 120_000;
/** Most bytes of an answer, as in the terminal. */
const ANSWER_MAX = 17 * 2 ** 20;
/** Milliseconds after which a node is tried though the browser says that there is no network: it may be wrong. */
const DOUBT = 60_000;

export interface Asked {
  readonly id: number;
  readonly node: string;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: Uint8Array<ArrayBuffer> | null;
}

export interface Answer {
  readonly id: number;
  readonly status: number;
  readonly headers: [string, string][];
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Makes a request; `null` if there was no answer. Nothing of the browser's own is sent along. */
export async function request(asked: Asked): Promise<Answer | null> {
  const ended = new AbortController();
  const end = () => { ended.abort(); };
  const all = setTimeout(end, WHOLE);
  let silence = setTimeout(end, SILENCE);
  const alive = () => {
    clearTimeout(silence);
    silence = setTimeout(end, SILENCE);
  };
  try {
    const reply = await fetch(asked.node + asked.target, {
      method: asked.method,
      headers: asked.headers.map(([name, value]) => [name, value]),
      body: asked.body ?? null,
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      signal: ended.signal,
    });
    alive();
    const body = await whole(reply, alive);
    return { id: asked.id, status: reply.status, headers: [...reply.headers], body };
  } catch {
    return null;
  } finally {
    clearTimeout(all);
    clearTimeout(silence);
  }
}

/** All of an answer, as it comes; fails beyond the bound. */
async function whole(reply: Response, alive: () => void): Promise<Uint8Array<ArrayBuffer>> {
  const [pieces, reader] = [[] as Uint8Array<ArrayBuffer>[], reply.body?.getReader()];
  let size = 0;
  for (;;) {
    const piece = await reader?.read();
    if (piece?.value === undefined) break;
    alive();
    size += piece.value.length;
    if (size > ANSWER_MAX) throw new RangeError('an answer that is too large');
    pieces.push(piece.value);
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** A connection; `null` for an address that the browser takes for none: what hubs are called is what others say. */
function made(url: string): WebSocket | null {
  try {
    return new WebSocket(url);
  } catch {
    return null;
  }
}

export interface LiveEvents {
  connected(node: string): void;
  heard(node: string, text: string): void;
  disconnected(node: string): void;
}

/**
 * The live connections to nodes, one for each. Without a network none is tried: the core would wait longer after each failure, and still wait
 * when the network is back.
 */
export class Live {
  readonly #sockets = new Map<string, WebSocket>();
  /** Nodes that wait for the network. */
  readonly #held = new Map<string, ReturnType<typeof setTimeout>>();

  #there = navigator.onLine;

  constructor(readonly events: LiveEvents) {}

  connect(node: string): void {
    this.disconnect(node);
    if (this.#there) this.#open(node);
    else this.#hold(node);
  }

  #hold(node: string): void {
    this.#release(node);
    this.#held.set(node, setTimeout(() => { this.#open(node); }, DOUBT));
  }

  #release(node: string): void {
    clearTimeout(this.#held.get(node));
    this.#held.delete(node);
  }

  #open(node: string): void {
    this.#release(node);
    const socket = made(`${node.replace(/^http/, 'ws')}/v1/live`);
    if (socket === null) {
      // The core goes on first with what it was doing.
      setTimeout(() => { this.events.disconnected(node); });
      return;
    }
    this.#sockets.set(node, socket);
    let opened = false;
    const present = () => this.#sockets.get(node) === socket;
    socket.onopen = () => {
      opened = true;
      if (present()) this.events.connected(node);
    };
    socket.onmessage = ({ data }) => { if (present() && typeof data === 'string') this.events.heard(node, data); };
    socket.onclose = () => {
      if (!present()) return;
      this.#sockets.delete(node);
      if (opened || this.#there) this.events.disconnected(node);
      else this.#hold(node);
    };
  }

  say(node: string, text: string): void {
    const socket = this.#sockets.get(node);
    if (socket?.readyState === WebSocket.OPEN) socket.send(text);
  }

  /** Closes a connection; that it is closed is not told. */
  disconnect(node: string): void {
    const socket = this.#sockets.get(node);
    this.#sockets.delete(node);
    this.#release(node);
    socket?.close();
  }

  /** Closes all, and tells nobody. */
  end(): void {
    for (const node of [...this.#sockets.keys(), ...this.#held.keys()]) this.disconnect(node);
  }

  /** The network came back or went: whatever is open is not to be trusted, and what waits may go on. */
  network(there: boolean): void {
    this.#there = there;
    for (const [node, socket] of [...this.#sockets]) {
      this.#sockets.delete(node);
      socket.close();
      this.events.disconnected(node);
    }
    if (this.#there) for (const node of [...this.#held.keys()]) this.#open(node);
  }
}
