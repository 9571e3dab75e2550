// Several devices of one person: linked, told of everything, and removed; and the way back by words.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isAccessible } from './lib/axe.mjs';
import { missing } from './lib/browser.mjs';
import { exactlyOnce, inOrder } from './lib/doing.mjs';
import { SOON, World, sees, write } from './lib/people.mjs';

let world;
let ada;
let bob;
let desk;
let words;

before(async () => {
  if (missing) return;
  world = await World.start();
  [ada, bob] = [await world.person('Ada'), await world.person('Bob')];
  await world.pair(ada, bob);
  await write(ada.page, 'before the second device');
  await sees(bob.page, 'before the second device');
  await write(bob.page, 'an answer before it');
  await sees(ada.page, 'an answer before it');
});
after(() => world?.end());

test('a second device comes in by a code, when both show the same digits', { skip: missing }, async () => {
  await world.goTo(ada, '#/devices');
  await ada.page.getByRole('button', { name: 'Link a device' }).click(SOON);
  const code = (await ada.page.locator('.address').textContent(SOON)).trim();
  desk = await world.person('Ada', { size: 'desktop' });
  await world.goTo(desk, '#/link');
  await desk.page.getByRole('textbox', { name: 'Code' }).fill(code);
  await desk.page.getByRole('button', { name: 'Link', exact: true }).click();
  const asked = ada.page.getByRole('dialog', { name: /wants to be linked/ });
  await asked.waitFor(SOON);
  const digits = (await asked.textContent()).match(/\d[\d ]{6,}\d/)[0];
  await desk.page.getByText(digits).waitFor(SOON);
  await isAccessible(desk.page, 'linking this device');
  await isAccessible(ada.page, 'a device that asks');
  // Put aside, the question waits where the devices are, in every tab, until it is answered in one.
  await ada.page.keyboard.press('Escape');
  await asked.waitFor({ state: 'detached', ...SOON });
  const waiting = ada.page.getByRole('region', { name: /wants to be linked/ });
  await waiting.getByText(digits).waitFor(SOON);
  await isAccessible(ada.page, 'a device that waits for an answer');
  const second = await ada.tab();
  await second.goto(`${world.app.origin}/#/devices`);
  await second.getByRole('dialog', { name: /wants to be linked/ }).waitFor(SOON);
  await waiting.getByRole('button', { name: 'Yes, it does' }).click(SOON);
  for (const page of [ada.page, second]) await page.getByText(/wants to be linked/).first().waitFor({ state: 'detached', ...SOON });
  await second.close();
  await desk.page.getByRole('link', { name: /^Bob/ }).waitFor(SOON);
  await ada.page.getByRole('listitem').filter({ hasText: 'Linux' }).nth(1).waitFor(SOON);
});

test('a code that is over says so, and a new one is one press away', { skip: missing }, async () => {
  const page = await ada.tab();
  await page.clock.install();
  await page.goto(`${world.app.origin}/#/devices`);
  await page.getByRole('button', { name: 'Link a device' }).click(SOON);
  await page.getByText('It is valid until').waitFor(SOON);
  const before = await page.locator('.address').textContent();
  await page.clock.fastForward('01:00:00');
  await page.getByText('This code has expired.').waitFor(SOON);
  assert.equal(await page.locator('.address').count(), 0);
  await isAccessible(page, 'a code that is over');
  await page.getByRole('button', { name: 'New code' }).click();
  await page.locator('.made').waitFor(SOON);
  await page.close();
  assert.ok(before);
});

test('both devices have what was said, and what is said', { skip: missing }, async () => {
  await world.openChat(desk, 'Bob');
  await world.openChat(ada, 'Bob');
  await write(bob.page, 'to both of you');
  await write(desk.page, 'from the desk');
  await sees(ada.page, 'from the desk');
  await write(ada.page, 'from the phone');
  for (const page of [ada.page, bob.page, desk.page]) {
    await inOrder(page, ['before the second device', 'an answer before it', 'to both of you']);
    for (const text of ['from the desk', 'from the phone']) await exactlyOnce(page, text);
  }
});

test('what was read on one device is read on the other', { skip: missing }, async () => {
  await world.goTo(desk, '#/settings');
  await world.goTo(ada);
  await write(bob.page, 'read me once');
  for (const page of [ada.page, desk.page]) await page.getByLabel('1 unread message').waitFor(SOON);
  await world.openChat(ada, 'Bob');
  await sees(ada.page, 'read me once');
  await desk.page.getByLabel('1 unread message').waitFor({ ...SOON, state: 'detached' });
});

test('a device that is removed is told, and ends cleanly', { skip: missing }, async () => {
  await world.goTo(ada, '#/devices');
  await ada.page.getByRole('listitem').filter({ hasNotText: 'this device' }).getByRole('button', { name: 'Remove' }).click(SOON);
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click(SOON);
  await desk.page.getByRole('heading', { name: 'This device was removed' }).waitFor(SOON);
  await write(bob.page, 'not for the desk');
  await world.openChat(ada, 'Bob');
  await sees(ada.page, 'not for the desk');
  await desk.page.reload();
  await desk.page.getByRole('heading', { name: 'This device was removed' }).waitFor(SOON);
  assert.equal(await desk.page.getByText('not for the desk').count(), 0);
  await desk.page.getByRole('button', { name: 'Delete what is kept here' }).click();
  await isAccessible(desk.page, 'a device that was removed');
  await desk.page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await desk.page.getByLabel('I have an invitation').waitFor(SOON);
  assert.equal(await desk.page.getByText('Your browser has deleted').count(), 0, 'nothing was lost here unseen');
});

test('the words bring the account into a fresh browser', { skip: missing }, async () => {
  await world.goTo(ada, '#/words');
  await ada.page.getByRole('button', { name: 'Show the words' }).click(SOON);
  words = (await ada.page.locator('.word-list li').allTextContents()).join(' ');
  const fresh = await world.person('Ada', { size: 'desktop' });
  await world.goTo(fresh, '#/restore');
  await fresh.page.getByLabel('Your recovery words').fill(words);
  await fresh.page.getByLabel('Address of your node').fill(world.node.origin);
  await fresh.page.getByRole('button', { name: 'Restore' }).click();
  await fresh.page.getByRole('link', { name: /^Bob/ }).click(SOON);
  await fresh.page.getByLabel('Write a message').waitFor({ timeout: 40_000 });
  await write(fresh.page, 'back with words');
  for (const page of [ada.page, bob.page]) if (page === bob.page) await sees(page, 'back with words');
  await world.openChat(ada, 'Bob');
  await sees(ada.page, 'back with words');
});

test('nothing went wrong unseen', { skip: missing }, () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket/.test(error);
  assert.deepEqual([ada, bob, desk].flatMap((person) => person.errors).filter(lost), []);
});
