/** The messages of the conversation that is open: a window of them, that follows the core. */
import { signal } from '@preact/signals';
import type { MessageView } from '../api/types';
import { coreState, look, onEvent } from '../core';

/** Messages that are asked for when a conversation is opened. */
const PAGE = 60;
/** Messages that are asked for while one scrolls: few, so that none of these steps is felt. */
const STEP = 20;
/** Most that are held: what is further away is asked for again. */
const HELD_MAX = 300;
/** Most that are read out of those that come at once. */
const SAID_MAX = 8;
/** How many stand above the first unread one. */
const ABOVE = 20;

export interface Log {
  readonly group: string;
  /** The oldest first. */
  readonly messages: readonly MessageView[];
  /** Whether there are older ones. */
  readonly more: boolean;
  /** Whether the newest ones are among them. */
  readonly atEnd: boolean;
  /** The first one that was unread as the conversation was opened. */
  readonly unreadFrom: string | null;
  /** The one that is to be brought into view. A new object each time. */
  readonly goal: { readonly message: string } | null;
}

export const log = signal<Log | null>(null);
/** Whether one looks at the newest message. */
export const atBottom = signal(true);
/** What others wrote that came last, while the conversation was open: screen readers say it. */
export const arrived = signal<readonly MessageView[]>([]);

/** Counts how often the newest message was to be shown. */
export const endWanted = signal(0);

/** Which conversation is to be open: what comes late for another one is dropped. */
let wanted: string | null = null;

/** Opens a conversation at its first unread message, or at its end. `unread`: how many there are. */
export async function openLog(group: string, unread = 0): Promise<void> {
  wanted = group;
  const count = Math.min(HELD_MAX, Math.max(PAGE, unread + ABOVE));
  const messages = await look<MessageView[]>('messages', group, undefined, count);
  if (wanted !== group) return;
  const first = unread > 0 ? messages.find((message) => !message.mine && !message.read) : undefined;
  // At once: what comes while something else is asked for would be lost.
  log.value = { group, messages, more: messages.length === count, atEnd: true, unreadFrom: first?.id ?? null, goal: null };
  await lookForMore(group, messages[0]);
}

/** Opens a conversation at a message. Whether it is there. */
export async function openLogAt(group: string, id: string): Promise<boolean> {
  wanted = group;
  const present = log.peek();
  if (present?.group === group && present.messages.some((message) => message.id === id)) {
    log.value = { ...present, goal: { message: id } };
    return true;
  }
  const message = await look<MessageView | null>('message', group, id);
  if (message === null || wanted !== group) return message !== null;
  const [older, newer] = await Promise.all([
    look<MessageView[]>('messages', group, message.order, PAGE),
    look<MessageView[]>('messagesAfter', group, message.order, PAGE),
  ]);
  if (wanted !== group) return true;
  const messages = [...older, message, ...newer];
  const unreadFrom = present?.group === group ? present.unreadFrom : null;
  log.value = { group, messages, more: older.length === PAGE, atEnd: newer.length < PAGE, unreadFrom, goal: { message: id } };
  await lookForMore(group, messages[0]);
  return true;
}

export function closeLog(group: string): void {
  if (wanted === group) wanted = null;
  if (log.peek()?.group === group) log.value = null;
  arrived.value = [];
  heard.clear();
}

/** A page may be short although there are older ones, since something of it is not shown. */
async function lookForMore(group: string, first: MessageView | undefined): Promise<void> {
  if (first === undefined || log.peek()?.more === true) return;
  const more = (await look<MessageView[]>('messages', group, first.order, 1)).length > 0;
  const now = log.peek();
  if (more && now?.group === group) log.value = { ...now, more };
}

let loading = false;

/** Changes what is held by what `ask` finds; one at a time. */
async function extend(ask: (present: Log) => Promise<((now: Log) => Log) | null>): Promise<void> {
  const present = log.peek();
  if (loading || present === null) return;
  loading = true;
  try {
    const change = await ask(present);
    const now = log.peek();
    if (change !== null && now?.group === present.group) log.value = change(now);
  } catch {
    // It is asked for again as one scrolls on.
  } finally {
    loading = false;
  }
}

/** Asks for those before the oldest; as many of the newest are let go. */
export function loadOlder(): Promise<void> {
  return extend(async ({ group, messages, more }) => {
    const first = messages[0];
    if (first === undefined || !more) return null;
    const older = await look<MessageView[]>('messages', group, first.order, STEP);
    return (now) => {
      if (now.messages[0]?.id !== first.id) return now;
      const all = [...older, ...now.messages];
      return { ...now, messages: all.slice(0, HELD_MAX), more: older.length === STEP, atEnd: now.atEnd && all.length <= HELD_MAX };
    };
  });
}

