// Keys, signed objects and signatures of the native protocol with Node's own crypto (docs/protocol/identity.md, node.md).

import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export const b64 = (bytes) => Buffer.from(bytes).toString('base64url');
export const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

/** The little of CBOR that signed objects need: numbers, bytes, texts, arrays, maps. */
export function cbor(value) {
  if (typeof value === 'number') return head(0, value);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cbor)]);
  const entries = Object.entries(value);
  return Buffer.concat([head(5, entries.length), ...entries.flatMap(([key, item]) => [cbor(key), cbor(item)])]);
}

function head(kind, number) {
  if (number < 24) return Buffer.from([(kind << 5) | number]);
  const [code, size] = number < 2 ** 8 ? [24, 1] : number < 2 ** 16 ? [25, 2] : number < 2 ** 32 ? [26, 4] : [27, 8];
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(number));
  return Buffer.concat([Buffer.from([(kind << 5) | code]), bytes.subarray(8 - size)]);
}

export class Key {
  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    this.secret = privateKey;
    this.bytes = Buffer.from(publicKey.export({ format: 'jwk' }).x, 'base64url');
  }

  get text() {
    return b64(this.bytes);
  }

  /** The first 8 bytes of the hash, by which a device is told from others without naming it. */
  get mark() {
    return b64(sha256(this.bytes).subarray(0, 8));
  }

  sign(bytes) {
    return sign(null, bytes, this.secret);
  }

  /** That this key is a device of an identity: nobody can list a device that does not want it. */
  proves(identity) {
    return this.sign(Buffer.concat([Buffer.from('tidings/1 member\0'), identity.bytes]));
  }

  object(label, body) {
    const bytes = cbor(body);
    return cbor([bytes, this.sign(Buffer.concat([Buffer.from(`tidings/1 ${label}\0`), bytes]))]);
  }

  /** The headers that sign a request (RFC 9421). `changes` makes them wrong on purpose. */
  headers({ method, authority, path, query = '', body }, { created = Math.floor(Date.now() / 1000), nonce = b64(randomBytes(16)) } = {}) {
    const digest = body === undefined ? undefined : `sha-256=:${sha256(body).toString('base64')}:`;
    const covered = `"@method" "@authority" "@path" "@query"${digest ? ' "content-digest"' : ''}`;
    const params = `(${covered});created=${created};nonce="${nonce}";keyid="${this.text}";alg="ed25519";tag="tidings/1"`;
    const base = [
      `"@method": ${method}`, `"@authority": ${authority}`, `"@path": ${path}`, `"@query": ?${query}`,
      ...(digest ? [`"content-digest": ${digest}`] : []), `"@signature-params": ${params}`,
    ].join('\n');
    return {
      ...(digest && { 'content-digest': digest }),
      'signature-input': `tidings=${params}`,
      signature: `tidings=:${this.sign(Buffer.from(base)).toString('base64')}:`,
    };
  }

  /** The signature over a `follow` on a live connection. */
  follows(challenge, authority, stream) {
    const name = stream.inbox ? Buffer.from('inbox') : Buffer.concat([Buffer.from('group'), Buffer.from(stream.group, 'base64url')]);
    return b64(this.sign(Buffer.concat([Buffer.from('tidings/1 follow\0'), Buffer.from(challenge, 'base64url'), Buffer.from(`${authority}\0`), name])));
  }
}
