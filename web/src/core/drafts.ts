/** What is being written in each conversation: kept sealed, and the same in all tabs. */
import type { Note } from './files';
import type { DraftTexts, Told } from './rpc';

/** Most conversations with a draft: the oldest ones give way. */
const DRAFTS_MAX = 200;
/** Most characters of one that are kept. */
const CHARS_MAX = 20_000;

export class Drafts {
  #texts = new Map<string, string>();

  constructor(readonly note: Note, readonly show: (event: Told) => void) {}

  async start(): Promise<void> {
    try {
      const kept = JSON.parse((await this.note.read()) ?? '{}') as DraftTexts;
      this.#texts = new Map(Object.entries(kept));
    } catch {
      this.#texts.clear();
    }
  }

  texts(): DraftTexts {
    return Object.fromEntries(this.#texts);
  }

  /** Keeps one; an empty one is none. */
  async set(group: string, text: string): Promise<void> {
    this.#texts.delete(group);
    if (text.trim() !== '') this.#texts.set(group, text.slice(0, CHARS_MAX));
    for (const oldest of [...this.#texts.keys()].slice(0, -DRAFTS_MAX)) this.#texts.delete(oldest);
    this.show({ drafts: this.texts() });
    await this.note.write(JSON.stringify(this.texts()));
  }
}
