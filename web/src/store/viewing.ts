/** Pictures that are looked at. Here and not in their messages: what may be seen once is shown wherever one is by the time it has come. */
import { signal } from '@preact/signals';
import type { Look } from '../api/types';

/** Most pictures that are fetched to be looked at, or wait until the one before is closed. */
export const VIEWING_MAX = 8;

export interface Viewed {
  readonly message: string;
  /** Whose it is. */
  readonly by: string;
  readonly look: Look;
  readonly name: string;
  readonly content: Blob;
}

/** The first of them is shown. */
export const viewing = signal<readonly Viewed[]>([]);
/** Messages whose pictures are being fetched. */
export const opening = signal<ReadonlySet<string>>(new Set());

/** Puts away the one that is shown. */
export function closeViewed(): void {
  viewing.value = viewing.peek().slice(1);
}
