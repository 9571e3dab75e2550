import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Watch } from './watch';

const turns = (count: number) => vi.advanceTimersByTime(count * 2_000);
let waiting = true;
const watched = { waits: () => waiting, ask: vi.fn(), silent: vi.fn() };
let watch: Watch;

beforeEach(() => {
  vi.useFakeTimers();
  waiting = true;
  vi.clearAllMocks();
  watch = new Watch(watched);
});
afterEach(() => { vi.useRealTimers(); });

test('a tab that says nothing is spoken of, and asked on', () => {
  watch.begin();
  turns(4);
  expect(watched.silent).not.toHaveBeenCalled();
  turns(1);
  expect(watched.silent).toHaveBeenCalled();
  expect(watched.ask).toHaveBeenCalledTimes(5);
});

test('any word begins the count anew', () => {
  watch.begin();
  turns(4);
  watch.heard();
  turns(4);
  expect(watched.silent).not.toHaveBeenCalled();
});

test('nothing is asked while nothing waits', () => {
  watch.begin();
  waiting = false;
  turns(3);
  expect(watched.ask).not.toHaveBeenCalled();
  waiting = true;
  watch.begin();
  turns(1);
  expect(watched.ask).toHaveBeenCalledTimes(1);
});
