import { expect, test } from 'vitest';
import { de } from './de';
import { en } from './en';

/** All texts of a language, with the places where something is filled in. */
function texts(of: object, path = ''): [string, string][] {
  return Object.entries(of).flatMap(([name, value]: [string, unknown]) => {
    if (typeof value === 'string') return [[path + name, value] as [string, string]];
    if (typeof value === 'function') return [[path + name, String((value as (...all: unknown[]) => string)(7, 8, 9))] as [string, string]];
    return texts(value as object, `${path}${name}.`);
  });
}

test('each text is there, and in its own language', () => {
  const [english, german] = [texts(en), new Map(texts(de))];
  const same = new Set(['app', 'settings.name', 'start.open', 'link.code', 'scan.link', 'group.moderator', 'chat.progress', 'chat.seconds', 'voice.pause']);
  for (const [path, text] of english) {
    expect(german.get(path), path).toBeTruthy();
    if (!same.has(path)) expect(german.get(path), path).not.toBe(text);
  }
});

test('no text needs more than words', () => {
  for (const [path, text] of [...texts(en), ...texts(de)]) expect(text, path).not.toMatch(/[<>]|undefined/);
});
