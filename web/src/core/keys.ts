/**
 * The keys under which this browser keeps things. What a page can't read can't be stolen from it: the wrapping key is not extractable, and
 * stays in IndexedDB; the database's key lies beside it, wrapped.
 */

const DATABASE = 'tidings';
const SHELF = 'keys';
const PLACE = 'device';

export interface DeviceKeys {
  /** Of the database of the core. */
  readonly store: Uint8Array<ArrayBuffer>;
  /** Of files that wait to be sent. */
  readonly files: CryptoKey;
}

interface Kept {
  readonly wrapping: CryptoKey;
  readonly files: CryptoKey;
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly wrapped: ArrayBuffer;
}

/** The keys of this browser; made at the first time. `made`: they were made now. */
export async function deviceKeys(): Promise<DeviceKeys & { readonly made: boolean }> {
  const database = await opened();
  try {
    const kept = await request<Kept | undefined>(database.transaction(SHELF).objectStore(SHELF).get(PLACE));
    return kept === undefined ? { ...(await make(database)), made: true } : { ...(await unwrap(kept)), made: false };
  } finally {
    database.close();
  }
}

/** Forgets them: what was kept under them is lost. */
export async function forgetKeys(): Promise<void> {
  await request(indexedDB.deleteDatabase(DATABASE));
}

async function make(database: IDBDatabase): Promise<DeviceKeys> {
  const aes = { name: 'AES-GCM', length: 256 };
  const wrapping = await crypto.subtle.generateKey(aes, false, ['encrypt', 'decrypt']);
  const files = await crypto.subtle.generateKey(aes, false, ['encrypt', 'decrypt']);
  const store = crypto.getRandomValues(new Uint8Array(32));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const wrapped = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, wrapping, store);
  const kept: Kept = { wrapping, files, iv, wrapped };
  // Strict: the key is on the disk before anything is kept under it.
  const change = database.transaction(SHELF, 'readwrite', { durability: 'strict' });
  change.objectStore(SHELF).put(kept, PLACE);
  await new Promise<void>((done, failed) => {
    change.oncomplete = () => { done(); };
    change.onabort = () => { failed(change.error ?? new Error('the keys could not be kept')); };
  });
  return { store, files };
}

async function unwrap(kept: Kept): Promise<DeviceKeys> {
  const store = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: kept.iv }, kept.wrapping, kept.wrapped);
  return { store: new Uint8Array(store), files: kept.files };
}

async function opened(): Promise<IDBDatabase> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => { opening.result.createObjectStore(SHELF); };
  return request(opening);
}

function request<T>(asked: IDBRequest<T>): Promise<T> {
  return new Promise((done, failed) => {
    asked.onsuccess = () => { done(asked.result); };
    asked.onerror = () => { failed(asked.error ?? new Error('the browser keeps nothing')); };
  });
}
