/** Requests and live connections of the core. */

/** Milliseconds after which a request counts as lost. */
const DEADLINE = 30_000;
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
  try {
    const reply = await fetch(asked.node + asked.target, {
      method: asked.method,
      headers: asked.headers.map(([name, value]) => [name, value]),
      body: asked.body ?? null,
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(DEADLINE),
    });
    const body = new Uint8Array(await reply.arrayBuffer());
    return { id: asked.id, status: reply.status, headers: [...reply.headers], body };
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
    const socket = new WebSocket(`${node.replace(/^http/, 'ws')}/v1/live`);
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