/** Asks for those after the newest that is held; as many of the oldest are let go. */
export function loadNewer(): Promise<void> {
  return extend(async ({ group, messages, atEnd }) => {
    const last = messages.at(-1);
    if (last === undefined || atEnd) return null;
    const newer = await look<MessageView[]>('messagesAfter', group, last.order, STEP);
    return (now) => {
      if (now.messages.at(-1)?.id !== last.id) return now;
      const all = [...now.messages, ...newer];
      return { ...now, messages: all.slice(-HELD_MAX), more: now.more || all.length > HELD_MAX, atEnd: newer.length < STEP };
    };
  });
}

/** Goes to the end of the conversation that is open. */
export async function toNewest(): Promise<void> {
  const present = log.peek();
  if (present === null) return;
  endWanted.value += 1;
  if (present.atEnd) log.value = { ...present, goal: null };
  else await openLog(present.group);
}

/** Puts a message where it belongs: it came, or changed. */
export function placed(messages: readonly MessageView[], message: MessageView): MessageView[] {
  const others = messages.filter((found) => found.id !== message.id);
  let at = others.length;
  while (at > 0 && isAfter(others[at - 1], message)) at -= 1;
  return [...others.slice(0, at), message, ...others.slice(at)];
}

/** What is held after messages came or changed. */
export function followed(present: Log, changed: readonly MessageView[], nearEnd: boolean): Log {
  let { messages } = present;
  for (const message of changed) {
    const [first, last] = [messages[0], messages.at(-1)];
    // What is older or newer than all that are held comes when it is scrolled to.
    if (first !== undefined && present.more && isAfter(first, message)) continue;
    if (last !== undefined && !present.atEnd && isAfter(message, last)) continue;
    messages = placed(messages, message);
  }
  if (messages.length <= HELD_MAX) return { ...present, messages };
  if (nearEnd) return { ...present, messages: messages.slice(-HELD_MAX), more: true };
  return { ...present, messages: messages.slice(0, HELD_MAX), atEnd: false };
}

function isAfter(one: MessageView | undefined, other: MessageView): boolean {
  if (one === undefined) return false;
  const length = Math.min(one.order.length, other.order.length);
  for (let at = 0; at < length; at += 1) {
    const difference = (one.order[at] ?? 0) - (other.order[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return one.order.length > other.order.length;
}

/** Messages that came or changed since they were looked at last. */
const touched = new Set<string>();
/** Those of them that a person should hear of. */
const heard = new Set<string>();
let following = false;
/** Something may have changed of which nobody told: no tab led for a moment, this page was frozen, or a look failed. */
let behind = false;

/** Looks at all of them, again until there are no more. What fails is made up for when the core runs again, or with the next message. */
async function follow(): Promise<void> {
  if (following) return;
  following = true;
  try {
    while (behind || touched.size > 0) await (behind ? catchUp() : followOnce());
  } catch {
    behind = true;
  } finally {
    following = false;
  }
}

/** Looks again at all that is held, and at what came after it. */
async function catchUp(): Promise<void> {
  behind = false;
  touched.clear();
  const present = log.peek();
  if (present === null) return;
  const { group, messages: [first] } = present;
  if (first === undefined) return openLog(group);
  const [same, after] = await Promise.all([
    look<MessageView | null>('message', group, first.id),
    look<MessageView[]>('messagesAfter', group, first.order, HELD_MAX - 1),
  ]);
  const now = log.peek();
  if (now?.group !== group) return;
  // Something else was scrolled to meanwhile.
  behind = now.messages[0]?.id !== first.id;
  if (behind) return;
  const messages = same === null ? after : [same, ...after];
  log.value = { ...now, messages, atEnd: after.length < HELD_MAX - 1 };
  sayArrived(messages);
}

async function followOnce(): Promise<void> {
  const group = log.peek()?.group;
  const ids = [...touched].slice(0, HELD_MAX);
  for (const id of ids) touched.delete(id);
  if (group === undefined) return;
  const found = await Promise.all(ids.map((id) => look<MessageView | null>('message', group, id)));
  const now = log.peek();
  if (now?.group !== group) return;
  const changed = found.filter((message) => message !== null);
  log.value = followed(now, changed, atBottom.peek());
  sayArrived(changed);
}

function sayArrived(messages: readonly MessageView[]): void {
  const news = messages.filter((message) => heard.delete(message.id) && !message.mine);
  if (news.length > 0) arrived.value = news.slice(-SAID_MAX);
}

onEvent((event) => {
  const present = log.peek();
  if (present === null || typeof event !== 'object') return;
  if ('gone' in event && event.gone.group === present.group) {
    log.value = { ...present, messages: present.messages.filter((found) => found.id !== event.gone.message) };
  } else if ('message' in event && event.message.group === present.group) {
    touched.add(event.message.message);
    if (event.message.new) heard.add(event.message.message);
    void follow();
  }
});
coreState.subscribe((state) => {
  if (state.is !== 'running' || log.peek() === null) return;
  behind = true;
  void follow();
});
