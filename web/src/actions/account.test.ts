// @vitest-environment happy-dom
import { expect, test, vi } from 'vitest';

vi.mock('../core', () => ({ ask: vi.fn(), command: vi.fn(), Refused: Error }));
vi.mock('./push', () => ({ forgetPush: vi.fn() }));
const { deviceName } = await import('./account');

test('a device is called what a person would call it', () => {
  expect(deviceName('Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 (KHTML, like Gecko) Version/19 Mobile Safari/604')).toBe('Safari, iPhone');
  expect(deviceName('Mozilla/5.0 (Linux; Android 16) AppleWebKit/537 (KHTML, like Gecko) Chrome/156.0 Mobile Safari/537')).toBe('Chrome, Android');
  expect(deviceName('Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0')).toBe('Firefox, Linux');
  expect(deviceName('nothing that is known')).toBe('Tidings');
});
