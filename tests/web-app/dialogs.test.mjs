// Questions before what can't be taken back, what is said when something fails, and the way on from there.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../e2e/lib/until.mjs';
import { isAccessible } from './lib/axe.mjs';
import { SIZES, missing } from './lib/browser.mjs';
import { drawnBy } from './lib/jpeg.mjs';
import { SOON, World, sees, write } from './lib/people.mjs';

const GROUP = 'Lake on Saturday';
let world;
let ada;
let bob;

const focused = (page) => page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent);
/** Opens a group's page of details. */
const detailsOf = async (person, name) => {
  await world.openChat(person, name);
  await person.page.getByRole('button', { name: 'Details' }).click();
};
/** A question that is asked: the focus is on the way out, and axe finds nothing. */
const question = async (page, name) => {
  const dialog = page.getByRole('dialog', { name });
  await dialog.waitFor(SOON);
  assert.equal(await focused(page), 'Cancel');
  await isAccessible(page, String(name));
  return dialog;
};

before(async () => {
  if (missing) return;
  world = await World.start();
  [ada, bob] = [await world.person('Ada'), await world.person('Bob', { size: 'desktop' })];
  await world.pair(ada, bob);
  await write(bob.page, 'hello');
  await sees(ada.page, 'hello');
  await world.goTo(ada, '#/new-group');
  await ada.page.getByLabel('Group name').fill(GROUP);
  await ada.page.getByLabel('Bob').check(SOON);
  await ada.page.getByRole('button', { name: 'New group' }).last().click();
  await ada.page.getByLabel('Write a message').waitFor(SOON);
});
after(() => world?.end());

test('nobody is made an owner, or removed, by one press', { skip: missing }, async () => {
  await detailsOf(ada, GROUP);
  const role = ada.page.getByRole('combobox', { name: 'Role of Bob' });
  await role.selectOption({ label: 'Owner' });
  await (await question(ada.page, 'Make Bob an owner?')).getByRole('button', { name: 'Cancel' }).click();
  await ada.page.locator('dialog').waitFor({ state: 'detached' });
  assert.equal(await role.inputValue(), '2');
  const remove = ada.page.getByRole('button', { name: 'Remove Bob' });
  await remove.click();
  await question(ada.page, 'Remove Bob?');
  // Whoever goes elsewhere has not said yes.
  const place = ada.page.url();
  await ada.page.evaluate(() => { location.hash = '#/'; });
  await ada.page.locator('dialog').waitFor({ state: 'detached' });
  await ada.page.goto(place);
  await remove.click();
  await question(ada.page, 'Remove Bob?');
  await ada.page.keyboard.press('Escape');
  await ada.page.locator('dialog').waitFor({ state: 'detached' });
  assert.equal(await focused(ada.page), 'Remove Bob');
  await remove.click();
  await (await question(ada.page, 'Remove Bob?')).getByRole('button', { name: 'Remove', exact: true }).click();
  await remove.waitFor({ state: 'detached', ...SOON });
});

test('what is deleted here is said to be deleted, and its address leads on', { skip: missing }, async () => {
  await detailsOf(bob, GROUP);
  const place = bob.page.url().replace('/details', '');
  await bob.page.getByRole('button', { name: 'Delete here' }).click(SOON);
  const dialog = await question(bob.page, `Delete “${GROUP}” here?`);
  await dialog.getByText('The whole conversation is deleted from this device').waitFor(SOON);
  await dialog.getByRole('button', { name: 'Delete here' }).click();
  await bob.page.getByRole('link', { name: new RegExp(GROUP) }).waitFor({ state: 'detached', ...SOON });
  for (const gone of [place, `${place}/details`]) {
    await bob.page.goto(gone);
    await bob.page.getByText('This conversation is not here any more.').waitFor(SOON);
    await isAccessible(bob.page, 'a conversation that is gone');
    await bob.page.getByRole('button', { name: 'Back to conversations' }).click();
    await until('the list is open', () => bob.page.url().endsWith('/#/'));
  }
});

