/** The messages of the conversation that is open: a window of them, that follows the core. */
import { signal } from '@preact/signals';
import type { Event, MessageView } from '../api/types';
import { look, onEvent } from '../core';

/** Messages that are asked for at once. */
const PAGE = 60;
/** Most that are held: what is further away is asked for again. */
const HELD_MAX = 600;

export interface Log {
  readonly group: string;
  /** The oldest first. */
  readonly messages: readonly MessageView[];
  /** Whether there are older ones. */
  readonly more: boolean;
  /** Whether the newest ones are among them. */
  readonly atEnd: boolean;
}

export const log = signal<Log | null>(null);

/** Opens a conversation at its end. */
export async function openLog(group: string): Promise<void> {
  const messages = await look<MessageView[]>('messages', group, undefined, PAGE);
  log.value = { group, messages, more: messages.length === PAGE, atEnd: true };
}

export function closeLog(group: string): void {
  if (log.peek()?.group === group) log.value = null;
}

let loading = false;

/** Asks for those before the oldest. */
export async function loadOlder(): Promise<void> {
  const present = log.peek();
  const first = present?.messages[0];
  if (loading || present === null || first === undefined || !present.more) return;
  loading = true;
  try {
    const older = await look<MessageView[]>('messages', present.group, first.order, PAGE);
    const now = log.peek();
    if (now?.group !== present.group) return;
    const all = [...older, ...now.messages];
    log.value = { ...now, messages: all.slice(0, HELD_MAX), more: older.length === PAGE, atEnd: now.atEnd && all.length <= HELD_MAX };
  } finally {
    loading = false;
  }
}

/** Puts a message where it belongs: it came, or changed. */
export function placed(messages: readonly MessageView[], message: MessageView): MessageView[] {
  const others = messages.filter((found) => found.id !== message.id);
  let at = others.length;
  while (at > 0 && isAfter(others[at - 1], message)) at -= 1;
  return [...others.slice(0, at), message, ...others.slice(at)];
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

async function follow(event: Event): Promise<void> {
  const present = log.peek();
  if (present === null || typeof event !== 'object') return;
  if ('gone' in event && event.gone.group === present.group) {
    log.value = { ...present, messages: present.messages.filter((found) => found.id !== event.gone.message) };
  }
  const touched = 'message' in event ? event.message : 'progress' in event ? event.progress : undefined;
  if (touched?.group !== present.group) return;
  const message = await look<MessageView | null>('message', present.group, touched.message);
  const now = log.peek();
  if (message === null || now?.group !== present.group) return;
  const first = now.messages[0];
  // What is older than all that are held comes when it is scrolled to.
  if (first !== undefined && now.more && isAfter(first, message)) return;
  const all = placed(now.messages, message);
  const kept = all.slice(-HELD_MAX);
  log.value = { ...now, messages: kept, more: now.more || kept.length < all.length };
}

onEvent((event) => void follow(event));
