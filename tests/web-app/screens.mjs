// Pictures of every page, in both themes and sizes, to be looked at: node screens.mjs [FOLDER], by default target/screens.
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { invitationOf } from './lib/app.mjs';
import { SIZES } from './lib/browser.mjs';
import { SOON, World, write } from './lib/people.mjs';

const folder = process.argv[2] ?? fileURLToPath(new URL('../../target/screens', import.meta.url));
const world = await World.start();

async function begin(name, link) {
  const person = await world.person(name);
  await world.goTo(person);
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
  await ada.page.getByRole('button', { name: 'More' }).first().click();
  await shoot(ada.page, 'message-menu');
  await ada.page.getByRole('button', { name: 'Close' }).click();
  const chat = ada.page.url();
  for (const [name, place] of [['details', `${chat}/details`], ['new-group', '#/new-group'], ['settings', '#/settings'], ['devices', '#/devices'], ['words', '#/words'], ['known', '#/known'], ['node', '#/node']]) {
    await ada.page.goto(place.startsWith('#') ? `${world.app.origin}/${place}` : place);
    await ada.page.locator('.main .bar').waitFor(SOON);
    await shoot(ada.page, name);
  }
  await ada.page.getByRole('button', { name: 'Show the words' }).click();
  await shoot(ada.page, 'words-shown');
  const carol = await world.person('Carol');
  for (const [name, place] of [['restore', '#/restore'], ['link', '#/link']]) {
    await carol.page.goto(`${world.app.origin}/${place}`);
    await carol.page.locator('.bar').waitFor(SOON);
    await shoot(carol.page, name);
  }
  console.log(folder);
} finally {
  await world.end();
}
