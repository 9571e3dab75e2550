/** Putting the app on the device, in the way that the browser has. */
import { computed, signal } from '@preact/signals';
import { conversations } from './data';

interface InstallPrompt extends Event {
  prompt(): Promise<unknown>;
}

const OPENED = 'tidings.openings';
/** This tab has counted its opening. */
const COUNTED = 'tidings.opened';
const DISMISSED = 'tidings.install-later';
/** Openings after which it is offered: whoever comes back may want it. */
const OPENINGS = 3;

const prompt = signal<InstallPrompt | null>(null);
const dismissed = signal(localStorage.getItem(DISMISSED) !== null);
const openings = Math.min(OPENINGS, Number(localStorage.getItem(OPENED) ?? 0) + (sessionStorage.getItem(COUNTED) === null ? 1 : 0));

/** Whether it runs as an app of its own. */
export const isStandalone = matchMedia('(display-mode: standalone)').matches || (navigator as { standalone?: boolean }).standalone === true;
/** An iPhone or iPad: apps are put on the home screen by hand there, and only these get pushes. */
export const isApple = /iPhone|iPad|iPod/.test(navigator.userAgent) || (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);

/** How it is installed here; `null`: it is, or it can't be. */
export const installWay = computed(() => (isStandalone ? null : isApple ? 'by hand' : prompt.value !== null ? 'button' : null));
/** Whether it is a good moment to say so: the person comes back, and talks to somebody. Once said no, it is not said again. */
export const mayOffer = computed(() => installWay.value !== null && !dismissed.value && openings >= OPENINGS && conversations.value.length > 0);

/** Listens from now on. */
export function watchInstall(): void {
  localStorage.setItem(OPENED, String(openings));
  sessionStorage.setItem(COUNTED, '1');
  addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    prompt.value = event as InstallPrompt;
  });
  addEventListener('appinstalled', () => { prompt.value = null; });
}

/** Asks the browser to install it; it asks the person. */
export async function install(): Promise<void> {
  const asking = prompt.peek();
  // The browser takes each of these once.
  prompt.value = null;
  await asking?.prompt();
}

export function offerNoMore(): void {
  localStorage.setItem(DISMISSED, '1');
  dismissed.value = true;
}
