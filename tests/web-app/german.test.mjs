// In German: two people meet, write and look around, and nothing English is left.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { invitationOf } from './lib/app.mjs';
import { missing } from './lib/browser.mjs';
import { doctorsTexts, englishTexts, saidOn } from './lib/english.mjs';
import { SOON, World, sees } from './lib/people.mjs';

let world;
let ada;
let bob;
let english;

const isGerman = async (page, where) => {
  const left = (await saidOn(page)).filter((text) => english.some((one) => one.test(text)));
  assert.deepEqual(left, [], where);
};
const press = (page, name) => page.getByRole('button', { name, exact: true }).click(SOON);
const writes = async (page, text) => {
  await page.getByLabel('Nachricht schreiben').fill(text, SOON);
  await press(page, 'Senden');
};
const begins = async (person, link) => {
  const { page } = person;
  await world.goTo(person);
  await page.getByLabel('Ich habe eine Einladung').waitFor(SOON);
  await isGerman(page, 'start');
  await page.getByLabel('Ich habe eine Einladung').fill(link);
  await press(page, 'Öffnen');
  await page.getByLabel('Dein Name').fill(person.name, SOON);
  await isGerman(page, 'invited');
  await press(page, 'Loslegen');
};

before(async () => {
  if (missing) return;
  english = await englishTexts('de');
  world = await World.start();
  ada = await world.person('Ada', { language: 'de-DE' });
  bob = await world.person('Bob', { language: 'de-DE', size: 'desktop' });
});
after(() => world?.end());

test('what is looked for would be found', { skip: missing }, () => {
  for (const text of ['Conversations', 'Opening…', 'Ada added you', 'Remove Bob?', '3 unread messages']) assert.ok(english.some((one) => one.test(text)), text);
  for (const text of ['Unterhaltungen', 'Ada hat dich hinzugefügt', 'Tidings', 'Name']) assert.ok(!english.some((one) => one.test(text)), text);
});

test('two people meet and write in German', { skip: missing }, async () => {
  await begins(ada, world.node.origin + invitationOf(world.node));
  await ada.page.getByText('Noch niemand hier').waitFor(SOON);
  assert.deepEqual(await ada.page.evaluate(() => [document.documentElement.lang, document.documentElement.dir]), ['de', 'ltr']);
  await isGerman(ada.page, 'empty');
  await press(ada.page, 'Jemanden einladen');
  await press(ada.page, 'Link erzeugen');
  const link = (await ada.page.locator('.address').textContent(SOON)).trim();
  await isGerman(ada.page, 'invite');
  await begins(bob, link);
  await writes(bob.page, 'Grüß dich!');
  await isGerman(bob.page, 'chat');
  await world.goTo(ada);
  await ada.page.getByRole('link', { name: /^Bob/ }).waitFor(SOON);
  await isGerman(ada.page, 'list');
  await ada.page.getByRole('link', { name: /^Bob/ }).click();
  await sees(ada.page, 'Grüß dich!');
  await writes(ada.page, 'Und dich erst!');
  await ada.page.getByRole('button', { name: 'Mehr' }).first().click();
  await isGerman(ada.page, 'message menu');
  await ada.page.keyboard.press('Escape');
});

test('a group tells in German what happens in it', { skip: missing }, async () => {
  await world.goTo(ada, '#/new-group');
  await ada.page.getByLabel('Name der Gruppe').fill('See');
  await ada.page.getByLabel('Bob').check(SOON);
  await isGerman(ada.page, 'new group');
  await ada.page.getByRole('button', { name: 'Neue Gruppe' }).last().click();
  await writes(ada.page, 'Wer kommt?');
  await bob.page.getByRole('link', { name: /See/ }).click(SOON);
  await sees(bob.page, 'Wer kommt?');
  await press(ada.page, 'Einzelheiten');
  await isGerman(ada.page, 'details');
  await ada.page.getByRole('combobox', { name: 'Rolle von Bob' }).selectOption({ label: 'Moderation' });
  await bob.page.getByRole('log').getByText('Ada hat dir eine andere Rolle gegeben: Moderation').waitFor(SOON);
  await isGerman(bob.page, 'group');
  await ada.page.getByRole('button', { name: 'Bob entfernen' }).click();
  await ada.page.getByRole('dialog', { name: 'Bob entfernen?' }).waitFor(SOON);
  await isGerman(ada.page, 'a question');
  await press(ada.page, 'Entfernen');
  await bob.page.getByText('Du bist nicht mehr in dieser Unterhaltung.').waitFor(SOON);
  await isGerman(bob.page, 'removed');
  await world.goTo(bob);
  await bob.page.getByRole('link', { name: /See/ }).waitFor(SOON);
  await isGerman(bob.page, 'list with news');
});

test('settings, devices, words, and what is known are German', { skip: missing }, async () => {
  await world.goTo(ada, '#/settings');
  await ada.page.getByRole('link', { name: 'Dein Knoten', exact: true }).waitFor(SOON);
  await isGerman(ada.page, 'settings');
  await press(ada.page, 'Alles löschen');
  await isGerman(ada.page, 'delete everything');
  await world.goTo(ada, '#/devices');
  await press(ada.page, 'Gerät verbinden');
  await ada.page.getByText('Er gilt bis').waitFor(SOON);
  await isGerman(ada.page, 'devices');
  await world.goTo(ada, '#/words');
  await press(ada.page, 'Wörter anzeigen');
  await isGerman(ada.page, 'words');
  await press(ada.page, 'Einmal ausprobieren');
  await isGerman(ada.page, 'words tried');
  for (const [place, heading] of [['known', 'Zeilen'], ['node', 'Speicher'], ['people', 'Personen'], ['open', 'Link öffnen'], ['new-room', 'Anonymer Raum'], ['new-channel', 'Öffentlicher Kanal'], ['invite', 'Jemanden einladen']]) {
    await world.goTo(ada, `#/${place}`);
    await ada.page.getByRole('heading', { name: heading }).first().waitFor(SOON);
    await isGerman(ada.page, place);
  }
  await world.goTo(ada, '#/people');
  await ada.page.getByRole('main').getByRole('link', { name: /Bob/ }).click(SOON);
  await ada.page.getByRole('heading', { name: 'Sicherheitsnummer' }).waitFor(SOON);
  await isGerman(ada.page, 'a person');
});

test('what the node finds when its owner looks for problems is German', { skip: missing }, async () => {
  const { page } = ada;
  await world.goTo(ada, '#/node');
  await press(page, 'Nach Problemen suchen');
  const found = page.locator('.fact[class*="level-"]');
  await found.getByText('Jede Zeile ist so, wie sie geschrieben wurde.').waitFor(SOON);
  const doctors = await doctorsTexts();
  assert.ok(doctors.some((one) => one.test('every row is as it was written')) && doctors.some((one) => one.test('→ set push-contact to an address where you read mail: mailto:you@example.org')));
  const left = (await saidOn(page)).filter((text) => doctors.some((one) => one.test(text)));
  assert.deepEqual(left, []);
  // What no table has would be neither here nor there: these words are in no German sentence.
  for (const text of await found.allTextContents()) assert.doesNotMatch(text, /\b(?:the|is|and|not|this|can|with|for)\b/, text);
  await isGerman(page, 'findings');
});

test('nothing went wrong unseen', { skip: missing }, () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket/.test(error);
  assert.deepEqual([ada, bob].flatMap((person) => person.errors).filter(lost), []);
});
