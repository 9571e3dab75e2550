/**
 * The worker of a tab. Of all tabs one leads: whoever has the lock. The others ask it over a channel, and one of them takes its place when it
 * is closed.
 */
import { reason } from './failure';
import { Leader } from './leader';
import { needsNoCore, rescue } from './rescue';
import { CHECKED, type BetweenTabs, type CoreState, type FromWorker, type Question, type Told, type ToWorker } from './rpc';
import { Watch } from './watch';

const LOCK = 'tidings-core';
/** Milliseconds after which a page that is seen looks whether the tab that leads is still there, though it asks nothing: no news would come, either. */
const LOOKS_EVERY = 30_000;
/** Questions of other tabs that are remembered. */
const TAKEN_MAX = 2_000;

/** Which version this is: the name changes with all that a worker and the core have in them, and so with what passes between tabs. */
const app = location.pathname;
const me = crypto.randomUUID();
const channel = new BroadcastChannel('tidings');
let leader: Leader | undefined;
let state: CoreState = { is: 'starting' };
/** Questions of this tab that were not answered, and those of them that a leader has taken. */
const open = new Map<number, Question>();
const given = new Set<number>();
/** What this tab has taken of others. */
const taken = new Set<string>();
/** This tab is about to lead: whoever did is gone, and questions wait. */
let taking = false;
/** This tab has the lock, whether or not its core runs. */
let holds = false;
/** Everything is read before it is used. */
let check = self.name === CHECKED;
/** Which worker leads, as far as is known. */
let known: string | undefined;
/** The page was told that whoever leads says nothing. */
let silent = false;
/** Whether the person sees the page, and a word of the other tab is awaited for that alone. */
let [seen, looking] = [false, false];
/** The page was told of another version. */
let toldVersion = false;
const watch = new Watch({
  waits: () => !holds && (open.size > 0 || looking || state.is === 'starting' || (state.is === 'failed' && state.why === 'busy')),
  ask: () => { between({ kind: 'who leads', app }); },
  silent: () => {
    if (state.is === 'starting') become({ is: 'failed', why: 'busy', detail: 'the tab that leads does not answer' });
    else if (state.is === 'running') setSilent(true);
  },
});

function tell(message: FromWorker): void {
  postMessage(message);
}

function between(message: BetweenTabs): void {
  channel.postMessage(message);
}

function become(next: CoreState): void {
  state = next;
  tell({ state });
}

function show(event: Told): void {
  tell({ event });
  between({ kind: 'event', event });
  announce();
}

/** The others hear how things are whenever that has changed. */
function announce(): void {
  if (leader === undefined) return;
  const now = leader.state();
  if (JSON.stringify(now) === JSON.stringify(state)) return;
  become(now);
  sayLeads();
}

/** The others hear that this tab leads, or why it can't. */
function sayLeads(): void {
  between({ kind: 'leads', leader: me, state: follower(leader?.state() ?? state), app });
}

function setSilent(now: boolean): void {
  if (silent === now) return;
  silent = now;
  tell({ silent });
}

function follower(now: CoreState): CoreState {
  return now.is === 'running' ? { ...now, leader: false } : now;
}

async function lead(): Promise<void> {
  taking = true;
  setSilent(false);
  between({ kind: 'begins' });
  try {
    leader = await Leader.start({ show, broke }, check);
    become(leader.state());
    sayLeads();
  } catch (error) {
    broke(error);
  }
  taking = false;
  askAgain();
}

/** The core could not be started, or takes nothing more. */
function broke(error: unknown): void {
  leader = undefined;
  if (error instanceof WebAssembly.RuntimeError && !check) {
    between({ kind: 'suspect' });
    tell({ again: 'checked' });
    return;
  }
  // All of it was read, and the core still stumbles over it.
  const why = error instanceof WebAssembly.RuntimeError ? 'damaged' : reason(error);
  become({ is: 'failed', why, detail: String(error) });
  sayLeads();
}

/** Looks whether the tab that leads is there. */
function lookForLeader(): void {
  if (holds || !seen || state.is !== 'running') return;
  looking = true;
  between({ kind: 'who leads', app });
  watch.begin();
}

/** Answers a question of this tab, or has it answered. */
async function answer(ask: number, question: Question): Promise<void> {
  if (!holds) {
    between({ kind: 'ask', from: me, ask, question });
    watch.begin();
    return;
  }
  given.add(ask);
  try {
    const value = await answered(question);
    forget(ask);
    tell({ answered: ask, value });
  } catch (error) {
    refuse(ask, why(error));
  }
}

