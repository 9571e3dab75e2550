import { expect, test } from 'vitest';
import type { Log } from '../store/messages';
import { Place } from './log-place';

test('what gets another size is not left by that, and what is scrolled away from is', () => {
  const place = new Place();
  const element = { scrollHeight: 1_000, clientHeight: 500, scrollTop: 0 } as HTMLElement;
  place.restore(element, { group: 'g', goal: null, unreadFrom: null, atEnd: true } as Log);
  expect([place.atEnd, element.scrollTop]).toEqual([true, 1_000]);
  element.scrollTop = 500;
  // A picture has come: what the browser tells of scrolling is of before.
  Object.assign(element, { scrollHeight: 1_300 });
  place.scrolled(element, true);
  expect(place.atEnd).toBe(true);
  place.settle(element);
  expect(element.scrollTop).toBe(1_300);
  element.scrollTop = 300;
  place.scrolled(element, true);
  expect(place.atEnd).toBe(false);
});
