// @vitest-environment happy-dom
import { expect, test, vi } from 'vitest';
import type { MessageView } from '../api/types';
import type { Log } from './messages';

vi.mock('../core', () => ({ look: vi.fn(), onEvent: vi.fn() }));
const { placed, followed } = await import('./messages');

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
