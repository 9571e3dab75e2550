/**
 * The app without a network. A version of the app is kept as a whole, checked against what it was built as, and begins only when no page of
 * the one before is open: so nobody ever has files of two versions.
 */
import { SHARED, STATE } from './messages';
import { pages, worker } from './scope';

/** All files of this version with the SHA-256 of their content; put in when it is built. */
declare const __FILES__: readonly (readonly [path: string, sha256: string])[];
declare const __VERSION__: string;

const CACHE = `tidings-app-${__VERSION__}`;
const PAGE = '/';
/** Addresses at which the app opens. */
const PAGES = new Set([PAGE, '/index.html', '/i', '/r', '/share']);

/** Fetches and keeps this version. Fails if not all of it is there as it should be. */
export async function keepAll(): Promise<void> {
  const cache = await caches.open(CACHE);
  await Promise.all(__FILES__.map(([path, sha256]) => keep(cache, path, sha256)));
}

async function keep(cache: Cache, path: string, sha256: string): Promise<void> {
  // What is the same as in the version before is not fetched again.
  const known = await caches.match(path);
  if (known !== undefined && (await hash(known)) === sha256) return cache.put(path, known);
  // Names in this folder change with the content.
  const answer = await fetch(path, { cache: path.startsWith('/assets/') ? 'default' : 'no-cache' });
  if (!answer.ok || (await hash(answer)) !== sha256) throw new Error(`${path} is of another version`);
  return cache.put(path, answer);
}

async function hash(answer: Response): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await answer.clone().arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Forgets all versions but this one. */
export async function forgetOthers(): Promise<void> {
  const stay = [CACHE, SHARED, STATE];
  for (const name of await caches.keys()) if (!stay.includes(name)) await caches.delete(name);
  await worker.clients.claim();
}

/** This version may begin now, unless a page of the one before is open beside the one that asks. */
export async function takeOver(): Promise<void> {
  if ((await pages()).length <= 1) await worker.skipWaiting();
}

/** The answer to a request of a page, if it is for a file of the app. */
export function served(request: Request): Promise<Response> | null {
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return null;
  if (request.mode === 'navigate') return PAGES.has(url.pathname) ? kept(PAGE, request) : null;
  return /^\/(assets|icons)\/|^\/manifest\.webmanifest$/.test(url.pathname) ? kept(url.pathname, request) : null;
}

async function kept(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? (await caches.match(path)) ?? fetch(request);
}
