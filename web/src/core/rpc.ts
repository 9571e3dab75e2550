/**
 * What passes between a page and the client core. The core runs in the worker of one tab (the leader); the others reach it over a channel
 * between tabs.
 */
import type { Client } from '#core/tidings_web_core.js';
import type { Command, Done, Event } from '../api/types';

/** What can be asked of the core: its methods that only look. */
export type View =
  | 'me'
  | 'conversations'
  | 'conversation'
  | 'messages'
  | 'message'
  | 'search'
  | 'contacts'
  | 'contact'
  | 'devices'
  | 'deviceRequests'
  | 'invitations'
  | 'introductions'
  | 'channels'
  | 'busy'
  | 'caughtUp'
  | 'safetyFits';

export type ViewArguments<V extends View> = Parameters<Client[V]>;

/** One question to the core. */
export type Question =
  | { readonly view: View; readonly args: readonly unknown[] }
  | { readonly command: Command }
  /** A file of a message, fetched and opened; its content comes back. */
  | { readonly open: { readonly group: string; readonly message: string } }
  /** Keeps a file, so that it can be sent; its number comes back. */
  | { readonly keep: Blob }
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

/** How far the core of this browser is. */
export type CoreState =
  | { readonly is: 'starting' }
  | { readonly is: 'running'; readonly account: boolean; readonly leader: boolean }
  | { readonly is: 'failed'; readonly why: CoreFailure; readonly detail: string };

/** Why the core can't run here: what a person can do differs. */
export type CoreFailure = 'unsupported' | 'loading' | 'storage' | 'damaged' | 'key' | 'newer' | 'full' | 'other';

/** From a page to its worker. */
export type ToWorker = { readonly ask: number; readonly question: Question };

/** From the worker to its page. */
export type FromWorker =
  | { readonly answered: number; readonly value: unknown }
  | { readonly refused: number; readonly why: string }
  | { readonly event: Event }
  | { readonly state: CoreState };

/** Between the workers of tabs. */
export type BetweenTabs =
  | { readonly kind: 'ask'; readonly from: string; readonly ask: number; readonly question: Question }
  | { readonly kind: 'answered'; readonly to: string; readonly ask: number; readonly value: unknown }
  | { readonly kind: 'refused'; readonly to: string; readonly ask: number; readonly why: string }
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'leads'; readonly leader: string; readonly state: CoreState }
  | { readonly kind: 'who leads' };

/** The end of a command that was not done. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';

  constructor(readonly outcome: Done) {
    super(typeof outcome === 'object' && 'failed' in outcome ? JSON.stringify(outcome.failed) : 'failed');
  }
}
