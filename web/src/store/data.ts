/** What the core knows, as signals. They follow its events. */
import { batch, computed, signal } from '@preact/signals';
import type { ContactView, ConversationView, DeviceView, IntroductionView, InvitationView, MeView } from '../api/types';
import { coreState, look, onEvent } from '../core';
import { t } from '../i18n';

export const me = signal<MeView | null>(null);
const listed = signal<readonly ConversationView[]>([]);
/** The newest first. */
export const conversations = computed(() => listed.value.map(named));
export const contacts = signal<readonly ContactView[]>([]);
export const devices = signal<readonly DeviceView[]>([]);
export const invitations = signal<readonly InvitationView[]>([]);
export const introductions = signal<readonly IntroductionView[]>([]);
/** The digits that this device shows while it is linked. */
export const linkCheck = signal<string | null>(null);

/** The core names what has no name in English. */
function named(found: ConversationView): ConversationView {
  const { kind, title, members } = found;
  const texts = t.value.list;
  if (kind === 'room' && title === 'Room') return { ...found, title: texts.room };
  return kind === 'group' && title === 'Group' && members.every((member) => member.me) ? { ...found, title: texts.group } : found;
}

/** All unread messages that are to be heard of. */
export const unread = computed(() =>
  conversations.value.filter((found) => !found.muted && !found.archived).reduce((sum, found) => sum + found.unread, 0),
);

/** Whether this browser has an account; `null` as long as that is not known. */
export const hasAccount = computed(() => (coreState.value.is === 'running' ? coreState.value.account : null));

/** Milliseconds within which events are answered together, after the first of them. */
const TOGETHER = 100;
/** Milliseconds after which it is looked again if that went wrong. */
const AGAIN = 5_000;
/** More conversations than that are asked for with all else. */
const SINGLE_MAX = 20;

/** What is to be asked for again: everything, or these conversations. */
const stale = { all: false, groups: new Set<string>() };
let working = false;
let next = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Asks for everything again, once for all events that come together. */
export function refresh(): void {
  stale.all = true;
  soon();
}

function refreshOne(group: string): void {
  stale.groups.add(group);
  soon();
}

/** By the clock, not by timers alone: those of hidden tabs may be minutes late. */
function soon(): void {
  if (working) return;
  const wait = next - performance.now();
  if (wait <= 0) void work();
  else timer ??= setTimeout(() => void work(), wait);
}

async function work(): Promise<void> {
  clearTimeout(timer);
  timer = undefined;
  if (working) return;
  working = true;
  const [all, groups] = [stale.all || stale.groups.size > SINGLE_MAX, [...stale.groups]];
  stale.all = false;
  stale.groups.clear();
  try {
    await (all ? refreshAll() : refreshSome(groups));
    next = performance.now() + TOGETHER;
  } catch {
    stale.all = true;
    next = performance.now() + AGAIN;
  }
  working = false;
  if (stale.all || stale.groups.size > 0) soon();
}

async function refreshAll(): Promise<void> {
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
    listed.value = all;
    contacts.value = people;
    devices.value = own;
    invitations.value = open;
    introductions.value = suggested;
  });
}

async function refreshSome(groups: readonly string[]): Promise<void> {
  const found = await Promise.all(groups.map((group) => look<ConversationView | null>('conversation', group)));
  listed.value = replaced(listed.peek(), groups, found.filter((one) => one !== null));
}

/** All conversations, the newest first, with these in place of what they were. */
export function replaced(all: readonly ConversationView[], groups: readonly string[], by: readonly ConversationView[]): ConversationView[] {
  const others = all.filter((one) => !groups.includes(one.id));
  return [...others, ...by].sort((one, other) => other.last_at - one.last_at);
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
  if (event === 'changed' || 'contact' in event || 'connection' in event) refresh();
  // Of hundreds of conversations these concern one.
  else if ('message' in event) refreshOne(event.message.group);
  else if ('gone' in event) refreshOne(event.gone.group);
  else if ('conversation' in event) refreshOne(event.conversation);
  else if ('link_check' in event) linkCheck.value = event.link_check.check;
});
coreState.subscribe((state) => {
  if (state.is === 'running' && state.account) refresh();
});
