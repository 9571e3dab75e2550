// @vitest-environment happy-dom
import { expect, test } from 'vitest';
import { afterwards } from './keeping';

test('"later" is longer each time, and has an end', () => {
  const days: number[] = [];
  let later = { count: 0, until: 0 };
  for (let turn = 0; turn < 7; turn += 1) {
    later = afterwards(later, 0);
    days.push(later.until / 86_400_000);
  }
  expect(days).toEqual([1, 3, 7, 21, 60, 60, 60]);
});
