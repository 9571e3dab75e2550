// The app as one among others on a device: installed, without a network, updated, and given what other apps share.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Node } from '../e2e/lib/node.mjs';
import { until } from '../e2e/lib/until.mjs';
import { otherOrigin } from './lib/app.mjs';
import { isAccessible } from './lib/axe.mjs';
import { missing } from './lib/browser.mjs';
import { SOON, World, sees, write } from './lib/people.mjs';

const DIST = process.env.TIDINGS_WEB_DIST ?? fileURLToPath(new URL('../../web/dist', import.meta.url));
const PICTURE = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

let folder;
let world;
let ada;
let bob;

before(async () => {
  if (missing) return;
  // A copy of its own, so that a newer version can be put there.
  folder = await mkdtemp(join(tmpdir(), 'tidings-app-'));
  await cp(DIST, folder, { recursive: true });
  world = new World();
  Object.assign(world, { people: [], node: await Node.start() });
  world.app = await otherOrigin(world.node, folder);
  ada = await world.person('Ada');
  bob = await world.person('Bob', { size: 'desktop' });
  await world.pair(ada, bob);
});
after(async () => {
  await world?.end();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** The app is kept whole: its service worker runs. */
const kept = (page) => page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));

test('a browser finds nothing that stands against installing it', { skip: missing }, async () => {
  await kept(ada.page);
  const session = await ada.context.newCDPSession(ada.page);
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
  assert.deepEqual(installabilityErrors, []);
  const { errors, data } = await session.send('Page.getAppManifest');
  assert.deepEqual(errors, []);
  const manifest = JSON.parse(data);
  assert.equal(manifest.id, '/');
  for (const member of ['name', 'short_name', 'description', 'start_url', 'scope', 'display', 'theme_color', 'background_color']) assert.ok(manifest[member], member);
  for (const { src, sizes, type } of [...manifest.icons, ...manifest.shortcuts.flatMap(({ icons }) => icons)]) {
    const found = await ada.page.evaluate(async (url) => {
      const answer = await fetch(url);
      const image = await createImageBitmap(await answer.clone().blob()).catch(() => ({ width: 'any', height: 'any' }));
      return { type: answer.headers.get('content-type'), sizes: image.width === 'any' ? 'any' : `${image.width}x${image.height}` };
    }, src);
    assert.deepEqual(found, { type, sizes }, src);
  }
  const purposes = manifest.icons.map(({ purpose, sizes }) => `${purpose} ${sizes}`);
  for (const needed of ['any 192x192', 'any 512x512', 'maskable 512x512']) assert.ok(purposes.includes(needed), needed);
});

test('installing is offered to those who come back, and not again after a no', { skip: missing }, async () => {
  const offer = ada.page.getByRole('region', { name: 'Tidings as an app' });
  const comes = async () => {
    await world.goTo(ada);
    // As in a tab of its own.
    await ada.page.evaluate(() => sessionStorage.removeItem('tidings.opened'));
    await ada.page.reload();
    await ada.page.getByRole('link', { name: /Bob/ }).waitFor(SOON);
    await ada.page.evaluate(() => {
      const event = new Event('beforeinstallprompt', { cancelable: true });
      event.prompt = async () => { localStorage.setItem('test.prompted', '1'); };
      dispatchEvent(event);
    });
  };
  await ada.page.evaluate(() => localStorage.removeItem('tidings.openings'));
  await comes();
  assert.equal(await offer.count(), 0);
  await comes();
  await ada.page.reload();
  await comes();
  await offer.waitFor(SOON);
  await isAccessible(ada.page, 'offer to install');
  await offer.getByRole('button', { name: 'No, thanks' }).click();
  await offer.waitFor({ state: 'detached', ...SOON });
  await comes();
  assert.equal(await offer.count(), 0);
  // Settings can do it still.
  await ada.page.getByRole('button', { name: 'Settings' }).click();
  await ada.page.getByRole('button', { name: 'Install' }).click(SOON);
  await until('the browser asks', () => ada.page.evaluate(() => localStorage.getItem('test.prompted') === '1'));
});

/** A form of another app, as browsers send what is shared. */
async function share(person, fields, files) {
  // Not under the app's own policy, which sends no forms.
  await person.page.goto('about:blank');
  await person.page.evaluate(({ action, names }) => {
    const form = document.createElement('form');
    Object.assign(form, { action, method: 'post', enctype: 'multipart/form-data' });
    for (const [name, type] of [...names.map((name) => [name, 'text']), ['files', 'file']]) {
      form.append(Object.assign(document.createElement('input'), { name, type, multiple: type === 'file' }));
    }
    document.body.append(form);
  }, { action: `${world.app.origin}/share`, names: Object.keys(fields) });
  for (const [name, value] of Object.entries(fields)) await person.page.locator(`[name=${name}]`).fill(value);
  await person.page.locator('[name=files]').setInputFiles(files);
  await Promise.all([person.page.waitForURL(`${world.app.origin}/#/share`), person.page.evaluate(() => document.forms[0].submit())]);
}

