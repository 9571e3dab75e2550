/**
 * The app without a network. A version of the app is kept as a whole, checked against what it was built as, and serves from the next opening
 * on. A page that is open goes on with the files of its own version, which are kept for as long: names of files change with what is in them,
 * so that no page ever has files of two versions.
 */
import { SHARED, STATE } from './messages';
import { pages, worker } from './scope';

/** All files of this version with the SHA-256 of their content; put in when it is built. */
declare const __FILES__: readonly (readonly [path: string, sha256: string])[];
declare const __VERSION__: string;

const CACHE = `tidings-app-${__VERSION__}`;
const PAGE = '/';
/** Most versions before that are kept for pages that are open. */
const OTHERS_MAX = 2;
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

/** Forgets the versions before, unless a page is open, which may be of one of them. */
export async function forgetOthers(): Promise<void> {
  // The one that is just being kept is none of those before.
  if (worker.registration.installing !== null || worker.registration.waiting !== null) return;
  const present = (await caches.keys()).filter((name) => name !== SHARED && name !== STATE && name !== CACHE);
  const open = (await pages()).length > 0;
  for (const name of open ? present.slice(0, -OTHERS_MAX) : present) await caches.delete(name);
}

/** The answer to a request of a page, if it is for a file of the app. */
export function served(request: Request): Promise<Response> | null {
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return null;
  if (request.mode === 'navigate') return PAGES.has(url.pathname) ? opened(request) : null;
  return /^\/(assets|icons)\/|^\/manifest\.webmanifest$/.test(url.pathname) ? kept(url.pathname, request) : null;
}

async function opened(request: Request): Promise<Response> {
  await forgetOthers().catch(() => undefined);
  return kept(PAGE, request);
}

async function kept(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? (await caches.match(path)) ?? fetch(request);
}
