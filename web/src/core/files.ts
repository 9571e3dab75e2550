/**
 * Files that the core reads (what is being sent) and writes (what was opened). What is being sent is kept until it has arrived, so that a
 * tab that is closed in between costs nothing: sealed by a key that never leaves the browser, in pieces that can be read one by one.
 */

/** Bytes of a piece before it is sealed. */
const PIECE = 64 * 1024;
/** Bytes that sealing adds to each. */
const SEAL = 12 + 16;
const FOLDER = 'files';
/** Most bytes of a note: that of the files on their way has their thumbnails in it. */
const NOTE_BYTES_MAX = 4 * 1024 * 1024;
/** Under which numbers something else than a file is kept: the recovery words, what is being written, and what of the files is shown. */
export const NOTES = { words: 0, drafts: 1, sending: 2 } as const;
/** Added to the number of a note: where its next text is, until it is in its place. */
const SPARE = 8;
/** Ends the text there: without it, it is not whole. */
const WHOLE = '\0';
/** Numbers below belong to notes. */
const FILES_FROM = 16;

/** What is being sent, on the disk. */
export class KeptFiles {
  readonly #key: CryptoKey;
  readonly #folder: FileSystemDirectoryHandle;

  private constructor(key: CryptoKey, folder: FileSystemDirectoryHandle) {
    this.#key = key;
    this.#folder = folder;
  }

  static async open(key: CryptoKey): Promise<KeptFiles> {
    const root = await navigator.storage.getDirectory();
    return new KeptFiles(key, await root.getDirectoryHandle(FOLDER, { create: true }));
  }

  /** Keeps a file under this number. */
  async keep(file: number, content: Blob): Promise<void> {
    const handle = await this.#folder.getFileHandle(String(file), { create: true });
    const access = await handle.createSyncAccessHandle();
    try {
      let at = 0;
      for (let number = 0; number * PIECE < content.size; number += 1) {
        const piece = await content.slice(number * PIECE, (number + 1) * PIECE).arrayBuffer();
        at += access.write(await this.#seal(file, number, piece), { at });
      }
      access.truncate(at);
      access.flush();
    } finally {
      access.close();
    }
  }

  /** Some of its bytes; `null` if it is not there or not as it was kept. */
  async read(file: number, offset: number, length: number): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      const handle = await this.#folder.getFileHandle(String(file));
      const content = await handle.getFile();
      const parts: Uint8Array<ArrayBuffer>[] = [];
      const first = Math.floor(offset / PIECE);
      for (let number = first; number * PIECE < offset + length; number += 1) {
        const sealed = await content.slice(number * (PIECE + SEAL), (number + 1) * (PIECE + SEAL)).arrayBuffer();
        if (sealed.byteLength <= SEAL) break;
        parts.push(await this.#open(file, number, sealed));
      }
      return joined(parts).slice(offset - first * PIECE, offset - first * PIECE + length);
    } catch {
      return null;
    }
  }

  /** Deletes one. */
  async forget(file: number): Promise<void> {
    await this.#folder.removeEntry(String(file)).catch(() => undefined);
  }

  /** Deletes all files but these; notes stay. */
  async keepOnly(files: ReadonlySet<number>): Promise<void> {
    const names: string[] = [];
    for await (const name of this.#folder.keys()) names.push(name);
    for (const name of names) if (Number(name) >= FILES_FROM && !files.has(Number(name))) await this.forget(Number(name));
  }

  async #seal(file: number, number: number, piece: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>> {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: place(file, number) }, this.#key, piece);
    return joined([iv, new Uint8Array(sealed)]);
  }

  async #open(file: number, number: number, sealed: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>> {
    const iv = sealed.slice(0, 12);
    const algorithm = { name: 'AES-GCM', iv, additionalData: place(file, number) };
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, this.#key, sealed.slice(12)));
  }
}

/** A number for a file that none has had before, in this browser. */
export function newFile(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high & 0xfffff) * 2 ** 32 + low + FILES_FROM;
}

/**
 * A sealed text of the app's own. Of several that are written at once the last one stays. A file is written over in place, and one that was cut off
 * there could not be opened: so each text is first written beside it, and whatever happens one of the two is whole.
 */
export class Note {
  #next: string | undefined;
  #writing: Promise<void> | undefined;
  #mended = false;

  constructor(readonly kept: KeptFiles, readonly file: number) {}

  async read(): Promise<string | null> {
    await this.#writing?.catch(() => undefined);
    return (await this.#spare()) ?? this.#text(this.file);
  }

  async write(text: string): Promise<void> {
    this.#next = text;
    await (this.#writing ??= this.#write());
  }

  async forget(): Promise<void> {
    await this.kept.forget(this.file + SPARE);
    await this.kept.forget(this.file);
  }

  async #write(): Promise<void> {
    try {
      await this.#mend();
      while (this.#next !== undefined) {
        const text = this.#next;
        this.#next = undefined;
        await this.kept.keep(this.file + SPARE, new Blob([text, WHOLE]));
        await this.kept.keep(this.file, new Blob([text]));
        await this.kept.forget(this.file + SPARE);
      }
    } finally {
      this.#writing = undefined;
    }
  }

  /** What an earlier start has left half done is brought to its end: the place beside it is free then. */
  async #mend(): Promise<void> {
    if (this.#mended) return;
    const left = await this.#spare();
    if (left !== null) await this.kept.keep(this.file, new Blob([left]));
    await this.kept.forget(this.file + SPARE);
    this.#mended = true;
  }

  /** What lies beside it, if it is whole: then the file itself may not be. */
  async #spare(): Promise<string | null> {
    const text = await this.#text(this.file + SPARE);
    return text?.endsWith(WHOLE) === true ? text.slice(0, -WHOLE.length) : null;
  }

  async #text(file: number): Promise<string | null> {
    const bytes = await this.kept.read(file, 0, NOTE_BYTES_MAX);
    return bytes === null || bytes.length === 0 ? null : new TextDecoder().decode(bytes);
  }
}

/** What binds a piece to its place. */
function place(file: number, number: number): Uint8Array<ArrayBuffer> {
  const bytes = new DataView(new ArrayBuffer(16));
  bytes.setBigUint64(0, BigInt(file));
  bytes.setBigUint64(8, BigInt(number));
  return new Uint8Array(bytes.buffer);
}

/** Files that are being opened: they are shown, and kept nowhere. */
export class OpenedFiles {
  readonly #parts = new Map<number, { parts: Uint8Array<ArrayBuffer>[]; length: number }>();

  begin(file: number): void {
    this.#parts.set(file, { parts: [], length: 0 });
  }

  /** Takes bytes that follow those before them; `false` if they don't. */
  write(file: number, offset: number, bytes: Uint8Array): boolean {
    const found = this.#parts.get(file);
    if (found === undefined) return false;
    if (offset === 0) Object.assign(found, { parts: [], length: 0 });
    if (offset !== found.length) return false;
    found.parts.push(bytes.slice());
    found.length += bytes.length;
    return true;
  }

  /** Gives it away. */
  take(file: number): Uint8Array<ArrayBuffer>[] {
    const found = this.#parts.get(file);
    this.#parts.delete(file);
    return found?.parts ?? [];
  }
}

function joined(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
