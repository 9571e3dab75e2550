/**
 * What stands at the end of each conversation: what was said last, and whether something of one's own has not gone out. The core's own line of it
 * knows neither the language nor what is a picture.
 */
import { computed, signal } from '@preact/signals';
import type { ConversationView, MessageView, Shown } from '../api/types';
import { look, onEvent } from '../core';
import { conversations } from './data';
import { sending } from './sending';

/** Messages of each that are looked at. */
const LOOKED_AT = 10;
/** Most characters of one that are held. */
const LINE_MAX = 120;

export type Mark = 'waiting' | 'failed';

export interface Newest {
  /** Without what only a message itself shows. */
  readonly shown: Shown | null;
  readonly mark: Mark | null;
}

/** By conversation, as far as it was looked at. */
export const newest = signal<ReadonlyMap<string, Newest>>(new Map());

/** Files that are on their way out, by conversation. */
export const filesOut = computed<ReadonlyMap<string, Mark>>(() => {
  const marks = new Map<string, Mark>();
  for (const { group, failed } of sending.value) if (marks.get(group) !== 'failed') marks.set(group, failed === null ? 'waiting' : 'failed');
  return marks;
});

/** The worse of two. */
export function worse(one: Mark | null | undefined, other: Mark | null | undefined): Mark | null {
  return one === 'failed' || other === 'failed' ? 'failed' : one ?? other ?? null;
}

/** How each conversation was when it was looked at. */
const seen = new Map<string, string>();

function stateOf({ last_at, preview }: ConversationView): string {
  return `${last_at} ${preview}`;
}

async function follow(all: readonly ConversationView[]): Promise<void> {
  const here = new Set(all.map((found) => found.id));
  for (const group of seen.keys()) if (!here.has(group)) seen.delete(group);
  const stale = all.filter((found) => seen.get(found.id) !== stateOf(found));
  if (stale.length === 0) return;
  for (const found of stale) seen.set(found.id, stateOf(found));
  const looked = await Promise.all(stale.map(async ({ id }) => [id, await lookAt(id)] as const));
  newest.value = new Map([...newest.peek(), ...looked].filter(([group]) => here.has(group)));
}

/** What can't be looked at now is looked at when it changes. */
async function lookAt(group: string): Promise<Newest> {
  const messages = await look<MessageView[]>('messages', group, undefined, LOOKED_AT).catch(() => []);
  return newestOf(messages);
}

/** Of a page of messages, the oldest first. */
export function newestOf(messages: readonly MessageView[]): Newest {
  const last = messages.findLast(({ shown }) => typeof shown !== 'object' || !('notice' in shown || 'gap' in shown));
  const marks = messages.map(({ delivery }) => (delivery === 'waiting' || delivery === 'failed' ? delivery : null));
  return { shown: last === undefined ? null : shortened(last.shown), mark: marks.reduce(worse, null) };
}

function shortened(shown: Shown): Shown {
  if (typeof shown !== 'object') return shown;
  if ('text' in shown) return { text: shown.text.slice(0, LINE_MAX) };
  return 'file' in shown ? { file: { ...shown.file, caption: shown.file.caption.slice(0, LINE_MAX), thumbnail: null } } : shown;
}

onEvent((event) => {
  if (typeof event !== 'object') return;
  if ('message' in event) seen.delete(event.message.group);
  else if ('gone' in event) seen.delete(event.gone.group);
});
conversations.subscribe((all) => void follow(all));
