// @vitest-environment happy-dom
import { expect, test, vi } from 'vitest';
import { en } from '../i18n/en';
import { faultText } from './toasts';

class Refused extends Error {
  override readonly name = 'Refused';
}
const core = (fault: unknown) => new Refused(JSON.stringify(fault));

test('what the core refuses says what to do next', () => {
  expect(faultText(core('expired'))).toBe(en.fault.expired);
  expect(faultText(core({ too_large: 'frame' }))).toBe(en.fault.tooLarge);
  expect(faultText(core({ cannot: 'no_link' }))).toBe(en.reason.noLink);
  expect(faultText(JSON.stringify({ gone: 'it was seen' }))).toBe(en.fault.gone);
  expect(faultText(new Refused('interrupted'))).toBe(en.fault.interrupted);
});

test('what the browser says of its own errors is not for people', () => {
  const warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  expect(faultText(new DOMException('Write permission denied.', 'NotAllowedError'))).toBe(en.fault.notAllowed);
  expect(faultText(new Refused('QuotaExceededError'))).toBe(en.fault.store);
  expect(faultText(new DOMException('The I/O read operation failed.', 'NotReadableError'))).toBe(en.fault.file);
  for (const said of ['Failed to fetch', 'Failed to fetch dynamically imported module: https://node.example/assets/a.js', 'Load failed', 'NetworkError when attempting to fetch resource.', 'Importing a module script failed.', 'error loading dynamically imported module']) {
    expect(faultText(new TypeError(said)), said).toBe(en.failed.loading);
  }
  expect(warned).not.toHaveBeenCalled();
  for (const unknown of [new TypeError('x is not a function'), new Refused('unreachable executed'), core({ nobody_knows: '' }), null]) expect(faultText(unknown)).toBe(en.fault.other);
  expect(warned).toHaveBeenCalled();
});

test('what was thrown in words is said in these words', () => {
  expect(faultText(new Error('lake.jpg can’t be read as a picture.'))).toBe('lake.jpg can’t be read as a picture.');
});
