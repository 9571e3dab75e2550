/** Writes a zip without compression, which every system opens: what is in it are pictures and little text. */

/** What the format without its extension can hold. */
export const BYTES_MAX = 0xffff_ffff;
export const ENTRIES_MAX = 0xffff;

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const VERSION = 20;
/** Names are UTF-8. */
const FLAGS = 1 << 11;

interface Entry {
  readonly name: Uint8Array<ArrayBuffer>;
  readonly crc: number;
  readonly size: number;
  readonly at: number;
}

export class Zip {
  readonly #parts: BlobPart[] = [];
  readonly #entries: Entry[] = [];
  readonly #time: number;
  readonly #date: number;
  #length = 0;
  /** What the list at its end needs. */
  #listed = 22;

  constructor(now: Date) {
    this.#time = (now.getHours() << 11) | (now.getMinutes() << 5) | (now.getSeconds() >> 1);
    this.#date = ((now.getFullYear() - 1980) << 9) | ((now.getMonth() + 1) << 5) | now.getDate();
  }

  /** Adds a file; `false` if it has no room. */
  async add(path: string, content: string | Blob): Promise<boolean> {
    const blob = typeof content === 'string' ? new Blob([content]) : content;
    const name = new TextEncoder().encode(path);
    const needed = blob.size + 30 + name.length;
    if (this.#entries.length === ENTRIES_MAX || this.#length + this.#listed + needed + 46 + name.length > BYTES_MAX) return false;
    const entry = { name, crc: crc32(new Uint8Array(await blob.arrayBuffer())), size: blob.size, at: this.#length };
    this.#put(this.#header(LOCAL, entry), name, blob);
    this.#entries.push(entry);
    this.#length += needed;
    this.#listed += 46 + name.length;
    return true;
  }

  /** The whole; nothing can be added any more. */
  end(): Blob {
    const start = this.#length;
    let size = 0;
    for (const entry of this.#entries) {
      this.#put(this.#header(CENTRAL, entry), entry.name);
      size += 46 + entry.name.length;
    }
    const count = this.#entries.length;
    this.#put(numbers([END, 4], [0, 2], [0, 2], [count, 2], [count, 2], [size, 4], [start, 4], [0, 2]));
    return new Blob(this.#parts, { type: 'application/zip' });
  }

  #put(...parts: BlobPart[]): void {
    this.#parts.push(...parts);
  }

  #header(kind: typeof LOCAL | typeof CENTRAL, { name, crc, size, at }: Entry): Uint8Array<ArrayBuffer> {
    const common = [[VERSION, 2], [FLAGS, 2], [0, 2], [this.#time, 2], [this.#date, 2], [crc, 4], [size, 4], [size, 4], [name.length, 2], [0, 2]] as const;
    if (kind === LOCAL) return numbers([LOCAL, 4], ...common);
    return numbers([CENTRAL, 4], [VERSION, 2], ...common, [0, 2], [0, 2], [0, 2], [0, 4], [at, 4]);
  }
}

/** Numbers of so many bytes each, the smallest byte first. */
function numbers(...all: (readonly [value: number, bytes: number])[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(all.reduce((sum, [, size]) => sum + size, 0));
  let at = 0;
  for (const [value, size] of all) {
    for (let byte = 0; byte < size; byte += 1) bytes[at + byte] = (value >>> (8 * byte)) & 0xff;
    at += size;
  }
  return bytes;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, number) => {
  let value = number;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** The checksum of zip. */
export function crc32(bytes: Uint8Array): number {
  let value = 0xffff_ffff;
  for (const byte of bytes) value = (value >>> 8) ^ (TABLE[(value ^ byte) & 0xff] ?? 0);
  return (value ^ 0xffff_ffff) >>> 0;
}
