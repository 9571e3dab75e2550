// @vitest-environment happy-dom
import { expect, test, vi } from 'vitest';
import type { MessageView } from '../api/types';

const groups = ['one', 'two', 'three'];
const said = groups.map((_, group) => Array.from({ length: 50 }, (_, number) => ({ id: `${group}.${number}`, at: 1_000 + Math.floor(number / (group + 1)) }) as MessageView));

/** As the core looks: the newest first, of what stands before a place. */
const look = vi.fn(async (view: string, ...args: unknown[]) => {
  const down = (all: readonly MessageView[]) => [...all].sort((one, other) => other.at - one.at);
  if (view === 'search') {
    const all = said.flatMap((messages, group) => messages.map((message) => [groups[group], message] as const));
    return all.sort(([, one], [, other]) => other.at - one.at).slice(0, args[1] as number);
  }
  const [group, , before, limit] = args as [string, string, Uint8Array, number];
  const place = Number(new DataView(before.buffer).getBigUint64(0));
  return down(said[groups.indexOf(group)] ?? []).filter(({ at }) => at < place).slice(0, limit);
});
vi.mock('../core', () => ({ look, onEvent: vi.fn(), coreState: { value: { is: 'starting' }, subscribe: vi.fn() } }));
vi.mock('./data', () => ({ conversations: { peek: () => groups.map((id) => ({ id })) } }));
const { HITS, searchAll } = await import('./search');


test('page after page everything is found once, the newest first', async () => {
  const found = [...(await searchAll('x', []))];
  for (;;) {
    const next = await searchAll('x', found);
    found.push(...next);
    if (next.length < HITS) break;
  }
  expect(found.length).toBe(150);
  expect(new Set(found.map(({ message }) => message.id)).size).toBe(150);
  const times = found.map(({ message }) => message.at);
  expect(times).toEqual([...times].sort((one, other) => other - one));
});
