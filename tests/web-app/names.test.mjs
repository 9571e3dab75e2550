// Names as people have them: longer than any screen, from right to left, of nothing but pictures. Nothing stands out to the side.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { until } from '../e2e/lib/until.mjs';
import { missing } from './lib/browser.mjs';
import { choose, message } from './lib/doing.mjs';
import { SOON, World, sees, write } from './lib/people.mjs';

const LONG = 'Wolkenkratzerdachterrassengartenbewässerungsanlagenwartungsdienst'.slice(0, 64);
const RIGHT = 'مُحَمَّد بن عبد الله';
const PICTURES = '👩‍👩‍👧‍👦🦄🏳️‍🌈';
const GROUP = `Q${'w'.repeat(60)}`;
/** A phone, and the narrowest that is still used. */
const WIDTHS = [390, 320];
/** Where pictures of the pages go, to be looked at. */
const { SHOTS } = process.env;

let world;
let bob;
let ada;
let carol;
let shots = 0;

before(async () => {
  if (missing) return;
  if (SHOTS) await mkdir(SHOTS, { recursive: true });
  world = await World.start();
  [bob, ada, carol] = [await world.person(RIGHT), await world.person(LONG), await world.person(PICTURES, { size: 'desktop' })];
  await world.pair(bob, ada);
  await world.begin(carol, await world.invitationBy(bob));
  await carol.page.getByLabel('Write a message').waitFor(SOON);
  await world.goTo(bob);
  await bob.page.getByRole('link', { name: /👩/ }).waitFor(SOON);
});
after(() => world?.end());

/** What is wider than its place, or stands out of the screen without being cut off. */
const tooWide = (page) => page.evaluate(() => {
  const seen = (element) => element.getClientRects().length > 0 && element.closest('.hidden, .kit') === null;
  const named = (element) => `${element.tagName.toLowerCase()}.${element.className} “${element.textContent.slice(0, 30)}”`;
  const scrolls = [document.scrollingElement, ...document.querySelectorAll('.page, .aside, .main, .log, main, dialog[open], .sheet-inside, .padded, .rows')].filter((place) => seen(place) && place.scrollWidth > place.clientWidth + 1);
  const cut = (element) => {
    for (let above = element.parentElement; above !== null && above !== document.body; above = above.parentElement) {
      const { left, right } = above.getBoundingClientRect();
      if (getComputedStyle(above).overflowX !== 'visible' && left >= -1 && right <= innerWidth + 1) return !scrolls.includes(above);
    }
    return false;
  };
  const out = [...document.querySelectorAll('body *')].filter((element) => {
    const { left, right, width } = element.getBoundingClientRect();
    return seen(element) && width > 0 && (left < -1 || right > innerWidth + 1) && !cut(element);
  });
  return [...new Set([...scrolls, ...out].map(named))];
});

async function fits(page, where) {
  const { width, height } = page.viewportSize();
  for (const narrow of width > 390 ? [width] : WIDTHS) {
    await page.setViewportSize({ width: narrow, height });
    if (SHOTS) await page.screenshot({ path: `${SHOTS}/${String((shots += 1)).padStart(2, '0')}-${where.replaceAll(' ', '-')}-${narrow}.png` });
    assert.deepEqual(await tooWide(page), [], `${where}, ${narrow} pixels wide`);
  }
  await page.setViewportSize({ width, height });
}

const opened = async (name) => {
  await world.goTo(bob);
  await bob.page.getByRole('link').filter({ hasText: name }).click(SOON);
  await bob.page.getByLabel('Write a message').waitFor(SOON);
};

test('in the list and in a conversation', { skip: missing }, async () => {
  await opened(LONG);
  await write(bob.page, 'x'.repeat(200));
  await write(ada.page, 'a word from the roof');
  await sees(bob.page, 'a word from the roof');
  await choose(bob.page, 'a word from the roof', 'Reply');
  await fits(bob.page, 'a reply that is begun');
  await write(bob.page, 'an answer');
  await choose(ada.page, 'an answer', '👍');
  await message(bob.page, 'an answer').getByRole('button', { name: /👍/ }).waitFor(SOON);
  // It is said every few seconds at most.
  await until('it is said that she writes', async () => {
    await ada.page.getByLabel('Write a message').pressSequentially('…');
    return (await bob.page.getByRole('main').getByText(`${LONG} is typing…`).count()) === 1;
  }, { deadlineMs: SOON.timeout });
  await fits(bob.page, 'a conversation');
  await message(bob.page, 'a word from the roof').first().getByRole('button', { name: 'More' }).click();
  await fits(bob.page, 'what can be done with a message');
  await bob.page.keyboard.press('Escape');
  await fits(ada.page, 'a conversation from the right');
  await fits(carol.page, 'a conversation on a desktop');
  await world.goTo(bob);
  await bob.page.getByRole('link').filter({ hasText: LONG }).waitFor(SOON);
  await fits(bob.page, 'the list');
});

