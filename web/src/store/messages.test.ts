// @vitest-environment happy-dom
import { expect, test, vi } from 'vitest';
import type { MessageView } from '../api/types';

vi.mock('../core', () => ({ look: vi.fn(), onEvent: vi.fn() }));
const { placed } = await import('./messages');

const message = (id: string, ...order: number[]) => ({ id, order: new Uint8Array(order) }) as unknown as MessageView;

test('a message stands where its order says, once', () => {
  const [a, b, c] = [message('a', 1, 0), message('b', 1, 5), message('c', 2)];
  const ids = (all: readonly MessageView[]) => all.map((one) => one.id).join('');
  expect(ids(placed([], b))).toBe('b');
  expect(ids(placed([a, c], b))).toBe('abc');
  expect(ids(placed([b, c], a))).toBe('abc');
  expect(ids(placed([a, b], c))).toBe('abc');
  expect(ids(placed([a, b, c], message('a', 3)))).toBe('bca');
  expect(ids(placed([a, message('longer', 1, 0, 0)], message('between', 1, 0)))).toBe('abetweenlonger');
});
