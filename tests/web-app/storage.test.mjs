// What the browser keeps is gone, full, damaged or in use: each leads to a page that says what happened and what to do, never to an empty account.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { faults } from './lib/axe.mjs';
import { missing } from './lib/browser.mjs';
import { exactlyOnce } from './lib/doing.mjs';
import { SOON, World, sees, write } from './lib/people.mjs';

const FULL = 'The device is full.';
const LOST = 'What was kept here can’t be read any more';
const EVICTED = 'Your browser has deleted what Tidings kept here.';

let world;
let ada;
let bob;
let words;

/** A page of the app's origin without the app: nothing there is open. */
const aside = () => ada.page.goto(`${world.app.origin}/icons/icon.svg`);
const forget = async (storageTypes) => {
  await aside();
  const session = await ada.context.newCDPSession(ada.page);
  await session.send('Storage.clearDataForOrigin', { origin: world.app.origin, storageTypes });
  await session.detach();
};
/** The app from its beginning: from one `#` to another it would go on. */
const anew = async () => {
  await aside();
  await world.goTo(ada);
};
const says = (text) => ada.page.getByText(text).first().waitFor(SOON);

/** Runs this in the app's worker before anything else; `false` where the app comes from the node itself. */
async function inWorker(code) {
  if (!('changed' in world.app)) return false;
  await forget('service_workers,cache_storage');
  world.app.changed = (file, body) => (/\/worker-[^/]*\.js$/.test(file) ? `(${code})();\n${body}` : body);
  return true;
}

async function asItWas() {
  world.app.changed = (_file, body) => body;
  // The changed file is not to be found in a cache again.
  await forget('service_workers,cache_storage');
  const session = await ada.context.newCDPSession(ada.page);
  await session.send('Network.clearBrowserCache');
  await session.detach();
}

async function comeBack() {
  await ada.page.getByLabel('Your recovery words').fill(words);
  await ada.page.getByLabel('Address of your node').fill(world.node.origin);
  await ada.page.getByRole('button', { name: 'Restore' }).click();
  await ada.page.getByRole('link', { name: /^Bob/ }).click(SOON);
  await ada.page.getByLabel('Write a message').waitFor({ timeout: 40_000 });
}

before(async () => {
  if (missing) return;
  world = await World.start();
  [ada, bob] = [await world.person('Ada'), await world.person('Bob')];
  await world.pair(ada, bob);
  await write(ada.page, 'kept well');
  await sees(bob.page, 'kept well');
  await world.goTo(ada, '#/words');
  await ada.page.getByRole('button', { name: 'Show the words' }).click(SOON);
  words = (await ada.page.locator('.words > .word-list li').allTextContents()).join(' ');
});
after(() => world?.end());

test('a browser without what is needed is told apart from one that is broken', { skip: missing }, async (t) => {
  if (!(await inWorker('() => { delete FileSystemFileHandle.prototype.createSyncAccessHandle; }'))) return t.skip('only where the app comes from another origin');
  await world.goTo(ada);
  await says('This browser lacks something that Tidings needs.');
  assert.deepEqual(await faults(ada.page), []);
  await asItWas();
  await world.openChat(ada, 'Bob');
  await sees(ada.page, 'kept well');
});

test('a core that stumbles is thrown away, and the next one goes on', { skip: missing }, async (t) => {
  const changed = await inWorker(`() => {
    const real = WebAssembly.instantiateStreaming;
    WebAssembly.instantiateStreaming = async (...given) => {
      const { module, instance } = await real(...given);
      const exports = { ...instance.exports };
      exports.client_handle = (...args) => {
        if (self.trap) throw new WebAssembly.RuntimeError('unreachable');
        return instance.exports.client_handle(...args);
      };
      return { module, instance: { exports } };
    };
  }`);
  if (!changed) return t.skip('only where the app comes from another origin');
  await world.openChat(ada, 'Bob');
  await sees(ada.page, 'kept well');
  const stumbled = ada.page.waitForEvent('worker');
  await ada.page.workers()[0].evaluate(() => { self.trap = true; });
  await write(ada.page, 'before or after the fall');
  await write(ada.page, 'still here');
  await stumbled;
  await exactlyOnce(bob.page, 'still here');
  await sees(ada.page, 'still here');
  await asItWas();
});

