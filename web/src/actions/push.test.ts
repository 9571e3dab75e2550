// @vitest-environment happy-dom
import { expect, test, vi } from 'vitest';

vi.mock('../core', () => ({ command: vi.fn(), Refused: Error }));
vi.mock('../store/install', () => ({ isApple: false, isStandalone: false }));
const { understood } = await import('./push');

test('what the core says of a test is understood', () => {
  expect(understood('the push service took the push; it should show in a moment')).toBe('taken');
  expect(understood('the push service does not know this device any more; turn pushes on again')).toBe('unknown');
  expect(understood('pushes are not turned on for this device')).toBe('none');
  expect(understood('the push service could not be used: no answer')).toBe('failed');
  expect(understood('')).toBe('failed');
});
