/** What another app has shared with this one. */
import { signal } from '@preact/signals';
import { SHARED, SHARED_FOLDER, SHARED_KIND, SHARED_NAME } from '../sw/messages';

export interface Shared {
  readonly text: string;
  readonly files: readonly File[];
}

/** It waits for the person to say where it goes. */
export const shared = signal<Shared | null>(null);

/** Takes what the service worker has kept; it keeps it no more. */
export async function takeShared(): Promise<void> {
  const cache = await caches.open(SHARED);
  const files: File[] = [];
  let text = '';
  for (const request of await cache.keys()) {
    const found = await cache.match(request);
    const name = new URL(request.url).pathname.slice(SHARED_FOLDER.length);
    if (found === undefined) continue;
    if (name === 'text') text = await found.text();
    else files.push(new File([await found.blob()], header(found, SHARED_NAME), { type: header(found, SHARED_KIND) }));
  }
  await caches.delete(SHARED);
  // A page that is opened once more has it already.
  if (text !== '' || files.length > 0) shared.value = { text, files };
}

function header(found: Response, name: string): string {
  return decodeURIComponent(found.headers.get(name) ?? '');
}
