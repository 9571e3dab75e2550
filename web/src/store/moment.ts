/** When it is a good moment to speak of the recovery words: not at the start, but once there is something to lose. */
import { computed, effect, signal } from '@preact/signals';
import type { MessageView } from '../api/types';
import { ask, coreState, look } from '../core';
import { conversations, hasAccount } from './data';
import { later, wordsHere } from './keeping';

/** Messages of a conversation after which there is something to lose. */
const ENOUGH = 6;
/** Conversations that are looked at for that: the newest ones. */
const LOOKED_AT_MAX = 3;

const somethingToLose = signal(false);

/** It is one. */
export const remind = computed(() => wordsHere.value === true && somethingToLose.value && later.value.until <= Date.now());

async function lookForWords(): Promise<void> {
  wordsHere.value = (await ask({ words: 'read' })) !== null;
}

/** Whether two have talked for a while in one of these conversations. */
async function haveTalked(groups: readonly string[]): Promise<boolean> {
  for (const group of groups) {
    const messages = await look<MessageView[]>('messages', group, undefined, 2 * ENOUGH);
    const said = messages.filter(({ shown }) => typeof shown === 'object' && !('notice' in shown) && !('gap' in shown));
    if (said.length >= ENOUGH && said.some((one) => one.mine) && said.some((one) => !one.mine)) return true;
  }
  return false;
}

coreState.subscribe((state) => {
  if (state.is === 'running' && state.account && wordsHere.peek() === null) void lookForWords().catch(() => undefined);
});
effect(() => {
  const groups = conversations.value.slice(0, LOOKED_AT_MAX).map((found) => found.id);
  if (hasAccount.value !== true || wordsHere.value !== true || somethingToLose.value) return;
  void haveTalked(groups).then((talked) => { somethingToLose.value = talked; }, () => undefined);
});
