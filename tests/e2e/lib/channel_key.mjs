// Keys of channel people with `secp256k1`: login signatures (section 5) and private messages (section 9) with `aes-js`.

import aes from 'aes-js';
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import secp256k1 from 'secp256k1';

const CHALLENGE_BYTES = 32;
const FIRST_COUNTER = 5;

const hex = (bytes) => Buffer.from(bytes).toString('hex');

/** How each generation makes the AES key from the shared point. */
const AGREEMENT = {
  old: (x) => Uint8Array.from(x),
  new: (x, y) => createHash('sha256').update(Buffer.concat([Buffer.from([2 + (y[31] & 1)]), x])).digest(),
};

export class ChannelKey {
  constructor(secret = randomBytes(32)) {
    this.secret = Buffer.from(secret);
    this.point = secp256k1.publicKeyCreate(this.secret);
    this.publicKey = hex(this.point);
  }

  /** The other two ways to write the same point, which a strict server refuses. */
  get uncompressed() {
    return hex(secp256k1.publicKeyConvert(this.point, false));
  }

  /** The challenge's own bytes are what is signed. */
  sign(challenge) {
    const digest = Buffer.from(challenge);
    assert.equal(digest.length, CHALLENGE_BYTES, `a challenge is ${CHALLENGE_BYTES} bytes: ${challenge}`);
    return hex(secp256k1.ecdsaSign(digest, this.secret).signature);
  }

  #cipher(generation, publicKey) {
    const point = Buffer.from(publicKey, 'hex');
    const key = secp256k1.ecdh(point, this.secret, { hashfn: AGREEMENT[generation] }, Buffer.alloc(32));
    return new aes.ModeOfOperation.ctr(key, new aes.Counter(FIRST_COUNTER));
  }

  /** `plain` for the owner of `publicKey`, in hex. */
  seal(generation, publicKey, plain) {
    return hex(this.#cipher(generation, publicKey).encrypt(aes.utils.utf8.toBytes(plain)));
  }

  open(generation, publicKey, sealed) {
    return Buffer.from(this.#cipher(generation, publicKey).decrypt(Buffer.from(sealed, 'hex'))).toString();
  }
}

/** The same signature with its other, higher s. */
export function highS(signature) {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const s = order - BigInt(`0x${signature.slice(64)}`);
  return signature.slice(0, 64) + s.toString(16).padStart(64, '0');
}
