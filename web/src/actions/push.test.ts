// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from 'vitest';
import type { PushOutcome } from '../api/types';

const command = vi.fn<(asked: string) => Promise<{ push: [PushOutcome, string] }>>();
let shown: (message: { test: boolean }) => void = () => undefined;
vi.mock('../core', () => ({ command, Refused: Error }));
vi.mock('../store/install', () => ({ isApple: false, isStandalone: false }));
vi.mock('../store/worker', () => ({
  tellServiceWorker: () => Promise.resolve(),
  onServiceWorker: (told: typeof shown) => { shown = told; return () => undefined; },
}));
const { testPush } = await import('./push');

beforeEach(() => { vi.useFakeTimers(); });

/** The node says these, one after the other. */
function says(...outcomes: PushOutcome[]): void {
  for (const outcome of outcomes) command.mockResolvedValueOnce({ push: [outcome, ''] });
}

async function tested(): Promise<string> {
  const outcome = testPush();
  await vi.runAllTimersAsync();
  return outcome;
}

test('a push that was taken and not shown is late', async () => {
  says('taken');
  expect(await tested()).toBe('late');
});

test('a push that was shown is shown', async () => {
  command.mockImplementationOnce(() => {
    shown({ test: true });
    return Promise.resolve({ push: ['taken', ''] });
  });
  expect(await tested()).toBe('shown');
});

test('what was just turned on is waited for', async () => {
  says('none', 'none', 'gone');
  expect(await tested()).toBe('unknown');
  says('failed');
  expect(await tested()).toBe('failed');
});
