/** What the core knows, as signals. They follow its events. */
import { batch, computed, signal } from '@preact/signals';
import type { ContactView, ConversationView, DeviceView, IntroductionView, InvitationView, MeView } from '../api/types';
import { coreState, look, onEvent } from '../core';

export const me = signal<MeView | null>(null);
export const conversations = signal<readonly ConversationView[]>([]);
export const contacts = signal<readonly ContactView[]>([]);
export const devices = signal<readonly DeviceView[]>([]);
export const invitations = signal<readonly InvitationView[]>([]);
export const introductions = signal<readonly IntroductionView[]>([]);
/** The digits that this device shows while it is linked. */
export const linkCheck = signal<string | null>(null);

/** All unread messages that are to be heard of. */
export const unread = computed(() =>
  conversations.value.filter((found) => !found.muted && !found.archived).reduce((sum, found) => sum + found.unread, 0),
);

/** Whether this browser has an account; `null` as long as that is not known. */
export const hasAccount = computed(() => (coreState.value.is === 'running' ? coreState.value.account : null));

let [refreshing, stale] = [false, false];

/** Asks for everything again: once for all events that come meanwhile. */
export function refresh(): void {
  stale = true;
  if (refreshing) return;
  refreshing = true;
  queueMicrotask(async () => {
    try {
      while (stale) await refreshOnce();
    } finally {
      refreshing = false;
    }
  });
}

async function refreshOnce(): Promise<void> {
  stale = false;
  const [mine, all, people, own, open, suggested] = await Promise.all([
    look<MeView | null>('me'),
    look<ConversationView[]>('conversations'),
    look<ContactView[]>('contacts'),
    look<DeviceView[]>('devices'),
    look<InvitationView[]>('invitations'),
    look<IntroductionView[]>('introductions'),
  ]);
  batch(() => {
    me.value = mine;
    conversations.value = all;
    contacts.value = people;
    devices.value = own;
    invitations.value = open;
    introductions.value = suggested;
  });
}

/** One conversation, as far as it is known. */
export function conversation(group: string): ConversationView | undefined {
  return conversations.value.find((found) => found.id === group);
}

/** One contact. */
export function contact(identity: string): ContactView | undefined {
  return contacts.value.find((found) => found.identity === identity);
}

/** Whether oneself is among these. */
export function hasMe(who: readonly string[]): boolean {
  const mine = me.value?.identity;
  return mine !== undefined && who.includes(mine);
}

onEvent((event) => {
  if (event === 'changed') refresh();
  else if ('conversation' in event || 'message' in event || 'gone' in event || 'contact' in event || 'connection' in event) refresh();
  else if ('link_check' in event) linkCheck.value = event.link_check.check;
});
coreState.subscribe((state) => {
  if (state.is === 'running' && state.account) refresh();
});
