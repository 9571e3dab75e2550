/** Why the core can't run, as the app has words for it. */
import type { CoreFailure } from './rpc';

/** Why the core could not be started. */
export class StartFailed extends Error {
  constructor(readonly why: CoreFailure, detail: string) {
    super(detail);
  }
}

/** Makes an error one of these. */
export function failsAs(why: CoreFailure): (error: unknown) => never {
  return (error) => {
    throw new StartFailed(why, String(error));
  };
}

/** What an error of the store means. */
export function reason(error: unknown): CoreFailure {
  if (error instanceof StartFailed) return error.why;
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (code === 'wrong_key') return 'key';
  return code === 'damaged' || code === 'newer' || code === 'full' ? code : 'other';
}
