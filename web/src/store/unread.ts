/** How many messages wait, wherever the device shows it: the title, the badge, and what the service worker counts on from. */
import { effect } from '@preact/signals';
import { language } from '../i18n';
import { registration, tellServiceWorker } from './worker';
import { me, unread } from './data';
import { heading, titleOf } from './title';

const badge = navigator as { setAppBadge?: (count: number) => Promise<void>; clearAppBadge?: () => Promise<void> };

/** Follows it from now on. */
export function showUnread(): void {
  effect(() => { document.title = titleOf(unread.value, heading.value); });
  effect(() => {
    const count = unread.value;
    if (me.value === null) return;
    void (count > 0 ? badge.setAppBadge?.(count) : badge.clearAppBadge?.())?.catch(() => undefined);
    void tellServiceWorker({ kind: 'shows', unread: count, language: language.value }).catch(() => undefined);
  });
  const clear = () => void clearNews().catch(() => undefined);
  document.addEventListener('visibilitychange', clear);
  clear();
}

/** Whoever looks at the app needs no notification any more. */
async function clearNews(): Promise<void> {
  if (document.visibilityState !== 'visible') return;
  const shown = (await (await registration())?.getNotifications?.({ tag: 'news' })) ?? [];
  for (const notification of shown) notification.close();
}
