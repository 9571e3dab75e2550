// @vitest-environment happy-dom
import { expect, test, vi } from 'vitest';
import type { ConversationView, MessageView } from '../api/types';

vi.mock('../core', () => ({ look: vi.fn(), ask: vi.fn(), onEvent: vi.fn(), coreState: { value: { is: 'starting' }, subscribe: vi.fn() } }));
const { newestOf, worse } = await import('./newest');
const { replaced } = await import('./data');

const message = (shown: unknown, delivery: unknown = null) => ({ shown, delivery }) as MessageView;

test('the newest of what was said counts, and the worst of what has not gone out', () => {
  const notice = message({ notice: 'refused' });
  expect(newestOf([])).toEqual({ shown: null, mark: null });
  expect(newestOf([message({ text: 'a' }), notice])).toEqual({ shown: { text: 'a' }, mark: null });
  expect(newestOf([message({ text: 'a' }, 'failed'), message({ text: 'b' }, 'waiting'), message('deleted', 'accepted')])).toEqual({ shown: 'deleted', mark: 'failed' });
  expect(newestOf([message({ text: 'x'.repeat(9_999) }, 'waiting')])).toEqual({ shown: { text: 'x'.repeat(120) }, mark: 'waiting' });
  expect(newestOf([message({ file: { caption: '', thumbnail: new Uint8Array(9) } })])).toEqual({ shown: { file: { caption: '', thumbnail: null } }, mark: null });
  expect([worse(null, undefined), worse(undefined, 'waiting'), worse('failed', 'waiting')]).toEqual([null, 'waiting', 'failed']);
});

test('one conversation changes in its place among the others, which stay the same', () => {
  const found = (id: string, last_at: number) => ({ id, last_at }) as ConversationView;
  const [a, b, c] = [found('a', 9), found('b', 5), found('c', 1)];
  const all = replaced([a, b, c], ['c'], [found('c', 7)]);
  expect(all.map((one) => one.id)).toEqual(['a', 'c', 'b']);
  expect(all[0]).toBe(a);
  expect(replaced([a, b, c], ['b'], [])).toEqual([a, c]);
  expect(replaced([], ['a'], [a])).toEqual([a]);
});
