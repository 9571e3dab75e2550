/**
 * The worker of a tab. Of all tabs one leads: whoever has the lock. The others ask it over a channel, and one of them takes its place when it
 * is closed.
 */
import { Leader, StartFailed } from './leader';
import type { BetweenTabs, CoreState, FromWorker, Question, Told, ToWorker } from './rpc';

const LOCK = 'tidings-core';

const me = crypto.randomUUID();
const channel = new BroadcastChannel('tidings');
let leader: Leader | undefined;
let state: CoreState = { is: 'starting' };
/** Questions of this tab that were not answered, and those of them that a leader was given. */
const open = new Map<number, Question>();
const given = new Set<number>();
/** This tab is about to lead: whoever did is gone, and questions wait. */
let taking = false;
/** Which worker leads, as far as is known. */
let known: string | undefined;

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
  between({ kind: 'leads', leader: me, state: follower(now) });
}

function follower(now: CoreState): CoreState {
  return now.is === 'running' ? { ...now, leader: false } : now;
}

async function lead(): Promise<void> {
  taking = true;
  try {
    leader = await Leader.start(show);
    become(leader.state());
  } catch (error) {
    become({ is: 'failed', why: error instanceof StartFailed ? error.why : 'other', detail: String(error) });
  }
  taking = false;
  between({ kind: 'leads', leader: me, state: follower(state) });
  askAgain();
}

/** Answers a question of this tab, or has it answered. */
async function answer(ask: number, question: Question): Promise<void> {
  given.add(ask);
  if (leader === undefined) {
    between({ kind: 'ask', from: me, ask, question });
    return;
  }
  try {
    const value = await leader.answer(question);
    forget(ask);
    tell({ answered: ask, value });
  } catch (error) {
    refuse(ask, why(error));
  }
}

async function answerOther(from: string, ask: number, question: Question): Promise<void> {
  if (leader === undefined) return;
  try {
    between({ kind: 'answered', to: from, ask, value: await leader.answer(question) });
  } catch (error) {
    between({ kind: 'refused', to: from, ask, why: why(error) });
  }
}

function why(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function hear(message: BetweenTabs): void {
  switch (message.kind) {
    case 'ask':
      void answerOther(message.from, message.ask, message.question);
      break;
    case 'answered':
      if (message.to === me && forget(message.ask)) tell({ answered: message.ask, value: message.value });
      break;
    case 'refused':
      if (message.to === me && open.has(message.ask)) refuse(message.ask, message.why);
      break;
    case 'event':
      tell({ event: message.event });
      break;
    case 'leads':
      become(message.state);
      if (message.leader !== known) {
        known = message.leader;
        askAgain();
      }
      break;
    case 'who leads':
      if (leader !== undefined) between({ kind: 'leads', leader: me, state: follower(leader.state()) });
      break;
  }
}

/** Another tab leads now: what was only a look is asked again; of a command nobody knows whether it was done. */
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
  open.set(data.ask, data.question);
  if (state.is === 'running' && !taking) void answer(data.ask, data.question);
});
between({ kind: 'who leads' });
// Held as long as this tab is there: whoever gets it leads.
void navigator.locks.request(LOCK, async () => {
  await lead();
  await new Promise<never>(() => undefined);
});
