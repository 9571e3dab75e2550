// Waiting for a condition with a deadline: the only kind of waiting in these tests.

const PAUSE_MS = 20;

/**
 * Calls `check` until it gives something truthy and returns that. A `check` that throws counts as "not yet";
 * its last error is shown when the deadline passes. `giveUp` ends the waiting early.
 */
export async function until(what, check, { deadlineMs = 10_000, giveUp = () => false } = {}) {
  const end = Date.now() + deadlineMs;
  let lastError = 'the condition stayed false';
  do {
    try {
      const value = await check();
      if (value) return value;
    } catch (error) {
      lastError = error.message;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  } while (Date.now() < end && !giveUp());
  throw new Error(`waited in vain (${deadlineMs} ms at most) until ${what}; last: ${lastError}`);
}

/** The promise's value, or an error that names what was awaited. */
export async function within(deadlineMs, what, promise) {
  let timer;
  const tooLate = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
