/** Whether this tab runs an older version of the app than another one. */
import { signal } from '@preact/signals';
import { otherVersion } from '../core';

/** Under which names the service worker keeps versions of the app (sw/files.ts), the newest last. */
const VERSIONS = 'tidings-app-';

/** It does. */
export const isOlder = signal(false);

/** Whether the newest page that is kept here begins with another script than this one did. */
async function look(): Promise<boolean> {
  const newest = (await caches.keys()).filter((name) => name.startsWith(VERSIONS)).at(-1);
  const page = newest === undefined ? undefined : await (await caches.open(newest)).match('/');
  const mine = document.querySelector('script[type=module]')?.getAttribute('src') ?? '';
  return page !== undefined && !(await page.text()).includes(mine);
}

otherVersion.subscribe((other) => {
  if (other) void look().then((found) => { isOlder.value = found; }, () => undefined);
});
