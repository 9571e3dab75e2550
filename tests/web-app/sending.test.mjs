// Files on their way: seen, cancelled, through tunnels and killed browsers; and what is kept of them.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { isAccessible } from './lib/axe.mjs';
import { missing } from './lib/browser.mjs';
import { invitationOf } from './lib/app.mjs';
import { SOON, World, sees, write } from './lib/people.mjs';
import { Tunnel } from './lib/tunnel.mjs';

const LARGE = 12 * 1024 * 1024;
const LATER = { timeout: 60_000 };

let world;
let ada;
let bob;
let tunnel;

before(async () => {
  if (missing) return;
  world = await World.start();
  ada = await world.person('Ada');
  bob = await world.person('Bob', { size: 'desktop' });
  // Slow, so that there is a middle in which something can happen.
  tunnel = await Tunnel.to(world.node.origin, { slow: 2 });
  await world.begin(ada, tunnel.origin + invitationOf(world.node));
  await ada.page.getByRole('button', { name: 'Invite somebody' }).first().waitFor(SOON);
  await world.begin(bob, await world.invitationBy(ada));
  await bob.page.getByLabel('Write a message').waitFor(SOON);
  await world.openChat(ada, 'Bob');
});
after(async () => {
  await world?.end();
  tunnel?.close();
});

async function enterTunnel(person) {
  tunnel.enter();
  await person.context.setOffline(true);
}

async function leaveTunnel(person) {
  tunnel.leave();
  await person.context.setOffline(false);
}

const outgoing = (page) => page.locator('.outgoing');
const attach = (page, name, buffer) => page.locator('input[type=file]').setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Waits until some of it has left. */
const underWay = (page) => page.waitForFunction(() => document.querySelector('.outgoing progress')?.value > 5, null, LATER);

/** What Bob gets when he saves the file. */
async function saved(name) {
  const row = bob.page.locator('.message', { hasText: name });
  const download = bob.page.waitForEvent('download', LATER);
  await row.getByRole('button', { name: 'Save file' }).click(LATER);
  return readFile(await (await download).path());
}

/** The names in the folder of files that wait. */
const kept = (page) => page.evaluate(async () => {
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('files');
  const names = [];
  for await (const name of folder.keys()) names.push(Number(name));
  return names.filter((name) => name >= 16);
});

test('a file goes through a tunnel', { skip: missing }, async () => {
  const content = randomBytes(LARGE);
  await attach(ada.page, 'tunnel.bin', content);
  await underWay(ada.page);
  await enterTunnel(ada);
  await outgoing(ada.page).getByText('Waiting for a connection').waitFor(LATER);
  assert.equal((await kept(ada.page)).length, 1);
  await isAccessible(ada.page, 'sending');
  await leaveTunnel(ada);
  await outgoing(ada.page).waitFor({ state: 'detached', ...LATER });
  assert.equal(hash(await saved('tunnel.bin')), hash(content));
  assert.deepEqual(await kept(ada.page), [], 'the copy is gone');
});

test('a file goes on when the browser was killed in the middle', { skip: missing }, async () => {
  const content = randomBytes(LARGE);
  await attach(ada.page, 'killed.bin', content);
  await underWay(ada.page);
  await ada.close();
  await ada.open();
  await world.openChat(ada, 'Bob');
  await outgoing(ada.page).getByText('killed.bin').waitFor(SOON);
  await outgoing(ada.page).waitFor({ state: 'detached', ...LATER });
  assert.equal(hash(await saved('killed.bin')), hash(content));
  assert.deepEqual(await kept(ada.page), []);
});

test('what is cancelled does not arrive, and leaves nothing behind', { skip: missing }, async () => {
  await attach(ada.page, 'cancelled.bin', randomBytes(LARGE));
  await underWay(ada.page);
  await outgoing(ada.page).getByRole('button', { name: 'Stop sending' }).click();
  await outgoing(ada.page).waitFor({ state: 'detached', ...SOON });
  await write(ada.page, 'after the cancelled one');
  await sees(bob.page, 'after the cancelled one');
  assert.equal(await bob.page.getByText('cancelled.bin').count(), 0);
  assert.deepEqual(await kept(ada.page), []);
});

test('what nobody needs any more is deleted at the start', { skip: missing }, async () => {
  await ada.page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('files');
    await folder.getFileHandle('123456789', { create: true });
  });
  assert.deepEqual(await kept(ada.page), [123456789]);
  await ada.page.reload();
  await ada.page.getByLabel('Write a message').waitFor(SOON);
  assert.deepEqual(await kept(ada.page), []);
  await world.goTo(ada, '#/words');
  await ada.page.getByRole('button', { name: 'Show the words' }).waitFor(SOON);
  await world.openChat(ada, 'Bob');
});

test('what does not fit is said, and nothing is kept', { skip: missing }, async () => {
  await ada.page.evaluate(() => {
    const files = new DataTransfer();
    files.items.add(new File([new Uint8Array(100 * 1024 * 1024 + 1)], 'huge.bin'));
    document.querySelector('form.composer').dispatchEvent(new DragEvent('drop', { dataTransfer: files, bubbles: true, cancelable: true }));
  });
  await ada.page.getByText('This is too large to be sent.').waitFor(SOON);
  assert.deepEqual(await kept(ada.page), []);
});

