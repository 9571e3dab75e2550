// Links wherever they come from, anonymous rooms, and public channels.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../e2e/lib/until.mjs';
import { isAccessible } from './lib/axe.mjs';
import { missing } from './lib/browser.mjs';
import { SOON, World, sees, write } from './lib/people.mjs';

let world;
let ada;
let bob;
let link;

before(async () => {
  if (missing) return;
  world = await World.start();
  ada = await world.person('Ada');
  bob = await world.person('Bob', { size: 'desktop' });
  await world.pair(ada, bob);
});
after(() => world?.end());

/** Begins something by the menu of the list. */
const begin = async (person, name) => {
  await world.goTo(person);
  await person.page.getByRole('button', { name: 'New', exact: true }).click(SOON);
  await person.page.getByRole('dialog', { name: 'New' }).getByRole('button', { name }).click();
};

const openLink = async (person, text) => {
  await begin(person, /Open a link/);
  await person.page.getByRole('textbox', { name: 'Link', exact: true }).fill(text);
  await person.page.getByRole('button', { name: 'Open', exact: true }).click();
};

test('the menu of what one can begin is for all', { skip: missing }, async () => {
  await world.goTo(ada);
  await ada.page.getByRole('button', { name: 'New', exact: true }).click(SOON);
  for (const name of [/Invite somebody/, /Open a link/, /New group/, /Anonymous room/, /Public channel/]) {
    await ada.page.getByRole('dialog').getByRole('button', { name }).waitFor(SOON);
  }
  await isAccessible(ada.page, 'new');
  await ada.page.keyboard.press('Escape');
});

