// What the node knows, and the page of its owner.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { missing } from './lib/browser.mjs';
import { SOON, World, write } from './lib/people.mjs';
import { faults } from './lib/axe.mjs';

let world;
let ada;
let bob;

before(async () => {
  if (missing) return;
  world = await World.start();
  ada = await world.person('Ada', { size: 'desktop' });
  bob = await world.person('Bob');
  await world.pair(ada, bob);
  await write(bob.page, 'hello');
});
after(() => world?.end());

test('everybody sees what their node knows of them', { skip: missing }, async () => {
  await world.goTo(bob, '#/settings');
  await bob.page.getByRole('link', { name: 'What your node knows' }).click(SOON);
  await bob.page.getByText('Your node has noted whose invitation you came by.').waitFor(SOON);
  const kinds = bob.page.getByRole('listitem');
  await kinds.filter({ hasText: 'Who may write to you' }).filter({ hasText: '1 ·' }).waitFor(SOON);
  await kinds.filter({ hasText: 'Your account' }).filter({ hasText: /deleted on/ }).waitFor(SOON);
  assert.deepEqual(await faults(bob.page), []);
});

test('the page of the node is its owner’s alone', { skip: missing }, async () => {
  await world.goTo(bob, '#/settings');
  await bob.page.getByRole('link', { name: 'What your node knows' }).waitFor(SOON);
  await world.goTo(bob, '#/node');
  const alert = bob.page.getByRole('main').getByRole('alert');
  await alert.getByText(/the owner of the node/).waitFor(SOON);
  await alert.getByRole('button', { name: 'Try again' }).waitFor(SOON);
  await world.goTo(ada, '#/settings');
  await ada.page.getByRole('link', { name: 'Your node', exact: true }).click(SOON);
  await ada.page.getByText('2 accounts, 2 active in the last seven days').waitFor(SOON);
  const tree = ada.page.getByRole('listitem').filter({ hasText: 'Account 1 (You)' });
  await tree.getByText('Account 2').waitFor(SOON);
  for (const size of ['light', 'dark']) {
    await ada.page.emulateMedia({ colorScheme: size });
    assert.deepEqual(await faults(ada.page), []);
  }
});

test('the owner looks for problems, invites, and takes an invitation back', { skip: missing }, async () => {
  await ada.page.getByRole('button', { name: 'Look for problems' }).click();
  await ada.page.getByText('every row is as it was written').waitFor(SOON);
  await ada.page.getByRole('button', { name: 'Invite somebody to this node' }).click();
  const link = (await ada.page.getByRole('dialog').locator('.address').textContent(SOON)).trim();
  await ada.page.getByRole('button', { name: 'Close' }).click();
  await ada.page.getByRole('listitem').filter({ hasText: 'From the node' }).getByRole('button', { name: 'Withdraw' }).click(SOON);
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click(SOON);
  await ada.page.getByText('None.').waitFor(SOON);
  const late = await world.person('Late');
  await world.begin(late, link);
  await late.page.getByText(/was used already, has expired or was withdrawn|refused/).first().waitFor(SOON);
  const settings = ada.page.locator('details').filter({ hasText: 'All settings' });
  await settings.locator('summary').click();
  await settings.getByText('rate-address-burst').waitFor(SOON);
});
