/** Where the app begins. */
import { render } from 'preact';
import { startCore } from './core';
import { trusted } from './core/trusted';
import { language } from './i18n';
import { unread } from './store/data';
import './store/theme';
import './style/index.css';
import { App } from './views/app';

startCore();
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
