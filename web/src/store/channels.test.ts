// @vitest-environment happy-dom
import { expect, test, vi } from 'vitest';

vi.mock('../core', () => ({ look: vi.fn(), onEvent: vi.fn(), coreState: { subscribe: vi.fn() }, command: vi.fn() }));
const { LINES_MAX, channel, heard, openChannel, seen } = await import('./channels');
const { channelName } = await import('../actions/places');

test('a channel holds its newest lines, and counts what was not seen', () => {
  for (let at = 0; at < LINES_MAX + 3; at += 1) heard('lobby', { from: 'a', text: String(at), at });
  expect(channel('lobby').lines).toHaveLength(LINES_MAX);
  expect(channel('lobby').lines[0]?.text).toBe('3');
  expect(channel('lobby').unread).toBe(LINES_MAX + 3);
  seen('lobby');
  expect(channel('lobby').unread).toBe(0);
  openChannel.value = 'lobby';
  heard('lobby', { from: 'a', text: 'looked at', at: 0 });
  expect(channel('lobby').unread).toBe(0);
  expect(channel('other').lines).toEqual([]);
});

test('a channel is called the same with and without its sign', () => {
  expect(channelName(' #lobby ')).toBe('lobby');
  expect(channelName('lobby')).toBe('lobby');
});
