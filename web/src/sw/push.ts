/** Pushes: each one shows something, whatever it holds. The worker knows no keys and reads no messages. */
import { STATE, type FromServiceWorker } from './messages';
import { pages, worker } from './scope';

/** Milliseconds within which a push is the test that was asked for. */
const TEST_WITHIN = 60_000;
/** Milliseconds for which one that is shown speaks for all that come: in a lively group nobody wants to hear of each. */
const ALERTS_AGAIN = 60_000;
const PLACE = '/state';
const ICON = '/icons/icon-192.png';
const TEXTS = {
  en: { news: 'Something new for you', test: 'Notifications work', renew: 'Open Tidings once, so that notifications keep coming' },
  de: { news: 'Etwas Neues für dich', test: 'Mitteilungen kommen an', renew: 'Öffne Tidings einmal, damit weiter Mitteilungen kommen' },
} as const;

interface Shown {
  readonly unread: number;
  readonly language: string;
}

let testUntil = 0;

/** Whether the next push is a test. */
export function expectTest(coming: boolean): void {
  testUntil = coming ? Date.now() + TEST_WITHIN : 0;
}

/** Keeps what the app shows. */
export async function remember(shown: Shown): Promise<void> {
  const cache = await caches.open(STATE);
  await cache.put(PLACE, new Response(JSON.stringify({ unread: shown.unread, language: shown.language } satisfies Shown)));
}

/** What the app showed last. */
async function remembered(): Promise<Shown> {
  try {
    const found = await (await caches.open(STATE)).match(PLACE);
    const { unread, language } = (await found?.json()) as Partial<Shown>;
    return { unread: Number.isSafeInteger(unread) ? Number(unread) : 0, language: String(language) };
  } catch {
    return { unread: 0, language: navigator.language };
  }
}

/** A push came. Nothing in it counts: the app looks by itself, and without it the person does. */
export async function pushed(): Promise<void> {
  const test = Date.now() < testUntil;
  testUntil = 0;
  const before = await remembered();
  const open = await pages();
  await show(before.language, test ? 'test' : 'news', open.some((page) => page.focused) && !test);
  for (const page of open) page.postMessage({ kind: 'pushed', test } satisfies FromServiceWorker);
  if (test || open.length > 0) return;
  // One after the other: pushes come together.
  counting = counting.then(countOne, countOne);
  await counting;
}

let counting: Promise<void> = Promise.resolve();

async function countOne(): Promise<void> {
  const before = await remembered();
  const unread = before.unread + 1;
  await remember({ ...before, unread });
  await (navigator as { setAppBadge?: (count: number) => Promise<void> }).setAppBadge?.(unread).catch(() => undefined);
}

/** The push service has ended the subscription: a new one is made, of which the node hears when the app is opened. */
export async function subscriptionEnded(options: PushSubscriptionOptions | undefined): Promise<void> {
  const { applicationServerKey } = options ?? {};
  if (applicationServerKey != null) await worker.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }).catch(() => undefined);
  await show((await remembered()).language, 'renew', false);
}

/** To the app: where it is open, or by opening it. */
export async function openApp(): Promise<void> {
  const [first] = await pages();
  const focused = first?.focus().then(() => true, () => false);
  if ((await focused) !== true) await worker.clients.openWindow('/');
}

async function show(language: string, what: keyof (typeof TEXTS)['en'], silent: boolean): Promise<void> {
  const body = (language.startsWith('de') ? TEXTS.de : TEXTS.en)[what];
  const [before, now] = [await alertedAt(what), Date.now()];
  const renotify = !silent && now - before >= ALERTS_AGAIN;
  const data = { at: renotify ? now : before };
  const options: NotificationOptions & { readonly renotify: boolean } = { body, icon: ICON, badge: ICON, tag: what, silent, renotify, data };
  await worker.registration.showNotification('Tidings', options);
}

/** When the one that is shown made itself heard; 0 if there is none, or this browser does not tell. */
async function alertedAt(tag: string): Promise<number> {
  const [shown] = (await worker.registration.getNotifications?.({ tag }).catch(() => [])) ?? [];
  const at: unknown = (shown?.data as { at?: unknown } | null | undefined)?.at;
  return typeof at === 'number' ? at : 0;
}
