/** The invitation with which the app was opened: `https://NODE/i#1.SECRET.TOKEN` (docs/protocol/contacts.md). */
import { signal } from '@preact/signals';

export interface Invited {
  /** The whole link. */
  readonly link: string;
  /** The node that it is of, which creates the account if there is a token. */
  readonly node: string;
  readonly token: string | null;
  /** Whether somebody waits at its end: an invitation by the owner of a node has no secret. */
  readonly person: boolean;
}

/** Reads a link; `null` if it is none. */
export function readInvitation(text: string): Invited | null {
  const found = /^(https?:\/\/[^/#\s]+)\/i#(1\.([\w-]*)(?:\.([\w-]{1,128}))?)$/.exec(text.trim());
  if (found === null) return null;
  const [, node = '', , secret = '', token] = found;
  if (secret === '' && token === undefined) return null;
  return { link: text.trim(), node: node.toLowerCase(), token: token ?? null, person: secret !== '' };
}

function fromAddress(): Invited | null {
  if (location.pathname !== '/i') return null;
  const invited = readInvitation(location.href);
  // The secret does not stay in the address bar or the history.
  history.replaceState(null, '', '/#/');
  return invited;
}

export const invited = signal<Invited | null>(fromAddress());