test('on the page of a person, and of what is done with them', { skip: missing }, async () => {
  for (const [name, other] of [[LONG, PICTURES], [PICTURES, LONG]]) {
    await opened(name);
    await bob.page.getByRole('button', { name: 'Details' }).click();
    await bob.page.getByRole('heading', { name: 'Safety number' }).waitFor(SOON);
    await fits(bob.page, 'details of a person');
    await bob.page.getByRole('button', { name: `Introduce ${name} to somebody` }).click();
    await bob.page.getByRole('checkbox', { name: other }).waitFor(SOON);
    await fits(bob.page, 'introducing');
    await bob.page.keyboard.press('Escape');
    await bob.page.getByRole('button', { name: 'Remove this contact' }).click();
    await fits(bob.page, 'removing');
    await bob.page.keyboard.press('Escape');
    await bob.page.getByRole('dialog').waitFor({ state: 'detached', ...SOON });
  }
  await world.goTo(bob, '#/people');
  await bob.page.getByRole('link').filter({ hasText: LONG }).last().waitFor(SOON);
  await fits(bob.page, 'people');
  await bob.page.getByRole('main').getByRole('link').filter({ hasText: LONG }).click();
  await bob.page.getByRole('heading', { name: 'Safety number' }).waitFor(SOON);
  await fits(bob.page, 'a person');
  await world.goTo(ada, '#/settings');
  await ada.page.getByRole('heading', { name: 'Notifications' }).waitFor(SOON);
  await fits(ada.page, 'settings');
});

test('in a group whose name is long as well', { skip: missing }, async () => {
  await world.goTo(bob, '#/new-group');
  await bob.page.getByLabel('Group name').fill(GROUP);
  for (const name of [LONG, PICTURES]) await bob.page.getByLabel(name).check(SOON);
  await fits(bob.page, 'new group');
  await bob.page.getByRole('button', { name: 'New group' }).last().click();
  await bob.page.getByLabel('Write a message').waitFor(SOON);
  for (const one of [ada, carol]) {
    await world.goTo(one);
    await one.page.getByRole('link').filter({ hasText: GROUP }).click(SOON);
    await write(one.page, `by ${one === ada ? 'Ada' : 'Carol'}`);
  }
  for (const text of ['by Ada', 'by Carol']) await sees(bob.page, text);
  await fits(bob.page, 'a group');
  await fits(carol.page, 'a group on a desktop');
  await bob.page.getByRole('button', { name: 'Details' }).click();
  await bob.page.getByRole('button', { name: `Remove ${LONG}` }).waitFor(SOON);
  await fits(bob.page, 'details of a group');
  await bob.page.getByRole('button', { name: `Remove ${LONG}` }).click();
  await bob.page.getByRole('dialog', { name: `Remove ${LONG}?` }).waitFor(SOON);
  await fits(bob.page, 'a question about a member');
  await bob.page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await bob.page.getByRole('combobox', { name: `Role of ${LONG}` }).selectOption({ label: 'Moderator' });
  await opened(GROUP);
  await bob.page.getByText(`made ${LONG} a moderator`).waitFor(SOON);
  await fits(bob.page, 'lines about a group');
});

test('in what is found, and in what is said for a moment', { skip: missing }, async () => {
  await world.goTo(bob);
  await bob.page.getByLabel('Search people and messages').fill('word from');
  await bob.page.locator('.hit').first().waitFor(SOON);
  await fits(bob.page, 'what is found');
  // The longest that a short message names: a file.
  await world.goTo(bob, '#/settings');
  await bob.page.getByLabel('Your picture').setInputFiles({ name: `${LONG}.heic`, mimeType: 'image/heic', buffer: Buffer.from('no picture') });
  await bob.page.locator('.toast').filter({ hasText: LONG }).waitFor(SOON);
  await fits(bob.page, 'a short message');
});

test('a name from the right stands on its own side', { skip: missing }, async () => {
  await world.goTo(ada);
  const name = ada.page.getByRole('link').filter({ hasText: RIGHT }).locator('strong');
  await name.waitFor(SOON);
  assert.equal(await name.evaluate((element) => getComputedStyle(element).direction), 'rtl');
  // In what the app says of it the words stay in their order.
  await ada.page.getByRole('link').filter({ hasText: GROUP }).click(SOON);
  const line = ada.page.getByRole('listitem').filter({ hasText: `${RIGHT} made you a moderator` });
  await line.waitFor(SOON);
  assert.equal(await line.evaluate((element) => getComputedStyle(element).direction), 'ltr');
  if (SHOTS) await ada.page.screenshot({ path: `${SHOTS}/from-the-right.png` });
});

test('nothing went wrong unseen', { skip: missing }, () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket/.test(error);
  assert.deepEqual([ada, bob, carol].flatMap((person) => person.errors).filter(lost), []);
});
