// For everybody: by keyboard alone, from the right, in large letters, with few colours, and read aloud.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../e2e/lib/until.mjs';
import { invitationOf } from './lib/app.mjs';
import { faults, isAccessible } from './lib/axe.mjs';
import { SIZES, missing } from './lib/browser.mjs';
import { message, notThere } from './lib/doing.mjs';
import { drawnBy } from './lib/jpeg.mjs';
import { SOON, World, sees, write } from './lib/people.mjs';

/** More stops than any page has. */
const STOPS_MAX = 80;

let world;
let ada;
let bob;
let places;

/** What has the focus: its name, and whether one sees that it has it. */
const focused = (page) => page.evaluate(() => {
  const element = document.activeElement;
  const name = element === document.body ? '' : element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent ?? '';
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  return { name: name.trim(), tag: element.tagName, seen: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 };
});

/** Goes with Tab (or another key) to what has this name. */
async function tabTo(page, name, key = 'Tab') {
  const passed = [];
  for (let stop = 0; stop < STOPS_MAX; stop += 1) {
    const at = await focused(page);
    if (name.test(at.name)) {
      assert.ok(at.seen, `the focus on ${at.name} is to be seen`);
      return;
    }
    passed.push(at.name.slice(0, 20));
    await page.keyboard.press(key);
  }
  assert.fail(`${name} is not among ${passed.join(' | ')}`);
}

/** From where one writes back into the messages, which are one stop for Tab, and with the arrow keys to the one with this text. */
async function stepTo(page, text) {
  const inLog = () => page.evaluate(() => document.activeElement.matches('.log li'));
  for (let stop = 0; stop < STOPS_MAX && !(await inLog()); stop += 1) await page.keyboard.press('Shift+Tab');
  for (let stop = 0; stop < STOPS_MAX && !(await focused(page)).name.includes(text); stop += 1) await page.keyboard.press('ArrowUp');
  assert.ok((await focused(page)).name.includes(text));
}

before(async () => {
  if (missing) return;
  world = await World.start();
  [ada, bob] = [await world.person('Ada', { size: 'desktop' }), await world.person('Bob')];
});
after(() => world?.end());

test('by keyboard alone: come in, invite, write, answer, react, delete', { skip: missing }, async () => {
  const { keyboard } = ada.page;
  await world.goTo(ada);
  await ada.page.getByLabel('I have an invitation').waitFor(SOON);
  await tabTo(ada.page, /I have an invitation/);
  await keyboard.insertText(world.node.origin + invitationOf(world.node));
  await keyboard.press('Enter');
  await ada.page.getByLabel('Your name').waitFor(SOON);
  await tabTo(ada.page, /Your name/);
  await keyboard.type('Ada');
  await keyboard.press('Enter');
  await ada.page.getByText('Nobody here yet').waitFor(SOON);
  await tabTo(ada.page, /^Invite somebody$/);
  await keyboard.press('Enter');
  await ada.page.getByRole('button', { name: 'Make a link' }).waitFor(SOON);
  await tabTo(ada.page, /Make a link/);
  await keyboard.press('Enter');
  await world.begin(bob, (await ada.page.locator('.address').textContent(SOON)).trim());
  await write(bob.page, 'hello by finger');
  await ada.page.getByRole('link', { name: /^Bob/ }).waitFor(SOON);
  await tabTo(ada.page, /Bob/);
  await keyboard.press('Enter');
  await until('one can write at once', async () => (await focused(ada.page)).name === 'Write a message');
  await keyboard.type('hello by key');
  await keyboard.press('Enter');
  await sees(bob.page, 'hello by key');
  // The message of the other: its menu is in the order of the page, before the place where one writes.
  await message(ada.page, 'hello by finger').waitFor(SOON);
  for (const [text, action] of [['hello by finger', /^👍$/], ['hello by finger', /^Reply$/], ['hello by key', /^Delete for everybody$/]]) {
    await stepTo(ada.page, text);
    await tabTo(ada.page, /^More$/);
    assert.equal(await ada.page.evaluate(() => getComputedStyle(document.activeElement.parentElement).opacity), '1', 'what has the focus is to be seen');
    await keyboard.press('Enter');
    await ada.page.getByRole('dialog').waitFor(SOON);
    await keyboard.press('Escape');
    // Not only closed, but gone: the app hears of it a moment later.
    await ada.page.locator('dialog').waitFor({ state: 'detached' });
    assert.equal((await focused(ada.page)).name, 'More', 'the focus is back where it was');
    await keyboard.press('Enter');
    await ada.page.getByRole('dialog').waitFor(SOON);
    await tabTo(ada.page, action);
    await keyboard.press('Enter');
    if (action.test('Delete for everybody')) {
      await until('it asks first, and Enter alone deletes nothing', async () => (await focused(ada.page)).name === 'Cancel');
      await tabTo(ada.page, /^Delete it$/);
      await keyboard.press('Enter');
    }
    if (action.test('Reply')) {
      await until('one can write the answer', async () => (await focused(ada.page)).name === 'Write a message');
      await keyboard.type('an answer by key');
      await keyboard.press('Enter');
      // The newest message is the stop among them as soon as it is there.
      await sees(ada.page, 'an answer by key');
    } else {
      await until('the focus is back', async () => (await focused(ada.page)).name === 'More');
    }
    await tabTo(ada.page, /Write a message/);
  }
  await message(bob.page, 'hello by finger').getByRole('button', { name: /👍/ }).waitFor(SOON);
  await message(bob.page, 'an answer by key').getByText('hello by finger').waitFor(SOON);
  await notThere(bob.page, 'hello by key');
});

