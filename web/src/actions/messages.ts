/** What is said. */
import { command } from '../core';

/** Says something. `reply`: the message that it answers. */
export async function sendText(group: string, text: string, reply: string | null): Promise<void> {
  await command({ send_text: { group, text, reply, expire: null } });
}

/** Says once more what did not go out, and takes that away. */
export async function sayAgain(group: string, message: string, text: string, reply: string | null): Promise<void> {
  await sendText(group, text, reply);
  await remove(group, message);
}

export async function react(group: string, message: string, emoji: string): Promise<void> {
  await command({ react: { group, message, emoji } });
}

export async function edit(group: string, message: string, text: string): Promise<void> {
  await command({ edit: { group, message, text } });
}

export async function remove(group: string, message: string): Promise<void> {
  await command({ delete: { group, message } });
}

/** What was read: up to a message, or all. */
export async function markRead(group: string, message: string | null): Promise<void> {
  await command({ mark_read: { group, message } });
}

/** Milliseconds within which the core hears only once that one is writing. It tells the others every four seconds at most; asked as seldom, it may be asked a moment too early, and tells it every eight. */
const TYPING_EVERY = 1_000;
let typed = { group: '', at: 0 };

export function typing(group: string, now = Date.now()): void {
  if (group === typed.group && now - typed.at < TYPING_EVERY) return;
  typed = { group, at: now };
  void command({ typing: { group } }).catch(() => undefined);
}
