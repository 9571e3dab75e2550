/** All that a person has here, as one file: conversations as JSON and as plain text, contacts, and what may be kept of pictures and files. */
import { openFile } from '../actions/files';
import type { ContactView, ConversationView, FileView, MeView, MessageView } from '../api/types';
import { look } from '../core';
import { span, t } from '../i18n';
import { Zip } from './zip';

/** Messages that are asked for at once. */
const PAGE = 200;
/** Characters of a name of a file. */
const NAME_MAX = 80;

/** Why something is not in it. */
export type LeftOut = 'once' | 'disappears' | 'gone' | 'unreachable' | 'no room';

export interface Progress {
  readonly conversation: string;
  /** Of all conversations, how many are done. */
  readonly done: number;
  readonly all: number;
}

interface Exported {
  readonly id: string;
  readonly at: string;
  readonly sender: string;
  readonly name: string;
  readonly mine: boolean;
  readonly text: string | null;
  /** Where the file lies in this export. */
  readonly file: string | null;
  readonly leftOut: LeftOut | null;
  readonly reply: string | null;
  readonly reactions: MessageView['reactions'];
  readonly edited: boolean;
}

/** Makes the file. Ends with the signal's reason when that is given. */
export async function exportEverything(now: Date, signal: AbortSignal, tell: (progress: Progress) => void): Promise<Blob> {
  const zip = new Zip(now);
  const [me, contacts, conversations] = await Promise.all([look<MeView>('me'), look<ContactView[]>('contacts'), look<ConversationView[]>('conversations')]);
  const listed = [];
  for (const [at, found] of conversations.entries()) {
    tell({ conversation: found.title, done: at, all: conversations.length });
    const place = `conversations/${String(at + 1).padStart(3, '0')} ${safeName(found.title)}`;
    const messages = await exportMessages(zip, place, found, me, signal);
    await zip.add(`${place}/messages.json`, JSON.stringify(messages, null, 2));
    await zip.add(`${place}/messages.txt`, messages.map(inPlain).join('\n'));
    const members = found.members.map((member) => ({ identity: member.identity, name: member.me ? me.name : member.name, role: member.role }));
    listed.push({ id: found.id, kind: found.kind, title: found.title, hub: found.hub, members, messages: messages.length, folder: place });
  }
  const { identity, name, statement, node, wallet } = me;
  const people = contacts.map((one) => ({ identity: one.identity, name: one.name, own_name: one.own_name, node: one.node, verified: one.verified, blocked: one.blocked }));
  const whole = { format: 1, exported: now.toISOString(), me: { identity, name, statement, node, wallet }, contacts: people, conversations: listed };
  await zip.add('tidings.json', JSON.stringify(whole, null, 2));
  return zip.end();
}

async function exportMessages(zip: Zip, place: string, found: ConversationView, me: MeView, signal: AbortSignal): Promise<Exported[]> {
  const messages: Exported[] = [];
  for (const message of await allMessages(found.id, signal)) {
    signal.throwIfAborted();
    const { shown, expires } = message;
    const disappears = expires !== null;
    const file = typeof shown === 'object' && 'file' in shown && !disappears ? await exportFile(zip, place, found.id, message, shown.file, messages.length) : null;
    messages.push({
      id: message.id,
      at: new Date(message.at).toISOString(),
      sender: message.sender,
      name: message.mine ? me.name : message.name,
      mine: message.mine,
      text: disappears ? null : textOf(message),
      file: file?.path ?? null,
      leftOut: disappears ? 'disappears' : (file?.leftOut ?? null),
      reply: message.reply?.[0] ?? null,
      reactions: message.reactions,
      edited: message.edited,
    });
  }
  return messages;
}

/** The oldest first. */
async function allMessages(group: string, signal: AbortSignal): Promise<MessageView[]> {
  const pages: MessageView[][] = [];
  for (;;) {
    signal.throwIfAborted();
    const page = await look<MessageView[]>('messages', group, pages[0]?.[0]?.order, PAGE);
    pages.unshift(page);
    if (page.length < PAGE) return pages.flat();
  }
}

async function exportFile(zip: Zip, place: string, group: string, message: MessageView, file: FileView, number: number): Promise<{ path: string | null; leftOut: LeftOut | null }> {
  if (file.look !== 'keep') return { path: null, leftOut: 'once' };
  if (file.gone) return { path: null, leftOut: 'gone' };
  const opened = await openFile(group, message.id).catch(() => null);
  if (opened === null) return { path: null, leftOut: 'unreachable' };
  const path = `${place}/files/${String(number + 1).padStart(5, '0')} ${safeName(file.name)}`;
  return (await zip.add(path, opened.content)) ? { path, leftOut: null } : { path: null, leftOut: 'no room' };
}

function textOf({ shown }: MessageView): string | null {
  if (typeof shown !== 'object') return null;
  if ('text' in shown) return shown.text;
  if ('notice' in shown) return t.value.notice(shown.notice, span);
  if ('file' in shown) return shown.file.caption || null;
  if ('introduction' in shown) return shown.introduction.name;
  return 'room_link' in shown ? shown.room_link.name : null;
}

function inPlain(message: Exported): string {
  const what = [message.text, message.file === null ? null : `[${message.file.split('/').at(-1)}]`, message.leftOut === null ? null : `[${message.leftOut}]`];
  return `${message.at.slice(0, 16).replace('T', ' ')} ${message.name}: ${what.filter((one) => one !== null).join(' ')}`;
}

/** A name that every system takes. */
export function safeName(name: string): string {
  // What some system gives a meaning, what can't be seen, and what turns the direction of a text.
  const plain = name.normalize('NFC').replace(/[\p{Cc}\p{Cf}<>:"/\\|?*]/gu, '_').replace(/^[\s.]+|[\s.]+$/g, '');
  return [...plain].slice(0, NAME_MAX).join('').trim() || '_';
}