test('however many messages there are, Tab stops once among them', { skip: missing }, async () => {
  const { page } = ada;
  for (let number = 1; number <= 12; number += 1) await write(page, `one of many, https://node.example/${number}`);
  await sees(page, 'one of many, https://node.example/12');
  await page.getByLabel('Write a message').focus();
  const passed = [];
  while (passed.length < STOPS_MAX && !(await page.evaluate(() => document.activeElement.closest('.bar') !== null))) {
    await page.keyboard.press('Shift+Tab');
    passed.push(await focused(page));
  }
  const among = passed.filter(({ name }) => /^More$|https|of many/.test(name));
  assert.deepEqual(among.map(({ tag }) => tag), ['BUTTON', 'A', 'LI'], 'the newest, with its link and its menu');
  // Its link, its menu, and the way back up.
  await stepTo(page, 'node.example/10');
  await page.keyboard.press('ArrowDown');
  assert.match((await focused(page)).name, /node\.example\/11/);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor(SOON);
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  assert.match((await focused(page)).name, /node\.example\/11/);
});

test('what comes is read aloud, and what is loaded is not', { skip: missing }, async () => {
  assert.equal(await ada.page.getByRole('log').getAttribute('aria-live'), 'off');
  await write(bob.page, 'listen');
  await ada.page.getByRole('status').filter({ hasText: /^Bob: listen$/ }).waitFor(SOON);
  await write(ada.page, 'I do');
  await sees(ada.page, 'I do');
  assert.equal(await ada.page.getByRole('status').filter({ hasText: 'I do' }).count(), 0);
  await ada.page.reload();
  await sees(ada.page, 'listen');
  assert.equal(await ada.page.getByRole('status').filter({ hasText: 'listen' }).count(), 0);
});

/** What sticks out of the screen, and which words are cut though nothing says so. */
const cut = (page) => page.evaluate(() => {
  const wide = document.documentElement.clientWidth;
  const shown = (element) => element.getClientRects().length > 0 && !element.closest('.hidden, [hidden]');
  const name = (element) => `${element.tagName.toLowerCase()}.${element.className?.baseVal ?? element.className} ${element.textContent.slice(0, 30)}`;
  const all = [...document.querySelectorAll('#app *')].filter(shown);
  const out = all.filter((element) => { const { left, right } = element.getBoundingClientRect(); return left < -1 || right > wide + 1; });
  const clipped = all.filter((element) => element.matches('button, label, small, p, h2') && getComputedStyle(element).textOverflow !== 'ellipsis' && (element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 && getComputedStyle(element).display !== 'inline'));
  return [...out, ...clipped].map(name);
});

