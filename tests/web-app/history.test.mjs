// Finding one's way through what was said: search, quotes, what is unread, the newest.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isAccessible } from './lib/axe.mjs';
import { missing, SIZES } from './lib/browser.mjs';
import { stands } from './lib/doing.mjs';
import { drawnBy } from './lib/jpeg.mjs';
import { SOON, World, sees, write } from './lib/people.mjs';

const MANY = 150;

let world;
let ada;
let bob;

before(async () => {
  if (missing) return;
  world = await World.start();
  ada = await world.person('Ada');
  bob = await world.person('Bob', { size: 'desktop' });
  await world.pair(ada, bob);
  await write(bob.page, 'The needle lies in the hay <b>, isn’t it');
  for (let number = 1; number <= MANY; number += 1) await write(bob.page, `Straw number ${number}`);
  await sees(ada.page, `Straw number ${MANY}`);
});
after(() => world?.end());

const row = (page, text) => page.locator('.message').filter({ has: page.locator('.text', { hasText: text }) });
const inView = (page, text) => page.waitForFunction((text) => {
  const log = document.querySelector('.log').getBoundingClientRect();
  const found = [...document.querySelectorAll('.message')].find((one) => one.querySelector('.text')?.textContent === text)?.getBoundingClientRect();
  return found !== undefined && found.top >= log.top - 1 && found.bottom <= log.bottom + 1;
}, text, SOON);

