import { expect, test } from 'vitest';
import { marked } from './linked';

test('words are found in any case, and signs mean nothing', () => {
  expect(marked('The Cake is a cake', ['cake'])).toEqual(['The ', 'Cake', ' is a ', 'cake', '']);
  expect(marked('a.b axb <b>', ['a.b', '<b>'])).toEqual(['', 'a.b', ' axb ', '<b>', '']);
  expect(marked('nothing', [])).toEqual(['nothing']);
  expect(marked('Grüße', ['GRÜSS', 'grüß'])).toEqual(['', 'Grüß', 'e']);
});

test('a long text begins shortly before what was found', () => {
  const [before = ''] = marked(`${'long ago '.repeat(50)}cake`, ['cake']);
  expect(before.length).toBeLessThan(60);
  expect(before.startsWith('…')).toBe(true);
});
