/** What passes between the pages of the app and its service worker. */

/** From a page. */
export type ToServiceWorker =
  /** What the app shows, for notifications that come while it is closed. */
  | { readonly kind: 'shows'; readonly unread: number; readonly language: string }
  /** Whether the next push is one that the person asked for. */
  | { readonly kind: 'test'; readonly coming: boolean };

/** To all pages. */
export type FromServiceWorker =
  /** A push came, and its notification is shown. */
  { readonly kind: 'pushed'; readonly test: boolean };

/** The cache in which shared things wait, and what stands in it: `/shared/0`, … */
export const SHARED = 'tidings-shared';
export const SHARED_FOLDER = '/shared/';
/** Headers that a shared thing is kept with. */
export const SHARED_NAME = 'x-name';
export const SHARED_KIND = 'x-kind';
/** The cache of what the service worker has to know between its short lives. */
export const STATE = 'tidings-state';
