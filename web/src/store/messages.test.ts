// @vitest-environment happy-dom
import { signal } from '@preact/signals';
import { afterEach, expect, test, vi } from 'vitest';
import type { Event, MessageView } from '../api/types';
import type { CoreState } from '../core/rpc';
import type { Log } from './messages';

const look = vi.fn<(view: string, group: string, of: unknown) => Promise<unknown>>();
const running = () => ({ is: 'running', account: true, leader: false }) as const;
const coreState = signal<CoreState>(running());
let tell: (event: Event) => void = () => undefined;
vi.mock('../core', () => ({ look, coreState, onEvent: (listener: typeof tell) => { tell = listener; } }));
const { closeLog, followed, log, openLog, placed } = await import('./messages');
afterEach(() => { closeLog('group'); });

const message = (id: string, ...order: number[]) => ({ id, order: new Uint8Array(order) }) as unknown as MessageView;
const ids = (all: readonly MessageView[]) => all.map((one) => one.id).join('');

test('a message stands where its order says, once', () => {
  const [a, b, c] = [message('a', 1, 0), message('b', 1, 5), message('c', 2)];
  expect(ids(placed([], b))).toBe('b');
  expect(ids(placed([a, c], b))).toBe('abc');
  expect(ids(placed([b, c], a))).toBe('abc');
  expect(ids(placed([a, b], c))).toBe('abc');
  expect(ids(placed([a, b, c], message('a', 3)))).toBe('bca');
  expect(ids(placed([a, message('longer', 1, 0, 0)], message('between', 1, 0)))).toBe('abetweenlonger');
});

const held = (more: boolean, atEnd: boolean): Log => ({ group: 'g', messages: [message('b', 5), message('c', 6)], more, atEnd, unreadFrom: null, goal: null });

test('what is beyond the window is left for when it is scrolled to', () => {
  const [older, newer] = [message('a', 1), message('d', 9)];
  expect(ids(followed(held(true, true), [older, newer], true).messages)).toBe('bcd');
  expect(ids(followed(held(false, true), [older], true).messages)).toBe('abc');
  expect(ids(followed(held(true, false), [newer, message('c', 6)], true).messages)).toBe('bc');
});

test('the window stays as large as it may be, at the end that one looks at', () => {
  const many = Array.from({ length: 400 }, (_, at) => message(`${at},`, 7, at >> 8, at & 255));
  const end = followed(held(false, true), many, true);
  expect([end.messages.length, end.more, end.atEnd, end.messages.at(-1)?.id]).toEqual([300, true, true, '399,']);
  const above = followed(held(false, true), many, false);
  expect([above.messages.length, above.more, above.atEnd, above.messages[0]?.id]).toEqual([300, false, false, 'b']);
});

/** The core has these; gives what can be put there later. */
function has(messages: MessageView[]) {
  const held = { messages };
  look.mockImplementation(async (view, _group, of) => {
    if (view === 'message') return held.messages.find((found) => found.id === of) ?? null;
    return view === 'messages' ? held.messages.slice(-60) : held.messages.slice(1);
  });
  return held;
}

test('what changed while nobody led is there when somebody does', async () => {
  const held = has([message('a', 1), message('b', 2)]);
  await openLog('group');
  held.messages = [message('a', 1), message('c', 3)];
  coreState.value = running();
  await vi.waitFor(() => { expect(ids(log.value?.messages ?? [])).toBe('ac'); });
  expect(log.value?.atEnd).toBe(true);
});

test('a look that fails is made up for with the next message', async () => {
  const held = has([message('a', 1)]);
  await openLog('group');
  look.mockRejectedValueOnce(new Error('once'));
  tell({ message: { group: 'group', message: 'b', new: true } } as unknown as Event);
  await vi.waitFor(() => { expect(look).toHaveBeenLastCalledWith('message', 'group', 'b'); });
  held.messages = [message('a', 1), message('b', 2), message('c', 3)];
  await vi.waitFor(() => {
    tell({ message: { group: 'group', message: 'c', new: true } } as unknown as Event);
    expect(ids(log.value?.messages ?? [])).toBe('abc');
  });
});