test('a file that is fetched goes through a tunnel, too', { skip: missing }, async () => {
  const content = randomBytes(LARGE);
  await attach(ada.page, 'fetched.bin', content);
  await bob.page.getByRole('log').getByText('fetched.bin').waitFor(LATER);
  const row = bob.page.locator('.message', { hasText: 'fetched.bin' });
  const download = bob.page.waitForEvent('download', LATER);
  await row.getByRole('button', { name: 'Save file' }).click();
  await bob.page.waitForFunction(() => document.querySelector('.message progress')?.value > 5, null, SOON);
  await enterTunnel(bob);
  await bob.page.getByText('No connection to your node').first().waitFor(SOON);
  await leaveTunnel(bob);
  assert.equal(hash(await readFile(await (await download).path())), hash(content));
  assert.equal(await row.locator('progress').count(), 0);
});

/** Takes the copies of files aside, or puts them back. */
const aside = (page, back) => page.evaluate(async (back) => {
  const root = await navigator.storage.getDirectory();
  const [files, other] = [await root.getDirectoryHandle('files'), await root.getDirectoryHandle('aside', { create: true })];
  const [from, to] = back ? [other, files] : [files, other];
  for await (const [name, file] of from) {
    if (Number(name) < 16) continue;
    const writer = await (await to.getFileHandle(name, { create: true })).createWritable();
    await writer.write(await (await file.getFile()).arrayBuffer());
    await writer.close();
    await from.removeEntry(name);
  }
}, back);

test('a file that did not go out is there after a reload, and can be sent again', { skip: missing }, async () => {
  const content = randomBytes(200_000);
  const failed = outgoing(ada.page).getByText('Not sent.');
  await enterTunnel(ada);
  await ada.page.getByText('No connection to your node.', { exact: true }).waitFor(SOON);
  await attach(ada.page, 'failed.bin', content);
  await outgoing(ada.page).getByText('Waiting for a connection').waitFor(LATER);
  await aside(ada.page, false);
  await leaveTunnel(ada);
  await failed.waitFor(LATER);
  await aside(ada.page, true);
  for (let times = 0; times < 2; times += 1) {
    await ada.page.reload();
    await failed.waitFor(SOON);
  }
  await isAccessible(ada.page, 'not sent');
  assert.equal((await kept(ada.page)).length, 1);
  await outgoing(ada.page).getByRole('button', { name: 'Try again' }).click();
  await outgoing(ada.page).waitFor({ state: 'detached', ...LATER });
  assert.equal(hash(await saved('failed.bin')), hash(content));
  assert.deepEqual(await kept(ada.page), []);
});

test('one that fails after a restart of the app stays, too, until it is taken away', { skip: missing }, async () => {
  await enterTunnel(ada);
  await attach(ada.page, 'again.bin', randomBytes(200_000));
  await outgoing(ada.page).getByText('Waiting for a connection').waitFor(LATER);
  await ada.page.reload();
  await outgoing(ada.page).getByText('Waiting for a connection').waitFor(LATER);
  await aside(ada.page, false);
  await leaveTunnel(ada);
  await outgoing(ada.page).getByText('Not sent.').waitFor(LATER);
  await outgoing(ada.page).getByRole('button', { name: 'Remove' }).click();
  await outgoing(ada.page).waitFor({ state: 'detached', ...SOON });
  await ada.page.reload();
  await ada.page.getByLabel('Write a message').waitFor(SOON);
  assert.equal(await outgoing(ada.page).count(), 0);
});

test('what is written without a connection waits, is counted, and goes when one tries', { skip: missing }, async () => {
  await enterTunnel(ada);
  await ada.page.getByText('No connection to your node.', { exact: true }).waitFor(SOON);
  await write(ada.page, 'one from the tunnel');
  await write(ada.page, 'two from the tunnel');
  await ada.page.getByText('2 messages are waiting').waitFor(SOON);
  await ada.page.getByRole('log').getByRole('img', { name: 'Waiting' }).nth(1).waitFor(SOON);
  await isAccessible(ada.page, 'sending');
  await leaveTunnel(ada);
  const again = ada.page.getByRole('button', { name: 'Try now' });
  if (await again.isVisible()) await again.click().catch(() => {});
  for (const text of ['one', 'two']) await sees(bob.page, `${text} from the tunnel`);
  await ada.page.getByText('messages are waiting').waitFor({ state: 'detached', ...SOON });
});

test('drafts are there after a reload, in the list, and nowhere in clear', { skip: missing }, async () => {
  await ada.page.getByLabel('Write a message').fill('a secret thought');
  await world.goTo(ada);
  await ada.page.getByText('Draft: a secret thought').waitFor(SOON);
  await ada.page.reload();
  await ada.page.getByText('Draft: a secret thought').waitFor(SOON);
  const clear = await ada.page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('files');
    const texts = [JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
    for await (const file of folder.values()) texts.push(await (await file.getFile()).text());
    return texts.filter((text) => text.includes('secret thought')).length;
  });
  assert.equal(clear, 0);
  await ada.page.getByRole('link', { name: /Bob/ }).click();
  assert.equal(await ada.page.getByLabel('Write a message').inputValue(), 'a secret thought');
  await ada.close();
  await ada.open();
  await world.openChat(ada, 'Bob');
  await ada.page.waitForFunction(() => document.querySelector('textarea')?.value === 'a secret thought', null, SOON);
  await ada.page.getByRole('button', { name: 'Send' }).click();
  await sees(bob.page, 'a secret thought');
  await world.goTo(ada);
  await ada.page.getByRole('link', { name: /Bob/ }).waitFor(SOON);
  assert.equal(await ada.page.getByText('Draft:').count(), 0);
});

test('nothing went wrong unseen', { skip: missing }, () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket/.test(error);
  assert.deepEqual([...ada.errors, ...bob.errors].filter(lost), []);
});
