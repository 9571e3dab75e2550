/**
 * A link that was opened, pasted or scanned, and what the core says it leads to: a person, an account, a room, or a device of one's own
 * (docs/protocol/contacts.md, conversations.md and identity.md).
 */
import { signal } from '@preact/signals';
import type { LinkView } from '../api/types';
import { ask, Refused } from '../core';

export interface Followed {
  /** The whole link or code. */
  readonly link: string;
  readonly to: LinkView;
}

/** What is to be decided on now. */
export const followed = signal<Followed | null>(null);
/** A room that waits until there is an account. */
let later: Followed | null = null;

/** Reads what was opened, pasted or scanned. Fails if it is no link. */
export async function follow(text: string): Promise<void> {
  const next = { link: text.trim(), to: await readLink(text) };
  const before = followed.peek();
  if (before !== null && 'room' in before.to && !('room' in next.to)) later = before;
  followed.value = next;
}

/** It is decided on. A room that has waited comes next. */
export function settle(): void {
  followed.value = later;
  later = null;
}

/** What a link leads to. Fails if it is none. */
export async function readLink(text: string): Promise<LinkView> {
  try {
    return (await ask({ link: text })) as LinkView;
  } catch {
    throw new Refused(JSON.stringify({ link: '' }));
  }
}

/** The node of a link. */
export function nodeOf(to: LinkView): string {
  if ('room' in to) return to.room.hub;
  return 'contact' in to ? to.contact.node : 'account' in to ? to.account.node : to.device.node;
}

/** The URL of a node as people type it: its address, or any link that it gave. Fails if it is none. */
export async function readNode(text: string): Promise<string> {
  const to = await readLink(text).catch(() => null);
  if (to !== null) return nodeOf(to);
  const url = (await ask({ nodeUrl: text })) as string | undefined;
  if (url === undefined) throw new Refused(JSON.stringify('node'));
  return url;
}

/** The link with which the app was opened. Its secret does not stay in the address bar or the history. */
export function takeFromAddress(place: Pick<Location, 'pathname' | 'hash' | 'href'> = location): string | null {
  if (!/^\/[ir]$/.test(place.pathname)) return null;
  const link = place.hash.length > 1 ? place.href : null;
  history.replaceState(null, '', '/#/');
  return link;
}
