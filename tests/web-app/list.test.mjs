// The list of conversations, in German: what was said last, what waits, looking for all that was ever said; and where the focus goes when something goes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../e2e/lib/until.mjs';
import { invitationOf } from './lib/app.mjs';
import { isAccessible } from './lib/axe.mjs';
import { MICROPHONE, missing } from './lib/browser.mjs';
import { drawnBy } from './lib/jpeg.mjs';
import { SOON, World, sees } from './lib/people.mjs';

/** Messages in each of two conversations. */
const MANY = 45;

let world;
let ada;
let bob;

const press = (page, name) => page.getByRole('button', { name, exact: true }).click(SOON);
const writes = async (page, text) => {
  await page.getByLabel('Nachricht schreiben').fill(text, SOON);
  await press(page, 'Senden');
};
const row = (page, name) => page.locator('.aside a.row').filter({ hasText: name });
const previews = (page, name, words) => row(page, name).getByText(words, { exact: true }).waitFor(SOON);
const focused = (page) => page.evaluate(() => {
  const element = document.activeElement;
  return element === document.body ? '' : (element.getAttribute('aria-label') ?? element.textContent).trim();
});
const comesToFocus = (page, name) => until(`the focus is at ${name}`, async () => name.test(await focused(page)));

const begins = async (person, link) => {
  const { page } = person;
  await world.goTo(person);
  await page.getByLabel('Ich habe eine Einladung').fill(link, SOON);
  await press(page, 'Öffnen');
  await page.getByLabel('Dein Name').fill(person.name, SOON);
  await press(page, 'Loslegen');
};

/** Runs in the page: writes so many messages as a person does, one after the other. */
async function writeMany([words, count]) {
  const field = document.querySelector('.composer textarea');
  for (let number = 1; number <= count; number += 1) {
    field.value = `${words} ${number}`;
    field.dispatchEvent(new InputEvent('input', { bubbles: true }));
    await new Promise((done) => setTimeout(done));
    field.form.requestSubmit();
    while (field.value !== '') await new Promise((done) => setTimeout(done));
    // No more than the core lets wait; and each at a time of its own.
    while (document.querySelector('.delivery.waiting') !== null) await new Promise((done) => setTimeout(done, 5));
  }
}

before(async () => {
  if (missing) return;
  world = await World.start();
  ada = await world.person('Ada', { language: 'de-DE', args: MICROPHONE, permissions: ['microphone'] });
  bob = await world.person('Bob', { language: 'de-DE', size: 'desktop' });
  await begins(ada, world.node.origin + invitationOf(world.node));
  await press(ada.page, 'Jemanden einladen');
  await press(ada.page, 'Link erzeugen');
  await begins(bob, (await ada.page.locator('.address').textContent(SOON)).trim());
  await writes(bob.page, 'Hallo Ada');
  await world.goTo(ada);
  await row(ada.page, 'Bob').click(SOON);
  await sees(ada.page, 'Hallo Ada');
});
after(() => world?.end());

test('the list says in words what was sent last', { skip: missing }, async () => {
  const picture = { name: 'lake.jpg', mimeType: 'image/jpeg', buffer: await drawnBy(ada.page, 600, 400) };
  const sends = async (look, caption) => {
    await ada.page.locator('input[type=file]').first().setInputFiles(picture);
    await ada.page.getByRole('radio', { name: look }).click(SOON);
    if (caption) await ada.page.getByLabel('Etwas dazu schreiben').fill(caption);
    await ada.page.getByRole('dialog').getByRole('button', { name: 'Senden' }).click();
    await ada.page.locator('dialog').waitFor({ state: 'detached', ...SOON });
  };
  await sends('Behalten');
  await previews(bob.page, 'Ada', 'Bild');
  await sends('Behalten', 'Am See');
  await previews(bob.page, 'Ada', 'Bild: Am See');
  await sends('Einmal');
  await previews(bob.page, 'Ada', 'Bild, einmal zu sehen');
  await ada.page.locator('input[type=file]').first().setInputFiles({ name: 'Fahrplan.txt', mimeType: 'text/plain', buffer: Buffer.from('8:15') });
  await previews(bob.page, 'Ada', 'Datei Fahrplan.txt');
  await press(ada.page, 'Sprachnachricht aufnehmen');
  await ada.page.getByRole('timer').getByText('0:01').waitFor(SOON);
  await press(ada.page, 'Anhalten');
  await ada.page.getByRole('group', { name: 'Sprachnachricht' }).getByRole('button', { name: 'Senden' }).click(SOON);
  await row(bob.page, 'Ada').getByText(/^Sprachnachricht 0:0[1-9]$/).waitFor(SOON);
  await bob.page.reload();
  await row(bob.page, 'Ada').getByText(/^Sprachnachricht 0:0[1-9]$/).waitFor(SOON);
  await isAccessible(bob.page, 'list');
});

