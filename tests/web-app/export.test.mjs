// Everything as one file: what is in it is what was said, and what may not be kept is not in it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { faults } from './lib/axe.mjs';
import { missing } from './lib/browser.mjs';
import { message } from './lib/doing.mjs';
import { SOON, World, sees, write } from './lib/people.mjs';

const PICTURE = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP4z8CAFWEXHbQSACj/P8Fu7N9hAAAAAElFTkSuQmCC', 'base64');
const READ = 'import base64, json, sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(json.dumps({i.filename: base64.b64encode(z.read(i)).decode() for i in z.infolist()}))';

let world;
let ada;
let bob;

/** Another system's eyes: what is in a zip, by path. */
async function unzipped(path) {
  const { stdout } = await promisify(execFile)('python3', ['-c', READ, path], { maxBuffer: 2 ** 26 });
  return new Map(Object.entries(JSON.parse(stdout)).map(([name, content]) => [name, Buffer.from(content, 'base64')]));
}

async function send(name, mimeType, buffer, look) {
  await ada.page.locator('.composer input[type=file]').first().setInputFiles({ name, mimeType, buffer });
  if (!mimeType.startsWith('image/')) return;
  if (look !== undefined) await ada.page.getByRole('radio', { name: look }).click(SOON);
  await ada.page.getByRole('dialog').getByLabel('Add a caption').fill(`${look ?? 'kept'} picture`);
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
  await message(ada.page, `${look ?? 'kept'} picture`).getByRole('img', { name: /Sent|Delivered|Seen/ }).waitFor(SOON);
}

before(async () => {
  if (missing) return;
  world = await World.start();
  [ada, bob] = [await world.person('Ada'), await world.person('Bob')];
  await world.pair(ada, bob);
  await write(ada.page, 'Grüße an dich 👋');
  await sees(bob.page, 'Grüße an dich 👋');
  await write(bob.page, 'and to you');
  await sees(ada.page, 'and to you');
  await send('kept.png', 'image/png', PICTURE);
  await send('once.png', 'image/png', PICTURE, 'Once');
  await send('plan.txt', 'text/plain', Buffer.from('the plan'));
  await message(ada.page, 'plan.txt').getByRole('img', { name: /Sent|Delivered|Seen/ }).waitFor(SOON);
});
after(() => world?.end());

test('all that may be kept is in the file', { skip: missing }, async () => {
  await world.goTo(ada, '#/settings');
  await ada.page.getByRole('button', { name: 'Delete everything' }).click(SOON);
  await ada.page.getByRole('button', { name: 'Export everything first' }).click();
  assert.deepEqual(await faults(ada.page), []);
  const downloading = ada.page.waitForEvent('download', SOON);
  await ada.page.getByRole('button', { name: 'Make the file' }).click();
  const download = await downloading;
  assert.match(download.suggestedFilename(), /^tidings-\d{4}-\d\d-\d\d\.zip$/);
  const found = await unzipped(await download.path());
  const whole = JSON.parse(found.get('tidings.json'));
  assert.equal(whole.me.name, 'Ada');
  assert.equal(whole.me.node, world.node.origin);
  assert.deepEqual(whole.contacts.map((one) => one.name), ['Bob']);
  const [{ folder, title, members }] = whole.conversations;
  assert.deepEqual([title, members.map((one) => one.name).sort()], ['Bob', ['Ada', 'Bob']]);
  const messages = JSON.parse(found.get(`${folder}/messages.json`));
  const said = messages.filter((one) => one.text !== null).map((one) => one.text);
  for (const text of ['Grüße an dich 👋', 'and to you', 'kept picture']) assert.ok(said.includes(text), text);
  const plan = messages.find((one) => one.file?.endsWith('plan.txt'));
  assert.equal(found.get(plan.file).toString(), 'the plan');
  const picture = messages.find((one) => one.text === 'kept picture');
  assert.deepEqual([...found.get(picture.file).subarray(0, 3)], [0xff, 0xd8, 0xff]);
  const once = messages.find((one) => one.text === 'Once picture');
  assert.deepEqual([once.file, once.leftOut], [null, 'once']);
  assert.equal([...found.keys()].filter((path) => path.includes('/files/')).length, 2);
  assert.match(found.get(`${folder}/messages.txt`).toString(), /^\d{4}-\d\d-\d\d \d\d:\d\d Bob: and to you$/m);
});

test('it can be ended on the way', { skip: missing }, async () => {
  await ada.page.getByRole('button', { name: 'Export everything' }).click(SOON);
  await world.node.stop();
  await ada.page.getByRole('button', { name: 'Make the file' }).click();
  await ada.page.getByRole('button', { name: 'Cancel' }).click(SOON);
  await ada.page.getByRole('button', { name: 'Make the file' }).waitFor(SOON);
  await world.node.startThere();
});
