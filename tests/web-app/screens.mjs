// Pictures of every page, in both themes and sizes, to be looked at: node screens.mjs [FOLDER], by default target/screens.
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { invitationOf } from './lib/app.mjs';
import { MICROPHONE, SIZES } from './lib/browser.mjs';
import { drawnBy } from './lib/jpeg.mjs';
import { SOON, World, write } from './lib/people.mjs';
import { shootTroubles } from './lib/troubles.mjs';

const folder = process.argv[2] ?? fileURLToPath(new URL('../../target/screens', import.meta.url));
const world = await World.start();

async function begin(name, link) {
  const person = await world.person(name, { args: MICROPHONE, permissions: ['microphone'] });
  await world.goTo(person);
  await person.page.getByLabel('I have an invitation').waitFor(SOON);
  await shoot(person.page, 'start');
  await person.page.getByLabel('I have an invitation').fill(link);
  await person.page.getByRole('button', { name: 'Open', exact: true }).click();
  await shoot(person.page, 'invited');
  await person.page.getByLabel('Your name').fill(name);
  await person.page.getByRole('button', { name: 'Start talking' }).click();
  return person;
}

async function shoot(page, name) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(150);
      await page.screenshot({ path: `${folder}/${name}-${size}-${colorScheme}.png` });
    }
  }
  await page.setViewportSize(SIZES.phone);
}

/** Rooms, channels, people, and what is shared. */
async function elsewhere(ada, bob) {
  const { page } = ada;
  const to = async (place) => {
    await world.goTo(ada, place);
    await page.reload();
    await page.locator('.bar:visible').first().waitFor(SOON);
  };
  await to('#/');
  await page.getByRole('button', { name: 'New', exact: true }).click();
  await shoot(page, 'new');
  await to('#/open');
  await shoot(page, 'open-link');
  await page.getByRole('button', { name: 'Scan a code' }).click();
  await page.getByRole('dialog').waitFor(SOON);
  await shoot(page, 'scanner');
  await to('#/new-room');
  await shoot(page, 'new-room');
  await page.getByLabel('Room name').fill('Garden');
  await page.getByLabel('Passphrase').fill('open sesame');
  await page.getByRole('button', { name: 'Make the room' }).click();
  await page.getByRole('button', { name: 'Show the link' }).click(SOON);
  await page.locator('.address').waitFor(SOON);
  await shoot(page, 'room');
  const link = (await page.locator('.address').textContent()).trim();
  await world.goTo(bob, '#/open');
  await bob.page.getByRole('textbox', { name: 'Link', exact: true }).fill(link);
  await bob.page.getByRole('button', { name: 'Open', exact: true }).click();
  await bob.page.getByRole('button', { name: 'Join' }).click(SOON);
  await bob.page.getByLabel('Passphrase for the room').waitFor({ timeout: 40_000 });
  await shoot(bob.page, 'room-door');
  await bob.page.getByLabel('Passphrase for the room').fill('open sesame');
  await bob.page.getByRole('button', { name: 'Join' }).click();
  await bob.page.getByLabel('Write a message').waitFor({ timeout: 40_000 });
  await write(bob.page, 'somebody is here');
  await page.getByRole('button', { name: 'Back' }).click();
  await page.getByRole('log').getByText('somebody is here').waitFor(SOON);
  await shoot(page, 'room-chat');
  for (const person of [ada, bob]) {
    await world.goTo(person, '#/new-channel');
    if (person === ada) await shoot(page, 'new-channel');
    await person.page.getByLabel('Channel name').fill('lobby');
    await person.page.getByRole('button', { name: 'Join' }).click();
  }
  await bob.page.getByLabel('Say something to everybody').fill('Is anybody from the lake here?');
  await bob.page.getByRole('button', { name: 'Send' }).click();
  await page.getByRole('log').getByText('Is anybody').waitFor(SOON);
  await shoot(page, 'channel');
  const dora = await world.person('Dora');
  await world.begin(dora, await world.invitationBy(ada));
  await dora.page.getByLabel('Write a message').waitFor(SOON);
  await to('#/people');
  await shoot(page, 'people');
  await page.getByRole('link', { name: /Bob/ }).last().click();
  await page.getByRole('button', { name: 'Introduce Bob to somebody' }).waitFor(SOON);
  await shoot(page, 'person');
  await page.getByRole('button', { name: 'Introduce Bob to somebody' }).scrollIntoViewIfNeeded();
  await shoot(page, 'person-end');
  await page.getByRole('button', { name: 'Introduce Bob to somebody' }).click();
  await page.getByRole('checkbox', { name: /Dora/ }).check();
  await shoot(page, 'introduce');
  await page.getByRole('button', { name: 'Introduce', exact: true }).click();
  await world.goTo(dora);
  await dora.page.getByRole('region', { name: /A suggestion/ }).waitFor(SOON);
  await shoot(dora.page, 'introduced');
  await dora.page.getByRole('link', { name: /^Ada/ }).click();
  await dora.page.getByRole('log').getByText('would like to introduce').waitFor(SOON);
  await shoot(dora.page, 'introduced-chat');
  await page.evaluate(async () => {
    const form = new FormData();
    form.set('text', 'Look at this: https://example.org/lake');
    const canvas = new OffscreenCanvas(300, 200);
    canvas.getContext('2d').fillRect(40, 40, 200, 100);
    form.append('files', await canvas.convertToBlob({ type: 'image/png' }), 'lake.png');
    form.append('files', new File(['x'], 'map.gpx'), 'map.gpx');
    await fetch('/share', { method: 'POST', body: form });
  });
  await to('#/share');
  await page.getByText('Look at this').waitFor(SOON);
  await shoot(page, 'share');
}