/** One of the choices alone is chosen, and looks other than the rest. */
async function isSeenAsChosen(page, name) {
  const looks = await page.getByRole('radio').evaluateAll((radios) => radios.map((radio) => ({
    name: radio.getAttribute('aria-label') ?? radio.textContent,
    chosen: radio.checked === true,
    colour: getComputedStyle(radio.nextElementSibling ?? radio).backgroundColor,
  })));
  const [one, ...others] = looks.filter((found) => found.chosen);
  assert.deepEqual([one?.name, others], [name, []]);
  assert.ok(looks.every((found) => found === one || found.colour !== one.colour), `${name} looks like the others`);
}

test('pictures and files that are shared go where the person says, and a text becomes a draft', { skip: missing }, async () => {
  await share(ada, { title: 'Lake', text: 'Look at this', url: 'https://example.org/lake' }, [
    { name: 'lake.png', mimeType: 'image/png', buffer: PICTURE },
    { name: 'map.gpx', mimeType: 'application/gpx+xml', buffer: Buffer.from('<gpx/>') },
  ]);
  await ada.page.getByText('Look at this').waitFor(SOON);
  await ada.page.getByText('map.gpx').waitFor(SOON);
  await isAccessible(ada.page, 'share');
  assert.ok(await ada.page.getByRole('button', { name: 'Send' }).isDisabled());
  await ada.page.getByRole('searchbox', { name: 'Search' }).fill('nobody');
  await ada.page.getByText('Nothing found').waitFor(SOON);
  await ada.page.getByRole('searchbox', { name: 'Search' }).fill('bo');
  await ada.page.getByRole('checkbox', { name: /Bob/ }).check();
  // Who chooses how long a picture can be seen sees what is chosen, and can choose with the arrow keys.
  await isSeenAsChosen(ada.page, 'Keep');
  await ada.page.getByRole('radio', { name: 'Keep' }).press('ArrowRight');
  await isSeenAsChosen(ada.page, 'Once');
  await ada.page.getByRole('button', { name: 'Send' }).click();
  assert.equal(await ada.page.getByLabel('Write a message').inputValue(SOON), 'Lake\nLook at this\nhttps://example.org/lake');
  await bob.page.getByRole('button', { name: 'View once' }).waitFor(SOON);
  await bob.page.getByRole('log').getByText('map.gpx').waitFor(SOON);
  // It is kept no more, once the app has it.
  assert.equal(await ada.page.evaluate(() => caches.has('tidings-shared')), false);
  await world.goTo(ada, '#/share');
  await ada.page.reload();
  await ada.page.getByText('There is nothing to share.').waitFor(SOON);
});

test('of what is shared, a picture that can’t be read keeps nothing else back, and goes as it is only if one says so', { skip: missing }, async () => {
  const strange = (name) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from('a picture that no browser knows') });
  await share(ada, {}, [strange('hidden.heic'), strange('shown.heic'), { name: 'route.gpx', mimeType: 'application/gpx+xml', buffer: Buffer.from('<gpx/>') }]);
  await ada.page.getByText('route.gpx').waitFor(SOON);
  await ada.page.getByRole('checkbox', { name: /Bob/ }).check();
  await ada.page.getByRole('button', { name: 'Send' }).click();
  const asked = (name) => ada.page.getByRole('dialog', { name: `${name} can’t be read as a picture.` });
  await asked('hidden.heic').getByRole('button', { name: 'Cancel' }).click(SOON);
  await asked('shown.heic').getByRole('button', { name: 'Send as a file' }).click(SOON);
  for (const name of ['shown.heic', 'route.gpx']) await bob.page.getByRole('log').getByText(name).waitFor(SOON);
  assert.equal(await bob.page.getByRole('log').getByText('hidden.heic').count(), 0);
});

test('a share that is not wanted goes nowhere', { skip: missing }, async () => {
  await share(ada, { text: 'only a thought' }, []);
  await ada.page.getByText('only a thought').waitFor(SOON);
  await ada.page.getByRole('button', { name: 'Cancel' }).click();
  await ada.page.getByRole('link', { name: /Bob/ }).waitFor(SOON);
  await world.goTo(ada, '#/share');
  await ada.page.getByText('There is nothing to share.').waitFor(SOON);
});