test('a device that is full says so, and goes on when there is room', { skip: missing }, async () => {
  await world.openChat(ada, 'Bob');
  const session = await ada.context.newCDPSession(ada.page);
  await session.send('Storage.overrideQuotaForOrigin', { origin: world.app.origin, quotaSize: 1 });
  for (let turn = 0; turn < 60 && (await ada.page.getByText(FULL).count()) === 0; turn += 1) {
    await ada.page.getByLabel('Write a message').fill(`${turn} ${'long '.repeat(4_000)}`).catch(() => {});
    await ada.page.getByRole('button', { name: 'Send' }).click({ timeout: 2_000 }).catch(() => {});
  }
  await says(FULL);
  await session.send('Storage.overrideQuotaForOrigin', { origin: world.app.origin });
  await ada.page.getByRole('button', { name: 'Try again' }).click();
  await ada.page.getByLabel('Write a message').waitFor(SOON);
  await write(ada.page, 'room again');
  await exactlyOnce(bob.page, 'room again');
});

test('a database that is open elsewhere is waited for, and then spoken of', { skip: missing }, async () => {
  await aside();
  const holder = await ada.tab();
  await holder.goto(`${world.app.origin}/icons/icon.svg`);
  await holder.evaluate(() => { void navigator.locks.request('tidings-core', () => new Promise(() => {})); });
  await world.goTo(ada);
  await says('Tidings is open in another tab or window that does not answer.');
  await holder.close();
  await ada.page.getByRole('link', { name: /^Bob/ }).waitFor(SOON);
});

test('a damaged database leads back by the words that are still here', { skip: missing }, async () => {
  await aside();
  await ada.page.evaluate(async () => {
    const file = await (await navigator.storage.getDirectory()).getFileHandle('records');
    const writer = await file.createWritable({ keepExistingData: true });
    await writer.write({ type: 'write', position: 0, data: crypto.getRandomValues(new Uint8Array(64 * 1024 - 1)) });
    await writer.close();
  });
  await world.goTo(ada);
  await says(LOST);
  await says('Your recovery words are still here.');
  assert.equal((await ada.page.locator('.word-list li').allTextContents()).join(' '), words);
  assert.deepEqual(await faults(ada.page), []);
  await ada.page.getByRole('button', { name: 'Start over here' }).click();
  await ada.page.getByRole('dialog').getByRole('button', { name: 'I have recovery words' }).click();
  await comeBack();
  await write(ada.page, 'mended');
  await sees(bob.page, 'mended');
});

test('damage in the midst of it costs what it held, or leads to the same page', { skip: missing }, async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  t.diagnostic(`SEED=${seed}`);
  await aside();
  const size = await ada.page.evaluate(async (seed) => {
    let state = seed;
    const noise = () => Uint8Array.from({ length: 256 }, () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) >> 16);
    const file = await (await navigator.storage.getDirectory()).getFileHandle('records');
    const { size } = await file.getFile();
    const writer = await file.createWritable({ keepExistingData: true });
    for (let position = 16_384; position < size; position += 8_192) await writer.write({ type: 'write', position: position + 512, data: noise() });
    await writer.close();
    return size;
  }, seed);
  assert.ok(size > 32_768);
  await world.goTo(ada);
  const [lost, list] = [ada.page.getByRole('heading', { name: LOST }), ada.page.getByRole('link', { name: /^Bob/ })];
  await lost.or(list).waitFor(SOON);
  if ((await lost.count()) === 0) return;
  await ada.page.getByRole('button', { name: 'Start over here' }).click();
  await ada.page.getByRole('dialog').getByRole('button', { name: 'I have recovery words' }).click();
  await comeBack();
});

test('the key gone, or the records gone, leads to recovery', { skip: missing }, async () => {
  for (const gone of ['indexeddb', 'file_systems']) {
    await forget(gone);
    await world.goTo(ada);
    await says(EVICTED);
    assert.deepEqual(await faults(ada.page), []);
    await ada.page.getByRole('button', { name: 'I have recovery words' }).click();
    await comeBack();
  }
});
