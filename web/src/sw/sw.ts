/**
 * The service worker: the app opens without a network, and every push shows something. It knows no keys and reads no messages.
 */
const worker = self as unknown as ServiceWorkerGlobalScope;

const CACHE = 'tidings-1';
/** What a notification says, by the language of the browser. */
const TEXTS = { en: { body: 'Something new for you', test: 'Notifications work' }, de: { body: 'Etwas Neues für dich', test: 'Benachrichtigungen kommen an' } };

worker.addEventListener('install', () => void worker.skipWaiting());
worker.addEventListener('activate', (event) => { event.waitUntil(clean()); });
worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  if (request.mode === 'navigate') event.respondWith(page());
  else if (/^\/(assets|icons)\/|^\/manifest\.webmanifest$/.test(url.pathname)) event.respondWith(kept(request));
});
worker.addEventListener('push', (event) => { event.waitUntil(notify(event.data)); });
worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open());
});

async function clean(): Promise<void> {
  for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
  await worker.clients.claim();
}

/** The page as the node has it now; without a network as it was last. */
async function page(): Promise<Response> {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch('/', { cache: 'no-cache' });
    if (answer.ok) await cache.put('/', answer.clone());
    return answer;
  } catch {
    return (await cache.match('/')) ?? Response.error();
  }
}

/** Files whose names change with what is in them. */
async function kept(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const found = await cache.match(request);
  if (found !== undefined) return found;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

/** Browsers want each push to show something; what came is read by the app. */
async function notify(data: PushMessageData | null): Promise<void> {
  const texts = navigator.language.startsWith('de') ? TEXTS.de : TEXTS.en;
  const test = read(data)?.test === true;
  await worker.registration.showNotification('Tidings', { body: test ? texts.test : texts.body, icon: '/icons/icon-192.png', badge: '/icons/icon-192.png', tag: test ? 'test' : 'news' });
  for (const client of await worker.clients.matchAll({ type: 'window' })) client.postMessage({ pushed: true, test });
}

function read(data: PushMessageData | null): { test?: boolean } | null {
  try {
    return data?.json() as { test?: boolean } | null;
  } catch {
    return null;
  }
}

async function open(): Promise<void> {
  const [first] = await worker.clients.matchAll({ type: 'window' });
  if (first === undefined) await worker.clients.openWindow('/');
  else await first.focus();
}
