import { expect, test } from 'vitest';
import { changed, cropped, framed, matrix, seen, sizeOf, turned, undone, unseen, untouched, withLabel, type Edited } from './model';

const turns = [0, 1, 2, 3].map((count) => Array.from({ length: count }).reduce<Edited>((edited) => turned(edited), { ...untouched(400, 200).now, crop: { x: 50, y: 20, width: 300, height: 100 } }));

test('each point is seen where it is, however the picture is turned', () => {
  for (const edited of turns) {
    const [width, height] = sizeOf(edited);
    for (const point of [{ x: 60, y: 30 }, { x: 349, y: 119 }]) {
      const there = seen(edited, point);
      expect(there.x).toBeGreaterThanOrEqual(0);
      expect(there.y).toBeGreaterThanOrEqual(0);
      expect(there.x).toBeLessThanOrEqual(width);
      expect(there.y).toBeLessThanOrEqual(height);
      expect(unseen(edited, there)).toEqual(point);
    }
  }
  expect(seen(turns[1] ?? untouched(1, 1).now, { x: 50, y: 20 })).toEqual({ x: 100, y: 0 });
  expect(matrix(untouched(9, 9).now)).toEqual([1, 0, 0, 1, -0, -0]);
});

test('what is cropped after turning is what was seen in the frame', () => {
  for (const edited of turns) {
    const frame = { x: 10, y: 5, width: 60, height: 40 };
    const next = cropped(edited, frame);
    expect(sizeOf(next)).toEqual([60, 40]);
    expect(seen(edited, unseen(next, { x: 0, y: 0 }))).toEqual({ x: 10, y: 5 });
  }
});

test('a frame stays inside, and a text too', () => {
  expect(framed({ x: -5, y: 90, width: 1, height: 50 }, [200, 100])).toEqual({ x: 0, y: 50, width: 32, height: 50 });
  const label = { id: 1, text: 'x', at: { x: 999, y: -9 }, colour: '#fff', size: 9, turns: 0 };
  expect(withLabel(untouched(40, 30).now, label).labels[0]?.at).toEqual({ x: 40, y: 0 });
});

test('one can go back, step by step and no further than the beginning', () => {
  const first = untouched(4, 4);
  const second = changed(first, turned(first.now));
  expect(undone(second).now).toEqual(first.now);
  expect(undone(undone(second)).now).toEqual(first.now);
  let many = first;
  for (let round = 0; round < 80; round += 1) many = changed(many, turned(many.now));
  expect(many.past.length).toBe(50);
});