test('a newer version begins at the next opening, and an open page goes on with its own files', { skip: missing }, async () => {
  await world.goTo(ada);
  await ada.page.reload();
  await ada.page.getByRole('link', { name: /Bob/ }).waitFor(SOON);
  const version = (page) => page.evaluate(() => document.querySelector('meta[name=version]')?.content ?? 'old');
  const versions = (page) => page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('tidings-app-')).length);
  const changed = ada.page.evaluate(() => new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', () => done(true), { once: true })));
  await newVersion();
  await ada.page.evaluate(async () => { await (await navigator.serviceWorker.ready).update(); });
  await changed;
  // Whoever opens it beside that has the newer one, and takes nothing away.
  const second = await ada.tab();
  await second.goto(`${world.app.origin}/#/`);
  await second.getByRole('link', { name: /Bob/ }).waitFor(SOON);
  assert.equal(await version(second), 'new');
  await second.close();
  // What it did not need before, and the node has no more: the decoder of the scanner.
  await world.goTo(ada, '#/open');
  assert.equal(await version(ada.page), 'old');
  await ada.page.getByRole('button', { name: 'Scan a code' }).click(SOON);
  const choose = ada.page.getByRole('dialog').locator('input[type=file]');
  await choose.setInputFiles({ name: 'nothing.png', mimeType: 'image/png', buffer: PICTURE });
  await ada.page.getByText('There is no code in this picture.').waitFor(SOON);
  const decoder = (await readdir(join(DIST, 'assets'))).find((name) => /^decode-.*\.js$/.test(name));
  assert.equal((await fetch(`${world.app.origin}/assets/${decoder}`)).status, 404);
  assert.equal(await ada.page.evaluate(async (name) => (await (await fetch(`/assets/${name}`)).text()).length > 1000, decoder), true);
  assert.equal(await versions(ada.page), 2);
  // Whoever opens it now has the newer one, and once nobody has the old one, it goes.
  await ada.page.reload();
  assert.equal(await version(ada.page), 'new');
  await ada.page.goto('about:blank');
  await world.goTo(ada);
  await ada.page.getByRole('link', { name: /Bob/ }).waitFor(SOON);
  await until('the old one is gone', async () => (await versions(ada.page)) === 1);
});

/** Puts a newer version of the app there: another page, another name for the decoder, and the worker that knows them. */
async function newVersion() {
  const [page, worker] = await Promise.all(['index.html', 'sw.js'].map((name) => readFile(join(folder, name), 'utf8')));
  const newer = page.replace('</head>', '<meta name="version" content="new"></head>');
  const hash = (text) => createHash('sha256').update(text).digest('hex');
  assert.ok(worker.includes(hash(page)));
  const cache = worker.match(/tidings-app-(?:\$\{)?[`"']?([0-9a-f]{16})/) ?? worker.match(/[`"']([0-9a-f]{16})[`"']/);
  for (const name of await readdir(join(folder, 'assets'))) if (/^decode-.*\.js$/.test(name)) await rm(join(folder, 'assets', name));
  const known = new RegExp(`\\[[\`"']/assets/decode-[^\\]]*\\],?`);
  assert.match(worker, known);
  await writeFile(join(folder, 'index.html'), newer);
  await writeFile(join(folder, 'sw.js'), worker.replace(hash(page), hash(newer)).replace(cache[1], 'f'.repeat(16)).replace(known, ''));
}

test('a version that is not whole is not taken', { skip: missing }, async () => {
  await writeFile(join(folder, 'icons/icon-192.png'), 'not what it was built as');
  const fresh = await world.person('Fresh');
  await world.goTo(fresh);
  await fresh.page.getByLabel('I have an invitation').waitFor(SOON);
  const state = () => fresh.page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.active?.state ?? 'none');
  await until('it was given up', () => fresh.page.evaluate(async () => (await navigator.serviceWorker.getRegistration()) === undefined));
  assert.equal(await state(), 'none');
});

test('the app opens without a network, and says so', { skip: missing }, async () => {
  await write(bob.page, 'read me in the tunnel');
  await world.openChat(ada, 'Bob');
  await sees(ada.page, 'read me in the tunnel');
  world.app.close();
  await ada.context.setOffline(true);
  await ada.page.reload();
  await sees(ada.page, 'read me in the tunnel');
  await ada.close();
  await ada.open();
  await ada.context.setOffline(true);
  await world.goTo(ada);
  await ada.page.getByText('No connection to your node.').waitFor(SOON);
  await ada.page.getByRole('link', { name: /Bob/ }).click(SOON);
  await write(ada.page, 'written in the tunnel');
  await sees(ada.page, 'written in the tunnel');
  await ada.context.setOffline(false);
  await sees(bob.page, 'written in the tunnel');
});

test('nothing went wrong unseen', { skip: missing }, () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket|Failed to fetch/.test(error);
  assert.deepEqual([...ada.errors, ...bob.errors].filter(lost), []);
});

