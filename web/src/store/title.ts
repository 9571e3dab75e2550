/** Which page is open, for the title of the browser's tab; empty at the list. */
import { signal } from '@preact/signals';

export const heading = signal('');

/** The title: what waits, where one is, and the app. */
export function titleOf(unread: number, page: string): string {
  return `${unread > 0 ? `(${unread}) ` : ''}${page === '' ? '' : `${page} · `}Tidings`;
}
