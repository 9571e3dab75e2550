/**
 * Files on their way out. The core brings them to the node, through tunnels and restarts; here is kept what a screen shows of them, and each
 * copy for as long as it is needed.
 */
import type { Command, Done } from '../api/types';
import { newFile, Note, NOTES, type KeptFiles } from './files';
import type { Sending, ToSend } from './rpc';

/** Files on their way at once, as in the core. */
const FILES_MAX = 100;
/** Milliseconds for which one that was not sent waits for the person. */
const FAILED_STAYS = 7 * 86_400_000;

/** What the outbox wants of the core. */
export interface Core {
  command(command: Command): Promise<Done>;
  /** The files whose copies the core still needs. */
  sending(): readonly number[];
  show(sending: readonly Sending[]): void;
}

export class Outbox {
  readonly #note: Note;
  readonly #files = new Map<number, Sending>();
  /** Those that are being kept, or whose command has not ended; of others only the core knows when they are there. */
  readonly #commanded = new Set<number>();
  readonly #cancelled = new Set<number>();

  constructor(readonly kept: KeptFiles, readonly core: Core) {
    this.#note = new Note(kept, NOTES.sending);
  }

  /** Takes up what an earlier start has left. */
  async start(): Promise<void> {
    const needed = new Set(this.core.sending());
    for (const one of await this.#read()) {
      if (needed.has(one.file)) this.#files.set(one.file, { ...one, ...ON_ITS_WAY });
      else if (waitsStill(one)) this.#files.set(one.file, one);
    }
    await this.kept.keepOnly(new Set([...needed, ...this.#files.keys()]));
    await this.#changed();
  }

  /** How many commands of it have not ended. */
  get commands(): number {
    return this.#commanded.size;
  }

  list(): readonly Sending[] {
    return [...this.#files.values()];
  }

  /** Keeps a file, and begins to send it. */
  async send({ content, ...rest }: ToSend): Promise<void> {
    if (this.#files.size >= FILES_MAX) throw new Error(JSON.stringify({ too_large: '' }));
    const one: Sending = { ...rest, file: newFile(), done: 0, ...ON_ITS_WAY };
    this.#files.set(one.file, one);
    this.#commanded.add(one.file);
    try {
      await this.kept.keep(one.file, content);
    } catch (error) {
      this.#commanded.delete(one.file);
      await this.#over(one.file);
      throw error;
    }
    if (this.#cancelled.delete(one.file)) {
      this.#commanded.delete(one.file);
      await this.#over(one.file);
      return;
    }
    await this.#changed();
    void this.#give(one);
  }

  /** Sends one again that was not sent. */
  async again(file: number): Promise<void> {
    const found = this.#files.get(file);
    if (found?.failed == null) return;
    const one = { ...found, ...ON_ITS_WAY, done: 0 };
    this.#files.set(file, one);
    this.#commanded.add(file);
    await this.#changed();
    void this.#give(one);
  }

  /** Sends it not. If all of it has left already, the message is deleted as soon as it is there. */
  async cancel(file: number): Promise<void> {
    if (this.#commanded.has(file)) this.#cancelled.add(file);
    // One that was not sent is none of the core's.
    await this.core.command({ stop_file: { file } }).catch(() => undefined);
    await this.#over(file);
  }

  /** The core reads on from here: it has the node's word for what is before. */
  reading(file: number, offset: number): void {
    const found = this.#files.get(file);
    if (found === undefined || found.done === offset) return;
    this.#files.set(file, { ...found, done: offset });
    this.core.show(this.list());
  }

  /** Something has ended: whatever the core does not need any more goes, if no command tells. */
  settle(): void {
    const needed = new Set(this.core.sending());
    for (const one of this.list()) {
      if (one.failed === null && !this.#commanded.has(one.file) && !needed.has(one.file)) void this.#over(one.file);
    }
  }

  /** One that an earlier start has begun was not sent. */
  lost(file: number): void {
    void this.#unsent(file, '');
  }

  async #give({ file, group, about, reply }: Sending): Promise<void> {
    try {
      const outcome = await this.core.command({ send_file: { group, attachment: { ...about, file }, reply } });
      this.#commanded.delete(file);
      await this.#sent(file, group, outcome);
    } catch (error) {
      this.#commanded.delete(file);
      await this.#unsent(file, error instanceof Error ? error.message : String(error));
    }
  }

  async #sent(file: number, group: string, outcome: Done): Promise<void> {
    const late = this.#cancelled.delete(file) && typeof outcome === 'object' && 'message' in outcome;
    if (late) void this.core.command({ delete: { group, message: outcome.message } }).catch(() => undefined);
    await this.#over(file);
  }

  async #unsent(file: number, failed: string): Promise<void> {
    const found = this.#files.get(file);
    // The core was opened anew, and goes on by itself.
    if (found === undefined || this.core.sending().includes(file)) return;
    this.#cancelled.delete(file);
    this.#files.set(file, { ...found, failed, failedAt: Date.now() });
    await this.#changed();
  }

  async #over(file: number): Promise<void> {
    this.#files.delete(file);
    await this.kept.forget(file);
    await this.#changed();
  }

  async #changed(): Promise<void> {
    this.core.show(this.list());
    await this.#note.write(JSON.stringify(this.list().map(written)));
  }

  async #read(): Promise<readonly Sending[]> {
    try {
      return (JSON.parse((await this.#note.read()) ?? '[]') as Written[]).map(taken);
    } catch {
      return [];
    }
  }
}

const ON_ITS_WAY = { failed: null, failedAt: null } as const;

function waitsStill({ failed, failedAt }: Sending): boolean {
  return failed !== null && Date.now() - (failedAt ?? 0) < FAILED_STAYS;
}

/** One as it stands in the note: its thumbnail is a text there. */
type Written = Omit<Sending, 'about'> & { readonly about: Omit<Sending['about'], 'thumbnail'> & { readonly thumbnail: string | null } };

function written(one: Sending): Written {
  const { thumbnail } = one.about;
  return { ...one, about: { ...one.about, thumbnail: thumbnail == null ? null : btoa(String.fromCharCode(...thumbnail)) } };
}

function taken(one: Written): Sending {
  const { thumbnail } = one.about;
  const bytes = thumbnail === null ? null : Uint8Array.from(atob(thumbnail), (letter) => letter.charCodeAt(0));
  return { ...one, failedAt: one.failedAt ?? Date.now(), about: { ...one.about, thumbnail: bytes } };
}
