import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { worded } from './warnings';
import { warnings } from './warnings.de';

const SOURCES = join(import.meta.dirname, '../../../crates/client/src');

/** All that stands in the core, with its sentences on one line each. */
function sources(): string {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.rs'));
  const all = files.map((name) => readFileSync(join(SOURCES, name), 'utf8')).join('\n');
  return all.replace(/\\\n\s*/g, '').replace(/\\u\{([0-9a-f]+)\}/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)));
}

/** Whether the core says this, in one piece or put together of two. */
function isSaid(core: string, piece: string): boolean {
  const words = piece.split(' ');
  return words.some((_, at) => core.includes(words.slice(0, at).join(' ')) && core.includes(words.slice(at).join(' ')));
}

test('the core says each of these', () => {
  const core = sources();
  for (const [english] of warnings) {
    // What the core puts together stands in pieces.
    for (const piece of english.split(/\{\}|: |; | \(|\)|, /)) if (piece.trim().length > 3) expect(isSaid(core, piece.trim()), piece).toBe(true);
  }
});

test('what differs is put into its place', () => {
  const [left, device] = ['Bob could not be added: their node can’t be reached', 'device 3, Phone, was added to your account by another device: if it is not yours, remove it; who added it has your phrase, or a device of yours'];
  expect(worded(left, warnings)).toBe('Bob ließ sich nicht hinzufügen: their node can’t be reached');
  expect(worded(device, warnings)).toMatch(/^Gerät 3, Phone, wurde von einem anderen Gerät/);
});

test('what is not in the table is said as it is', () => {
  expect(worded('something new happened', warnings)).toBe('Something new happened.');
  expect(worded('is it so?', [])).toBe('Is it so?');
});
