// What does not stay, where the one to whom it goes has two devices: seen once, disappearing, deleted; also while one of them is away.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../e2e/lib/until.mjs';
import { missing } from './lib/browser.mjs';
import { choose, message, notThere } from './lib/doing.mjs';
import { drawnBy } from './lib/jpeg.mjs';
import { SOON, World, sees, write } from './lib/people.mjs';

/** How long a message of half a minute may take until it is gone everywhere. */
const HALF_A_MINUTE = { timeout: 60_000 };

let world;
let ada;
let bob;
let desk;
let photo;

before(async () => {
  if (missing) return;
  world = await World.start();
  [ada, bob] = [await world.person('Ada'), await world.person('Bob')];
  await world.pair(ada, bob);
  desk = await linked(bob);
  for (const one of [bob, desk]) await world.openChat(one, 'Ada');
  photo = await drawnBy(ada.page, 300, 200);
});
after(() => world?.end());

/** Another device of somebody's. */
async function linked(person) {
  await world.goTo(person, '#/devices');
  await person.page.getByRole('button', { name: 'Link a device' }).click(SOON);
  const code = (await person.page.locator('.address').textContent(SOON)).trim();
  const other = await world.person(person.name, { size: 'desktop' });
  await world.goTo(other, '#/link');
  await other.page.getByRole('textbox', { name: 'Code' }).fill(code);
  await other.page.getByRole('button', { name: 'Link', exact: true }).click();
  await person.page.getByRole('button', { name: 'Yes, it does' }).click(SOON);
  await other.page.getByRole('link', { name: /^Ada/ }).waitFor(SOON);
  return other;
}

const comesBack = async (person) => {
  await person.open();
  await world.openChat(person, 'Ada');
};
const sendOnce = async (line) => {
  await ada.page.locator('input[type=file]').setInputFiles({ name: 'secret.jpg', mimeType: 'image/jpeg', buffer: photo });
  const editor = ada.page.locator('dialog.editor');
  await editor.getByRole('radio', { name: 'Once' }).click(SOON);
  await editor.getByLabel('Add a caption').fill(line);
  await editor.getByRole('button', { name: 'Send' }).click();
  await message(ada.page, line).getByText('Can be seen once, but not by you').waitFor(SOON);
};
const offers = (person, line) => message(person.page, line).getByRole('button', { name: 'View once' });
const look = async (person, line) => {
  await offers(person, line).click(SOON);
  await person.page.getByRole('dialog').locator('img.viewed').waitFor(SOON);
  await person.page.getByRole('button', { name: 'Close' }).click();
};
const isGone = async (person, line) => {
  await message(person.page, line).getByText('Gone').waitFor(SOON);
  assert.equal(await offers(person, line).count(), 0);
};

test('what was seen once on one device is gone on the other, and its sender is told', { skip: missing }, async () => {
  await sendOnce('for one look');
  await offers(desk, 'for one look').waitFor(SOON);
  await look(bob, 'for one look');
  for (const person of [bob, desk, ada]) await isGone(person, 'for one look');
});

test('so it is on a device that was away while it was looked at', { skip: missing }, async () => {
  await sendOnce('was here already');
  await offers(desk, 'was here already').waitFor(SOON);
  await desk.close();
  await sendOnce('came meanwhile');
  for (const line of ['was here already', 'came meanwhile']) {
    await look(bob, line);
    await isGone(ada, line);
  }
  await comesBack(desk);
  for (const line of ['was here already', 'came meanwhile']) await isGone(desk, line);
});

test('where both devices look at the same moment, each shows it or says that it is gone, and it is gone after', { skip: missing }, async () => {
  await sendOnce('for the faster one');
  await Promise.all([bob, desk].map((person) => offers(person, 'for the faster one').waitFor(SOON)));
  await Promise.all([bob, desk].map((person) => offers(person, 'for the faster one').click(SOON)));
  for (const person of [bob, desk]) {
    const viewer = person.page.getByRole('dialog').locator('img.viewed');
    await viewer.or(message(person.page, 'for the faster one').getByText('Gone')).first().waitFor(SOON);
    if (await viewer.count() > 0) await person.page.keyboard.press('Escape');
    await viewer.waitFor({ state: 'detached', ...SOON });
  }
  for (const person of [bob, desk, ada]) await isGone(person, 'for the faster one');
});

test('what was deleted for everybody is gone for those who were away', { skip: missing }, async () => {
  await write(ada.page, 'a word too many');
  for (const person of [bob, desk]) await sees(person.page, 'a word too many');
  await Promise.all([bob.close(), desk.close()]);
  await write(ada.page, 'and another one');
  for (const text of ['a word too many', 'and another one']) {
    await choose(ada.page, text, 'Delete for everybody');
    await ada.page.getByRole('dialog').getByRole('button', { name: 'Delete it' }).click(SOON);
    await notThere(ada.page, text);
  }
  await write(ada.page, 'after the deletions');
  for (const person of [bob, desk]) {
    await comesBack(person);
    await sees(person.page, 'after the deletions');
    for (const text of ['a word too many', 'and another one']) await notThere(person.page, text);
    await until('both are said to be deleted', async () => (await message(person.page, 'This message was deleted').count()) === 2, { deadlineMs: SOON.timeout });
  }
  // What the list says of it is gone, too.
  await world.goTo(bob);
  assert.equal(await bob.page.getByText(/too many|another one/).count(), 0);
  await world.openChat(bob, 'Ada');
});

test('what disappears goes from all devices, also from one that was away', { skip: missing }, async () => {
  await ada.page.getByRole('button', { name: 'Details' }).click();
  await ada.page.getByLabel('Messages disappear').selectOption('30');
  await world.openChat(ada, 'Bob');
  await write(ada.page, 'for half a minute');
  // Its time begins with being read, which each device must have kept before it is closed.
  for (const person of [bob, desk]) await message(person.page, 'for half a minute').getByRole('img', { name: /^Disappears/ }).waitFor(SOON);
  await desk.close();
  await write(ada.page, 'for as long, unheard at the desk');
  await sees(bob.page, 'for as long, unheard at the desk');
  for (const person of [bob, ada]) await person.page.getByRole('log').getByText(/half a minute|for as long/).first().waitFor({ state: 'detached', ...HALF_A_MINUTE });
  for (const person of [bob, ada]) for (const text of ['for half a minute', 'for as long, unheard at the desk']) await notThere(person.page, text);
  await comesBack(desk);
  await write(ada.page, 'what came last');
  await sees(desk.page, 'what came last');
  await notThere(desk.page, 'for half a minute');
  // What was not read here has its time from when it is.
  await desk.page.getByRole('log').getByText('unheard at the desk').waitFor({ state: 'detached', ...HALF_A_MINUTE });
});

test('nothing went wrong unseen', { skip: missing }, () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket/.test(error);
  assert.deepEqual([ada, bob, desk].flatMap((person) => person.errors).filter(lost), []);
});
