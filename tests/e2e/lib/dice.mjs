// Random choices that can be repeated: the seed is printed, and E2E_SEED gives it back.

import { createHash, randomBytes } from 'node:crypto';

export class Dice {
  constructor(seed) {
    this.seed = seed;
    this.rolled = 0;
  }

  /** A new seed, or that of E2E_SEED; says which in the test's report. */
  static printed(t) {
    const seed = process.env.E2E_SEED ?? randomBytes(8).toString('hex');
    t.diagnostic(`E2E_SEED=${seed}`);
    return new Dice(seed);
  }

  /** A whole number from 0 to below `sides`. */
  roll(sides) {
    this.rolled += 1;
    return createHash('sha256').update(`${this.seed} ${this.rolled}`).digest().readUInt32BE() % sides;
  }
}
