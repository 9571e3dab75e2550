// Several tabs of one browser: the one that leads is silent, frozen, or of another version.
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Node } from '../e2e/lib/node.mjs';
import { otherOrigin } from './lib/app.mjs';
import { isAccessible } from './lib/axe.mjs';
import { missing } from './lib/browser.mjs';
import { exactlyOnce, notThere } from './lib/doing.mjs';
import { makeNewer } from './lib/newer.mjs';
import { SOON, World, sees, write } from './lib/people.mjs';

const DIST = process.env.TIDINGS_WEB_DIST ?? fileURLToPath(new URL('../../web/dist', import.meta.url));
const SILENT = /^Another tab with Tidings does not answer/;
const OLDER = /^A newer version of Tidings is open/;
const LATER = { timeout: 60_000 };

let folder;
let world;
let ada;
let bob;
let second;

before(async () => {
  if (missing) return;
  // A copy of its own, so that another version can be put there.
  folder = await mkdtemp(join(tmpdir(), 'tidings-app-'));
  await cp(DIST, folder, { recursive: true });
  world = new World();
  Object.assign(world, { people: [], node: await Node.start() });
  world.app = await otherOrigin(world.node, folder);
  [ada, bob] = [await world.person('Ada'), await world.person('Bob', { size: 'desktop' })];
  await world.pair(ada, bob);
});
after(async () => {
  await world?.end();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** The worker of the first tab does nothing for so long, as that of a frozen one; ends when it has begun. */
async function sleep(milliseconds) {
  const asleep = second.evaluate(() => new Promise((heard) => {
    const channel = new BroadcastChannel('test.asleep');
    channel.onmessage = () => {
      channel.close();
      heard();
    };
  }));
  // A moment later: the answer to this must have left the worker.
  await ada.page.workers()[0].evaluate((milliseconds) => {
    const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    setTimeout(() => {
      new BroadcastChannel('test.asleep').postMessage(true);
      Atomics.wait(new Int32Array(buffer), 0, 0, milliseconds);
    }, 200);
  }, milliseconds);
  await asleep;
}

/** Another tab at the same place, that follows. */
async function another() {
  const page = await ada.tab();
  await page.goto(ada.page.url());
  await page.getByLabel('Write a message').waitFor(SOON);
  return page;
}

/** What one tab says to the others. */
const say = (page, message) => page.evaluate((message) => {
  const channel = new BroadcastChannel('tidings');
  channel.postMessage(message);
  channel.close();
}, message);

/** Asks the tab that leads as another one does; gives what it refuses with. */
const refusal = (page, question) => page.evaluate((question) => new Promise((refused) => {
  const channel = new BroadcastChannel('tidings');
  channel.onmessage = ({ data }) => { if (data.kind === 'refused' && data.to === 'a newer one') refused(data.why); };
  channel.postMessage({ kind: 'ask', from: 'a newer one', ask: Math.random(), question });
  setTimeout(() => { refused('no answer'); }, 15_000);
}), question);

test('a tab that leads and is silent is spoken of, and what was asked is done when it wakes', { skip: missing, timeout: 90_000 }, async () => {
  second = await another();
  await sleep(18_000);
  await write(second, 'while it slept');
  const line = second.getByText(SILENT);
  await line.waitFor(SOON);
  await isAccessible(second, 'a silent tab');
  await line.waitFor({ state: 'detached', ...SOON });
  await exactlyOnce(second, 'while it slept');
  await exactlyOnce(bob.page, 'while it slept');
});

test('so it is when nothing was asked: no news would come, either', { skip: missing, timeout: 90_000 }, async () => {
  await sleep(18_000);
  // As when one comes to this tab.
  await second.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await second.getByText(SILENT).waitFor(SOON);
  await second.getByText(SILENT).waitFor({ state: 'detached', ...SOON });
});

test('when the silent tab is closed, the other one does what it had asked', { skip: missing, timeout: 90_000 }, async () => {
  await sleep(60_000);
  await write(second, 'after it was closed');
  await second.getByText(SILENT).waitFor(SOON);
  await ada.page.close();
  ada.page = second;
  await second.getByText(SILENT).waitFor({ state: 'detached', ...SOON });
  await exactlyOnce(bob.page, 'after it was closed');
  await exactlyOnce(second, 'after it was closed');
});

test('a tab that is frozen hands over, and knows what came when it goes on', { skip: missing, timeout: 90_000 }, async () => {
  second = await another();
  const session = await ada.context.newCDPSession(ada.page);
  await session.send('Page.setWebLifecycleState', { state: 'frozen' });
  await write(bob.page, 'are you frozen?');
  await sees(second, 'are you frozen?');
  await write(second, 'only one of us');
  await sees(bob.page, 'only one of us');
  await session.send('Page.setWebLifecycleState', { state: 'active' });
  for (const text of ['are you frozen?', 'only one of us']) await exactlyOnce(ada.page, text);
  await write(ada.page, 'thawed');
  await exactlyOnce(bob.page, 'thawed');
  assert.equal(await second.getByText(SILENT).count(), 0);
});

test('so does one that is put away with its page, to be shown again later', { skip: missing, timeout: 90_000 }, async () => {
  const goes = (page, name) => page.evaluate((name) => { dispatchEvent(new PageTransitionEvent(name, { persisted: true })); }, name);
  await goes(second, 'pagehide');
  await write(ada.page, 'without you');
  await sees(bob.page, 'without you');
  await write(bob.page, 'with whom?');
  await sees(ada.page, 'with whom?');
  await notThere(second, 'with whom?');
  await goes(second, 'pageshow');
  for (const text of ['without you', 'with whom?']) await exactlyOnce(second, text);
});

test('what an older tab does not know is refused, and it goes on', { skip: missing, timeout: 90_000 }, async () => {
  for (const question of [{ command: { fly: { height: 3 } } }, { view: 'crystalBalls', args: [] }, { sing: true }]) {
    assert.equal(await refusal(ada.page, question), '"newer"', JSON.stringify(question));
  }
  await write(ada.page, 'still on the ground');
  await sees(bob.page, 'still on the ground');
});

test('what a tab said that led before is heard too late', { skip: missing, timeout: 90_000 }, async () => {
  await second.close();
  const other = await ada.tab();
  await other.goto(`${world.app.origin}/icons/icon.svg`);
  await write(ada.page, 'I lead');
  await sees(bob.page, 'I lead');
  await say(other, { kind: 'leads', leader: 'gone', state: { is: 'failed', why: 'busy', detail: 'late' } });
  await write(ada.page, 'and still do');
  await sees(bob.page, 'and still do');
  assert.equal(await ada.page.getByText('can’t start here').count(), 0);
  await other.close();
});

test('of two versions the older one is told to be loaded anew', { skip: missing, timeout: 90_000 }, async () => {
  await ada.page.reload();
  await ada.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  const changed = ada.page.evaluate(() => new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', () => done(true), { once: true })));
  await makeNewer(folder);
  await ada.page.evaluate(async () => { await (await navigator.serviceWorker.ready).update(); });
  await changed;
  assert.equal(await ada.page.getByText(OLDER).count(), 0);
  await ada.page.getByLabel('Write a message').fill('half written');
  second = await another();
  await ada.page.getByText(OLDER).waitFor(SOON);
  await isAccessible(ada.page, 'an older version');
  assert.equal(await second.getByText(OLDER).count(), 0);
  await ada.page.getByRole('button', { name: 'Reload' }).click();
  await ada.page.getByText(OLDER).waitFor({ state: 'detached', ...SOON });
  await ada.page.waitForFunction(() => document.querySelector('textarea')?.value === 'half written', null, LATER);
  assert.match(await ada.page.locator('script[type=module]').first().getAttribute('src'), /newer/);
  await write(second, 'both are new');
  await sees(bob.page, 'both are new');
});

test('nothing went wrong unseen', { skip: missing }, () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket/.test(error);
  assert.deepEqual([...ada.errors, ...bob.errors].filter(lost), []);
});
