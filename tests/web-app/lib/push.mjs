// Pushes without a push service of a browser's maker: the page's `pushManager` is a stand-in that gives endpoints at the local push service of
// the end-to-end tests; what the node sends there is opened, and given to the real service worker by Chromium itself.
import { PUSH_CONTACT, PUSH_DAYS } from '../../e2e/lib/node.mjs';
import { PushService } from '../../e2e/lib/push_service.mjs';

export { PushService };

/** Settings of a node that may reach the local push service. */
export const pushSettings = (service) => ({ TIDINGS_PUSH_ALLOW_LOOPBACK: 'true', TIDINGS_PUSH_CONTACT: PUSH_CONTACT, SSL_CERT_FILE: service.caFile });

/** Puts the stand-in into all pages that somebody opens from now on. `endpoints`: what is given, one after the other. */
export async function standIn(person, endpoints) {
  const offered = endpoints.map((endpoint) => endpoint.subscription);
  await person.context.addInitScript((subscriptions) => {
    const PLACE = 'test.push';
    const read = () => JSON.parse(localStorage.getItem(PLACE) ?? 'null') ?? { given: 0, present: null, keys: [] };
    const write = (next) => localStorage.setItem(PLACE, JSON.stringify(next));
    const shown = (found) => found && {
      endpoint: found.endpoint,
      toJSON: () => found,
      unsubscribe: async () => { write({ ...read(), present: null }); return true; },
    };
    PushManager.prototype.getSubscription = async () => shown(read().present);
    PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
      if (userVisibleOnly !== true || applicationServerKey.length !== 65) throw new TypeError('not as a browser wants it');
      const now = read();
      const present = now.present ?? subscriptions[now.given];
      write({ given: now.present ? now.given : now.given + 1, present, keys: [...now.keys, btoa(String.fromCharCode(...applicationServerKey))] });
      return shown(present);
    };
  }, offered);
}

/** What the stand-in has given. */
export const given = (page) => page.evaluate(() => JSON.parse(localStorage.getItem('test.push')));

/** The registration of the service worker of a page, for Chromium. */
export async function serviceWorkerOf(page) {
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  const session = await page.context().newCDPSession(page);
  const found = new Promise((resolve) => {
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => { if (registrations[0]) resolve(registrations[0].registrationId); });
  });
  await session.send('ServiceWorker.enable');
  return { session, registrationId: await found };
}

/** Gives a push to the service worker of a page, as a browser does. */
export async function deliver({ session, registrationId }, origin, data) {
  await session.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data });
}

/** What the node's push number `count` at an endpoint holds: its signature is checked, and it is opened. */
export async function opened(endpoint, node, count) {
  const record = await endpoint.message(count, 20_000);
  const { vapid } = await (await fetch(`${node.origin}/v1/node`)).json();
  return endpoint.open(record, { serverKey: vapid, contact: PUSH_CONTACT, ttlSeconds: PUSH_DAYS * 86_400 });
}

/** What notifications are shown. */
export const notifications = (page) => page.evaluate(async () => (await (await navigator.serviceWorker.ready).getNotifications()).map(({ title, body, tag }) => ({ title, body, tag })));
