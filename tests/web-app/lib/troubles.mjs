// Pictures of questions, failures, linking, and of the app in German; called by screens.mjs, with its own people.
import { SOON, World } from './people.mjs';

/** Takes all of them with `shoot(page, name)`, in a world of its own. */
export async function shootTroubles(shoot) {
  const world = await World.start();
  try {
    const [ada, bob] = [await world.person('Ada'), await world.person('Bob')];
    await world.pair(ada, bob);
    await questions(world, ada, bob, shoot);
    await linking(world, ada, shoot);
    await inGerman(world, ada, shoot);
    await failures(world, ada, shoot);
  } finally {
    await world.end();
  }
}

async function questions(world, ada, bob, shoot) {
  const { page } = ada;
  await world.goTo(ada, '#/new-group');
  await page.getByLabel('Group name').fill('Lake on Saturday');
  await page.getByLabel('Bob').check(SOON);
  await page.getByRole('button', { name: 'New group' }).last().click();
  await page.getByRole('button', { name: 'Details' }).click(SOON);
  await page.getByRole('button', { name: 'Remove Bob' }).click(SOON);
  await shoot(page, 'question-remove');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await world.openChat(bob, 'Ada');
  await bob.page.goto(`${world.app.origin}/#/`);
  await bob.page.getByRole('link', { name: /^Lake/ }).click(SOON);
  await bob.page.getByRole('button', { name: 'Details' }).click(SOON);
  await bob.page.getByRole('button', { name: 'Delete here' }).click(SOON);
  await shoot(bob.page, 'question-delete-here');
  await bob.page.goto(`${world.app.origin}/#/c/RERERERERERERERERERERA`);
  await bob.page.getByText('not here any more').waitFor(SOON);
  await shoot(bob.page, 'not-here');
}

async function linking(world, ada, shoot) {
  const { page } = ada;
  await world.goTo(ada, '#/devices');
  await page.getByRole('button', { name: 'Link a device' }).click(SOON);
  const code = (await page.locator('.address').textContent(SOON)).trim();
  await shoot(page, 'code');
  const desk = await world.person('Ada', { size: 'desktop' });
  await world.goTo(desk, '#/link');
  await desk.page.getByRole('textbox', { name: 'Code' }).fill(code);
  await desk.page.getByRole('button', { name: 'Link', exact: true }).click();
  await page.getByRole('dialog', { name: /wants to be linked/ }).waitFor(SOON);
  await shoot(page, 'link-request');
  await shoot(desk.page, 'link-check');
  await page.keyboard.press('Escape');
  await page.getByRole('region', { name: /wants to be linked/ }).waitFor(SOON);
  await shoot(page, 'link-waiting');
  await page.getByRole('button', { name: 'Yes, it does' }).click();
  await desk.page.getByRole('link', { name: /^Bob/ }).waitFor(SOON);
  await page.getByRole('listitem').filter({ hasNotText: 'this device' }).getByRole('button').click(SOON);
  await shoot(page, 'question-device');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await desk.page.getByRole('heading', { name: 'This device was removed' }).waitFor(SOON);
  await shoot(desk.page, 'removed');
}

async function inGerman(world, ada, shoot) {
  const carla = await world.person('Carla', { language: 'de-DE' });
  const { page } = carla;
  await world.goTo(carla);
  await page.getByLabel('Ich habe eine Einladung').waitFor(SOON);
  await shoot(page, 'de-start');
  await page.getByLabel('Ich habe eine Einladung').fill(await world.invitationBy(ada));
  await page.getByRole('button', { name: 'Öffnen', exact: true }).click();
  await page.getByLabel('Dein Name').fill('Carla', SOON);
  await page.getByRole('button', { name: 'Loslegen' }).click();
  await page.getByLabel('Nachricht schreiben').fill('Kommt ihr mit zum See?', SOON);
  await page.getByRole('button', { name: 'Senden' }).click();
  await page.getByRole('log').getByText('Kommt ihr').waitFor(SOON);
  await shoot(page, 'de-chat');
  const chat = page.url();
  for (const [name, place] of [['details', `${chat}/details`], ['list', '#/'], ['settings', '#/settings'], ['devices', '#/devices'], ['known', '#/known'], ['words', '#/words']]) {
    await page.goto(place.startsWith('#') ? `${world.app.origin}/${place}` : place);
    await page.locator('.bar:visible').first().waitFor(SOON);
    await shoot(page, `de-${name}`);
  }
}

async function failures(world, ada, shoot) {
  const { page } = ada;
  await world.goTo(ada, '#/settings');
  await page.getByRole('button', { name: 'Delete everything' }).click(SOON);
  await world.node.stop();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete everything' }).click();
  await page.locator('dialog .toast').waitFor({ timeout: 40_000 });
  await shoot(page, 'failed-over-dialog');
  await page.keyboard.press('Escape');
  await world.goTo(ada, '#/known');
  await page.getByText('This could not be loaded.').waitFor({ timeout: 40_000 });
  await shoot(page, 'not-loaded');
  await page.evaluate(() => { Intl.DateTimeFormat = undefined; });
  await page.evaluate(() => { location.hash = '#/devices'; });
  await page.getByRole('alert').waitFor(SOON);
  await shoot(page, 'broken');
}
