// What can be done with a person: introducing, renaming, blocking, removing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isAccessible } from './lib/axe.mjs';
import { missing } from './lib/browser.mjs';
import { SOON, World, sees, write } from './lib/people.mjs';

let world;
let ada;
let bob;
let carol;

before(async () => {
  if (missing) return;
  world = await World.start();
  ada = await world.person('Ada');
  bob = await world.person('Bob', { size: 'desktop' });
  carol = await world.person('Carol');
  await world.pair(ada, bob);
  await world.begin(carol, await world.invitationBy(ada));
  await carol.page.getByLabel('Write a message').waitFor(SOON);
});
after(() => world?.end());

const pageOf = async (person, name) => {
  await world.openChat(person, `^${name}`);
  await person.page.getByRole('button', { name: 'Details' }).click();
  await person.page.getByRole('heading', { name: 'Safety number' }).waitFor(SOON);
};

test('one’s own picture is seen by those one knows, and taken away again', { skip: missing }, async () => {
  const picture = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
  await world.goTo(ada, '#/settings');
  await ada.page.getByLabel('Your picture').setInputFiles({ name: 'me.heic', mimeType: 'image/heic', buffer: Buffer.from('no browser reads this') });
  await ada.page.getByText('me.heic can’t be read as a picture.').waitFor(SOON);
  await ada.page.getByLabel('Your picture').setInputFiles({ name: 'me.png', mimeType: 'image/png', buffer: picture });
  await world.goTo(bob);
  const face = bob.page.getByRole('link', { name: /^Ada/ }).locator('.avatar img');
  await face.waitFor(SOON);
  await ada.page.getByRole('button', { name: 'No picture' }).click();
  await face.waitFor({ state: 'detached', ...SOON });
});

test('two who are introduced talk once both have said yes', { skip: missing }, async () => {
  await pageOf(ada, 'Bob');
  await ada.page.getByRole('button', { name: 'Introduce Bob to somebody' }).click();
  await ada.page.getByRole('checkbox', { name: /Carol/ }).check(SOON);
  await isAccessible(ada.page, 'introducing');
  await ada.page.getByRole('button', { name: 'Introduce', exact: true }).click();
  await ada.page.getByText('Both have been asked.').waitFor(SOON);
  await world.goTo(bob);
  const card = bob.page.getByRole('region', { name: 'A suggestion: Carol' });
  await card.getByText('Ada would like to introduce Carol to you.').waitFor(SOON);
  await isAccessible(bob.page, 'a suggestion');
  await card.getByRole('button', { name: 'Talk to Carol' }).click();
  await card.getByText('You said yes.').waitFor(SOON);
  // Carol says it in the conversation with Ada, where the suggestion stands, too.
  await world.openChat(carol, '^Ada');
  await carol.page.getByRole('log').getByRole('button', { name: 'Talk to Bob' }).click(SOON);
  await bob.page.getByRole('link', { name: /^Carol/ }).click({ timeout: 60_000 });
  await write(bob.page, 'Ada says you grow tomatoes');
  await world.openChat(carol, '^Bob');
  await sees(carol.page, 'Ada says you grow tomatoes');
  assert.equal(await card.count(), 0);
});

test('a suggestion that is declined is gone', { skip: missing }, async () => {
  const dora = await world.person('Dora');
  await world.begin(dora, await world.invitationBy(ada));
  await dora.page.getByLabel('Write a message').waitFor(SOON);
  await pageOf(ada, 'Dora');
  await ada.page.getByRole('button', { name: 'Introduce Dora to somebody' }).click();
  await ada.page.getByRole('checkbox', { name: /Bob/ }).check(SOON);
  await ada.page.getByRole('button', { name: 'Introduce', exact: true }).click();
  await world.goTo(bob);
  const card = bob.page.getByRole('region', { name: 'A suggestion: Dora' });
  await card.getByRole('button', { name: 'No, thanks' }).click(SOON);
  await card.waitFor({ state: 'detached', ...SOON });
});

test('a person has the name that one gives them, for oneself alone', { skip: missing }, async () => {
  await pageOf(ada, 'Bob');
  await isAccessible(ada.page, 'a person');
  await ada.page.getByLabel('Your name for them').fill('Uncle Bob');
  await ada.page.getByRole('button', { name: 'Save' }).click();
  await ada.page.getByRole('heading', { name: 'Uncle Bob' }).waitFor(SOON);
  await ada.page.getByText('They call themselves Bob.').waitFor(SOON);
});

test('who is blocked is found among people, and let in again', { skip: missing }, async () => {
  await ada.page.getByRole('button', { name: 'Block', exact: true }).click();
  await ada.page.getByText('What they send is dropped.').waitFor(SOON);
  await world.goTo(ada, '#/settings');
  await ada.page.getByRole('link', { name: 'People' }).click(SOON);
  await ada.page.getByRole('link', { name: /Uncle Bob.*Blocked/ }).click(SOON);
  await isAccessible(ada.page, 'the page of a person');
  await ada.page.getByRole('button', { name: 'Unblock' }).click();
  await ada.page.getByRole('button', { name: 'Block', exact: true }).waitFor(SOON);
});

test('a contact who is removed is gone, and knows that it is over', { skip: missing }, async () => {
  await pageOf(ada, 'Carol');
  await ada.page.getByRole('button', { name: 'Remove this contact' }).click();
  await isAccessible(ada.page, 'removing');
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Remove this contact' }).click();
  await ada.page.waitForURL(`${world.app.origin}/#/`);
  await world.goTo(ada, '#/people');
  await ada.page.getByRole('main').getByRole('link', { name: /Uncle Bob/ }).waitFor(SOON);
  assert.equal(await ada.page.getByRole('main').getByRole('link', { name: /Carol/ }).count(), 0);
});

test('nothing went wrong unseen', { skip: missing }, () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket/.test(error);
  assert.deepEqual([ada, bob, carol].flatMap((person) => person.errors).filter(lost), []);
});
