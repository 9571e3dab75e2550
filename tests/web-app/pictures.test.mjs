// Pictures: drawn on, without where they were taken, for whom and for how long one likes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../e2e/lib/until.mjs';
import { isAccessible } from './lib/axe.mjs';
import { missing } from './lib/browser.mjs';
import { choose as doing, message } from './lib/doing.mjs';
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

/** What is asked about a picture that can't be read. */
const asked = (page, name) => page.getByRole('dialog', { name: `${name} can’t be read as a picture.` });

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
  await editor(ada.page).getByRole('radio', { name: 'Thick' }).click();
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
  await press('Add text');
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
  await press('Rotate');
  await press('Crop');
  await editor(page).getByRole('button', { name: 'Frame around' }).focus();
  for (let step = 0; step < 10; step += 1) await page.keyboard.press('Shift+ArrowLeft');
  await press('Keep this part');
  await isAccessible(page, 'pictures');
  await press('To Ada');
  await editor(page).getByRole('checkbox', { name: 'Carol' }).focus();
  await page.keyboard.press('Space');
  await isAccessible(page, 'pictures');
  await editor(page).getByLabel('Add a caption').focus();
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
  await page.keyboard.press('Escape');
  await editor(page).getByText('Leave without sending these 3 pictures?').waitFor(SOON);
  await page.keyboard.press('Enter');
  await send(page);
  await asked(page, 'no picture.jpg').getByRole('button', { name: 'Cancel' }).click(SOON);
  await editor(page).getByRole('heading', { name: 'Picture 3 of 3' }).waitFor(SOON);
  await editor(page).locator('canvas').waitFor(SOON);
  await page.keyboard.press('Escape');
  await editor(page).waitFor({ state: 'detached', ...SOON });
  assert.ok(await page.getByLabel('Write a message').evaluate((field) => field === document.activeElement), 'the focus is back');
  await bob.page.getByRole('button', { name: 'View', exact: true }).nth(before).waitFor(SOON);
});

test('one of several can be skipped, and what was drawn is not thrown away unasked', { skip: missing }, async () => {
  const { page } = ada;
  await choose(page, ['one.jpg', photo], ['two.jpg', photo]);
  await editor(page).getByRole('button', { name: 'Skip' }).click();
  await editor(page).getByRole('heading', { name: 'Picture 2 of 2' }).waitFor(SOON);
  await editor(page).locator('canvas').waitFor(SOON);
  assert.equal(await editor(page).getByRole('button', { name: 'Skip' }).count(), 0);
  await editor(page).getByRole('button', { name: 'Rotate' }).click();
  await editor(page).getByRole('button', { name: 'Close' }).click();
  await editor(page).getByText('Leave without sending this picture?').waitFor(SOON);
  await isAccessible(page, 'pictures');
  await editor(page).getByRole('button', { name: 'Go on' }).click();
  assert.ok(await editor(page).getByRole('button', { name: 'Undo' }).isEnabled(), 'all is as it was');
  await page.keyboard.press('Escape');
  await editor(page).getByRole('button', { name: 'Leave' }).click();
  await editor(page).waitFor({ state: 'detached', ...SOON });
});

test('a picture that can’t be read here goes with all that is in it only if one says so', { skip: missing }, async () => {
  const { page } = ada;
  // As browsers give a phone's pictures whose kind they don't know.
  const strange = (name) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from('a picture that no browser knows') });
  await page.locator('input[type=file]').setInputFiles([strange('secret.HEIC'), strange('public.heic')]);
  await asked(page, 'secret.HEIC').getByText('such as where it was taken').waitFor(SOON);
  await isAccessible(page, 'unreadable');
  await page.keyboard.press('Escape');
  await asked(page, 'public.heic').getByRole('button', { name: 'Send as a file' }).click(SOON);
  await editor(page).waitFor({ state: 'detached', ...SOON });
  await message(bob.page, 'public.heic').waitFor(SOON);
  assert.equal(await message(bob.page, 'secret.HEIC').count(), 0);
  assert.equal(await message(page, 'secret.HEIC').count(), 0);
});

