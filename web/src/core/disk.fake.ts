import { vi } from 'vitest';

/** A folder as the browser's private file system has it, in memory; for tests. Power can be cut after some bytes. */
export class FakeFolder {
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  /** Bytes that can still be written. */
  power = Infinity;

  async getDirectoryHandle(): Promise<this> {
    return this;
  }

  async getFileHandle(name: string, options?: { readonly create?: boolean }): Promise<unknown> {
    if (!this.files.has(name) && options?.create !== true) throw new DOMException('not there', 'NotFoundError');
    if (!this.files.has(name)) this.files.set(name, new Uint8Array());
    return {
      getFile: async () => new Blob([this.files.get(name) ?? new Uint8Array()]),
      createSyncAccessHandle: async () => ({
        write: (bytes: Uint8Array, { at }: { readonly at: number }) => this.#write(name, bytes, at),
        truncate: (size: number) => { this.files.set(name, (this.files.get(name) ?? new Uint8Array()).slice(0, size)); },
        flush: () => undefined,
        close: () => undefined,
      }),
    };
  }

  async removeEntry(name: string): Promise<void> {
    if (this.power <= 0) throw new Error('no power');
    this.files.delete(name);
  }

  async *keys(): AsyncGenerator<string> {
    yield* [...this.files.keys()];
  }

  /** Writes over what is there, as far as the power lasts. */
  #write(name: string, bytes: Uint8Array, at: number): number {
    const before = this.files.get(name) ?? new Uint8Array();
    const written = bytes.subarray(0, Math.max(0, Math.min(bytes.length, this.power)));
    const after = new Uint8Array(Math.max(before.length, at + written.length));
    after.set(before);
    after.set(written, at);
    this.files.set(name, after);
    this.power -= bytes.length;
    if (this.power < 0) throw new Error('no power');
    return bytes.length;
  }
}

/** Stands it in for the browser's own. */
export function standIn(folder: FakeFolder): void {
  vi.stubGlobal('navigator', { storage: { getDirectory: async () => folder } });
}

/** A key as the browser makes one. */
export function someKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}