test('a search in everything leads to the message in its place', { skip: missing }, async () => {
  await bob.page.reload();
  await sees(bob.page, `Straw number ${MANY}`);
  await bob.page.locator('.log').focus();
  await bob.page.keyboard.press('/');
  await bob.page.keyboard.type('NEEDLE hay');
  const hit = bob.page.getByRole('region', { name: 'Messages' }).getByRole('link');
  await hit.waitFor(SOON);
  assert.deepEqual(await hit.locator('mark').allTextContents(), ['needle', 'hay']);
  assert.equal(await hit.locator('b').count(), 0);
  await bob.page.getByText('1 message found').waitFor(SOON);
  await isAccessible(bob.page, 'history');
  await hit.focus();
  await bob.page.keyboard.press('Enter');
  await inView(bob.page, 'The needle lies in the hay <b>, isn’t it');
  await inView(bob.page, 'Straw number 1');
  assert.equal(await row(bob.page, `Straw number ${MANY}`).count(), 0, 'the newest are far away');
  assert.match(bob.page.url(), /\/m\//);
});

test('who is at the end stays there, whatever is sent and whatever size the screen gets', { skip: missing }, async () => {
  const { page } = ada;
  const atEnd = () => page.waitForFunction(() => {
    const log = document.querySelector('.log');
    return log.scrollHeight - log.scrollTop - log.clientHeight < 2;
  }, undefined, SOON);
  await inView(page, `Straw number ${MANY}`);
  for (const size of [SIZES.desktop, { width: 844, height: 390 }, SIZES.phone, { width: 390, height: 420 }, SIZES.phone]) {
    await page.setViewportSize(size);
    await inView(page, `Straw number ${MANY}`);
  }
  await page.locator('input[type=file]').setInputFiles({ name: 'hay.jpg', mimeType: 'image/jpeg', buffer: await drawnBy(page, 600, 450) });
  await page.getByRole('dialog').getByLabel('Add a caption').fill('The whole hay');
  await page.keyboard.press('Enter');
  await stands(page, 'The whole hay', /Sent|Delivered|Seen/);
  await atEnd();
  assert.equal(await page.getByRole('button', { name: /^Newest messages/ }).count(), 0);
});

test('from there one scrolls on to the newest, and jumps there', { skip: missing }, async () => {
  const { page } = bob;
  await page.locator('.log').hover();
  for (const number of [30, 90, MANY]) {
    await page.waitForFunction((number) => {
      const log = document.querySelector('.log');
      log.scrollTop += 400;
      return [...log.querySelectorAll('.text')].some((one) => one.textContent === `Straw number ${number}`);
    }, number, { ...SOON, polling: 50 });
  }
  const order = await page.locator('.message .text').allTextContents();
  assert.deepEqual(order, [...new Set(order)], 'none twice');
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('number 7');
  await page.getByRole('region', { name: 'Messages' }).getByRole('link').last().click(SOON);
  await inView(page, 'Straw number 7');
  await page.getByRole('button', { name: 'Newest messages' }).click();
  await inView(page, `Straw number ${MANY}`);
  await page.getByRole('button', { name: 'Newest messages' }).waitFor({ state: 'detached', ...SOON });
});

test('a search in one conversation, page by page', { skip: missing }, async () => {
  const { page } = ada;
  await page.getByRole('button', { name: 'Search in this conversation' }).click();
  await page.getByRole('searchbox', { name: 'Search in this conversation' }).fill('straw');
  await page.getByText('The newest 40 messages that were found').waitFor(SOON);
  await isAccessible(page, 'history');
  for (const count of [80, 120]) {
    await page.getByRole('button', { name: 'More messages' }).click();
    await page.getByText(`The newest ${count} messages that were found`).waitFor(SOON);
  }
  await page.getByRole('button', { name: 'More messages' }).click();
  await page.getByText(`${MANY} messages found`).waitFor(SOON);
  await page.getByRole('link', { name: /Straw number 3$/ }).click();
  await inView(page, 'Straw number 3');
});

test('a quote leads to what it answers, however far away', { skip: missing }, async () => {
  const { page } = ada;
  await row(page, 'The needle lies').click({ button: 'right' });
  await page.getByRole('button', { name: 'Reply' }).click();
  await write(page, 'Found it');
  await inView(page, 'Found it');
  await sees(bob.page, 'Found it');
  const quote = bob.page.getByRole('button', { name: /The needle.*: Show what .* wrote/ });
  await quote.focus();
  await bob.page.keyboard.press('Enter');
  await inView(bob.page, 'The needle lies in the hay <b>, isn’t it');
  assert.ok(await row(bob.page, 'The needle lies').evaluate((one) => one === document.activeElement));
});

test('what is unread begins with a line, and is counted until it is seen', { skip: missing }, async () => {
  await world.goTo(ada);
  await bob.page.getByRole('button', { name: 'Newest messages' }).click();
  for (let number = 1; number <= 30; number += 1) await write(bob.page, `News ${number}`);
  await ada.page.getByLabel('30 unread messages').waitFor(SOON);
  await ada.page.getByRole('link', { name: /Bob/ }).click();
  await ada.page.locator('.unread-line').waitFor(SOON);
  await inView(ada.page, 'News 1');
  const next = await ada.page.locator('.unread-line + .message .text').textContent();
  assert.equal(next, 'News 1');
  await ada.page.getByRole('button', { name: /Newest messages, \d+ unread/ }).waitFor(SOON);
  await isAccessible(ada.page, 'history');
  await ada.page.getByRole('button', { name: /Newest messages/ }).click();
  await inView(ada.page, 'News 30');
  await ada.page.locator('.row .count').waitFor({ state: 'detached', ...SOON });
});

test('what comes while one reads above moves nothing, and is counted', { skip: missing }, async () => {
  await world.openChat(ada, 'Bob');
  await inView(ada.page, 'News 30');
  await ada.page.locator('.log').evaluate((log) => { log.scrollTop -= 900; });
  await ada.page.getByRole('button', { name: 'Newest messages' }).waitFor(SOON);
  const seen = () => ada.page.evaluate(() => {
    const top = document.querySelector('.log').getBoundingClientRect().top;
    const first = [...document.querySelectorAll('.message')].find((one) => one.getBoundingClientRect().bottom > top);
    return [first.textContent, Math.round(first.getBoundingClientRect().top)];
  });
  const before = await seen();
  await write(bob.page, 'Late news');
  await ada.page.getByRole('button', { name: 'Newest messages, 1 unread' }).waitFor(SOON);
  assert.deepEqual(await seen(), before);
  await ada.page.locator('.log').focus();
  await ada.page.keyboard.press('End');
  await inView(ada.page, 'Late news');
});

test('links are links of the web, and nothing else is', { skip: missing }, async () => {
  await write(bob.page, 'see https://example.org/a?b=1, javascript:alert(1) and data:text/html,x');
  const links = row(ada.page, 'see https').locator('a');
  await links.first().waitFor(SOON);
  assert.deepEqual(await links.evaluateAll((all) => all.map((link) => [link.href, link.rel, link.target])), [['https://example.org/a?b=1', 'noopener noreferrer nofollow', '_blank']]);
});

test('a finger that rests opens the menu', { skip: missing }, async () => {
  const bubble = row(ada.page, 'Late news').locator('.bubble');
  await bubble.dispatchEvent('pointerdown', { pointerType: 'touch', clientX: 5, clientY: 5, bubbles: true });
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Reply' }).waitFor(SOON);
  await ada.page.keyboard.press('Escape');
});

test('nothing went wrong unseen', { skip: missing }, () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket/.test(error);
  assert.deepEqual([...ada.errors, ...bob.errors].filter(lost), []);
});
