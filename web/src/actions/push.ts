/** Notifications while the app is closed: asking for them, keeping them right, trying them out. */
import { signal } from '@preact/signals';
import { command, Refused } from '../core';
import { isApple, isStandalone } from '../store/install';
import { onServiceWorker, registration, runningRegistration, tellServiceWorker } from '../store/worker';
import { SHARED, STATE } from '../sw/messages';

const PLACE = 'tidings.push';
/** Milliseconds that a test may take from the push service to the screen. */
const SHOWN_WITHIN = 20_000;
/** Times that a test is asked for again while the node does not have the subscription yet, and milliseconds between them. */
const TRIES = 8;
const TRY_EVERY = 750;
/** Most bytes of what a node says of itself. */
const ANSWER_MAX = 64 * 1024;

export type PushState = 'off' | 'on' | 'refused' | 'unsupported' | 'install first';
/** How a test ended. `late`: the push service took it, and nothing was shown. */
export type TestOutcome = 'shown' | 'late' | 'unknown' | 'failed';
export type Repair = 'right' | 'repaired' | 'refused' | 'failed';

/** What this browser is subscribed with; compared at each opening. */
interface Subscribed {
  readonly endpoint: string;
  /** The node's key, base64url. */
  readonly key: string;
}

function kept(): Subscribed | null {
  try {
    const { endpoint, key } = JSON.parse(localStorage.getItem(PLACE) ?? 'null') as Partial<Subscribed>;
    return typeof endpoint === 'string' && typeof key === 'string' ? { endpoint, key } : null;
  } catch {
    return null;
  }
}

/** Whether notifications come. */
export const pushState = signal<PushState>(stateNow());

function stateNow(): PushState {
  const able = 'serviceWorker' in navigator && 'PushManager' in globalThis && 'Notification' in globalThis;
  if (isApple && !isStandalone) return 'install first';
  if (!able) return 'unsupported';
  if (Notification.permission === 'denied') return 'refused';
  return kept() === null ? 'off' : 'on';
}

/** Asks for permission, and subscribes. Only after a person's own click. */
export async function turnPushOn(node: string): Promise<void> {
  if ((await Notification.requestPermission()) === 'granted') {
    const key = await nodeKey(node);
    if (key === null) throw new Refused(JSON.stringify('offline'));
    await subscribe(key);
  }
  pushState.value = stateNow();
}

export async function turnPushOff(): Promise<void> {
  await unsubscribe();
  await command({ set_push: null });
}

/** The subscription ends, and what was shown goes: nothing of this browser's is left anywhere. */
export async function forgetPush(): Promise<void> {
  await unsubscribe().catch(() => undefined);
  const worker = await registration();
  for (const shown of (await worker?.getNotifications?.()) ?? []) shown.close();
  await (navigator as { clearAppBadge?: () => Promise<void> }).clearAppBadge?.().catch(() => undefined);
  await Promise.all([SHARED, STATE].map((name) => caches.delete(name)));
}

/** Compares what there is with what there should be, and makes it so. */
export async function repairPush(node: string): Promise<Repair> {
  const should = kept();
  if (should === null) return 'right';
  if (Notification.permission !== 'granted') {
    await turnPushOff();
    pushState.value = stateNow();
    return 'refused';
  }
  const [key, present] = await Promise.all([nodeKey(node), subscription()]);
  const sameKey = key === null || key === should.key;
  if (present?.endpoint === should.endpoint && sameKey) return 'right';
  try {
    if (!sameKey) await present?.unsubscribe();
    await subscribe(key ?? should.key);
    return 'repaired';
  } catch {
    return 'failed';
  }
}

/** Has a push sent to this device, and waits until it is shown. */
export async function testPush(): Promise<TestOutcome> {
  await tellServiceWorker({ kind: 'test', coming: true });
  try {
    return await tried();
  } finally {
    await tellServiceWorker({ kind: 'test', coming: false });
  }
}

async function tried(): Promise<TestOutcome> {
  const shown = testShown();
  for (let tries = 0; tries < TRIES; tries += 1) {
    const said = await command('test_push');
    const [outcome] = typeof said === 'object' && 'push' in said ? said.push : (['failed'] as const);
    if (outcome === 'taken') return (await shown) ? 'shown' : 'late';
    if (outcome === 'gone') return 'unknown';
    if (outcome === 'failed') return 'failed';
    // What was just turned on may still be under way to the node.
    await new Promise((next) => setTimeout(next, TRY_EVERY));
  }
  return 'unknown';
}

function testShown(): Promise<boolean> {
  return new Promise((done) => {
    const timer = setTimeout(() => { end(false); }, SHOWN_WITHIN);
    const stop = onServiceWorker((message) => { if (message.test) end(true); });
    const end = (shown: boolean) => {
      clearTimeout(timer);
      stop();
      done(shown);
    };
  });
}

async function subscribe(key: string): Promise<void> {
  const manager = (await runningRegistration())?.pushManager;
  if (manager === undefined) throw new Refused(JSON.stringify('offline'));
  const made = await manager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
  const { endpoint, keys } = made.toJSON();
  if (endpoint === undefined || keys?.['p256dh'] === undefined || keys['auth'] === undefined) throw new Refused('no subscription');
  await command({ set_push: { endpoint, p256dh: keys['p256dh'], auth: keys['auth'] } });
  localStorage.setItem(PLACE, JSON.stringify({ endpoint, key } satisfies Subscribed));
}

async function unsubscribe(): Promise<void> {
  localStorage.removeItem(PLACE);
  pushState.value = stateNow();
  if (pushState.value !== 'unsupported') await (await subscription())?.unsubscribe();
}

async function subscription(): Promise<PushSubscription | null> {
  return (await (await registration())?.pushManager.getSubscription()) ?? null;
}

/** The key with which a node signs its pushes (base64url); `null` if it can't be asked. */
async function nodeKey(node: string): Promise<string | null> {
  try {
    const answer = await fetch(`${node}/v1/node`, { cache: 'no-store', credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer' });
    const text = await answer.text();
    if (!answer.ok || text.length > ANSWER_MAX) return null;
    const { vapid } = JSON.parse(text) as { vapid?: unknown };
    return typeof vapid === 'string' ? vapid : null;
  } catch {
    return null;
  }
}

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64url.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
}
