/** Files: sent, fetched, and saved. */
import type { Attachment, Look } from '../api/types';
import { ask } from '../core';
import { t } from '../i18n';

/** Most bytes of a file that can be sent. */
export const FILE_BYTES_MAX = 100 * 1024 * 1024;

/** What is said of a file; what is not named is not known. */
export type About = { readonly name: string; readonly kind: string } & Partial<Omit<Attachment, 'file' | 'size' | 'name' | 'kind'>>;

/** A message that is answered, and where it is. */
export interface Reply {
  readonly group: string;
  readonly message: string;
}

/** Where something has gone already: who tries again after a fault sends it nowhere twice. */
export type Gone = Set<string>;

/** Sends a file into conversations; where `reply` is, as an answer to it. Ends as soon as it is kept: from then on it goes by itself, and nothing can lose it. */
export async function sendTo(groups: readonly string[], content: Blob, about: About, reply: Reply | null = null, gone: Gone = new Set()): Promise<void> {
  if (content.size > FILE_BYTES_MAX) throw new Error(t.peek().chat.tooLarge);
  const whole = { look: 'keep' as Look, caption: '', voice: null, pixels: null, thumbnail: null, ...about, size: content.size };
  for (const group of groups) {
    if (gone.has(group)) continue;
    await ask({ send: { group, content, about: whole, reply: reply?.group === group ? reply.message : null } });
    gone.add(group);
  }
}

/** Sends a file as it is. */
export async function sendFile(groups: readonly string[], content: File, reply: Reply | null = null, gone?: Gone): Promise<void> {
  await sendTo(groups, content, { name: content.name, kind: content.type || 'application/octet-stream' }, reply, gone);
}

export async function cancelSending(file: number): Promise<void> {
  await ask({ cancelSending: file });
}

export async function sendAgain(file: number): Promise<void> {
  await ask({ sendAgain: file });
}

/** Tries at once whatever waits for a later attempt. */
export async function tryNow(): Promise<void> {
  await ask({ tryNow: true });
}

/** Opens the file of a message. */
export async function openFile(group: string, message: string): Promise<{ name: string; content: Blob }> {
  return (await ask({ open: { group, message } })) as { name: string; content: Blob };
}

/** Lets the browser save a file. */
export function saveAs(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => { URL.revokeObjectURL(link.href); }, 60_000);
}