/** Nothing is cut in usual and in large letters, read from the left and from the right. */
const isWhole = async (page, where) => {
  for (const [size, direction] of [['100%', 'ltr'], ['200%', 'ltr'], ['200%', 'rtl']]) {
    await page.evaluate(([size, direction]) => {
      document.documentElement.style.fontSize = size;
      document.documentElement.dir = direction;
    }, [size, direction]);
    assert.deepEqual(await cut(page), [], `${where}, ${size}, ${direction}`);
  }
  await page.evaluate(() => { document.documentElement.style.fontSize = ''; document.documentElement.dir = 'ltr'; });
};
const opened = async (person, place) => {
  await person.page.goto(place.startsWith('#') ? `${world.app.origin}/${place}` : place);
  await person.page.locator('.bar:visible').first().waitFor(SOON);
};

test('in letters twice as large nothing is cut on a phone, in both directions', { skip: missing }, async () => {
  await world.openChat(bob, 'Ada');
  const chat = bob.page.url();
  await world.goTo(bob, '#/people');
  const one = await bob.page.getByRole('main').getByRole('link', { name: /Ada/ }).getAttribute('href', SOON);
  places = [chat, `${chat}/details`, '#/', '#/invite', '#/new-group', '#/new-room', '#/new-channel', '#/open', '#/people', one, '#/channel/lobby', '#/settings', '#/devices', '#/words', '#/known', '#/c/RERERERERERERERERERERA'];
  for (const place of places) {
    await opened(bob, place);
    await isWhole(bob.page, place);
  }
  await ada.page.setViewportSize(SIZES.phone);
  await opened(ada, '#/node');
  await ada.page.getByRole('heading', { name: 'Storage' }).waitFor(SOON);
  await isWhole(ada.page, 'node');
});

test('dialogs are whole, too, and the editor, in both directions', { skip: missing }, async () => {
  const { page } = bob;
  const dialogs = [
    ['#/', /^New$/], ['#/open', /Scan a code/], ['#/settings', /Delete everything/], ['#/settings', /Export everything/],
    [places[0], /^More$/], [`${places[0]}/details`, /Remove this contact/],
  ];
  for (const [place, name] of dialogs) {
    await opened(bob, place);
    await page.getByRole('button', { name }).first().click(SOON);
    await page.getByRole('dialog').waitFor(SOON);
    await isWhole(page, String(name));
    assert.deepEqual(await faults(page), [], String(name));
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
  }
  await opened(bob, places[0]);
  await page.locator('input[type=file]').first().setInputFiles({ name: 'lake.jpg', mimeType: 'image/jpeg', buffer: await drawnBy(page, 600, 400) });
  await page.locator('dialog.editor canvas').waitFor(SOON);
  await isWhole(page, 'editor');
  await page.keyboard.press('Escape');
});

test('the pages before there is an account are for all', { skip: missing }, async () => {
  const carol = await world.person('Carol');
  const isForAll = async (where) => {
    await isAccessible(carol.page, where);
    await isWhole(carol.page, where);
  };
  await world.goTo(carol);
  await carol.page.getByLabel('I have an invitation').waitFor(SOON);
  await isForAll('start');
  for (const place of ['#/restore', '#/link']) {
    await opened(carol, place);
    await isForAll(place);
  }
  await world.goTo(carol);
  await carol.page.getByLabel('I have an invitation').fill(await world.invitationBy(ada));
  await carol.page.getByRole('button', { name: 'Open', exact: true }).click();
  await carol.page.getByLabel('Your name').waitFor(SOON);
  await isForAll('begin');
});

test('the words are for all: shown, and tried', { skip: missing }, async () => {
  await opened(ada, '#/words');
  for (const name of ['Show the words', 'Try them once']) {
    await ada.page.getByRole('button', { name }).click(SOON);
    await isAccessible(ada.page, name);
    await isWhole(ada.page, name);
  }
});

test('axe finds nothing with few colours, from the right', { skip: missing }, async () => {
  await bob.page.evaluate(() => { document.documentElement.style.fontSize = ''; });
  await bob.page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
  for (const place of places) {
    await opened(bob, place);
    assert.deepEqual(await faults(bob.page), [], place);
  }
  await bob.page.emulateMedia({ forcedColors: 'none', reducedMotion: 'no-preference' });
  for (const place of places) {
    await opened(bob, place);
    await isAccessible(bob.page, place);
  }
});
