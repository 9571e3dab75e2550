/**
 * What passes between a page and the client core. The core runs in the worker of one tab (the leader); the others reach it over a channel
 * between tabs.
 */
import type { Client } from '#core/tidings_web_core.js';
import type { Attachment, Command, Done, Event } from '../api/types';

/** What can be asked of the core: its methods that only look. */
export type View =
  | 'me'
  | 'conversations'
  | 'conversation'
  | 'messages'
  | 'messagesAfter'
  | 'message'
  | 'search'
  | 'searchIn'
  | 'contacts'
  | 'contact'
  | 'devices'
  | 'deviceRequests'
  | 'invitations'
  | 'introductions'
  | 'channels'
  | 'busy'
  | 'caughtUp'
  | 'isUnknownAtHome'
  | 'safetyFits';

export type ViewArguments<V extends View> = Parameters<Client[V]>;

/** One question to the core. */
export type Question =
  | { readonly view: View; readonly args: readonly unknown[] }
  | { readonly command: Command }
  /** A file of a message, fetched and opened; its content comes back. */
  | { readonly open: { readonly group: string; readonly message: string } }
  /** Keeps a file and sends it; ends as soon as it is kept. */
  | { readonly send: ToSend }
  /** What is on its way out, and what can be done with one of them. */
  | { readonly sending: 'list' }
  | { readonly cancelSending: number }
  | { readonly sendAgain: number }
  /** Tries at once whatever waits for a later attempt. */
  | { readonly tryNow: true }
  /** What is being written in each conversation. */
  | { readonly drafts: 'list' }
  | { readonly draft: { readonly group: string; readonly text: string } }
  | { readonly phrase: 'make' }
  | { readonly owner: string }
  /** What a link or code leads to. */
  | { readonly link: string }
  /** A node's URL, of what a person typed. */
  | { readonly nodeUrl: string }
  /** Keeps the recovery words, sealed, until the person has them elsewhere. */
  | { readonly keepWords: string }
  | { readonly words: 'read' | 'forget' }
  /** Deletes all that is kept in this browser. */
  | { readonly erase: true };

/** A file that is to be sent. */
export interface ToSend {
  readonly group: string;
  readonly content: Blob;
  /** What the core wants to know of it, but its number. */
  readonly about: Omit<Attachment, 'file'>;
  readonly reply: string | null;
}

/** A file on its way out, as a screen shows it. */
export interface Sending {
  readonly file: number;
  readonly group: string;
  readonly about: Omit<Attachment, 'file'>;
  readonly reply: string | null;
  /** Bytes that were read to be sent. */
  readonly done: number;
  /** Why it was not sent; it can be sent again. */
  readonly failed: string | null;
  /** Since when (milliseconds). */
  readonly failedAt: number | null;
}

/** Texts that are being written, by conversation. */
export type DraftTexts = Readonly<Record<string, string>>;

/** What a page hears of: the core's events, and those of the app's own worker. */
export type Told = Event | { readonly sending: readonly Sending[] } | { readonly drafts: DraftTexts };

/** How far the core of this browser is. */
export type CoreState =
  | { readonly is: 'starting' }
  | { readonly is: 'running'; readonly account: boolean; readonly leader: boolean }
  | { readonly is: 'failed'; readonly why: CoreFailure; readonly detail: string };

/** Why the core can't run here: what a person can do differs. */
export type CoreFailure = 'unsupported' | 'loading' | 'storage' | 'busy' | 'damaged' | 'key' | 'newer' | 'full' | 'other';

/** From a page to its worker. */
export type ToWorker =
  | { readonly ask: number; readonly question: Question }
  /** Whether there is a network now: pages hear of it, workers not everywhere. */
  | { readonly network: boolean }
  /** Whether the person sees this page: then it matters that nothing new comes. */
  | { readonly seen: boolean };

/** From the worker to its page. */
export type FromWorker =
  | { readonly answered: number; readonly value: unknown }
  | { readonly refused: number; readonly why: string }
  | { readonly event: Told }
  | { readonly state: CoreState }
  /** Whether the tab that leads leaves questions without a word. */
  | { readonly silent: boolean }
  /** Another tab runs another version of the app. */
  | { readonly otherVersion: true }
  /** The core has stumbled: this worker is to be thrown away, and the next one reads everything before it begins. */
  | { readonly again: 'checked' };

/** The name of a worker that reads everything before it begins. */
export const CHECKED = 'tidings-checked';

/** Between the workers of tabs. */
export type BetweenTabs =
  | { readonly kind: 'ask'; readonly from: string; readonly ask: number; readonly question: Question }
  /** It is being done: said before anything of it is. */
  | { readonly kind: 'taken'; readonly to: string; readonly ask: number }
  | { readonly kind: 'answered'; readonly to: string; readonly ask: number; readonly value: unknown }
  | { readonly kind: 'refused'; readonly to: string; readonly ask: number; readonly why: string }
  | { readonly kind: 'event'; readonly event: Told }
  /** `app`: which version that tab runs; none is told by the first ones. */
  | { readonly kind: 'leads'; readonly leader: string; readonly state: CoreState; readonly app?: string }
  | { readonly kind: 'who leads'; readonly app?: string }
  /** A tab is about to lead, and can't answer yet. */
  | { readonly kind: 'begins' }
  /** Whoever leads next reads everything before it begins. */
  | { readonly kind: 'suspect' };

/** The end of a command that was not done. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';

  constructor(readonly outcome: Done) {
    super(typeof outcome === 'object' && 'failed' in outcome ? JSON.stringify(outcome.failed) : 'failed');
  }
}
