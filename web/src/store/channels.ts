/** Public channels: which ones one follows, and what was said there since the app was opened. Nothing of it is kept anywhere. */
import { signal } from '@preact/signals';
import { coreState, look, onEvent } from '../core';

/** Most lines of one channel that are held. */
export const LINES_MAX = 500;

export interface Line {
  /** As the speaker calls itself; empty: something about the channel itself. */
  readonly from: string;
  readonly text: string;
  /** Milliseconds. */
  readonly at: number;
  readonly mine?: boolean;
  /** So many lines were missed here. */
  readonly missed?: number;
}

export interface Channel {
  /** The oldest first. */
  readonly lines: readonly Line[];
  readonly unread: number;
}

const NOTHING: Channel = { lines: [], unread: 0 };

/** The names of those that one follows. */
export const channels = signal<readonly string[]>([]);
const said = signal<ReadonlyMap<string, Channel>>(new Map());
/** The one that is open. */
export const openChannel = signal<string | null>(null);

/** One channel, as far as it was heard. */
export function channel(name: string): Channel {
  return said.value.get(name) ?? NOTHING;
}

/** A line comes in. */
export function heard(name: string, line: Line): void {
  const before = said.peek().get(name) ?? NOTHING;
  const seen = line.mine === true || openChannel.peek() === name;
  const next = { lines: [...before.lines, line].slice(-LINES_MAX), unread: seen ? 0 : before.unread + 1 };
  said.value = new Map(said.peek()).set(name, next);
}

/** All of it was looked at. */
export function seen(name: string): void {
  const before = said.peek().get(name);
  if (before !== undefined && before.unread > 0) said.value = new Map(said.peek()).set(name, { ...before, unread: 0 });
}

async function refresh(): Promise<void> {
  const names = await look<string[]>('channels');
  channels.value = names;
  said.value = new Map([...said.peek()].filter(([name]) => names.includes(name)));
}

onEvent((event) => {
  if (event === 'changed') void refresh();
  else if ('said' in event) heard(event.said.channel, event.said);
  else if ('missed' in event) heard(event.missed.channel, { from: '', text: '', at: Date.now(), missed: event.missed.count });
});
coreState.subscribe((state) => {
  if (state.is === 'running' && state.account) void refresh();
});