async function answered(question: Question): Promise<unknown> {
  return leader === undefined ? rescue(question) : leader.answer(question);
}

async function answerOther(from: string, ask: number, question: Question): Promise<void> {
  if (!holds || taking || !isNew(`${from} ${ask}`)) return;
  between({ kind: 'taken', to: from, ask });
  try {
    between({ kind: 'answered', to: from, ask, value: await answered(question) });
  } catch (error) {
    between({ kind: 'refused', to: from, ask, why: why(error) });
  }
}

/** A tab that hears late of who leads asks once more: nothing may be done twice for that. */
function isNew(asked: string): boolean {
  if (taken.has(asked)) return false;
  taken.add(asked);
  const [oldest] = taken;
  if (taken.size > TAKEN_MAX && oldest !== undefined) taken.delete(oldest);
  return true;
}

function why(error: unknown): string {
  // What browsers say of their own errors is no text for a person.
  if (error instanceof DOMException) return error.name;
  return error instanceof Error ? error.message : String(error);
}

function hear(message: BetweenTabs): void {
  switch (message.kind) {
    case 'ask':
      void answerOther(message.from, message.ask, message.question);
      return;
    case 'suspect':
      check = true;
      return;
    case 'who leads':
      compare(message.app);
      if (taking) between({ kind: 'begins' });
      else if (holds) sayLeads();
      return;
    default:
      hearLeader(message);
  }
}

/** What only the tab that leads says. What one before it has left behind is late: only what is answered still counts. */
function hearLeader(message: Exclude<BetweenTabs, { kind: 'ask' | 'suspect' | 'who leads' }>): void {
  looking = false;
  watch.heard();
  switch (message.kind) {
    case 'taken':
      if (message.to === me && open.has(message.ask)) given.add(message.ask);
      break;
    case 'answered':
      if (message.to === me && forget(message.ask)) tell({ answered: message.ask, value: message.value });
      break;
    case 'refused':
      if (message.to === me && open.has(message.ask)) refuse(message.ask, message.why);
      break;
    case 'event':
      if (!holds) tell({ event: message.event });
      break;
    case 'leads':
      compare(message.app);
      if (!holds) follow(message.leader, message.state);
      break;
    case 'begins':
      break;
  }
  if (!silent || holds) return;
  setSilent(false);
  // What it has not taken may never have come to it.
  for (const [ask, question] of open) if (!given.has(ask)) void answer(ask, question);
}

/** Another tab leads. It says so often: only what is new is told. */
function follow(leading: string, next: CoreState): void {
  const other = leading !== known;
  known = leading;
  if (other || JSON.stringify(next) !== JSON.stringify(state)) become(next);
  if (other) askAgain();
}

/** Whether two versions are open at once, which may not understand each other. */
function compare(other: string | undefined): void {
  if (other === app || toldVersion) return;
  toldVersion = true;
  tell({ otherVersion: true });
}

/** Another tab leads now: what was not taken, or is only a look, is asked again; of a command that was nobody knows whether it was done. */
function askAgain(): void {
  if (state.is !== 'running') return;
  for (const [ask, question] of [...open]) {
    if (('command' in question || 'send' in question) && given.has(ask)) refuse(ask, 'interrupted');
    else void answer(ask, question);
  }
}

function refuse(ask: number, why: string): void {
  forget(ask);
  tell({ refused: ask, why });
}

function forget(ask: number): boolean {
  given.delete(ask);
  return open.delete(ask);
}

channel.onmessage = ({ data }: MessageEvent<BetweenTabs>) => { hear(data); };
addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if ('network' in data) {
    leader?.networkChanged(data.network);
    return;
  }
  if ('seen' in data) {
    ({ seen } = data);
    lookForLeader();
    return;
  }
  open.set(data.ask, data.question);
  const answerable = state.is === 'running' || (state.is === 'failed' && needsNoCore(data.question));
  if (answerable && !taking) void answer(data.ask, data.question);
});
between({ kind: 'who leads', app });
watch.begin();
setInterval(lookForLeader, LOOKS_EVERY);
// Held as long as this tab is there: whoever gets it leads.
void navigator.locks.request(LOCK, async () => {
  holds = true;
  await lead();
  await new Promise<never>(() => undefined);
});
