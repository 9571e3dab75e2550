// The way back by recovery words where something stands against it; and a node that has forgotten its people.
import assert from 'node:assert/strict';
import { cp, mkdir, rm } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { isAccessible } from './lib/axe.mjs';
import { missing } from './lib/browser.mjs';
import { SOON, World, sees, write } from './lib/people.mjs';
import { Tunnel } from './lib/tunnel.mjs';

let world;
let other;
let ada;
let bob;
let anew;
let tunnel;
let words;

before(async () => {
  if (missing) return;
  [world, other] = [await World.start(), await World.start()];
  [ada, bob] = [await world.person('Ada'), await world.person('Bob', { size: 'desktop' })];
  await world.pair(ada, bob);
  await write(ada.page, 'before the loss');
  await sees(bob.page, 'before the loss');
  words = await wordsOf(world, ada);
  anew = await world.person('Ada anew');
  await world.goTo(anew, '#/restore');
});
after(async () => {
  tunnel?.close();
  if (world) await rm(`${world.node.folder}-backup`, { recursive: true, force: true });
  await world?.end();
  await other?.end();
});

async function wordsOf(where, person) {
  await where.goTo(person, '#/words');
  await person.page.getByRole('button', { name: 'Show the words' }).click(SOON);
  return person.page.locator('.words > .word-list li').allTextContents();
}

const field = () => anew.page.getByLabel('Your recovery words');
const tries = async (typed, node = world.node.origin) => {
  await field().fill(typed);
  await anew.page.getByLabel('Address of your node').fill(node);
  await anew.page.getByRole('button', { name: 'Restore' }).click();
};
const isTold = async (text) => {
  await anew.page.getByRole('alert').filter({ hasText: text }).waitFor(SOON);
  assert.equal(await anew.page.getByRole('alert').count(), 1);
  assert.equal(await anew.page.getByText('Opening…').count(), 0);
};
const selected = () => field().evaluate((area) => (document.activeElement === area ? area.value.slice(area.selectionStart, area.selectionEnd) : null));

test('a word that is none is named, and selected where it was typed', { skip: missing }, async () => {
  await tries(words.with(2, 'abandonn').join(' '));
  await isTold('Word 3, “abandonn”, is not a recovery word. Is it “abandon”?');
  assert.equal(await selected(), 'abandonn');
  assert.equal(await field().getAttribute('aria-invalid'), 'true');
  await isAccessible(anew.page, 'a wrong word');
  // What is typed next takes its place.
  await anew.page.keyboard.type(words[2]);
  assert.equal(await field().inputValue(), words.join(' '));
  await tries(`1. ${words.with(11, 'qqqqqqqqqq').join(', ')}`);
  await isTold('Word 12, “qqqqqqqqqq”, is not a recovery word. Look at your paper once more.');
  assert.equal(await selected(), 'qqqqqqqqqq');
});

test('too few words, and words in another order, are told apart', { skip: missing }, async () => {
  await tries(words.slice(0, 11).join(' '));
  await isTold('These are 11 words so far. There have to be twelve or twenty-four.');
  await tries('abandon '.repeat(12));
  await isTold('one of them is a different word, or two have changed places');
});

test('an address that is none, or leads to no node, says so beside the address', { skip: missing }, async () => {
  await tries(words.join(' '), 'my node');
  await isTold('This is not the address of a node.');
  assert.equal(await anew.page.getByLabel('Address of your node').getAttribute('aria-invalid'), 'true');
  tunnel = await Tunnel.to(world.node.origin);
  tunnel.enter();
  await tries(words.join(' '), tunnel.origin);
  await isTold('This node can’t be reached.');
  await isAccessible(anew.page, 'a node that can’t be reached');
});

test('words of another node’s account say that the address may be wrong', { skip: missing }, async () => {
  await tries(words.join(' '), other.node.origin);
  await isTold('This node has no account for these words.');
});

test('spaces, lines, numbers and capitals don’t matter', { skip: missing }, async () => {
  const typed = words.map((word, at) => `  ${at + 1}. ${at % 2 === 0 ? word.toUpperCase() : word}\t`).join(' \n\n');
  await tries(typed, `  ${world.node.origin}/ `);
  await anew.page.getByRole('link', { name: /^Bob/ }).waitFor({ timeout: 40_000 });
});

/** Another content for the node's folder, while it is stopped. */
async function restartWith(change) {
  await world.node.stop();
  await change(world.node.folder, `${world.node.folder}-backup`);
  await world.node.startThere();
}
const forgotten = (person) => person.page.getByRole('alert').filter({ hasText: 'Your node does not know you any more' });
/** Longer than the node is given to remember. */
const NOTICED = { timeout: 60_000 };

test('a node that has lost all it kept: its people are told what to do next', { skip: missing }, async () => {
  await world.goTo(ada);
  await restartWith(async (folder, backup) => {
    await cp(folder, backup, { recursive: true });
    await rm(folder, { recursive: true });
    await mkdir(folder);
  });
  await forgotten(ada).waitFor(NOTICED);
  await forgotten(ada).getByText('Ask whoever runs the node').waitFor(SOON);
  await isAccessible(ada.page, 'a node that has forgotten');
  // What is here stays.
  await ada.page.getByRole('link', { name: /^Bob/ }).click(SOON);
  await sees(ada.page, 'before the loss');
  // It may come back: nothing is offered that would delete it.
  await ada.page.locator('.standing').getByText('You are not in this conversation any more.').waitFor(SOON);
  assert.equal(await ada.page.getByRole('button', { name: 'Delete here' }).count(), 0);
  await world.goTo(ada);
});

test('with a backup all goes on by itself', { skip: missing }, async () => {
  await restartWith(async (folder, backup) => {
    await rm(folder, { recursive: true });
    await cp(backup, folder, { recursive: true });
  });
  await forgotten(ada).waitFor({ state: 'detached', ...NOTICED });
  await world.openChat(ada, 'Bob');
  await write(ada.page, 'after the backup');
  await world.openChat(bob, 'Ada');
  await sees(bob.page, 'after the backup');
});

test('without one, all is deleted here, and begun anew', { skip: missing }, async () => {
  await world.goTo(ada);
  await restartWith(async (folder, backup) => {
    await rm(folder, { recursive: true });
    await rm(backup, { recursive: true });
    await mkdir(folder);
  });
  await forgotten(ada).getByRole('link', { name: 'Settings' }).click(NOTICED);
  await ada.page.getByRole('button', { name: 'Delete everything' }).click(SOON);
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Delete everything' }).click();
  await ada.page.getByLabel('I have an invitation').waitFor(SOON);
  await world.begin(ada);
  await ada.page.getByRole('button', { name: 'Invite somebody' }).first().waitFor(SOON);
});

test('nothing went wrong unseen', { skip: missing }, async () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket|CORS|blocked/.test(error);
  assert.deepEqual([ada, bob, anew].flatMap((person) => person.errors).filter(lost), []);
});