test('an invitation is withdrawn after a question', { skip: missing }, async () => {
  await world.goTo(bob, '#/invite');
  await bob.page.getByLabel('Who is it for?').fill('Carol');
  await bob.page.getByRole('button', { name: 'Make a link' }).click();
  const withdraw = bob.page.getByRole('button', { name: 'Withdraw: Carol' });
  await withdraw.click(SOON);
  await (await question(bob.page, 'Withdraw this invitation?')).getByRole('button', { name: 'Withdraw' }).click();
  await withdraw.waitFor({ state: 'detached', ...SOON });
});

test('a fault in one page leaves the others alone', { skip: missing }, async () => {
  await world.goTo(bob, '#/settings');
  await bob.page.evaluate(() => {
    window.whole = Intl.NumberFormat;
    Intl.NumberFormat = function broken() { throw new Error('broken on purpose'); };
  });
  await bob.page.getByRole('link', { name: 'What your node knows' }).click(SOON);
  await bob.page.getByText('This page can’t be shown.').waitFor(SOON);
  await isAccessible(bob.page, 'a page that is broken');
  await bob.page.evaluate(() => { Intl.NumberFormat = window.whole; });
  await bob.page.getByRole('button', { name: 'Try again' }).click();
  await bob.page.getByText('Your account was created on').waitFor(SOON);
  await bob.page.getByRole('link', { name: /^Ada/ }).click();
  await sees(bob.page, 'hello');
});

test('what a newer node keeps is shown by its own name', { skip: missing }, async () => {
  await bob.page.evaluate(() => {
    const parse = JSON.parse;
    JSON.parse = (...all) => {
      const found = parse(...all);
      if (Array.isArray(found?.rows)) found.rows.push({ kind: 'crystal_balls', count: 2, bytes: 0, rows: [] });
      return found;
    };
  });
  await bob.page.evaluate(() => { location.hash = '#/known'; });
  await bob.page.getByText('crystal_balls').waitFor(SOON);
});

test('on a desktop, pages within pages have a way back, and the tab says where one is', { skip: missing }, async () => {
  await world.goTo(bob, '#/known');
  await bob.page.getByRole('heading', { name: 'What your node knows' }).waitFor(SOON);
  await until('the title says it', async () => (await bob.page.title()) === 'What your node knows · Tidings');
  await bob.page.getByRole('button', { name: 'Back' }).click();
  await bob.page.getByRole('heading', { name: 'Settings' }).waitFor(SOON);
  assert.equal(await bob.page.getByRole('button', { name: 'Back' }).count(), 0, 'the list is there already');
  await world.openChat(ada, 'Bob');
  await write(ada.page, 'look at the title');
  await until('the title counts', async () => (await bob.page.title()) === '(1) Settings · Tidings');
  await bob.page.getByRole('link', { name: /^Ada/ }).click();
  await until('the title names the conversation', async () => (await bob.page.title()) === 'Ada · Tidings');
});

test('whoever comes back to the list is where they left it', { skip: missing }, async () => {
  await world.openChat(ada, 'Bob');
  await ada.page.getByRole('button', { name: 'Back' }).click();
  await until('the row has the focus', async () => (await ada.page.evaluate(() => document.activeElement.matches('a.row') && document.activeElement.textContent)).includes('Bob'));
});

test('the key that opens the search can be turned off', { skip: missing }, async () => {
  const { page } = bob;
  const field = page.getByRole('searchbox', { name: 'Search people and messages' });
  const pressed = async (key) => {
    await page.getByRole('heading', { name: 'Settings' }).click();
    await page.keyboard.press(key);
    return field.evaluate((element) => element === document.activeElement);
  };
  await world.goTo(bob, '#/settings');
  const slash = page.getByRole('checkbox', { name: 'The / key opens the search' });
  await slash.uncheck(SOON);
  await slash.blur();
  assert.equal(await pressed('/'), false);
  assert.equal(await pressed('Control+k'), true);
  await page.reload();
  assert.equal(await slash.isChecked(), false);
  await slash.check();
  await slash.blur();
  assert.equal(await pressed('/'), true);
});

