import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Live, request } from './network';

class Socket {
  static readonly OPEN = 1;
  static made: Socket[] = [];
  onopen: (() => void) | undefined;
  onclose: (() => void) | undefined;

  constructor(readonly url: string) {
    Socket.made.push(this);
  }

  close(): void {}
}

const told: string[] = [];
const live = () => new Live({ connected: (node) => told.push(`+${node}`), heard: () => undefined, disconnected: (node) => told.push(`-${node}`) });
const network = (onLine: boolean) => { vi.stubGlobal('navigator', { onLine }); };

beforeEach(() => {
  Socket.made = [];
  told.length = 0;
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', Socket);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('an address that the browser takes for none is one that can’t be reached', () => {
  network(true);
  vi.stubGlobal('WebSocket', class { constructor() { throw new SyntaxError('no address'); } });
  live().connect('https://xn--a');
  expect(told).toEqual([]);
  vi.runAllTimers();
  expect(told).toEqual(['-https://xn--a']);
});

test('an answer without an end is none', async () => {
  const endless = () => new ReadableStream({ pull: (stream) => { stream.enqueue(new Uint8Array(2 ** 20)); } });
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(endless())));
  const asked = { id: 1, node: 'https://a', method: 'GET', target: '/', headers: [] };
  expect(await request(asked)).toBeNull();
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('there', { status: 201 })));
  expect(await request(asked)).toMatchObject({ status: 201, body: new TextEncoder().encode('there') });
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(null, { status: 204 })));
  expect(await request(asked)).toMatchObject({ status: 204, body: new Uint8Array() });
});

test('without a network no node is tried, and with it all are at once', () => {
  network(false);
  const here = live();
  here.connect('https://a');
  expect(Socket.made).toHaveLength(0);
  here.network(true);
  expect(Socket.made.map((socket) => socket.url)).toEqual(['wss://a/v1/live']);
  Socket.made[0]?.onopen?.();
  expect(told).toEqual(['+https://a']);
});

test('a browser that is wrong about the network costs a minute, and failures meanwhile are not told', () => {
  network(false);
  const here = live();
  here.connect('https://a');
  vi.advanceTimersByTime(60_000);
  Socket.made[0]?.onclose?.();
  expect(told).toEqual([]);
  vi.advanceTimersByTime(60_000);
  Socket.made[1]?.onopen?.();
  Socket.made[1]?.onclose?.();
  expect(told).toEqual(['+https://a', '-https://a']);
});

test('what is not wanted any more is not tried', () => {
  network(false);
  const here = live();
  here.connect('https://a');
  here.disconnect('https://a');
  here.network(true);
  vi.advanceTimersByTime(120_000);
  expect(Socket.made).toHaveLength(0);
});
