/** The tab that leads: it has the client core, the local database and the connections. */
import init, { Client, makePhrase, readLink, readNodeUrl, readPhrase } from '#core/tidings_web_core.js';
import moduleUrl from '#core/tidings_web_core_bg.wasm?url';
import type { Action, Command, Done, Event, Input } from '../api/types';
import { Busy, canKeep, openDatabase } from './database';
import { Drafts } from './drafts';
import { failsAs, reason, StartFailed } from './failure';
import { KeptFiles, NOTES, newFile, Note, OpenedFiles } from './files';
import { deviceKeys } from './keys';
import { Live, request } from './network';
import { Outbox } from './outbox';
import { eraseAll } from './rescue';
import { CommandFailed, type CoreState, type Question, type Told } from './rpc';

/** The hash of the core that this app was built with (vite.config.ts). */
declare const CORE_INTEGRITY: string;

/** What a tab of a newer version hears when this one does not understand it. */
const NEWER = JSON.stringify('newer');
/** How the core begins to tell, behind its progress, that a file failed which it went on with after a start: no command ends then. */
const UNFINISHED = 'a file that was under way could not be finished';
/** The longest wait that a timer takes, in milliseconds. */
const WAIT_MAX = 2 ** 30;

interface Waiting {
  resolve(outcome: Done): void;
  reject(error: Error): void;
}

/** Who hears of the core. */
export interface Around {
  show(event: Told): void;
  /** It takes nothing more. */
  broke(error: unknown): void;
}

export class Leader {
  #client: Client;
  readonly #kept: KeptFiles;
  readonly #opened = new OpenedFiles();
  readonly #waiting = new Map<number, Waiting>();
  readonly #live: Live;
  readonly #words: Note;
  readonly #drafts: Drafts;
  readonly #outbox: Outbox;
  #commands = 0;
  #ended = false;
  /** Counts how often the client was opened: answers to an earlier one mean nothing. */
  #opening = 0;
  #ready = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The file of which was told last. */
  #progressed: number | undefined;

  private constructor(client: Client, kept: KeptFiles, readonly around: Around) {
    this.#client = client;
    this.#kept = kept;
    this.#words = new Note(kept, NOTES.words);
    this.#drafts = new Drafts(new Note(kept, NOTES.drafts), around.show);
    this.#outbox = new Outbox(kept, {
      command: (command) => this.#command(command),
      sending: () => (this.#ended ? [] : (this.#client.filesSending() as number[])),
      show: (sending) => { around.show({ sending }); },
    });
    this.#live = new Live({
      connected: (node) => { this.#take({ connected: { node } }); },
      heard: (node, text) => { this.#take({ heard: { node, text } }); },
      disconnected: (node) => { this.#take({ disconnected: { node } }); },
    });
  }

