import { expect, test } from 'vitest';
import { phraseFault, phraseSaid, rangeOf } from './phrase';

test('the sentences of the core are understood', () => {
  expect(phraseFault('it has 11 words; a phrase has 12 or 24 (15, 18 or 21 in some wallets)')).toEqual({ count: 11 });
  expect(phraseFault('word 3, "abandom", is not on the list; did you mean "abandon"?')).toEqual({ place: 3, word: 'abandom', like: 'abandon' });
  expect(phraseFault('word 12, "q"q", is not on the list')).toEqual({ place: 12, word: 'q"q', like: null });
  expect(phraseFault('all words are known, but together they are not a phrase: one is wrong, or two have changed places')).toBe('together');
  expect(phraseFault('something new')).toBe('other');
});

test('a word is found where it was typed', () => {
  const text = ' 1. Abandon,\n2) ability   able';
  expect(text.slice(...(rangeOf(text, 1) ?? [0, 0]))).toBe('Abandon');
  expect(text.slice(...(rangeOf(text, 2) ?? [0, 0]))).toBe('ability');
  expect(text.slice(...(rangeOf(text, 3) ?? [0, 0]))).toBe('able');
  expect(rangeOf(text, 4)).toBe(null);
});

test('what failed for another reason says nothing of words', () => {
  expect(phraseSaid(new Error(JSON.stringify({ phrase: 'a "b"' })))).toBe('a "b"');
  for (const other of [JSON.stringify('offline'), JSON.stringify({ link: '' }), 'interrupted']) expect(phraseSaid(new Error(other))).toBe(null);
});
