// Pictures: drawn on, without where they were taken, for whom and for how long one likes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isAccessible } from './lib/axe.mjs';
import { missing } from './lib/browser.mjs';
import { drawnBy, segments, withExif } from './lib/jpeg.mjs';
import { SOON, World } from './lib/people.mjs';

let world;
let ada;
let bob;
let photo;

before(async () => {
  if (missing) return;
  world = await World.start();
  ada = await world.person('Ada');
  bob = await world.person('Bob', { size: 'desktop' });
  await world.pair(ada, bob);
  photo = withExif(await drawnBy(ada.page, 600, 300));
});
after(() => world?.end());

const editor = (page) => page.locator('dialog.editor');

async function choose(page, ...files) {
  await page.locator('input[type=file]').setInputFiles(files.map(([name, buffer]) => ({ name, mimeType: 'image/jpeg', buffer })));
  await editor(page).locator('canvas').waitFor(SOON);
}

const send = (page) => editor(page).getByRole('button', { name: 'Send' }).click();

/** Has a page remember what its blobs hold: its policy lets nobody fetch them. */
const rememberBlobs = (page) => page.evaluate(() => {
  if (globalThis.blobs !== undefined) return;
  globalThis.blobs = new Map();
  const create = URL.createObjectURL;
  URL.createObjectURL = (blob) => {
    const url = create(blob);
    globalThis.blobs.set(url, blob);
    return url;
  };
});

/** The picture that is open in the viewer: its bytes, its size, and colours at places given as parts of width and height. */
const viewed = (page, places) => page.getByRole('dialog').locator('img.viewed').evaluate(async (image, places) => {
  await image.decode();
  const bytes = [...new Uint8Array(await globalThis.blobs.get(image.src).arrayBuffer())];
  const context = new OffscreenCanvas(image.naturalWidth, image.naturalHeight).getContext('2d');
  context.drawImage(image, 0, 0);
  const colour = ([x, y]) => [...context.getImageData(x * image.naturalWidth, y * image.naturalHeight, 1, 1).data].slice(0, 3);
  return { bytes, size: [image.naturalWidth, image.naturalHeight], colours: places.map(colour) };
}, places);

async function look(page, places) {
  await rememberBlobs(page);
  await page.getByRole('button', { name: 'View', exact: true }).last().click(SOON);
  const found = await viewed(page, places);
  await page.getByRole('button', { name: 'Close' }).click();
  return found;
}

const is = (colour, [red, green, blue]) => Math.hypot(colour[0] - red, colour[1] - green, colour[2] - blue) < 60;
const [RED, BLUE, GREEN] = [[208, 32, 32], [32, 32, 208], [31, 164, 91]];

test('a picture arrives upright, and without where it was taken', { skip: missing }, async () => {
  assert.ok(segments(photo).includes(0xe1) && photo.includes('Exif'), 'the photograph has EXIF');
  await choose(ada.page, ['photo.jpg', photo]);
  await send(ada.page);
  const { bytes, size, colours } = await look(bob.page, [[0.5, 0.2], [0.5, 0.8]]);
  const jpeg = Buffer.from(bytes);
  assert.deepEqual(segments(jpeg).filter((marker) => marker > 0xe0 && marker <= 0xef && marker !== 0xe2), [], 'nothing but the picture and what its colours mean (ICC)');
  assert.ok(!jpeg.includes('Exif'));
  assert.deepEqual(size, [300, 600]);
  assert.ok(is(colours[0], RED) && is(colours[1], BLUE), `turned to the right: ${colours}`);
});

test('what is drawn is in it, and what was taken back is not', { skip: missing }, async () => {
  await choose(ada.page, ['photo.jpg', photo]);
  await editor(ada.page).getByRole('radio', { name: 'Green' }).click();
  await editor(ada.page).getByRole('radio', { name: 'Broad' }).click();
  const box = await ada.page.locator('.canvas canvas').boundingBox();
  const draw = async (y) => {
    await ada.page.mouse.move(box.x + box.width * 0.2, box.y + box.height * y);
    await ada.page.mouse.down();
    await ada.page.mouse.move(box.x + box.width * 0.5, box.y + box.height * y, { steps: 5 });
    await ada.page.mouse.move(box.x + box.width * 0.8, box.y + box.height * y, { steps: 5 });
    await ada.page.mouse.up();
  };
  await draw(0.25);
  await draw(0.75);
  await editor(ada.page).getByRole('button', { name: 'Undo' }).click();
  await send(ada.page);
  await bob.page.getByRole('button', { name: 'View', exact: true }).nth(1).waitFor(SOON);
  const { colours } = await look(bob.page, [[0.5, 0.25], [0.5, 0.75], [0.5, 0.1]]);
  assert.ok(is(colours[0], GREEN), `drawn: ${colours[0]}`);
  assert.ok(is(colours[1], BLUE), `taken back: ${colours[1]}`);
  assert.ok(is(colours[2], RED), `beside it: ${colours[2]}`);
});