test('a room is made, locked, and entered by its link', { skip: missing }, async () => {
  await begin(ada, /Anonymous room/);
  await isAccessible(ada.page, 'new room');
  await ada.page.getByLabel('Room name').fill('Garden');
  await ada.page.getByLabel('Passphrase').fill('open sesame');
  await ada.page.getByRole('button', { name: 'Make the room' }).click();
  await ada.page.getByRole('button', { name: 'Show the link' }).click(SOON);
  link = (await ada.page.locator('.address').textContent(SOON)).trim();
  assert.match(link, /\/r#1\.[\w-]{64}$/);
  await ada.page.getByRole('img', { name: 'Link to the room' }).waitFor(SOON);
  await isAccessible(ada.page, 'link to the room');
  await openLink(bob, link);
  await bob.page.getByText('You are invited to a room.').waitFor(SOON);
  await isAccessible(bob.page, 'door of a room');
  const enter = () => bob.page.getByRole('button', { name: 'Join' }).click();
  await enter();
  await bob.page.getByLabel('Passphrase for the room').fill('let me in', SOON);
  await enter();
  await bob.page.getByText('That passphrase is wrong.').waitFor({ timeout: 40_000 });
  await bob.page.getByLabel('Passphrase for the room').fill('open sesame');
  await enter();
  await bob.page.getByLabel('Write a message').waitFor({ timeout: 40_000 });
  await write(bob.page, 'somebody is here');
  await ada.page.getByRole('button', { name: 'Back' }).click();
  await sees(ada.page, 'somebody is here');
  await write(ada.page, 'and somebody else');
  await sees(bob.page, 'and somebody else');
});

test('nothing in a room leads to the persons who are in it', { skip: missing }, async () => {
  for (const [person, other] of [[ada, 'Bob'], [bob, 'Ada']]) {
    const main = person.page.getByRole('main');
    await main.getByRole('button', { name: 'Details' }).click(SOON);
    const members = main.getByRole('listitem');
    await until('both are there', async () => (await members.count()) === 2, { deadlineMs: SOON.timeout });
    assert.equal(await members.getByRole('link').count(), 0, 'no member leads to a person');
    assert.equal(await members.filter({ hasText: other }).count(), 0, 'none has the name of one');
    assert.equal(await members.filter({ hasText: 'You' }).count(), 1);
    await isAccessible(person.page, 'who is in a room');
    await main.getByRole('button', { name: 'Back' }).click();
    await person.page.getByLabel('Write a message').waitFor(SOON);
    assert.equal(await main.getByText(other, { exact: true }).count(), 0, 'nor does the conversation');
  }
});

test('who stays outside keeps nothing of a locked room', { skip: missing }, async () => {
  const carol = await world.person('Carol');
  await world.goTo(carol);
  // A room needs an account first: it waits until there is one.
  await carol.page.getByLabel('I have an invitation').fill(link);
  await carol.page.getByRole('button', { name: 'Open', exact: true }).click();
  await carol.page.getByText('This link leads to a room.').waitFor(SOON);
  await carol.page.getByLabel('I have an invitation').fill(await world.invitationBy(ada));
  await carol.page.getByRole('button', { name: 'Open', exact: true }).click();
  await carol.page.getByLabel('Your name').fill('Carol', SOON);
  await carol.page.getByRole('button', { name: 'Start talking' }).click();
  await carol.page.getByText('You are invited to a room.').waitFor(SOON);
  await carol.page.getByRole('button', { name: 'Join' }).click();
  await carol.page.getByLabel('Passphrase for the room').waitFor({ timeout: 40_000 });
  await carol.page.getByRole('button', { name: 'Cancel' }).click();
  await carol.page.getByLabel('Write a message').waitFor(SOON);
  await world.goTo(carol);
  await carol.page.reload();
  await carol.page.getByRole('link', { name: /Ada/ }).waitFor(SOON);
  assert.equal(await carol.page.getByRole('link', { name: /Garden/ }).count(), 0);
});

test('a link in the address is taken, and leaves nothing there', { skip: missing }, async () => {
  await bob.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  for (const [path, seen] of [['i#1.RERERERERERERERERERERA', 'You are invited.'], [`r${new URL(link).hash}`, 'You are invited to a room.']]) {
    await bob.page.goto('about:blank');
    await bob.page.goto(`${world.app.origin}/${path}`);
    await bob.page.getByText(seen).waitFor(SOON);
    assert.equal(bob.page.url(), `${world.app.origin}/#/`);
    await bob.page.getByRole('button', { name: 'Cancel' }).click();
    await bob.page.getByRole('link', { name: /Ada/ }).waitFor(SOON);
  }
});

test('what leads nowhere is said plainly', { skip: missing }, async () => {
  await openLink(bob, 'https://node.example/i#1.short');
  await bob.page.getByText('This link or code can’t be read.').waitFor(SOON);
  await world.goTo(ada, '#/devices');
  await ada.page.getByRole('button', { name: 'Link a device' }).click(SOON);
  await openLink(bob, (await ada.page.locator('.address').textContent(SOON)).trim());
  await bob.page.getByText('This code links a new device.').waitFor(SOON);
  await bob.page.getByRole('button', { name: 'Close' }).click();
});

test('a public channel says that it is one, and everybody in it hears', { skip: missing }, async () => {
  for (const person of [ada, bob]) {
    await begin(person, /Public channel/);
    await person.page.getByText('Nothing here is encrypted').waitFor(SOON);
    await person.page.getByLabel('Channel name').fill('#lobby');
    await person.page.getByRole('button', { name: 'Join' }).click();
    await person.page.getByRole('heading', { name: '#lobby' }).waitFor(SOON);
    await person.page.getByText('Nothing here is encrypted').waitFor(SOON);
  }
  const say = async (page, text) => {
    await page.getByLabel('Say something to everybody').fill(text);
    await page.getByRole('button', { name: 'Send' }).click();
  };
  await say(ada.page, 'hello all');
  await sees(ada.page, 'hello all');
  await sees(bob.page, 'hello all');
  await isAccessible(bob.page, 'channel');
  await bob.page.getByRole('link', { name: /Ada/ }).click();
  await say(ada.page, 'still there?');
  await bob.page.getByRole('link', { name: /lobby.*1 unread message/ }).click(SOON);
  await sees(bob.page, 'still there?');
  await bob.page.getByLabel('1 unread message').waitFor({ state: 'detached', ...SOON });
  await bob.page.getByRole('button', { name: 'Leave' }).click();
  await bob.page.getByRole('link', { name: /lobby/ }).waitFor({ state: 'detached', ...SOON });
});

test('nothing went wrong unseen', { skip: missing }, () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket/.test(error);
  assert.deepEqual([...ada.errors, ...bob.errors].filter(lost), []);
});
