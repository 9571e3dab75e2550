// People who talk in real browsers through a real node.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { faults } from './lib/axe.mjs';
import { missing } from './lib/browser.mjs';
import { SOON, World, sees, write } from './lib/people.mjs';

let world;
let ada;
let bob;

before(async () => {
  if (missing) return;
  world = await World.start();
  ada = await world.person('Ada');
  bob = await world.person('Bob', { size: 'desktop' });
});
after(() => world?.end());

test('an invitation leads into a conversation', { skip: missing }, async () => {
  await world.begin(ada);
  await ada.page.getByRole('button', { name: 'Invite somebody' }).first().waitFor(SOON);
  await world.begin(bob, await world.invitationBy(ada));
  await bob.page.getByLabel('Write a message').waitFor(SOON);
  await write(bob.page, 'Hello Ada');
  await world.openChat(ada, 'Bob');
  await sees(ada.page, 'Hello Ada');
  await write(ada.page, 'Hello Bob');
  await sees(bob.page, 'Hello Bob');
});

test('a browser that is killed has everything when it comes back', { skip: missing }, async () => {
  await write(ada.page, 'just before the end');
  await sees(ada.page, 'just before the end');
  await ada.close();
  await write(bob.page, 'while she was away');
  await ada.open();
  await world.openChat(ada, 'Bob');
  for (const text of ['Hello Ada', 'Hello Bob', 'just before the end', 'while she was away']) await sees(ada.page, text);
  await sees(bob.page, 'just before the end');
});

test('of two tabs one leads, and the other takes its place', { skip: missing }, async () => {
  const first = bob.page;
  const second = await bob.tab();
  await second.goto(first.url());
  await sees(second, 'while she was away');
  await write(second, 'from the second tab');
  await sees(ada.page, 'from the second tab');
  await sees(first, 'from the second tab');
  await first.close();
  bob.page = second;
  await write(second, 'alone now');
  await sees(ada.page, 'alone now');
});

test('a picture that may be seen once is seen once', { skip: missing }, async () => {
  const picture = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
  await ada.page.locator('input[type=file]').setInputFiles({ name: 'garden.png', mimeType: 'image/png', buffer: picture });
  await ada.page.getByRole('radio', { name: 'Once' }).click(SOON);
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
  await bob.page.getByRole('button', { name: 'View once' }).click(SOON);
  await bob.page.getByRole('dialog').getByRole('img').waitFor(SOON);
  await bob.page.getByRole('button', { name: 'Close' }).click();
  await bob.page.getByRole('log').getByText('Gone').waitFor(SOON);
  assert.equal(await bob.page.getByRole('button', { name: 'View once' }).count(), 0);
});

test('what the browser has deleted leads to recovery, not to an empty account', { skip: missing }, async () => {
  const words = await (async () => {
    await world.goTo(ada, '#/words');
    await ada.page.getByRole('button', { name: 'Show the words' }).click(SOON);
    return (await ada.page.locator('.word-list li').allTextContents()).join(' ');
  })();
  assert.equal(words.split(' ').length, 12);
  await ada.page.goto('about:blank');
  const session = await ada.context.newCDPSession(ada.page);
  await session.send('Storage.clearDataForOrigin', { origin: world.app.origin, storageTypes: 'file_systems,indexeddb,local_storage,service_workers,cache_storage' });
  await world.goTo(ada, '');
  await ada.page.getByText('Your browser has deleted what Tidings kept here.').waitFor(SOON);
  await ada.page.getByRole('button', { name: 'I have recovery words' }).click();
  await ada.page.getByLabel('Your recovery words').fill(words);
  await ada.page.getByLabel('Address of your node').fill(world.node.origin);
  await ada.page.getByRole('button', { name: 'Restore' }).click();
  await ada.page.getByRole('link', { name: /Bob/ }).click(SOON);
  await ada.page.getByLabel('Write a message').waitFor({ timeout: 40_000 });
  await write(ada.page, 'here again');
  await sees(bob.page, 'here again');
});

test('axe finds nothing on any page', { skip: missing }, async () => {
  const chat = bob.page.url();
  for (const place of [chat, `${chat}/details`, '#/', '#/invite', '#/new-group', '#/settings', '#/devices', '#/words']) {
    await bob.page.goto(place.startsWith('#') ? `${world.app.origin}/${place}` : place);
    await bob.page.locator('.bar').first().waitFor(SOON);
    for (const colorScheme of ['light', 'dark']) {
      await bob.page.emulateMedia({ colorScheme });
      assert.deepEqual(await faults(bob.page), [], `${place}, ${colorScheme}`);
    }
  }
});

test('nothing went wrong unseen', { skip: missing }, () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket/.test(error);
  assert.deepEqual([...ada.errors, ...bob.errors].filter(lost), []);
});
