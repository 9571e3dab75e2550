/** The service worker: the app opens without a network, every push shows something, and what is shared waits for the app. */
import { keepAll, served } from './files';
import type { ToServiceWorker } from './messages';
import { expectTest, openApp, pushed, remember, subscriptionEnded } from './push';
import { worker } from './scope';
import { takeShare } from './share';

interface SubscriptionChange extends ExtendableEvent {
  readonly oldSubscription?: PushSubscription | null;
}

worker.addEventListener('install', (event) => { event.waitUntil(keepAll().then(() => worker.skipWaiting())); });
// Whatever is missing meanwhile comes again.
worker.addEventListener('activate', (event) => { event.waitUntil(keepAll().catch(() => undefined).then(() => worker.clients.claim())); });
worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const { pathname, origin } = new URL(request.url);
  const answer = request.method === 'POST' && pathname === '/share' && origin === location.origin ? takeShare(request) : served(request);
  if (answer !== null) event.respondWith(answer);
});
worker.addEventListener('message', (event) => {
  const said = event.data as ToServiceWorker;
  if (said.kind === 'test') expectTest(said.coming);
  else if (said.kind === 'shows') event.waitUntil(remember(said));
});
worker.addEventListener('push', (event) => { event.waitUntil(pushed()); });
worker.addEventListener('pushsubscriptionchange', (event) => {
  const change = event as SubscriptionChange;
  change.waitUntil(subscriptionEnded(change.oldSubscription?.options));
});
worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(openApp());
});