async function shootPictures(page) {
  const editor = page.locator('dialog.editor');
  await page.locator('input[type=file]').setInputFiles({ name: 'lake.jpg', mimeType: 'image/jpeg', buffer: await drawnBy(page, 1200, 900) });
  await editor.locator('canvas').waitFor(SOON);
  const box = await page.locator('.canvas canvas').boundingBox();
  await page.mouse.move(box.x + 40, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 8 });
  await page.mouse.move(box.x + box.width - 40, box.y + 60, { steps: 8 });
  await page.mouse.up();
  await shoot(page, 'picture-draw');
  await editor.getByRole('button', { name: 'Add text' }).click();
  await editor.getByLabel('Text on the picture').fill('At the lake');
  await page.keyboard.press('Enter');
  await shoot(page, 'picture-text');
  await editor.getByRole('button', { name: 'Crop' }).click();
  await editor.getByRole('button', { name: 'To Bob' }).click();
  await shoot(page, 'picture-crop-to-whom');
  await editor.getByLabel('Add a caption').fill('Like this?');
  await page.keyboard.press('Enter');
  await editor.waitFor({ state: 'detached', ...SOON });
}

async function shootVoice(page, other) {
  await page.getByRole('button', { name: 'Record a voice message' }).click();
  await page.getByRole('timer').getByText('0:02').waitFor(SOON);
  await shoot(page, 'voice-recording');
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('group', { name: 'Voice message' }).getByRole('button', { name: 'Play' }).waitFor(SOON);
  await shoot(page, 'voice-review');
  await page.getByRole('group', { name: 'Voice message' }).getByRole('button', { name: 'Send' }).click();
  await other.getByRole('log').getByRole('button', { name: 'Play' }).waitFor(SOON);
  await shoot(page, 'voice-and-picture');
}

async function shootSearch(page) {
  await page.getByRole('button', { name: 'Search in this conversation' }).click();
  await page.getByRole('searchbox', { name: 'Search in this conversation' }).fill('cake lake');
  await page.locator('.hit').first().waitFor(SOON);
  await shoot(page, 'search-here');
  await page.keyboard.press('Escape');
  await page.getByLabel('Write a message').fill('I have begun');
  await world.goTo({ page });
  await page.keyboard.press('/');
  await page.keyboard.type('bob lake');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('lake');
  await page.locator('.hit').first().waitFor(SOON);
  await shoot(page, 'search');
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
}

