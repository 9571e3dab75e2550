/** The service worker, as a page knows it. */
import { trusted } from '../core/trusted';
import type { FromServiceWorker, ToServiceWorker } from '../sw/messages';

/** Milliseconds within which it runs, or something is wrong: it fetches the whole app first. */
const RUNS_WITHIN = 30_000;

const supported = 'serviceWorker' in navigator && import.meta.env.PROD;

/** Registers it; the browser looks for a newer version by itself at each opening. */
export async function startServiceWorker(): Promise<void> {
  if (supported) await navigator.serviceWorker.register(trusted('/sw.js'), { type: 'module', updateViaCache: 'none' });
}

/** Its registration; `null` where there is none. */
export async function registration(): Promise<ServiceWorkerRegistration | null> {
  return supported ? ((await navigator.serviceWorker.getRegistration()) ?? null) : null;
}

/** Its registration once it runs, as it must to be subscribed; `null` if it does not soon. */
export async function runningRegistration(): Promise<ServiceWorkerRegistration | null> {
  if (!supported) return null;
  const late = new Promise<null>((none) => setTimeout(() => { none(null); }, RUNS_WITHIN));
  return Promise.race([navigator.serviceWorker.ready, late]);
}

/** Tells it something, as soon as it runs; nothing, if it does not soon. */
export async function tellServiceWorker(message: ToServiceWorker): Promise<void> {
  (await runningRegistration())?.active?.postMessage(message);
}

/** Calls this for all that it says. Gives what ends that. */
export function onServiceWorker(listener: (message: FromServiceWorker) => void): () => void {
  if (!supported) return () => undefined;
  const hear = ({ data }: MessageEvent<FromServiceWorker>) => { listener(data); };
  navigator.serviceWorker.addEventListener('message', hear);
  navigator.serviceWorker.startMessages();
  return () => { navigator.serviceWorker.removeEventListener('message', hear); };
}
