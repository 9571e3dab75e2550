import { expect, test } from 'vitest';
import type { NoticeView } from '../api/types';
import { de } from './de';
import { en, type Texts } from './en';

/** All texts of a language, with the places where something is filled in. */
function texts(of: object, path = ''): [string, string][] {
  return Object.entries(of).flatMap(([name, value]: [string, unknown]) => {
    if (typeof value === 'string') return [[path + name, value] as [string, string]];
    // Of values that are told apart: they have a test of their own.
    if (name === 'notice') return [];
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

test('each line about a conversation is in its own language', () => {
  const [me, ada] = [{ identity: 'me', name: 'You', me: true }, { identity: 'ada', name: 'Ada', me: false }];
  const said: NoticeView[] = [
    'refused', 'not_let_in', { added: { by: ada, who: [me] } }, { removed: { by: me, who: [ada] } }, { left: { who: [ada, me] } },
    { role: { by: ada, who: me, role: 1 } }, { role: { by: me, who: ada, role: 2 } }, { name: { by: ada, name: 'Birds' } }, { picture: { by: me } },
    { expire: { by: ada, seconds: 0 } }, { expire: { by: me, seconds: 60 } }, { came: { who: [ada] } }, { gone: { who: [ada] } },
    { removed_you: { by: ada } }, { lost_memory: { of: me } }, { lost_memory: { of: ada } },
  ];
  const words = (texts: Texts) => said.map((one) => texts.notice(one, (seconds) => `${seconds} s`));
  expect(words(en)).toMatchInlineSnapshot(`
    [
      "The node shows a state of this conversation that can’t be right. Nothing is sent until it shows another.",
      "You are not in this conversation any more: somebody removed you, or its node has lost you.",
      "Ada added you",
      "You removed Ada",
      "You and Ada left",
      "Ada made you a moderator",
      "You made Ada a member",
      "Ada named the conversation “Birds”",
      "You changed the picture",
      "Ada turned off disappearing messages",
      "You set messages to disappear after 60 s",
      "Ada joined in the meantime",
      "Ada left in the meantime",
      "Ada removed you",
      "One of your devices has lost its memory",
      "One of Ada’s devices has lost its memory",
    ]
  `);
  expect(words(de)).toMatchInlineSnapshot(`
    [
      "Der Knoten zeigt einen Stand dieser Unterhaltung, der nicht stimmen kann. Es wird nichts gesendet, bis er einen anderen zeigt.",
      "Du bist nicht mehr in dieser Unterhaltung: Jemand hat dich entfernt, oder ihr Knoten hat dich verloren.",
      "Ada hat dich hinzugefügt",
      "Du hast Ada entfernt",
      "Du und Ada seid gegangen",
      "Ada hat dir eine andere Rolle gegeben: Moderation",
      "Du hast Ada eine andere Rolle gegeben: Mitglied",
      "Ada hat die Unterhaltung „Birds“ genannt",
      "Du hast das Bild geändert",
      "Ada hat eingestellt, dass Nachrichten nicht mehr verschwinden",
      "Du hast eingestellt, wann Nachrichten verschwinden: nach 60 s",
      "Ada ist inzwischen dazugekommen",
      "Ada ist inzwischen gegangen",
      "Ada hat dich entfernt",
      "Eines deiner Geräte hat sein Gedächtnis verloren",
      "Ein Gerät von Ada hat sein Gedächtnis verloren",
    ]
  `);
});

test('no text needs more than words', () => {
  for (const [path, text] of [...texts(en), ...texts(de)]) expect(text, path).not.toMatch(/[<>]|undefined/);
});