test('what waits to be sent is marked in the list until it has gone', { skip: missing }, async () => {
  await world.node.stop();
  await writes(bob.page, 'Das wartet');
  const mark = row(bob.page, 'Ada').getByRole('img', { name: 'Wartet aufs Senden' });
  await mark.waitFor(SOON);
  await bob.page.waitForFunction(() => getComputedStyle(document.querySelector('.row .delivery.waiting')).opacity === '1', null, SOON);
  await bob.page.reload();
  await mark.waitFor(SOON);
  await world.node.startThere();
  await mark.waitFor({ state: 'detached', timeout: 60_000 });
  await sees(ada.page, 'Das wartet');
});

test('a message that disappears says when', { skip: missing }, async () => {
  const { page } = bob;
  const lasts = async (how) => {
    await press(page, 'Einzelheiten');
    await page.getByLabel('Nachrichten verschwinden').selectOption(how);
    await press(page, 'Zurück');
  };
  await lasts('30');
  await page.getByRole('heading', { name: /Nachrichten verschwinden nach 30 Sekunden/ }).waitFor(SOON);
  await writes(page, 'Nur kurz');
  await page.locator('.message').filter({ hasText: 'Nur kurz' }).getByRole('img', { name: /^Verschwindet am / }).waitFor(SOON);
  await isAccessible(page, 'disappearing');
  await lasts('0');
  // Somebody is at it, by keyboard, while it goes. When it goes is known to the page once it looks again.
  await ada.page.reload();
  const message = ada.page.locator('.message').filter({ hasText: 'Nur kurz' });
  await message.getByRole('img', { name: /^Verschwindet am / }).waitFor(SOON);
  await message.focus();
});

test('a search goes on to the first word that was ever said', { skip: missing }, async () => {
  const { page } = bob;
  await world.goTo(bob, '#/new-group');
  await page.getByLabel('Name der Gruppe').fill('See');
  await page.getByLabel('Ada').check(SOON);
  await page.getByRole('button', { name: 'Neue Gruppe' }).last().click();
  for (const where of ['See', 'Ada']) {
    await row(page, where).click(SOON);
    await page.waitForFunction((name) => document.querySelector('.title-name')?.textContent === name, where, SOON);
    await page.evaluate(writeMany, [`Halm ${where}`, MANY]);
    await sees(page, `Halm ${where} ${MANY}`);
  }
  await page.keyboard.press('Control+k');
  await page.keyboard.type('halm');
  const hits = page.getByRole('region', { name: 'Nachrichten' }).getByRole('link');
  const further = page.getByRole('button', { name: 'Weitere Nachrichten' });
  await page.getByText('Die neuesten 40 gefundenen Nachrichten').waitFor(SOON);
  await isAccessible(page, 'search');
  for (const count of [80, 2 * MANY]) {
    const before = await hits.count();
    await further.focus();
    await page.keyboard.press('Enter');
    await until(`${count} are found`, async () => (await hits.count()) === count);
    assert.equal(await hits.nth(before).evaluate((hit) => hit === document.activeElement), true, 'one goes on at the first of those that came');
  }
  await page.getByText(`${2 * MANY} Nachrichten gefunden`).waitFor(SOON);
  assert.equal(await further.count(), 0);
  const found = await hits.evaluateAll((all) => all.map((hit) => hit.querySelector('.hit-text').textContent.replace(/^Du: /, '')));
  const all = ['Ada', 'See'].flatMap((where) => Array.from({ length: MANY }, (_, at) => `Halm ${where} ${MANY - at}`));
  assert.deepEqual(found, all);
  await hits.last().click();
  await page.getByRole('log').getByText('Halm See 1', { exact: true }).waitFor(SOON);
  await page.getByRole('searchbox').first().fill('Fahrplan');
  await page.getByRole('region', { name: 'Nachrichten' }).getByText('Datei Fahrplan').waitFor(SOON);
  await page.getByRole('searchbox').first().fill('');
});

