// What others are told of one: what was read, and that one writes; and what one does not want to hear of.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../e2e/lib/until.mjs';
import { missing } from './lib/browser.mjs';
import { stands, message } from './lib/doing.mjs';
import { SOON, World, sees, write } from './lib/people.mjs';

let world;
let ada;
let bob;

before(async () => {
  if (missing) return;
  world = await World.start();
  [ada, bob] = [await world.person('Ada'), await world.person('Bob', { size: 'desktop' })];
  await world.pair(ada, bob);
});
after(() => world?.end());

const tellsOthers = async (person, whether) => {
  await world.goTo(person, '#/settings');
  const box = person.page.getByLabel('Tell others what I have read');
  await box.waitFor(SOON);
  assert.equal(await box.isChecked(), !whether);
  await box.setChecked(whether);
  await until('it is so', async () => (await box.isChecked()) === whether);
};

/** The page of the conversation's settings, and back to the list. */
const sets = async (person, name, setting, whether) => {
  await world.openChat(person, name);
  await person.page.getByRole('button', { name: 'Details' }).click(SOON);
  await person.page.getByRole('checkbox', { name: setting }).setChecked(whether, SOON);
  await world.goTo(person);
};

/** Ada writes until it is seen: a word of it every few seconds is all that goes out. */
const writes = (writing) => until('it is said that she writes', async () => {
  await ada.page.getByLabel('Write a message').pressSequentially('so ', { delay: 50 });
  return (await writing.count()) === 1;
}, { deadlineMs: SOON.timeout });

test('who does not tell what they read is seen to have got it, and no more', { skip: missing }, async () => {
  await tellsOthers(ada, false);
  await world.openChat(bob, 'Ada');
  await write(bob.page, 'unseen one');
  await world.openChat(ada, 'Bob');
  await sees(ada.page, 'unseen one');
  // What she says next carries all that her device tells of what it has.
  await write(ada.page, 'an answer to it');
  await sees(bob.page, 'an answer to it');
  await stands(bob.page, 'unseen one', 'Delivered');
  // Hers are seen as before: he tells.
  await stands(ada.page, 'an answer to it', 'Seen');
  await write(bob.page, 'unseen two');
  await sees(ada.page, 'unseen two');
  await stands(bob.page, 'unseen two', 'Delivered');
  assert.equal(await message(bob.page, /unseen/).getByRole('img', { name: 'Seen' }).count(), 0);
});

test('told again, what is read from then on is seen', { skip: missing }, async () => {
  await tellsOthers(ada, true);
  await world.openChat(bob, 'Ada');
  await write(bob.page, 'seen again');
  await world.openChat(ada, 'Bob');
  await sees(ada.page, 'seen again');
  await stands(bob.page, 'seen again', 'Seen');
});

test('that one writes is seen, in the conversation and in the list, and ends with the message', { skip: missing }, async () => {
  const writing = bob.page.getByRole('main').getByText('Ada is typing…');
  await ada.page.getByLabel('Write a message').pressSequentially('I was thinking');
  await writing.waitFor(SOON);
  await bob.page.getByRole('link', { name: /^Ada/ }).getByText('Ada is typing…').waitFor(SOON);
  await ada.page.getByRole('button', { name: 'Send' }).click();
  await sees(bob.page, 'I was thinking');
  await writing.waitFor({ state: 'detached', ...SOON });
});

test('that one writes is said as long as one does', { skip: missing }, async () => {
  const field = ada.page.getByLabel('Write a message');
  const writing = bob.page.getByRole('main').getByText('Ada is typing…');
  await writes(writing);
  await bob.page.evaluate(() => {
    const said = document.querySelector('.title-text small');
    globalThis.pauses = 0;
    new MutationObserver(() => { if (!said.textContent.includes('writing')) globalThis.pauses += 1; }).observe(said, { subtree: true, childList: true, characterData: true });
  });
  // For longer than two words of it last.
  await field.pressSequentially('there was a queen who wrote and wrote and wrote, a', { delay: 300 });
  assert.equal(await bob.page.evaluate(() => globalThis.pauses), 0);
  await field.fill('');
  await writing.waitFor({ state: 'detached', ...SOON });
});

test('that one writes is over soon after one stops', { skip: missing }, async () => {
  const writing = bob.page.getByRole('main').getByText('Ada is typing…');
  await writes(writing);
  await writing.waitFor({ state: 'detached', ...SOON });
  await ada.page.getByLabel('Write a message').fill('');
});

test('that one writes to another is said at once', { skip: missing }, async () => {
  const carol = await world.person('Carol');
  await world.begin(carol, await world.invitationBy(ada));
  await carol.page.getByLabel('Write a message').waitFor(SOON);
  await world.goTo(ada);
  await ada.page.getByRole('link', { name: /^Carol/ }).waitFor(SOON);
  await ada.page.getByRole('link', { name: /^Bob/ }).click(SOON);
  await ada.page.getByLabel('Write a message').pressSequentially('to Bob');
  await ada.page.getByRole('button', { name: 'Back' }).click();
  await ada.page.getByRole('link', { name: /^Carol/ }).click(SOON);
  // One letter, and no more.
  await ada.page.getByLabel('Write a message').pressSequentially('h');
  await carol.page.getByRole('main').getByText('Ada is typing…').waitFor(SOON);
});

test('what is muted counts nowhere but in its own row', { skip: missing }, async () => {
  await sets(bob, 'Ada', 'Mute', true);
  await world.openChat(ada, 'Bob');
  await write(ada.page, 'quietly');
  const row = bob.page.getByRole('link', { name: /^Ada/ });
  await row.getByLabel('1 unread message').waitFor(SOON);
  assert.ok(await row.locator('.count').evaluate((count) => count.classList.contains('muted')));
  assert.equal(await bob.page.title(), 'Tidings');
  const counted = () => bob.page.evaluate(async () => (await (await caches.open('tidings-state')).match('/state'))?.json());
  await until('the service worker counts nothing', async () => (await counted())?.unread === 0);
  // Heard of again, it counts.
  await sets(bob, 'Ada', 'Mute', false);
  await write(ada.page, 'and aloud');
  await bob.page.getByRole('link', { name: /^Ada/ }).getByLabel('1 unread message').waitFor(SOON);
  await until('the title counts', async () => (await bob.page.title()) === '(1) Tidings');
});

test('what is put away stays there when something comes, and counts only there', { skip: missing }, async () => {
  await sets(bob, 'Ada', 'Archive', true);
  await write(ada.page, 'are you still there?');
  const away = bob.page.locator('summary').filter({ hasText: 'Archived (1)' });
  await away.getByLabel('1 unread message').waitFor(SOON);
  assert.equal(await bob.page.title(), 'Tidings');
  assert.equal(await bob.page.getByRole('link', { name: /^Ada/ }).count(), 0, 'it did not come back by itself');
});

test('nothing went wrong unseen', { skip: missing }, () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket/.test(error);
  assert.deepEqual([ada, bob].flatMap((person) => person.errors).filter(lost), []);
});
