// The other side is a terminal, or at a node of another owner; and the app comes from somewhere else.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Node } from '../e2e/lib/node.mjs';
import { until } from '../e2e/lib/until.mjs';
import { invitationOf } from './lib/app.mjs';
import { missing } from './lib/browser.mjs';
import { choose, exactlyOnce, inOrder, message, notThere, stands } from './lib/doing.mjs';
import { SOON, World, sees, write } from './lib/people.mjs';
import { Terminal } from './lib/terminal.mjs';

// A red picture of 8 pixels, as small as a PNG can be.
const PICTURE = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP4z8CAFWEXHbQSACj/P8Fu7N9hAAAAAElFTkSuQmCC', 'base64');

let world;
let ada;
let tim;
let away;

before(async () => {
  if (missing) return;
  world = await World.start();
  ada = await world.person('Ada');
  await world.begin(ada);
  await ada.page.getByRole('button', { name: 'Invite somebody' }).first().waitFor(SOON);
  tim = await Terminal.start();
  await tim.does('login', await world.invitationBy(ada), '--name', 'Tim', '--yes');
  await world.openChat(ada, 'Tim');
});
after(async () => {
  await tim?.end();
  await away?.dispose();
  await world?.end();
});

test('a terminal and the app understand each other', { skip: missing }, async () => {
  await tim.does('send', 'Ada', 'greetings from the terminal');
  await sees(ada.page, 'greetings from the terminal');
  await choose(ada.page, 'greetings from the terminal', 'Reply');
  await write(ada.page, 'and from the browser');
  await stands(ada.page, 'and from the browser', 'Sent');
  const [got] = await tim.does('receive');
  assert.equal(got.text, 'and from the browser');
  assert.equal(got.reply.line, 'greetings from the terminal');
  await stands(ada.page, 'and from the browser', /Delivered|Seen/);
  await choose(ada.page, 'and from the browser', 'Edit');
  await write(ada.page, 'and from a browser');
  await stands(ada.page, 'and from a browser', /Sent|Delivered|Seen/);
  await until('the change has come', async () => {
    await tim.does('receive');
    return (await tim.does('history', 'Ada')).some((said) => said.text === 'and from a browser' && said.edited);
  });
});

test('pictures go both ways', { skip: missing }, async () => {
  await writeFile(join(tim.folder, 'red.png'), PICTURE);
  await tim.does('send', 'Ada', 'red.png', 'so red');
  await message(ada.page, 'so red').getByRole('button', { name: 'View' }).click(SOON);
  const shown = ada.page.getByRole('dialog').getByRole('img');
  await shown.waitFor(SOON);
  assert.equal(await shown.evaluate((image) => image.decode().then(() => image.naturalWidth)), 8);
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await ada.page.locator('input[type=file]').setInputFiles({ name: 'mine.png', mimeType: 'image/png', buffer: PICTURE });
  await ada.page.getByRole('dialog').getByLabel('Add a caption').fill('mine');
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
  await stands(ada.page, 'mine', /Sent|Delivered/);
  const got = (await tim.does('receive', '--save', tim.folder)).find((one) => one.kind === 'file');
  assert.deepEqual([got.file.width, got.file.height, got.file.caption], [8, 8, 'mine']);
  assert.deepEqual([...(await readFile(got.saved)).subarray(0, 3)], [0xff, 0xd8, 0xff], 'a JPEG');
});

test('a file that may be had once is saved once', { skip: missing }, async () => {
  await writeFile(join(tim.folder, 'plan.txt'), 'meet at the lake');
  await tim.does('send', 'Ada', 'plan.txt', '--once');
  const button = message(ada.page, 'plan.txt').getByRole('button', { name: 'Save file; this works only once' });
  const [saved] = await Promise.all([ada.page.waitForEvent('download', SOON), button.click(SOON)]);
  assert.equal(await readFile(await saved.path(), 'utf8'), 'meet at the lake');
  await button.waitFor({ state: 'detached', ...SOON });
});

test('a message that may stay for seconds is gone after them', { skip: missing }, async () => {
  await tim.does('send', 'Ada', '--expire', '3', 'only for a moment');
  await sees(ada.page, 'only for a moment');
  await notThere(ada.page, 'only for a moment');
});

test('people of nodes of different owners talk', { skip: missing }, async () => {
  away = await Node.start();
  const zoe = await Terminal.start();
  try {
    await zoe.does('login', away.origin + invitationOf(away), '--name', 'Zoe', '--yes');
    await zoe.does('accept', await world.invitationBy(ada));
    await world.openChat(ada, 'Zoe');
    await write(ada.page, 'how is it over there?');
    await stands(ada.page, 'how is it over there?', 'Sent');
    await until('it has come', async () => (await zoe.does('receive')).some((said) => said.text === 'how is it over there?'));
    await zoe.does('send', 'Ada', 'like at home');
    await sees(ada.page, 'like at home');
  } finally {
    await zoe.end();
  }
});

test('from another origin the node is reached after a reload, too', { skip: missing }, async () => {
  await world.openChat(ada, 'Tim');
  await ada.page.reload();
  await exactlyOnce(ada.page, 'greetings from the terminal');
  await write(ada.page, 'after a reload');
  await stands(ada.page, 'after a reload', 'Sent');
  await tim.does('send', 'Ada', 'heard after a reload');
  await inOrder(ada.page, ['after a reload', 'heard after a reload']);
});