test('with forced colours one sees what is chosen, and with little motion nothing pulses', { skip: missing }, async () => {
  await world.openChat(bob, 'Ada');
  await bob.page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
  await bob.page.locator('input[type=file]').first().setInputFiles({ name: 'lake.jpg', mimeType: 'image/jpeg', buffer: await drawnBy(bob.page, 600, 400) });
  await bob.page.locator('dialog.editor canvas').waitFor(SOON);
  const styles = await bob.page.evaluate(() => {
    const style = (selector) => getComputedStyle(document.querySelector(selector));
    const sign = document.body.appendChild(Object.assign(document.createElement('span'), { className: 'recording-sign' }));
    const pulses = getComputedStyle(sign).animationName;
    sign.remove();
    return { chosen: style('.choice > input:checked + span').outlineStyle, other: style('.choice > input:not(:checked) + span').outlineStyle, swatch: style('.swatch').forcedColorAdjust, pulses };
  });
  assert.deepEqual(styles, { chosen: 'solid', other: 'none', swatch: 'none', pulses: 'none' });
  await bob.page.keyboard.press('Escape');
  await bob.page.emulateMedia({ forcedColors: 'none', reducedMotion: 'no-preference' });
});

test('a part of the app that does not come can be asked for again', { skip: missing }, async () => {
  const carol = await world.person('Carol');
  // The service worker would have it already.
  await carol.context.addInitScript(() => { ServiceWorkerContainer.prototype.register = () => new Promise(() => {}); });
  await carol.page.route(/assets\/pages-/, (request) => request.abort());
  await world.begin(carol, await world.invitationBy(ada));
  await carol.page.getByLabel('Write a message').waitFor(SOON);
  await carol.page.getByRole('button', { name: 'Details' }).click();
  await carol.page.getByText('This could not be loaded.').waitFor(SOON);
  await isAccessible(carol.page, 'a part that did not come');
  await carol.page.unroute(/assets\/pages-/);
  await carol.page.getByRole('button', { name: 'Try again' }).click();
  await carol.page.getByRole('heading', { name: 'Safety number' }).waitFor(SOON);
});

test('what fails while a dialog is open is seen and heard over it', { skip: missing }, async () => {
  await world.goTo(ada, '#/settings');
  await ada.page.getByRole('button', { name: 'Delete everything' }).click(SOON);
  const dialog = ada.page.getByRole('dialog', { name: 'Delete everything' });
  await world.node.stop();
  await dialog.getByRole('button', { name: 'Delete everything' }).click();
  // In the dialog: all that is outside of it has no voice.
  const said = dialog.getByRole('status').locator('.toast');
  await said.waitFor({ timeout: 60_000 });
  assert.match(await said.textContent(), /can’t be reached/);
  for (const [size, viewport] of Object.entries(SIZES)) {
    await ada.page.setViewportSize(viewport);
    const seen = await said.evaluate((toast) => {
      const { left, top, width, height } = toast.getBoundingClientRect();
      // Presses go through it: that it is the topmost is asked without that.
      toast.parentElement.style.pointerEvents = 'auto';
      const top1 = document.elementFromPoint(left + width / 2, top + height / 2);
      toast.parentElement.style.pointerEvents = '';
      return top1 === toast;
    });
    assert.ok(seen, `on top, ${size}`);
    const [toast, asked] = await Promise.all([said.boundingBox(), dialog.getByText('Your account is deleted').boundingBox()]);
    assert.ok(toast.y + toast.height < asked.y, 'it hides nothing of the question');
  }
  await isAccessible(ada.page, 'a failure over a dialog');
  await ada.page.keyboard.press('Escape');
  await ada.page.locator('dialog').waitFor({ state: 'detached' });
});

test('a page that could not be loaded says so, and is tried again', { skip: missing }, async () => {
  await world.goTo(ada, '#/known');
  await ada.page.getByText('This could not be loaded.').waitFor({ timeout: 60_000 });
  await isAccessible(ada.page, 'a page that could not be loaded');
  await world.node.startThere();
  await until('it is there', async () => {
    const again = ada.page.getByRole('button', { name: 'Try again' });
    if (await again.count() > 0) await again.click().catch(() => undefined);
    return (await ada.page.getByText('Your account was created on').count()) > 0;
  }, { deadlineMs: 40_000 });
});

test('nothing went wrong unseen', { skip: missing }, () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket|broken on purpose/.test(error);
  assert.deepEqual([ada, bob].flatMap((person) => person.errors).filter(lost), []);
});
