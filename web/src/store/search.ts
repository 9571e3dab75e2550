/** Looking through all that was said on this device. */
import { signal } from '@preact/signals';
import type { MessageView } from '../api/types';
import { look } from '../core';
import { conversations } from './data';

/** Hits that are asked for at once. */
export const HITS = 40;
/** Most that are held: who looks for more than that needs another word. */
export const HITS_MAX = 1_000;

export interface Hit {
  readonly group: string;
  readonly message: MessageView;
}

/** Finds what is further back than what is shown: fewer than [`HITS`] where nothing more is. */
export type Search = (text: string, shown: readonly Hit[]) => Promise<readonly Hit[]>;

/** Counts how often the search was asked for by its key. */
export const searchWanted = signal(0);

const PLACE = 'tidings.slash';

/** Whether `/` alone asks for it. Whoever speaks to their device, or rests a hand on the keys, may want it off. */
export const slashOpens = signal(localStorage.getItem(PLACE) !== 'off');
slashOpens.subscribe((on) => {
  if (on) localStorage.removeItem(PLACE);
  else localStorage.setItem(PLACE, 'off');
});

/** The words of what was typed. */
export function wordsOf(text: string): readonly string[] {
  return text.trim().split(/\s+/).filter((word) => word !== '');
}

/** Messages of all conversations, the newest first. */
export async function searchAll(text: string, shown: readonly Hit[]): Promise<readonly Hit[]> {
  const last = shown.at(-1)?.message.at;
  if (last !== undefined) return searchBefore(text, last, shown);
  const found = await look<[string, MessageView][]>('search', text, HITS);
  return found.map(([group, message]) => ({ group, message }));
}

/** The same further back. The core looks so through one conversation at a time; places in them all begin with the time. */
async function searchBefore(text: string, last: number, shown: readonly Hit[]): Promise<readonly Hit[]> {
  // Of those that were written in the same millisecond some may be shown already.
  const known = new Set(shown.filter(({ message }) => message.at <= last).map(nameOf));
  const before = new Uint8Array(8);
  new DataView(before.buffer).setBigUint64(0, BigInt(last) + 1n);
  const pages = await Promise.all(conversations.peek().map(async ({ id: group }) => {
    const page = await look<MessageView[]>('searchIn', group, text, before, HITS + known.size);
    return page.map((message) => ({ group, message }));
  }));
  const found = pages.flat().filter((hit) => !known.has(nameOf(hit)));
  return found.sort((one, other) => other.message.at - one.message.at).slice(0, HITS);
}

function nameOf({ group, message }: Hit): string {
  return `${group} ${message.id}`;
}

/** Messages of one conversation, the newest first. */
export async function searchHere(group: string, text: string, shown: readonly Hit[]): Promise<readonly Hit[]> {
  const found = await look<MessageView[]>('searchIn', group, text, shown.at(-1)?.message.order, HITS);
  return found.map((message) => ({ group, message }));
}

/** `/`, unless that is turned off, and Ctrl or Cmd with K. */
addEventListener('keydown', (event: KeyboardEvent) => {
  const typed = (event.target as Element | null)?.closest('input, textarea, select, [contenteditable], dialog') != null;
  const slash = slashOpens.peek() && event.key === '/' && !typed && !event.ctrlKey && !event.metaKey && !event.altKey;
  const letter = event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
  if (!slash && !letter || document.querySelector('dialog[open]') !== null) return;
  event.preventDefault();
  searchWanted.value += 1;
});
