/** The client core, as a page asks it. */
import { signal } from '@preact/signals';
import type { Command, Done } from '../api/types';
import { trusted } from './trusted';
import type { CoreState, FromWorker, Question, Told, ToWorker, View, ViewArguments } from './rpc';
import workerUrl from './worker.ts?worker&url';

/** How far the core is. */
export const coreState = signal<CoreState>({ is: 'starting' });

/** The outcome of a command says what the core said. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
const listeners = new Set<(event: Told) => void>();
let asked = 0;
let worker: Worker | undefined;

/** Starts it; once for a page. */
export function startCore(): void {
  worker = new Worker(trusted(workerUrl), { type: 'module', name: 'tidings' });
  for (const name of ['online', 'offline']) addEventListener(name, () => { worker?.postMessage({ network: navigator.onLine } satisfies ToWorker); });
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => { hear(data); };
  worker.onerror = ({ message }) => { coreState.value = { is: 'failed', why: 'unsupported', detail: message }; };
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
    waiting.set(id, { resolve, reject });
    worker?.postMessage({ ask: id, question } satisfies ToWorker);
  });
}

function hear(message: FromWorker): void {
  if ('event' in message) {
    for (const listener of listeners) listener(message.event);
  } else if ('state' in message) {
    coreState.value = message.state;
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