test('when a row goes, the focus goes to the next one, or to the heading', { skip: missing }, async () => {
  const { page } = bob;
  for (const name of ['Carla', 'Dora', 'Emil']) {
    await world.goTo(bob);
    await world.goTo(bob, '#/invite');
    await page.getByLabel('Für wen?').fill(name, SOON);
    await press(page, 'Link erzeugen');
    await page.locator('.address').waitFor(SOON);
  }
  const withdraw = (name) => page.getByRole('button', { name: `Zurückziehen: ${name}` });
  await until('all three are there', async () => (await page.getByRole('button', { name: /^Zurückziehen: / }).count()) === 3);
  const names = await page.getByRole('button', { name: /^Zurückziehen: / }).evaluateAll((all) => all.map((one) => one.getAttribute('aria-label').split(': ')[1]));
  const goes = async (name) => {
    await withdraw(name).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor(SOON);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await withdraw(name).waitFor({ state: 'detached', ...SOON });
  };
  await goes(names[0]);
  await comesToFocus(page, new RegExp(names[1]));
  await goes(names[2]);
  await comesToFocus(page, new RegExp(names[1]));
  await goes(names[1]);
  await comesToFocus(page, /^Jemanden einladen$/);
  // A conversation that is deleted: the list.
  await row(page, 'See').click(SOON);
  await press(page, 'Einzelheiten');
  await press(page, 'Verlassen');
  await page.getByRole('dialog').getByRole('button', { name: 'Verlassen' }).click(SOON);
  await page.waitForURL(/#\/$/, SOON);
  await row(page, 'See').click(SOON);
  await press(page, 'Einzelheiten');
  await page.getByRole('button', { name: 'Hier löschen' }).focus(SOON);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor(SOON);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await row(page, 'See').waitFor({ state: 'detached', ...SOON });
  await comesToFocus(page, /^Unterhaltungen$|Halm Ada/);
});

test('a message that has disappeared leaves the focus to the next one', { skip: missing }, async () => {
  await ada.page.locator('.message').filter({ hasText: 'Nur kurz' }).waitFor({ state: 'detached', timeout: 60_000 });
  await until('the focus is at the next message', async () => /dass Nachrichten nicht mehr verschwinden/.test(await focused(ada.page)));
});

test('what the browser refuses is said in German', { skip: missing }, async () => {
  const { page } = bob;
  await row(page, 'Ada').click(SOON);
  await page.evaluate(() => { navigator.clipboard.writeText = () => Promise.reject(new DOMException('Write permission denied.', 'NotAllowedError')); });
  await page.locator('.message').filter({ hasText: `Halm Ada ${MANY}` }).getByRole('button', { name: 'Mehr' }).click(SOON);
  await page.getByRole('dialog').getByRole('button', { name: 'Kopieren' }).click(SOON);
  await page.getByText('Dein Browser erlaubt das nicht.').waitFor(SOON);
});

test('nothing went wrong unseen', { skip: missing }, () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket/.test(error);
  assert.deepEqual([ada, bob].flatMap((person) => person.errors).filter(lost), []);
});
