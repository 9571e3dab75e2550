// @vitest-environment happy-dom
import { expect, test, vi } from 'vitest';

vi.mock('../core', () => ({ ask: vi.fn(), look: vi.fn(), command: vi.fn() }));
const { safeName } = await import('./everything');

test('a name leads nowhere, and is taken by every system', () => {
  expect(safeName('../../etc/passwd')).toBe('_.._etc_passwd');
  expect(safeName('a:b?.txt')).toBe('a_b_.txt');
  expect(safeName('  . ')).toBe('_');
  expect(safeName('invoice\u202Efdp.exe')).toBe('invoice_fdp.exe');
  expect([...safeName('👋'.repeat(200))]).toHaveLength(80);
});
