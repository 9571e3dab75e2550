/** Where the app begins. */
import { effect } from '@preact/signals';
import { render } from 'preact';
import { startCore } from './core';
import { direction, language, startLanguage } from './i18n';
import { watchInstall } from './store/install';
import { follow, takeFromAddress } from './store/link';
import './store/theme';
import { attempt } from './store/toasts';
import { showUnread } from './store/unread';
import { startUpkeep } from './store/upkeep';
import { startServiceWorker } from './store/worker';
import './style/index.css';
import { App } from './views/app';

watchInstall();
startCore();
// What follows `#` in a link is a secret, and no place in the app.
const link = takeFromAddress();
if (link !== null) void attempt(() => follow(link));
effect(() => { Object.assign(document.documentElement, { lang: language.value, dir: direction.value }); });
showUnread();
startUpkeep();
const place = document.getElementById('app');
void startLanguage().then(() => { if (place !== null) render(<App />, place); });
void startServiceWorker().catch(() => undefined);