test('by keyboard alone: text, moved, turned, cropped, with a line, for other friends as well', { skip: missing }, async () => {
  const { page } = bob;
  const carol = await world.person('Carol');
  await world.begin(carol, await world.invitationBy(bob));
  await carol.page.getByLabel('Write a message').waitFor(SOON);
  await world.openChat(bob, 'Ada');
  await choose(page, ['photo.jpg', photo]);
  const press = async (name, role = 'button') => {
    await editor(page).getByRole(role, { name }).focus();
    await page.keyboard.press('Enter');
  };
  await press('Write on it');
  await editor(page).getByLabel('Text on the picture').focus();
  await page.keyboard.type('Look');
  await page.keyboard.press('Enter');
  const text = editor(page).getByRole('button', { name: '“Look” on the picture' });
  const before = await text.boundingBox();
  await text.focus();
  for (let step = 0; step < 5; step += 1) await page.keyboard.press('ArrowDown');
  const moved = await text.boundingBox();
  assert.ok(moved.y > before.y + 10, 'the text has moved');
  await editor(page).getByLabel('Text on the picture').focus();
  await page.keyboard.type('Away');
  await page.keyboard.press('Enter');
  await editor(page).getByRole('button', { name: '“Away” on the picture' }).focus();
  await page.keyboard.press('Delete');
  assert.equal(await editor(page).getByRole('button', { name: '“Away”' }).count(), 0);
  await press('Turn');
  await press('Crop');
  await editor(page).getByRole('button', { name: 'Frame around' }).focus();
  for (let step = 0; step < 10; step += 1) await page.keyboard.press('Shift+ArrowLeft');
  await press('Keep this part');
  await isAccessible(page, 'pictures');
  await press('To Ada');
  await editor(page).getByRole('checkbox', { name: 'Carol' }).focus();
  await page.keyboard.press('Space');
  await isAccessible(page, 'pictures');
  await editor(page).getByLabel('Add a line').focus();
  await page.keyboard.type('for both');
  await page.keyboard.press('Enter');
  await editor(page).waitFor({ state: 'detached', ...SOON });
  for (const one of [ada, carol]) await one.page.getByRole('log').getByText('for both').waitFor(SOON);
  const { size } = await look(carol.page, []);
  assert.ok(size[0] < 560 && size[0] > size[1], `turned and cropped: ${size}`);
});

test('several pictures come one after the other, and each can be left out', { skip: missing }, async () => {
  const { page } = ada;
  const before = await bob.page.getByRole('button', { name: 'View', exact: true }).count();
  await choose(page, ['one.jpg', photo], ['no picture.jpg', Buffer.from('no picture')], ['two.jpg', photo]);
  await editor(page).getByRole('heading', { name: 'Picture 1 of 3' }).waitFor(SOON);
  await send(page);
  await editor(page).getByRole('heading', { name: 'Picture 3 of 3' }).waitFor(SOON);
  await editor(page).locator('canvas').waitFor(SOON);
  await page.keyboard.press('Escape');
  await editor(page).waitFor({ state: 'detached', ...SOON });
  assert.ok(await page.getByLabel('Write a message').evaluate((field) => field === document.activeElement), 'the focus is back');
  await bob.page.getByRole('button', { name: 'View', exact: true }).nth(before).waitFor(SOON);
});

test('what may be seen once is gone on both sides after it was seen', { skip: missing }, async () => {
  await choose(ada.page, ['secret.jpg', photo]);
  await editor(ada.page).getByRole('radio', { name: 'Once' }).click();
  await send(ada.page);
  await ada.page.getByText('Can be seen once, not by you').waitFor(SOON);
  await rememberBlobs(bob.page);
  await bob.page.getByRole('button', { name: 'View once' }).click(SOON);
  await viewed(bob.page, []);
  await bob.page.getByRole('button', { name: 'Close' }).click();
  for (const one of [ada, bob]) await one.page.getByRole('log').getByText('Gone').waitFor(SOON);
  assert.equal(await bob.page.getByRole('button', { name: 'View once' }).count(), 0);
});

test('nothing went wrong unseen', { skip: missing }, () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket/.test(error);
  assert.deepEqual([...ada.errors, ...bob.errors].filter(lost), []);
});