test('what is kept can be seen large, and saved', { skip: missing }, async () => {
  const { page } = bob;
  await page.getByRole('button', { name: 'View', exact: true }).last().click(SOON);
  const dialog = page.getByRole('dialog', { name: 'Ada' });
  const image = dialog.locator('img.viewed');
  await image.waitFor(SOON);
  const widthOf = async () => (await image.boundingBox()).width;
  assert.equal((await dialog.boundingBox()).width, 1280, 'all of the screen');
  const before = await widthOf();
  await isAccessible(page, 'pictures');
  await dialog.getByRole('button', { name: 'Larger' }).click();
  await dialog.getByRole('button', { name: 'Whole picture' }).waitFor(SOON);
  assert.ok(await widthOf() > 1.5 * before, 'larger than before');
  await isAccessible(page, 'pictures');
  await image.dblclick();
  await dialog.getByRole('button', { name: 'Larger' }).waitFor(SOON);
  const [download] = await Promise.all([page.waitForEvent('download', SOON), dialog.getByRole('button', { name: 'Save' }).click()]);
  assert.equal(download.suggestedFilename(), 'picture.jpg');
  await image.click({ button: 'right' });
  assert.equal(await page.locator('dialog').count(), 1, 'no menu of the message over it');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached', ...SOON });
  assert.ok(await page.getByRole('button', { name: 'View', exact: true }).last().evaluate((button) => button === document.activeElement), 'the focus is back');
});

test('what may be seen once is gone on both sides after it was seen', { skip: missing }, async () => {
  await choose(ada.page, ['secret.jpg', photo]);
  await editor(ada.page).getByRole('radio', { name: 'Once' }).click();
  await send(ada.page);
  await ada.page.getByText('Can be seen once, but not by you').waitFor(SOON);
  await rememberBlobs(bob.page);
  await bob.page.getByRole('button', { name: 'View once' }).click(SOON);
  await viewed(bob.page, []);
  const dialog = bob.page.getByRole('dialog');
  for (const name of ['Save', 'Share', 'Larger']) assert.equal(await dialog.getByRole('button', { name }).count(), 0, `no ${name}`);
  await dialog.locator('img.viewed').click({ button: 'right' });
  assert.equal(await bob.page.locator('dialog').count(), 1, 'no menu of the message over it');
  await bob.page.getByRole('button', { name: 'Close' }).click();
  for (const one of [ada, bob]) await one.page.getByRole('log').getByText('Gone').waitFor(SOON);
  assert.equal(await bob.page.getByRole('button', { name: 'View once' }).count(), 0);
});

const sendFor = async (page, look) => {
  await choose(page, ['secret.jpg', photo]);
  await editor(page).getByRole('radio', { name: look }).click();
  await send(page);
};
const gone = (page, count) => page.getByRole('log').getByText('Gone').nth(count - 1).waitFor(SOON);

test('what may be seen once is shown to whoever has left the conversation meanwhile', { skip: missing }, async () => {
  await sendFor(ada.page, 'Once');
  await bob.page.getByRole('button', { name: 'View once' }).waitFor(SOON);
  await bob.page.evaluate(() => {
    [...document.querySelectorAll('.log button')].find((button) => button.textContent.includes('View once')).click();
    document.querySelector('button[aria-label=Back]').click();
  });
  assert.equal(await bob.page.getByRole('log').count(), 0, 'the conversation is left');
  await rememberBlobs(bob.page);
  await bob.page.getByRole('dialog', { name: 'Ada' }).locator('img.viewed').waitFor(SOON);
  await bob.page.keyboard.press('Escape');
  await bob.page.locator('dialog').waitFor({ state: 'detached', ...SOON });
  await world.openChat(bob, 'Ada');
  for (const one of [ada, bob]) await gone(one.page, 2);
});

test('what may be seen for some seconds closes by itself, and is gone on both sides', { skip: missing }, async () => {
  await sendFor(ada.page, '5 s');
  await ada.page.getByText('Can be seen for 5 s, but not by you').waitFor(SOON);
  await bob.page.getByRole('button', { name: 'View for 5 s' }).click(SOON);
  await bob.page.locator('dialog img.viewed').waitFor(SOON);
  const seen = Date.now();
  assert.equal(await bob.page.locator('dialog .countdown').evaluate((bar) => getComputedStyle(bar).animationDuration), '5s');
  await bob.page.locator('dialog').waitFor({ state: 'detached', ...SOON });
  assert.ok(Date.now() - seen > 3_000, 'not at once');
  for (const one of [ada, bob]) await gone(one.page, 3);
});

