/** What one has begun to write, in every conversation. It lies sealed in the worker's files, and outlives the tab. */
import { signal } from '@preact/signals';
import { ask, coreState, onEvent } from '../core';
import type { DraftTexts } from '../core/rpc';

/** Milliseconds after the last key until it is kept. */
const PAUSE = 300;

export const drafts = signal<DraftTexts>({});
/** Whether it is known what was kept. */
export const draftsKnown = signal(false);

const waiting = new Map<string, string>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** What is written there so far. */
export function draftOf(group: string): string {
  return waiting.get(group) ?? drafts.peek()[group] ?? '';
}

/** Keeps it soon; an empty text at once. */
export function keepDraft(group: string, text: string): void {
  waiting.set(group, text);
  clearTimeout(timer);
  if (text === '') flush();
  else timer = setTimeout(flush, PAUSE);
}

/** Puts a text behind what stands there already. */
export function addToDraft(group: string, text: string): void {
  const before = draftOf(group).trimEnd();
  keepDraft(group, before === '' ? text : `${before}\n${text}`);
}

function flush(): void {
  clearTimeout(timer);
  for (const [group, text] of waiting) void ask({ draft: { group, text } }).catch(() => undefined);
  waiting.clear();
}

onEvent((event) => {
  if (typeof event === 'object' && 'drafts' in event) drafts.value = event.drafts;
});
coreState.subscribe((state) => {
  if (state.is !== 'running') return;
  void ask({ drafts: 'list' }).then((found) => {
    drafts.value = found as DraftTexts;
    draftsKnown.value = true;
  }).catch(() => undefined);
});
addEventListener('pagehide', flush);
document.addEventListener('visibilitychange', flush);
