import { expect, test, vi } from 'vitest';
vi.mock('../store/data', () => ({ me: { value: null } }));
vi.mock('../i18n', () => ({ t: { value: {} } }));
const { branches } = await import('./node-tree');

const account = (number: number, creator: number | null) => ({ number, creator, kind: null, key: null, created: null, seen: null, waiting: 0, bytes: 0 });
const shape = (found: ReturnType<typeof branches>): unknown[] => found.map((branch) => [branch.account.number, ...shape(branch.guests)]);

test('accounts stand under those who invited them', () => {
  expect(shape(branches([account(1, null), account(2, 1), account(3, 2), account(4, 1), account(5, null)]))).toEqual([[1, [2, [3]], [4]], [5]]);
});

test('what no node says makes no endless tree', () => {
  expect(shape(branches([account(1, 2), account(2, 1), account(3, 3), account(9, 4)]))).toEqual([[1, [2]], [3], [9]]);
});
