/** The client core, as a page asks it. */
import { signal } from '@preact/signals';
import type { Command, Done } from '../api/types';
import { trusted } from './trusted';
import { CHECKED, type CoreState, type FromWorker, type Question, type Told, type ToWorker, type View, type ViewArguments } from './rpc';
import workerUrl from './worker.ts?worker&url';

/** How far the core is. */
export const coreState = signal<CoreState>({ is: 'starting' });
/** Whether the tab that leads leaves questions without a word: it is frozen, or busy for long. What was asked waits. */
export const leaderSilent = signal(false);
/** Whether another tab runs another version of the app. */
export const otherVersion = signal(false);

/** The outcome of a command says what the core said. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

const waiting = new Map<number, { readonly question: Question; resolve(value: unknown): void; reject(error: Error): void }>();
const listeners = new Set<(event: Told) => void>();
let asked = 0;
let worker: Worker | undefined;

/** Starts it; once for a page. */
export function startCore(): void {
  startWorker('tidings');
  for (const name of ['online', 'offline']) addEventListener(name, () => { worker?.postMessage({ network: navigator.onLine } satisfies ToWorker); });
  document.addEventListener('visibilitychange', sayWhetherSeen);
  document.addEventListener('freeze', rest);
  document.addEventListener('resume', goOn);
  addEventListener('pagehide', (event) => { if ((event as PageTransitionEvent).persisted) rest(); });
  addEventListener('pageshow', (event) => { if ((event as PageTransitionEvent).persisted) goOn(); });
}

/**
 * The page is about to be frozen. Lock and file would be frozen with its worker, and the other tabs could do nothing; so it ends, as if the tab were
 * closed, which the core takes at any moment. A page that goes on gets another one.
 */
function rest(): void {
  worker?.terminate();
  worker = undefined;
}

function goOn(): void {
  if (worker !== undefined) return;
  leaderSilent.value = false;
  startWorker('tidings');
  handOn();
}

function startWorker(name: string): void {
  const next = new Worker(trusted(workerUrl), { type: 'module', name });
  next.onmessage = ({ data }: MessageEvent<FromWorker>) => { hear(data); };
  // Before the core runs, this browser lacks something; later it is a mistake of ours that is told, and nothing more.
  next.onerror = ({ message }) => { if (coreState.peek().is === 'starting') coreState.value = { is: 'failed', why: 'unsupported', detail: message }; };
  worker = next;
  sayWhetherSeen();
}

function sayWhetherSeen(): void {
  worker?.postMessage({ seen: document.visibilityState === 'visible' } satisfies ToWorker);
}

/** A worker whose core has stumbled is of no use: another one reads everything first. */
function startAgain(): void {
  worker?.terminate();
  coreState.value = { is: 'starting' };
  startWorker(CHECKED);
  handOn();
}

/** What waits goes to the next worker. Of what the one before was doing nobody knows how far it came. */
function handOn(): void {
  for (const [id, { question }] of [...waiting]) {
    if ('command' in question || 'send' in question) take(id)?.reject(new Refused('interrupted'));
    else worker?.postMessage({ ask: id, question } satisfies ToWorker);
  }
}

/** Calls this for each event. Gives what ends that. */
export function onEvent(listener: (event: Told) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Looks at something. */
export async function look<T>(view: View, ...args: ViewArguments<View>): Promise<T> {
  return (await ask({ view, args })) as T;
}

/** Has something done. Fails with [`Refused`]. */
export async function command(command: Command): Promise<Done> {
  return (await ask({ command })) as Done;
}

/** Anything else. */
export function ask(question: Question): Promise<unknown> {
  const id = (asked += 1);
  return new Promise((resolve, reject) => {
    waiting.set(id, { question, resolve, reject });
    worker?.postMessage({ ask: id, question } satisfies ToWorker);
  });
}

function hear(message: FromWorker): void {
  if ('event' in message) {
    for (const listener of listeners) listener(message.event);
  } else if ('state' in message) {
    coreState.value = message.state;
  } else if ('silent' in message) {
    leaderSilent.value = message.silent;
  } else if ('otherVersion' in message) {
    otherVersion.value = true;
  } else if ('again' in message) {
    startAgain();
  } else if ('answered' in message) {
    take(message.answered)?.resolve(message.value);
  } else {
    take(message.refused)?.reject(new Refused(message.why));
  }
}

function take(id: number) {
  const found = waiting.get(id);
  waiting.delete(id);
  return found;
}
