/** Looking through all that was said on this device. */
import { signal } from '@preact/signals';
import type { MessageView } from '../api/types';
import { look } from '../core';

/** Hits that are shown at once. */
export const HITS = 40;

export interface Hit {
  readonly group: string;
  readonly message: MessageView;
}

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
export async function searchAll(text: string): Promise<readonly Hit[]> {
  const found = await look<[string, MessageView][]>('search', text, HITS);
  return found.map(([group, message]) => ({ group, message }));
}

/** Messages of one conversation, the newest first, of those before another. */
export async function searchHere(group: string, text: string, before: MessageView | undefined): Promise<readonly Hit[]> {
  const found = await look<MessageView[]>('searchIn', group, text, before?.order, HITS);
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
