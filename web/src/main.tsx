/** Where the app begins. */
import { render } from 'preact';
import { startCore } from './core';
import { trusted } from './core/trusted';
import { language } from './i18n';
import { unread } from './store/data';
import { follow, takeFromAddress } from './store/link';
import './store/theme';
import { attempt } from './store/toasts';
import './style/index.css';
import { App } from './views/app';

startCore();
// What follows `#` in a link is a secret, and no place in the app.
const link = takeFromAddress();
if (link !== null) void attempt(() => follow(link));
language.subscribe((code) => { document.documentElement.lang = code; });
unread.subscribe((count) => {
  document.title = count > 0 ? `(${count}) Tidings` : 'Tidings';
  const badge = navigator as { setAppBadge?: (count: number) => Promise<void> };
  void badge.setAppBadge?.(count).catch(() => undefined);
});
const place = document.getElementById('app');
if (place !== null) render(<App />, place);
if ('serviceWorker' in navigator && import.meta.env.PROD) {
  void navigator.serviceWorker.register(trusted('/sw.js'), { type: 'module' }).catch(() => undefined);
}