  /** Opens what this browser keeps; with `check`, all of it is read first. Fails with a [`StartFailed`], or with a trap of the core. */
  static async start(around: Around, check: boolean): Promise<Leader> {
    if (!canKeep()) throw new StartFailed('unsupported', 'no file that a worker can keep open');
    const module = await fetch(moduleUrl, { integrity: CORE_INTEGRITY }).catch(failsAs('loading'));
    await init({ module_or_path: module }).catch(failsAs('unsupported'));
    // What does not open is the wrong key's; all else is a browser that keeps nothing.
    const keys = await deviceKeys().catch((error: unknown) => failsAs(error instanceof DOMException && error.name === 'OperationError' ? 'key' : 'storage')(error));
    const access = await openDatabase(keys.made).catch((error: unknown) => failsAs(error instanceof Busy ? 'busy' : 'storage')(error));
    const kept = await KeptFiles.open(keys.files).catch(failsAs('storage'));
    try {
      const leader = new Leader(Client.open(access, keys.store, Date.now(), check), kept, around);
      await Promise.all([leader.#outbox.start(), leader.#drafts.start()]);
      leader.#take('started');
      return leader;
    } catch (error) {
      throw error instanceof WebAssembly.RuntimeError ? error : new StartFailed(reason(error), String(error));
    }
  }

  state(): CoreState {
    return { is: 'running', account: this.#client.hasAccount(), leader: true };
  }

  /** Answers a question of a tab. */
  async answer(question: Question): Promise<unknown> {
    await this.#ready;
    if ('view' in question) {
      const view = this.#client[question.view] as ((...args: unknown[]) => unknown) | undefined;
      if (view === undefined) throw new Error(NEWER);
      return this.#guarded(() => view.apply(this.#client, [...question.args]));
    }
    if ('command' in question) return this.#command(question.command);
    if ('open' in question) return this.#open(question.open.group, question.open.message);
    if ('send' in question) return this.#outbox.send(question.send);
    if ('sending' in question) return this.#outbox.list();
    if ('cancelSending' in question) return this.#outbox.cancel(question.cancelSending);
    if ('sendAgain' in question) return this.#outbox.again(question.sendAgain);
    if ('tryNow' in question) return this.#begin();
    if ('drafts' in question) return this.#drafts.texts();
    if ('draft' in question) return this.#drafts.set(question.draft.group, question.draft.text);
    if ('phrase' in question) return makePhrase(false);
    if ('owner' in question) return readPhrase(question.owner);
    if ('link' in question) return readLink(question.link);
    if ('nodeUrl' in question) return readNodeUrl(question.nodeUrl);
    if ('keepWords' in question) return this.#words.write(question.keepWords);
    if ('words' in question) return question.words === 'read' ? this.#words.read() : this.#words.forget();
    if ('erase' in question) return this.#erase();
    // A tab of a newer version may ask what this one does not know.
    throw new Error(NEWER);
  }

  async #command(command: Command): Promise<Done> {
    await this.#ready;
    const id = (this.#commands += 1);
    const ended = new Promise<Done>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    try {
      this.#take({ command: { id, command } });
    } catch (error) {
      this.#waiting.delete(id);
      throw error instanceof Unread ? new Error(NEWER) : error;
    }
    return ended;
  }

  /** Fetches the file of a message. */
  async #open(group: string, message: string): Promise<{ name: string; content: Blob }> {
    const file = newFile();
    this.#opened.begin(file);
    try {
      const outcome = await this.#command({ open: { group, message, file } });
      if (typeof outcome !== 'object' || !('file' in outcome)) throw new CommandFailed(outcome);
      const [name, kind] = outcome.file;
      return { name, content: new Blob(this.#opened.take(file), { type: shownAs(kind) }) };
    } finally {
      this.#opened.take(file);
    }
  }

  /** Takes up what is kept once more: all that waits for a later attempt is tried at once. */
  #begin(): Promise<void> {
    const anew = async () => {
      if (this.#ended) return;
      clearTimeout(this.#timer);
      this.#live.end();
      this.#client.close();
      this.#opening += 1;
      const waiting = [...this.#waiting.values()];
      this.#waiting.clear();
      this.#client = Client.open(await openDatabase(false), (await deviceKeys()).store, Date.now());
      for (const { reject } of waiting) reject(new Error('interrupted'));
      this.#take('started');
    };
    const failed = (error: unknown) => {
      this.#end();
      this.around.broke(error);
    };
    return (this.#ready = this.#ready.then(anew).catch(failed));
  }

  async #erase(): Promise<void> {
    this.#end();
    try {
      this.#client.close();
    } catch {
      // One that has stumbled can't be closed; what it has open ends with this worker.
    }
    await eraseAll();
  }

  /** Nothing more is given to the core. */
  #end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#live.end();
  }

  #take(input: Input): void {
    if (this.#ended) return;
    for (const action of this.#handle(input)) this.#do(action);
  }

  /** A look may come upon what is damaged, too: a trap there is one as any. */
  #guarded<T>(look: () => T): T {
    try {
      return look();
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) {
        this.#end();
        this.around.broke(error);
      }
      throw error;
    }
  }

  /** After an error of the store, or a trap, the client takes nothing more. */
  #handle(input: Input): readonly Action[] {
    try {
      return this.#client.handle(input, Date.now()) as readonly Action[];
    } catch (error) {
      // What can't be read is refused before anything of it is done; only errors of the store have a code.
      if (typeof input === 'object' && 'command' in input && error instanceof Error && !(error instanceof WebAssembly.RuntimeError) && !('code' in error)) throw new Unread(error.message);
      this.#end();
      this.around.broke(error);
      throw error;
    }
  }

  /** Takes what was asked for by the client of then. */
  #hear(opening: number, input: Input): void {
    if (opening === this.#opening) this.#take(input);
  }

  #do(action: Action): void {
    if ('request' in action) void this.#request({ ...action.request, body: action.request.body as Uint8Array<ArrayBuffer> | null });
    else if ('connect' in action) this.#live.connect(action.connect.node);
    else if ('say' in action) this.#live.say(action.say.node, action.say.text);
    else if ('disconnect' in action) this.#live.disconnect(action.disconnect.node);
    else if ('wake_at' in action) this.#wakeAt(action.wake_at);
    else if ('read_file' in action) void this.#read(action.read_file);
    else if ('write_file' in action) this.#write(action.write_file);
    else if ('done' in action) this.#done(action.done.id, action.done.outcome);
    else if ('show' in action) this.#show(action.show);
  }

  #show(event: Event): void {
    this.around.show(event);
    if (typeof event !== 'object') return;
    if ('progress' in event) {
      this.#progressed = event.progress.file;
      queueMicrotask(() => { this.#outbox.settle(); });
    } else if ('warning' in event && event.warning.startsWith(UNFINISHED) && this.#progressed !== undefined) {
      this.#outbox.lost(this.#progressed);
    }
  }

  async #request(asked: Parameters<typeof request>[0]): Promise<void> {
    const opening = this.#opening;
    const answer = await request(asked);
    this.#hear(opening, answer === null ? { no_answer: { id: asked.id } } : { answer });
  }

  #wakeAt(at: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => { this.#take('tick'); }, Math.min(Math.max(0, at - Date.now()), WAIT_MAX));
  }

  async #read({ file, offset, length }: { file: number; offset: number; length: number }): Promise<void> {
    const opening = this.#opening;
    this.#outbox.reading(file, offset);
    const bytes = await this.#kept.read(file, offset, length);
    this.#hear(opening, { file_read: { file, offset, bytes } });
  }

  #write({ file, offset, bytes }: { file: number; offset: number; bytes: Uint8Array }): void {
    const opening = this.#opening;
    const worked = this.#opened.write(file, offset, bytes);
    queueMicrotask(() => { this.#hear(opening, { file_written: { file, worked } }); });
  }

  #done(id: number, outcome: Done): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (typeof outcome === 'object' && 'failed' in outcome) waiting?.reject(new CommandFailed(outcome));
    else waiting?.resolve(outcome);
  }

  /** It came or went: connections look open that are not. Files that wait, maybe for minutes, go at once, unless somebody waits for something else. */
  networkChanged(there: boolean): void {
    this.#live.network(there);
    if (!there || this.#ended) return;
    const idle = this.#waiting.size <= this.#outbox.commands;
    if (idle && (this.#client.filesSending() as number[]).length > 0) void this.#begin();
  }
}

/** A command that the core does not know, of a tab of another version. */
class Unread extends Error {}

/** As what a file is shown: what a browser would run as a page is plain bytes to it. */
function shownAs(kind: string): string {
  return /^(image\/(jpeg|png|webp|gif|avif)|audio\/[\w.+-]+|video\/[\w.+-]+|application\/pdf)$/.test(kind) ? kind : 'application/octet-stream';
}
