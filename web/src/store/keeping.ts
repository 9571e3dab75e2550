/** Whether the person has kept the recovery words, and how long they want to hear nothing of it. It says nothing of the words themselves. */
import { signal } from '@preact/signals';

const DAY = 86_400_000;
/** How long "later" is, each time it is said. */
const PAUSES = [DAY, 3 * DAY, 7 * DAY, 21 * DAY, 60 * DAY] as const;
const LATER = 'tidings.words.later';
const DONE = 'tidings.words.done';

interface Later {
  /** How often it was said. */
  readonly count: number;
  /** Until when (milliseconds). */
  readonly until: number;
}

/** Whether this device still has the words: `null` as long as that is not known. */
export const wordsHere = signal<boolean | null>(null);
/** When the person showed that they have them (milliseconds). */
export const keptSince = signal<number | null>(Number(localStorage.getItem(DONE)) || null);
/** What was said by "later". */
export const later = signal<Later>(readLater());
export function putOff(now = Date.now()): void {
  later.value = afterwards(later.value, now);
  localStorage.setItem(LATER, JSON.stringify(later.value));
}

/** The pause after this one. */
export function afterwards(before: Later, now: number): Later {
  const pause = PAUSES[Math.min(before.count, PAUSES.length - 1)] ?? DAY;
  return { count: before.count + 1, until: now + pause };
}

/** The person has shown that they have the words. */
export function markKept(now = Date.now()): void {
  wordsHere.value = false;
  keptSince.value = now;
  localStorage.setItem(DONE, String(now));
  localStorage.removeItem(LATER);
}

/** Everything here goes. */
export function forgetKeeping(): void {
  for (const place of [LATER, DONE]) localStorage.removeItem(place);
}

function readLater(): Later {
  const none = { count: 0, until: 0 };
  try {
    const kept = JSON.parse(localStorage.getItem(LATER) ?? 'null') as Partial<Later> | null;
    return typeof kept?.count === 'number' && typeof kept.until === 'number' ? { count: kept.count, until: kept.until } : none;
  } catch {
    return none;
  }
}
