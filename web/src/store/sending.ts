/** What is on its way: files that leave, and files that are fetched. */
import { signal } from '@preact/signals';
import type { Event } from '../api/types';
import { ask, coreState, onEvent } from '../core';
import type { Sending } from '../core/rpc';

/** Files on their way out. */
export const sending = signal<readonly Sending[]>([]);
/** Of files that are being fetched, by message: how much of them is here, from 0 to 1. */
export const fetching = signal<ReadonlyMap<string, number>>(new Map());

function progressed({ message, done, all }: Extract<Event, { progress: unknown }>['progress']): void {
  if (message === null) return;
  const next = new Map(fetching.peek());
  if (done >= all) next.delete(message);
  else next.set(message, done / all);
  if (next.size > 0 || fetching.peek().size > 0) fetching.value = next;
}

onEvent((event) => {
  if (typeof event !== 'object') return;
  if ('sending' in event) sending.value = event.sending;
  else if ('progress' in event) progressed(event.progress);
});
coreState.subscribe((state) => {
  if (state.is === 'running') void ask({ sending: 'list' }).then((list) => { sending.value = list as readonly Sending[]; }).catch(() => undefined);
});
