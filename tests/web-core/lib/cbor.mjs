// The part of CBOR (RFC 8949) that docs/protocol uses, written from the RFC: an implementation apart from the one under test.

export function encode(value) {
  if (value instanceof Uint8Array) return join(head(2, value.length), value);
  if (typeof value === 'string') {
    const text = new TextEncoder().encode(value);
    return join(head(3, text.length), text);
  }
  if (typeof value === 'number' || typeof value === 'bigint') return value < 0 ? head(1, -1n - BigInt(value)) : head(0, value);
  if (typeof value === 'boolean') return Uint8Array.of(value ? 0xf5 : 0xf4);
  if (value === null) return Uint8Array.of(0xf6);
  if (Array.isArray(value)) return join(head(4, value.length), ...value.map(encode));
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return join(head(5, entries.length), ...entries.flatMap(([key, item]) => [encode(key), encode(item)]));
}

export function decode(bytes) {
  const reader = { bytes, at: 0 };
  const value = item(reader, 16);
  if (reader.at !== bytes.length) throw new Error('bytes after the end');
  return value;
}

export function join(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function head(major, length) {
  const value = BigInt(length);
  const begin = major << 5;
  if (value < 24n) return Uint8Array.of(begin | Number(value));
  for (const [index, size] of [1, 2, 4, 8].entries()) {
    if (value >> BigInt(8 * size) !== 0n) continue;
    const bytes = [...Array(size).keys()].map((at) => Number((value >> BigInt(8 * (size - 1 - at))) & 255n));
    return Uint8Array.of(begin | (24 + index), ...bytes);
  }
  throw new Error('too large a number');
}

function take(reader, count) {
  if (reader.at + count > reader.bytes.length) throw new Error('cut off');
  reader.at += count;
  return reader.bytes.subarray(reader.at - count, reader.at);
}

function item(reader, depth) {
  if (depth === 0) throw new Error('too deep');
  const [first] = take(reader, 1);
  const major = first >> 5;
  if (major === 7) {
    const simple = { 0xf4: false, 0xf5: true, 0xf6: null };
    if (!(first in simple)) throw new Error(`not used here: ${first}`);
    return simple[first];
  }
  const length = argument(reader, first & 31);
  if (major === 0) return length;
  if (major === 1) return -1 - length;
  if (major === 2) return Uint8Array.from(take(reader, length));
  if (major === 3) return new TextDecoder('utf-8', { fatal: true }).decode(take(reader, length));
  if (major === 4) return Array.from({ length }, () => item(reader, depth - 1));
  if (major === 5) return Object.fromEntries(Array.from({ length }, () => [item(reader, depth - 1), item(reader, depth - 1)]));
  throw new Error('tags are not used here');
}

function argument(reader, short) {
  if (short < 24) return short;
  const size = { 24: 1, 25: 2, 26: 4, 27: 8 }[short];
  if (!size) throw new Error('no length');
  return Number(take(reader, size).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n));
}
