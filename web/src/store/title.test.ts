import { expect, test } from 'vitest';
import { titleOf } from './title';

test('the title says what waits and where one is', () => {
  expect(titleOf(0, '')).toBe('Tidings');
  expect(titleOf(3, '')).toBe('(3) Tidings');
  expect(titleOf(3, 'Ada')).toBe('(3) Ada · Tidings');
  expect(titleOf(0, 'Settings')).toBe('Settings · Tidings');
});