/** The way back, an export, long names and much of everything, and what is shown when the browser's storage fails. */
async function filled(ada, bob) {
  await world.goTo(ada, '#/words');
  await ada.page.getByRole('button', { name: 'Show the words' }).click(SOON);
  await ada.page.getByRole('button', { name: 'Try them once' }).click();
  await shoot(ada.page, 'words-tried');
  await world.goTo(ada);
  await ada.page.getByRole('heading', { name: 'Keep your way back' }).waitFor(SOON);
  await shoot(ada.page, 'keep-words');
  await world.goTo(ada, '#/settings');
  await ada.page.getByRole('button', { name: 'Export everything' }).click(SOON);
  await shoot(ada.page, 'export');
  const carol = await world.person('Carolina Wilhelmina Amelia Skeggs of the Long Names');
  await world.begin(carol, await world.invitationBy(ada));
  await carol.page.getByLabel('Write a message').waitFor(SOON);
  await world.goTo(ada, '#/new-group');
  await ada.page.getByLabel('Group name').fill('Everybody who comes along to the lake on Saturday or Sunday');
  for (const box of await ada.page.getByRole('checkbox').all()) await box.check();
  await shoot(ada.page, 'new-group-chosen');
  await ada.page.getByRole('button', { name: 'New group' }).last().click();
  await write(ada.page, 'Who brings what?');
  for (const [who, emoji] of [[carol, '🎉'], [bob, '👍']]) {
    await who.page.goto(`${world.app.origin}/#/`);
    await who.page.getByRole('link', { name: /^Everybody/ }).click(SOON);
    await write(who.page, `${emoji} I bring it`);
    await who.page.getByRole('log').getByText('Who brings what?').click({ button: 'right' });
    await who.page.getByRole('dialog').getByRole('button', { name: emoji }).click(SOON);
  }
  await ada.page.getByRole('button', { name: /👍/ }).waitFor(SOON);
  await ada.page.getByRole('button', { name: /🎉/ }).click(SOON);
  await shoot(ada.page, 'group');
  await ada.page.getByRole('button', { name: 'Details' }).click();
  await shoot(ada.page, 'group-details');
  await world.goTo(ada);
  await shoot(ada.page, 'list-long');
  await bob.page.addInitScript(() => { Object.defineProperty(window, 'Worker', { value: class { constructor() { setTimeout(() => this.onerror({ message: 'none' })); } postMessage() {} } }); });
  await bob.page.reload();
  await shoot(bob.page, 'failed');
  await world.goTo(carol, '#/');
  await carol.page.evaluate(() => localStorage.clear());
  await carol.page.goto('about:blank');
  const session = await carol.context.newCDPSession(carol.page);
  await session.send('Storage.clearDataForOrigin', { origin: world.app.origin, storageTypes: 'file_systems,indexeddb' });
  await world.goTo(carol);
  await carol.page.getByText('Your browser has deleted').waitFor(SOON);
  await shoot(carol.page, 'evicted');
}

try {
  await mkdir(folder, { recursive: true });
  const ada = await begin('Ada', world.node.origin + invitationOf(world.node));
  await ada.page.getByText('Nobody here yet').waitFor(SOON);
  await shoot(ada.page, 'empty');
  const link = await world.invitationBy(ada);
  await shoot(ada.page, 'invite');
  const bob = await begin('Bob', link);
  await bob.page.getByLabel('Write a message').waitFor(SOON);
  await write(bob.page, 'Hello Ada! Shall we walk to the lake on Saturday? Grandma wants to come, too, and she says that the cake is on her.');
  await world.goTo(ada);
  await ada.page.getByRole('link', { name: /Bob/ }).waitFor(SOON);
  await shoot(ada.page, 'list');
  await ada.page.getByRole('link', { name: /Bob/ }).click();
  await write(ada.page, 'Yes!');
  await write(ada.page, 'I bring the map: https://example.org/lake');
  await bob.page.getByRole('log').getByText('I bring the map').waitFor(SOON);
  await bob.page.getByRole('log').getByText('I bring the map').click({ button: 'right' });
  await bob.page.getByRole('dialog').getByRole('button', { name: '❤️' }).click(SOON);
  await ada.page.getByRole('button', { name: '❤️' }).waitFor(SOON);
  await shoot(ada.page, 'chat');
  await write(bob.page, 'Donaudampfschifffahrtsgesellschaftskapitänsmützenbändchenverkäuferinnenvereinigungsvorsitzende is a word without a gap, and so is https://example.org/a/very/long/address/that/goes/on/and/on/and/never/ends/for/anybody');
  await write(ada.page, 'One more of mine');
  await write(ada.page, 'and another right after it');
  await bob.page.getByRole('log').getByText('and another right after it').waitFor(SOON);
  await shoot(ada.page, 'chat-long');
  await ada.page.getByRole('button', { name: 'More' }).first().click();
  await shoot(ada.page, 'message-menu');
  await ada.page.getByRole('button', { name: 'Close' }).click();
  const chat = ada.page.url();
  await shootPictures(ada.page);
  await shootVoice(ada.page, bob.page);
  await shootSearch(ada.page);
  await ada.page.goto(chat);
  for (const [name, place] of [['details', `${chat}/details`], ['new-group', '#/new-group'], ['settings', '#/settings'], ['devices', '#/devices'], ['words', '#/words'], ['known', '#/known'], ['node', '#/node']]) {
    await ada.page.goto(place.startsWith('#') ? `${world.app.origin}/${place}` : place);
    await ada.page.locator('.main .bar').waitFor(SOON);
    await shoot(ada.page, name);
  }
  await world.goTo(ada, '#/words');
  await ada.page.getByRole('button', { name: 'Show the words' }).click();
  await shoot(ada.page, 'words-shown');
  await elsewhere(ada, bob);
  await filled(ada, bob);
  const carol = await world.person('Carol');
  for (const [name, place] of [['restore', '#/restore'], ['link', '#/link']]) {
    await carol.page.goto(`${world.app.origin}/${place}`);
    await carol.page.locator('.bar').waitFor(SOON);
    await shoot(carol.page, name);
  }
} finally {
  await world.end();
}
await shootTroubles(shoot);
console.log(folder);
