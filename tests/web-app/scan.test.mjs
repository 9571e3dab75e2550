// Codes that are scanned with a camera, from an invitation to a safety number.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isAccessible } from './lib/axe.mjs';
import { missing } from './lib/browser.mjs';
import { cameraArguments, codeOn, showToCamera, videoOf } from './lib/camera.mjs';
import { SOON, World } from './lib/people.mjs';

let world;
let ada;
let bob;
let folder;
let video;

before(async () => {
  if (missing) return;
  folder = await mkdtemp(join(tmpdir(), 'tidings-camera-'));
  video = videoOf(folder);
  await showToCamera(video);
  world = await World.start();
  ada = await world.person('Ada', { size: 'desktop' });
  bob = await world.person('Bob', { args: cameraArguments(video), permissions: ['camera'] });
});
after(async () => {
  await world?.end();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const scan = (page) => page.getByRole('button', { name: 'Scan a code' }).click(SOON);
const safetyOf = async (page) => {
  await page.getByRole('button', { name: 'Details' }).click(SOON);
  await page.getByRole('heading', { name: 'Safety number' }).waitFor(SOON);
};

test('an invitation is scanned, and leads to an account', { skip: missing }, async () => {
  await world.begin(ada);
  await ada.page.getByText('Nobody here yet').waitFor(SOON);
  await world.invitationBy(ada);
  await showToCamera(video, await codeOn(ada.page, 'Invitation link'));
  await world.goTo(bob);
  await scan(bob.page);
  await bob.page.getByLabel('Your name').fill('Bob', SOON);
  await bob.page.getByRole('button', { name: 'Start talking' }).click();
  await bob.page.getByLabel('Write a message').waitFor(SOON);
});

test('without a code the scanner waits, with its camera on until it is closed', { skip: missing }, async () => {
  await showToCamera(video);
  await world.goTo(bob, '#/open');
  await scan(bob.page);
  await bob.page.getByText('Hold the code in the frame.').waitFor(SOON);
  await isAccessible(bob.page, 'scanner');
  const track = await bob.page.evaluateHandle(() => document.querySelector('video').srcObject.getTracks()[0]);
  assert.equal(await track.evaluate((one) => one.readyState), 'live');
  await bob.page.keyboard.press('Escape');
  await bob.page.getByRole('dialog').waitFor({ state: 'detached' });
  await bob.page.waitForFunction((one) => one.readyState === 'ended', track);
  const focused = await bob.page.evaluate(() => document.activeElement.getAttribute('aria-label'));
  assert.equal(focused, 'Scan a code');
});

test('the safety code of the other one is scanned and matches; another one does not', { skip: missing }, async () => {
  await world.openChat(ada, 'Bob');
  await safetyOf(ada.page);
  await world.openChat(bob, 'Ada');
  await safetyOf(bob.page);
  const code = await codeOn(ada.page, 'Safety number');
  await world.invitationBy(ada);
  await showToCamera(video, await codeOn(ada.page, 'Invitation link'));
  const compare = () => bob.page.getByRole('button', { name: 'Scan their code' }).click();
  await compare();
  await bob.page.getByRole('dialog', { name: 'This code does not match' }).waitFor(SOON);
  assert.equal(await bob.page.getByLabel('They are the same').isChecked(), false);
  await isAccessible(bob.page, 'a code that does not fit');
  await bob.page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
  await showToCamera(video, code);
  await compare();
  await bob.page.getByText('It matches: you are talking to Ada').waitFor(SOON);
  await bob.page.getByText('Verified').waitFor(SOON);
  assert.equal(await bob.page.getByLabel('They are the same').isChecked(), true);
});

test('a new device scans the code of the one that is there', { skip: missing }, async () => {
  await world.goTo(ada, '#/devices');
  await ada.page.getByRole('button', { name: 'Link a device' }).click(SOON);
  await ada.page.getByRole('img', { name: 'Code' }).waitFor(SOON);
  await showToCamera(video, await codeOn(ada.page, 'Code'));
  const tablet = await world.person('Tablet', { args: cameraArguments(video), permissions: ['camera'] });
  // From the beginning's one field, which takes codes of devices as well.
  await world.goTo(tablet);
  await scan(tablet.page);
  await tablet.page.getByRole('button', { name: 'Link', exact: true }).click(SOON);
  const digits = (await tablet.page.getByText(/Both devices should show/).textContent(SOON)).match(/\d{8}/)[0];
  await ada.page.getByText(`Does it show ${digits}?`).waitFor(SOON);
  await ada.page.getByRole('button', { name: 'Yes, it does' }).click();
  await tablet.page.getByRole('link', { name: /Bob/ }).waitFor(SOON);
});

test('without a camera a picture does, and a camera that is refused is explained', { skip: missing }, async () => {
  await world.invitationBy(ada);
  const picture = await ada.page.getByRole('img', { name: 'Invitation link' }).screenshot();
  const carol = await world.person('Carol', { args: cameraArguments(video) });
  await world.goTo(carol);
  await scan(carol.page);
  await carol.page.getByText('Tidings isn’t allowed to use the camera.').waitFor(SOON);
  await isAccessible(carol.page, 'a camera that was refused');
  const choose = (name, buffer) => carol.page.getByRole('dialog').locator('input[type=file]').setInputFiles({ name, mimeType: 'image/png', buffer });
  await choose('nothing.png', Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'));
  await carol.page.getByText('There is no code in this picture.').waitFor(SOON);
  await choose('code.png', picture);
  await carol.page.getByLabel('Your name').waitFor(SOON);
});

test('nothing went wrong unseen', { skip: missing }, () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket/.test(error);
  assert.deepEqual([...ada.errors, ...bob.errors].filter(lost), []);
});