/** What the browser does with a file that is dragged onto a part of the page, or pasted there. */
const bring = (page, selector, kinds, file) => page.locator(selector).first().evaluate((element, { kinds, bytes, name, type }) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name, { type }));
  return kinds.map((kind) => {
    const event = kind === 'paste' ? new ClipboardEvent(kind, { clipboardData: data, bubbles: true, cancelable: true }) : new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
    element.dispatchEvent(event);
    return event.defaultPrevented;
  });
}, { kinds, bytes: [...file.buffer], name: file.name, type: file.mimeType });

test('a picture can be dropped anywhere on the conversation, and pasted; elsewhere nothing takes the place of the app', { skip: missing }, async () => {
  const { page } = bob;
  const file = { name: 'photo.jpg', mimeType: 'image/jpeg', buffer: photo };
  assert.deepEqual(await bring(page, '.log', ['dragenter', 'dragover'], file), [false, true]);
  await page.getByText('Drop it here to send').waitFor(SOON);
  await bring(page, '.log', ['drop'], file);
  await editor(page).locator('canvas').waitFor(SOON);
  assert.equal(await page.getByText('Drop it here to send').count(), 0);
  await editor(page).getByLabel('Add a caption').fill('dropped');
  await send(page);
  await ada.page.getByRole('log').getByText('dropped').waitFor(SOON);
  assert.deepEqual(await bring(page, 'textarea', ['paste'], file), [true]);
  await editor(page).locator('canvas').waitFor(SOON);
  await editor(page).getByLabel('Add a caption').fill('pasted');
  await send(page);
  await ada.page.getByRole('log').getByText('pasted').waitFor(SOON);
  assert.deepEqual(await bring(page, '.aside', ['dragover', 'drop'], file), [true, true]);
  assert.equal(await editor(page).count(), 0);
});

test('a picture and a file can be answers', { skip: missing }, async () => {
  const { page } = ada;
  const answer = async (to) => {
    await doing(page, to, 'Reply');
    await page.locator('.about').waitFor(SOON);
  };
  const isAnswer = async (row) => {
    await row.locator('.quote').waitFor(SOON);
    assert.equal(await page.locator('.about').count(), 0, 'it is answered');
  };
  await answer('dropped');
  await choose(page, ['answer.jpg', photo]);
  await editor(page).getByLabel('Add a caption').fill('an answer in colour');
  await send(page);
  await isAnswer(message(bob.page, 'an answer in colour'));
  await answer('pasted');
  await page.locator('input[type=file]').setInputFiles({ name: 'answer.txt', mimeType: 'text/plain', buffer: Buffer.from('an answer') });
  await isAnswer(message(bob.page, 'answer.txt'));
});

test('a reply that fails stays a reply, and a change a change', { skip: missing }, async () => {
  const { page } = ada;
  const field = page.getByLabel('Write a message');
  const huge = 'x'.repeat(200_000);
  await doing(page, 'for both', 'Reply');
  await field.fill(huge);
  await page.getByRole('button', { name: 'Send' }).click();
  await page.locator('.toast.alarming').waitFor(SOON);
  await page.locator('.about').getByText('Reply to Bob').waitFor(SOON);
  assert.ok((await field.inputValue()) === huge, 'what was written is still there');
  await field.fill('a short answer');
  await page.getByRole('button', { name: 'Send' }).click();
  await message(bob.page, 'a short answer').locator('.quote').waitFor(SOON);
  await doing(page, 'a short answer', 'Edit');
  await field.fill(huge);
  await page.getByRole('button', { name: 'Send' }).click();
  await page.locator('.toast.alarming').nth(1).waitFor(SOON);
  await page.locator('.about').getByText('Editing').waitFor(SOON);
  assert.ok((await field.inputValue()) === huge, 'what was written is still there');
  await page.locator('.about').getByRole('button', { name: 'Cancel' }).click();
  await until('the field is empty', async () => (await field.inputValue()) === '', { deadlineMs: SOON.timeout });
});

test('nothing went wrong unseen', { skip: missing }, () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket/.test(error);
  assert.deepEqual([...ada.errors, ...bob.errors].filter(lost), []);
});
