// A file as a `FileSystemSyncAccessHandle` shows it, over memory: what was not flushed is lost when its worker is killed.

export class SyncHandle {
  #bytes;
  #size;
  #unflushed = [];
  #durable;
  closed = false;
  // Bytes that the file may have.
  room = Infinity;

  constructor(bytes = new Uint8Array()) {
    this.#bytes = Buffer.from(bytes);
    this.#size = bytes.length;
    this.#durable = { bytes: Buffer.from(bytes), size: bytes.length };
  }

  getSize() {
    this.#open();
    return this.#size;
  }

  read(buffer, { at = 0 } = {}) {
    this.#open();
    return this.#bytes.copy(buffer, 0, at, Math.max(at, Math.min(this.#size, at + buffer.length)));
  }

  write(buffer, { at = 0 } = {}) {
    this.#open();
    this.#fits(at + buffer.length);
    const change = { at, bytes: Buffer.from(buffer) };
    this.#unflushed.push(change);
    const file = apply({ bytes: this.#bytes, size: this.#size }, change);
    [this.#bytes, this.#size] = [file.bytes, file.size];
    return buffer.length;
  }

  truncate(size) {
    this.#open();
    this.#fits(size);
    this.#unflushed.push({ size });
    const file = apply({ bytes: this.#bytes, size: this.#size }, { size });
    [this.#bytes, this.#size] = [file.bytes, file.size];
  }

  flush() {
    this.#open();
    this.#durable = this.#unflushed.reduce(apply, this.#durable);
    this.#unflushed = [];
  }

  close() {
    this.closed = true;
  }

  // The file as the next worker finds it.
  afterKill() {
    return new SyncHandle(this.#durable.bytes.subarray(0, this.#durable.size));
  }

  #open() {
    if (this.closed) throw new DOMException('the handle is closed', 'InvalidStateError');
  }

  #fits(size) {
    if (size > this.room) throw new DOMException('no room', 'QuotaExceededError');
  }
}

function apply(file, { at, bytes, size }) {
  if (size !== undefined) {
    const grown = reserve(file, size);
    grown.bytes.fill(0, Math.min(file.size, size));
    return { bytes: grown.bytes, size };
  }
  const grown = reserve(file, at + bytes.length);
  bytes.copy(grown.bytes, at);
  return { bytes: grown.bytes, size: Math.max(file.size, at + bytes.length) };
}

function reserve({ bytes, size }, wanted) {
  if (wanted <= bytes.length) return { bytes, size };
  const grown = Buffer.alloc(Math.max(wanted, bytes.length * 2));
  bytes.copy(grown, 0, 0, size);
  return { bytes: grown, size };
}
