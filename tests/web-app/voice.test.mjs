// Voice messages: recorded, listened to, sent and heard.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isAccessible } from './lib/axe.mjs';
import { MICROPHONE, missing } from './lib/browser.mjs';
import { choose } from './lib/doing.mjs';
import { SOON, World, write } from './lib/people.mjs';

let world;
let ada;
let bob;

before(async () => {
  if (missing) return;
  world = await World.start();
  ada = await world.person('Ada', { args: MICROPHONE, permissions: ['microphone'] });
  bob = await world.person('Bob', { size: 'desktop' });
  await world.pair(ada, bob);
});
after(() => world?.end());

const recorder = (page) => page.getByRole('group', { name: 'Voice message' });
const microphone = (page) => page.getByRole('button', { name: 'Record a voice message' });
const focusIsBack = (page) => page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Record a voice message', null, SOON);
const lasts = (page, text) => recorder(page).getByRole('timer').getByText(text).waitFor(SOON);
const heard = (page) => page.waitForFunction(() => {
  const audio = document.querySelector('audio');
  return audio !== null && !audio.paused && audio.currentTime > 0.2;
}, null, SOON);

test('by keyboard: recorded, seen to be loud, listened to, sent', { skip: missing }, async () => {
  await microphone(ada.page).focus();
  await ada.page.keyboard.press('Enter');
  await lasts(ada.page, '0:01');
  await ada.page.waitForFunction(() => Number(document.querySelector('.level > span').style.scale.split(' ')[0]) > 0.02, null, SOON);
  await isAccessible(ada.page, 'voice');
  await lasts(ada.page, '0:02');
  assert.ok(await ada.page.getByRole('button', { name: 'Stop' }).evaluate((button) => button === document.activeElement));
  await ada.page.keyboard.press('Enter');
  await recorder(ada.page).getByRole('button', { name: 'Play' }).click(SOON);
  await heard(ada.page);
  await isAccessible(ada.page, 'voice');
  await recorder(ada.page).getByRole('button', { name: 'Send' }).click();
  await recorder(ada.page).waitFor({ state: 'detached', ...SOON });
  await focusIsBack(ada.page);
  await bob.page.getByRole('log').getByRole('button', { name: 'Play' }).waitFor(SOON);
});

test('it is heard by the other one, from where and as fast as they like', { skip: missing }, async () => {
  const player = bob.page.getByRole('log');
  await player.getByRole('button', { name: 'Play' }).click();
  await heard(bob.page);
  await player.getByRole('button', { name: 'Pause' }).click();
  await player.getByRole('button', { name: 'Speed 1×' }).click();
  await player.getByRole('button', { name: 'Speed 1.5×' }).waitFor(SOON);
  const slider = player.getByRole('slider', { name: 'Position' });
  await slider.focus();
  await bob.page.keyboard.press('Home');
  for (let step = 0; step < 20; step += 1) await bob.page.keyboard.press('ArrowRight');
  const [at, rate, length] = await bob.page.evaluate(() => {
    const audio = document.querySelector('audio');
    return [audio.currentTime, audio.playbackRate, audio.duration];
  });
  assert.ok(at > 0.3 && at < length, `${at} of ${length}`);
  assert.equal(rate, 1.5);
  assert.match(await slider.getAttribute('aria-valuetext'), /^0:0\d \/ 0:0\d$/);
});

test('held, it records until it is let go', { skip: missing }, async () => {
  const box = await microphone(ada.page).boundingBox();
  await ada.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await ada.page.mouse.down();
  await lasts(ada.page, '0:01');
  await ada.page.mouse.up();
  await recorder(ada.page).getByRole('button', { name: 'Play' }).waitFor(SOON);
  await recorder(ada.page).getByRole('button', { name: 'Discard' }).click();
  await recorder(ada.page).waitFor({ state: 'detached', ...SOON });
  await focusIsBack(ada.page);
  await microphone(ada.page).click();
  await lasts(ada.page, '0:01');
  await ada.page.keyboard.press('Escape');
  await recorder(ada.page).waitFor({ state: 'detached', ...SOON });
  assert.equal(await bob.page.getByRole('log').getByRole('button', { name: 'Play' }).count(), 1, 'what was discarded was not sent');
});

test('more than some seconds are not thrown away unasked, and a voice can be an answer', { skip: missing }, async () => {
  const { page } = ada;
  await write(bob.page, 'tell me');
  await choose(page, 'tell me', 'Reply');
  await microphone(page).click();
  await lasts(page, '0:06');
  await page.keyboard.press('Escape');
  await recorder(page).getByText('Discard this recording?').waitFor(SOON);
  await isAccessible(page, 'voice');
  await page.keyboard.press('Enter');
  await recorder(page).getByRole('button', { name: 'Send' }).click(SOON);
  await recorder(page).waitFor({ state: 'detached', ...SOON });
  assert.equal(await page.locator('.about').count(), 0, 'it is answered');
  await bob.page.locator('.message').filter({ has: bob.page.locator('.player') }).locator('.quote').waitFor(SOON);
});

test('nothing went wrong unseen', { skip: missing }, () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket/.test(error);
  assert.deepEqual([...ada.errors, ...bob.errors].filter(lost), []);
});
