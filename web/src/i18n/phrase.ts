/** Why words are no recovery words: the core says it in English sentences, of which this takes what differs. */

export type PhraseFault =
  /** So many words can't be all of them. */
  | { readonly count: number }
  /** One that is on no list; `place` from 1, `like` one that is. */
  | { readonly place: number; readonly word: string; readonly like: string | null }
  /** Each is a word of the list, but together they are nobody's. */
  | 'together'
  | 'other';

/** What the core says of words that are none; `null` if a command failed for another reason. */
export function phraseSaid(error: unknown): string | null {
  const fault = error instanceof Error ? /^\{"phrase":(".*")\}$/s.exec(error.message)?.[1] : undefined;
  return fault === undefined ? null : String(JSON.parse(fault));
}

/** Which of these it says. */
export function phraseFault(said: string): PhraseFault {
  const count = /^it has (\d+) words?;/.exec(said)?.[1];
  if (count !== undefined) return { count: Number(count) };
  const [, place, word, like] = /^word (\d+), "(.*)", is not on the list(?:; did you mean "(\w+)"\?)?$/s.exec(said) ?? [];
  if (place !== undefined && word !== undefined) return { place: Number(place), word, like: like ?? null };
  return said.startsWith('all words are known') ? 'together' : 'other';
}

/** Where a word stands in what was typed, counted as the core counts them: numbers before words, and what stands between them, are none. */
export function rangeOf(text: string, place: number): readonly [start: number, end: number] | null {
  const words = [...text.matchAll(/[^\s,.;:)]+/gu)].filter(([word]) => !/^\d+$/.test(word));
  const found = words[place - 1];
  return found === undefined ? null : [found.index, found.index + found[0].length];
}
