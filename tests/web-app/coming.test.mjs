// Coming in by the link itself, links that others send, and what the list tells: warnings, and what was put away.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isAccessible } from './lib/axe.mjs';
import { SIZES, missing } from './lib/browser.mjs';
import { SOON, World, sees, write } from './lib/people.mjs';

let world;
let ada;
let bob;

/** Links lead to a node: only where that has the app inside do they open it. */
const elsewhere = () => world.app.origin !== world.node.origin && 'only where the node has the app inside';

before(async () => {
  if (missing) return;
  world = await World.start();
  [ada, bob] = [await world.person('Ada'), await world.person('Bob')];
  await world.pair(ada, bob);
});
after(() => world?.end());

for (const size of Object.keys(SIZES)) {
  test(`from a link into a conversation with three taps (${size})`, { skip: missing }, async (t) => {
    if (elsewhere()) return t.skip(elsewhere());
    const link = await world.invitationBy(ada);
    const friend = await world.person(`Friend ${size}`, { size });
    let taps = 0;
    const tap = async (locator) => {
      taps += 1;
      await locator.click(SOON);
    };
    await friend.page.goto(link);
    await isAccessible(friend.page, 'an invitation that was opened');
    await tap(friend.page.getByLabel('Your name'));
    await friend.page.keyboard.type(friend.name);
    await tap(friend.page.getByRole('button', { name: 'Start talking' }));
    await tap(friend.page.getByLabel('Write a message'));
    await friend.page.keyboard.type('here I am');
    assert.equal(taps, 3);
    assert.ok(!friend.page.url().includes('#1.'), friend.page.url());
    await world.openChat(ada, friend.name);
    await friend.page.getByRole('button', { name: 'Send' }).click();
    await sees(ada.page, 'here I am');
  });
}

test('nobody comes in without a name', { skip: missing }, async (t) => {
  if (elsewhere()) return t.skip(elsewhere());
  const friend = await world.person('Nobody');
  await friend.page.goto(await world.invitationBy(ada));
  for (const name of ['', '   ']) {
    await friend.page.getByLabel('Your name').fill(name);
    await friend.page.getByRole('button', { name: 'Start talking' }).click();
    assert.ok(await friend.page.getByLabel('Your name').evaluate((field) => field.matches(':invalid') && document.activeElement === field));
  }
  assert.equal(await friend.page.locator('.aside').count(), 0);
});

test('a link of Tidings in a message is followed here, and any other elsewhere', { skip: missing }, async () => {
  const link = await world.invitationBy(ada);
  await world.openChat(ada, 'Bob');
  await write(ada.page, `${link} and https://web.example/x`);
  await world.openChat(bob, 'Ada');
  const log = bob.page.getByRole('log');
  assert.equal(await log.getByRole('link', { name: 'https://web.example/x' }).getAttribute('target', SOON), '_blank');
  const pages = bob.context.pages().length;
  await log.getByRole('link', { name: link }).click(SOON);
  await bob.page.getByRole('heading', { name: /You are invited|You have an account already/ }).waitFor(SOON);
  assert.equal(bob.context.pages().length, pages);
  await bob.page.getByRole('button', { name: /Close|Cancel|Back/ }).first().click();
});

test('what a person should know stands at the top of the list until they have seen it', { skip: missing }, async () => {
  await world.goTo(ada, '#/words');
  await ada.page.getByRole('button', { name: 'Show the words' }).click(SOON);
  const words = (await ada.page.locator('.word-list li').allTextContents()).join(' ');
  await world.goTo(ada);
  const second = await world.person('Ada', { size: 'desktop' });
  await world.goTo(second, '#/restore');
  await second.page.getByLabel('Your recovery words').fill(words);
  await second.page.getByLabel('Address of your node').fill(world.node.origin);
  await second.page.getByRole('button', { name: 'Restore' }).click();
  const told = ada.page.getByRole('alert').filter({ hasText: 'was added to your account by another device' });
  await told.first().waitFor({ timeout: 40_000 });
  await isAccessible(ada.page, 'a warning on the list');
  await ada.page.getByRole('button', { name: 'Got it' }).click(SOON);
  await ada.page.getByRole('heading', { name: 'You should know' }).waitFor({ state: 'detached', ...SOON });
});

test('what was put away is at the end of the list, and comes back', { skip: missing }, async () => {
  await world.openChat(bob, 'Ada');
  await bob.page.goto(`${bob.page.url()}/details`);
  const away = bob.page.getByRole('checkbox', { name: 'Archive' });
  await away.check(SOON);
  await world.goTo(bob);
  await bob.page.getByText('Archived (1)').click(SOON);
  await isAccessible(bob.page, 'what was put away');
  await bob.page.getByRole('link', { name: /^Ada/ }).click(SOON);
  await bob.page.getByLabel('Write a message').waitFor(SOON);
  await bob.page.goto(`${bob.page.url()}/details`);
  await away.uncheck(SOON);
  await world.goTo(bob);
  await bob.page.getByRole('link', { name: /^Ada/ }).waitFor(SOON);
  assert.equal(await bob.page.getByText(/^Archived/).count(), 0);
});
