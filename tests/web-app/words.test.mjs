// The way back: spoken of at a good moment, put off with growing pauses, printed, tried, and then forgotten.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../e2e/lib/until.mjs';
import { missing } from './lib/browser.mjs';
import { faults } from './lib/axe.mjs';
import { SOON, World, sees, write } from './lib/people.mjs';

let world;
let ada;
let bob;
const card = () => ada.page.getByRole('heading', { name: 'Keep your way back' });
const back = async () => {
  await world.goTo(ada);
  await ada.page.reload();
  await ada.page.getByRole('link', { name: /^Bob/ }).waitFor(SOON);
};
/** Whether the list speaks of it, once the list is there. */
const spokenOf = async () => {
  await back();
  // What it depends on is asked for before the answer to this.
  await ada.page.getByRole('link', { name: 'Settings' }).or(ada.page.getByRole('button', { name: 'Settings' })).click();
  await ada.page.getByRole('link', { name: /Recovery words not written down yet/ }).waitFor(SOON);
  await ada.page.getByRole('button', { name: 'Back' }).click();
  return (await card().count()) === 1;
};

before(async () => {
  if (missing) return;
  world = await World.start();
  [ada, bob] = [await world.person('Ada'), await world.person('Bob', { size: 'desktop' })];
  await world.pair(ada, bob);
});
after(() => world?.end());

test('nothing is said of it at the start, and something once there is something to lose', { skip: missing }, async () => {
  await write(ada.page, 'one');
  await sees(bob.page, 'one');
  assert.equal(await spokenOf(), false);
  await world.openChat(ada, 'Bob');
  for (const text of ['two', 'three', 'four', 'five', 'six']) {
    await write(bob.page, text);
    await sees(ada.page, text);
  }
  await world.goTo(ada);
  await card().waitFor(SOON);
  assert.deepEqual(await faults(ada.page), []);
});

test('"later" is a day, then three', { skip: missing }, async () => {
  const day = 86_400_000;
  const start = Date.now();
  await ada.page.getByRole('button', { name: 'Later' }).click();
  await card().waitFor({ state: 'detached' });
  assert.equal(await spokenOf(), false);
  for (const [days, spoken] of [[1.01, true], [3.9, false], [4.1, true]]) {
    await ada.page.clock.setFixedTime(start + days * day);
    assert.equal(await spokenOf(), spoken, `after ${days} days`);
    if (days < 2) await ada.page.getByRole('button', { name: 'Later' }).click();
  }
});

test('a sheet of paper has all that is needed', { skip: missing }, async () => {
  await back();
  await ada.page.getByRole('button', { name: 'Write down the words' }).click(SOON);
  await ada.page.getByRole('button', { name: 'Show the words' }).click(SOON);
  await ada.page.emulateMedia({ media: 'print' });
  const printed = await ada.page.locator('.kit').innerText();
  const words = await ada.page.locator('.words > .word-list li').allTextContents();
  for (const text of ['Tidings: the way back', world.node.origin, 'Ada', ...words]) assert.ok(printed.includes(text), `${text} is on it`);
  const visible = await ada.page.evaluate(() => [...document.querySelectorAll('button, .bar, .aside, .words > .word-list')].filter((one) => one.getClientRects().length > 0).length);
  assert.equal(visible, 0, 'nothing else is');
  assert.ok((await ada.page.locator('.kit').boundingBox()).height < 900, 'one sheet is enough');
  await ada.page.emulateMedia({ media: null });
});

test('three of the words are tried, and then this device forgets them', { skip: missing }, async () => {
  const words = await ada.page.locator('.words > .word-list li').allTextContents();
  await ada.page.getByRole('button', { name: 'Try them once' }).click();
  const fields = ada.page.getByLabel(/^Word number/);
  assert.equal(await fields.count(), 3);
  for (const field of await fields.all()) await field.fill('wrong');
  await ada.page.getByRole('button', { name: 'Check' }).click();
  await ada.page.getByText('is a different one. Look again.').waitFor(SOON);
  for (const field of await fields.all()) {
    const number = Number((await field.evaluate((input) => input.labels[0].textContent)).match(/\d+/)[0]);
    await field.fill(` ${words[number - 1].toUpperCase()} `);
  }
  await ada.page.getByRole('button', { name: 'Check' }).click();
  await ada.page.getByRole('link', { name: /Recovery words written down on/ }).click(SOON);
  await ada.page.getByText('This device no longer has them.').waitFor(SOON);
  assert.equal(await ada.page.getByRole('button', { name: 'Show the words' }).count(), 0);
  await back();
  assert.equal(await card().count(), 0);
});

test('the words bring back as much of what was said as one chose', { skip: missing }, async () => {
  const { page } = bob;
  const put = [];
  page.context().on('response', (response) => { if (response.ok() && response.request().method() !== 'GET') put.push(new URL(response.url()).pathname); });
  await world.openChat(bob, 'Ada');
  await write(page, 'before the loss');
  await world.goTo(bob, '#/settings');
  const history = page.getByLabel('Messages your words bring back');
  assert.equal(await history.inputValue(), '0', 'nothing, as long as nobody says otherwise');
  await history.selectOption('All');
  await page.getByText('Your node keeps them sealed').waitFor(SOON);
  await until('the node has them', async () => {
    await world.goTo(bob, '#/settings');
    await world.goTo(bob, '#/known');
    const rows = page.getByRole('listitem').filter({ hasText: 'Pictures and files' });
    const there = /[1-9]\d* · /.test(await rows.locator('span').first().textContent(SOON));
    // What the words open names what was said only once it is there.
    const last = (kind) => put.findLastIndex((path) => path.startsWith(kind));
    return there && last('/v1/profile') > last('/v1/blobs');
  }, { deadlineMs: 60_000 });
  await world.goTo(bob, '#/words');
  await page.getByRole('button', { name: 'Show the words' }).click(SOON);
  const words = await page.locator('.words > .word-list li').allTextContents();
  const anew = await world.person('Bob again');
  await world.goTo(anew, '#/restore');
  await anew.page.getByLabel('Your recovery words').fill(words.join(' '));
  await anew.page.getByLabel('Address of your node').fill(world.node.origin);
  await anew.page.getByRole('button', { name: 'Restore' }).click();
  await anew.page.getByRole('link', { name: /^Ada/ }).click(SOON);
  await sees(anew.page, 'before the loss');
});
