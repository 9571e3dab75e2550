// Notifications: turned on, tried out, shown, counted, mended, and turned off.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../e2e/lib/until.mjs';
import { isAccessible } from './lib/axe.mjs';
import { missing } from './lib/browser.mjs';
import { SOON, World, write } from './lib/people.mjs';
import { PushService, deliver, given, notifications, opened, pushSettings, serviceWorkerOf, standIn } from './lib/push.mjs';

let service;
let world;
let ada;
let bob;
let endpoints;
let worker;

before(async () => {
  if (missing) return;
  service = await PushService.start();
  world = await World.start({ env: pushSettings(service) });
  ada = await world.person('Ada', { size: 'desktop', permissions: ['notifications'] });
  bob = await world.person('Bob', { permissions: ['notifications'] });
  endpoints = [1, 2, 3, 4].map(() => service.endpoint());
  await standIn(ada, endpoints);
  await world.pair(ada, bob);
});
after(async () => {
  await world?.end();
  await service?.stop();
});

const open = async () => {
  await world.goTo(ada, '#/settings');
  await ada.page.reload();
  await ada.page.getByRole('heading', { name: 'Notifications' }).waitFor(SOON);
};
const turnedOn = () => ada.page.getByLabel('Notifications while Tidings is closed');
const keyOfNode = async () => Buffer.from((await (await fetch(`${world.node.origin}/v1/node`)).json()).vapid, 'base64url').toString('base64');
/** What the service worker counts on from. */
const counted = () => ada.context.serviceWorkers()[0].evaluate(async () => (await (await caches.open('tidings-state')).match('/state')).json());

test('notifications are turned on with the key of the node', { skip: missing }, async () => {
  await open();
  assert.equal(await turnedOn().isChecked(), false);
  await turnedOn().click();
  await ada.page.getByRole('button', { name: 'Send a test' }).waitFor(SOON);
  const { present, keys } = await given(ada.page);
  assert.equal(present.endpoint, endpoints[0].subscription.endpoint);
  assert.equal(keys[0], await keyOfNode());
  await isAccessible(ada.page, 'settings with notifications');
});

test('a test goes from the node to the screen, and says so', { skip: missing }, async () => {
  worker = await serviceWorkerOf(ada.page);
  await ada.page.getByRole('button', { name: 'Send a test' }).click();
  const plain = await opened(endpoints[0], world.node, 1);
  await deliver(worker, world.app.origin, plain);
  await ada.page.getByText('It works: the notification was shown.').waitFor(SOON);
  assert.deepEqual(await notifications(ada.page), [{ title: 'Tidings', body: 'Notifications work', tag: 'test' }]);
});

test('a test whose push service fails says what to do', { skip: missing }, async () => {
  endpoints[0].willAnswer(403);
  await ada.page.getByRole('button', { name: 'Send a test' }).click();
  await ada.page.getByText('Your node could not reach the push service').waitFor(SOON);
});

test('a message while the app is closed is shown and counted, also by pushes that are nonsense', { skip: missing }, async () => {
  const seen = endpoints[0].requests.length;
  await ada.page.goto('about:blank');
  await write(bob.page, 'are you there?');
  const plain = await opened(endpoints[0], world.node, seen + 1);
  const before = (await counted()).unread;
  for (const data of [plain, '{{{', '']) await deliver(worker, world.app.origin, data);
  await until('all are counted', async () => (await counted()).unread === before + 3);
  const shown = await ada.context.serviceWorkers()[0].evaluate(async () => (await self.registration.getNotifications()).map(({ body }) => body));
  assert.ok(shown.includes('Something new for you'), shown.join());
});

/** Alerted so long ago, the one that is shown. */
const shownBefore = (milliseconds) => ada.context.serviceWorkers()[0].evaluate((milliseconds) => self.registration.showNotification('Tidings', { tag: 'news', data: { at: Date.now() - milliseconds } }), milliseconds);
const alerts = () => ada.context.serviceWorkers()[0].evaluate(async () => (await self.registration.getNotifications({ tag: 'news' })).map(({ body, renotify }) => [body, renotify]));

test('who was alerted is alerted again by what comes later, and not by all that comes at once', { skip: missing }, async () => {
  for (const [ago, again] of [[5_000, false], [90_000, true]]) {
    await shownBefore(ago);
    await deliver(worker, world.app.origin, '{"v":1}');
    await until(`after ${ago} ms: ${again}`, async () => JSON.stringify(await alerts()) === JSON.stringify([['Something new for you', again]]));
  }
});

test('an app that is opened counts by itself, and puts notifications away', { skip: missing }, async () => {
  await world.goTo(ada);
  await ada.page.getByLabel('1 unread message').waitFor(SOON);
  await until('the worker counts what the app shows', async () => (await counted()).unread === 1);
  await until('no news are shown', async () => (await notifications(ada.page)).every(({ tag }) => tag !== 'news'));
  // A push while a window is open is shown, and counts nothing: the app does.
  await deliver(worker, world.app.origin, '{"v":1}');
  await until('it is shown', async () => (await notifications(ada.page)).some(({ tag }) => tag === 'news'));
  assert.equal((await counted()).unread, 1);
  assert.equal(await ada.page.title(), '(1) Tidings');
});

/** Presses the notification that is shown, as far as a browser without a screen can: says what the service worker does then. */
const press = () => ada.context.serviceWorkers()[0].evaluate(async () => {
  const [notification] = await self.registration.getNotifications({ tag: 'news' });
  const event = new NotificationEvent('notificationclick', { notification });
  const [done, waits] = [[], []];
  // Both are for a real press alone.
  const [open, focus] = [Clients.prototype.openWindow, WindowClient.prototype.focus];
  Clients.prototype.openWindow = async (url) => { done.push(`opens ${new URL(url, location).pathname}`); return null; };
  WindowClient.prototype.focus = async function () { done.push(`focuses ${new URL(this.url).pathname}`); return this; };
  Object.defineProperty(event, 'waitUntil', { value: (promise) => waits.push(promise) });
  self.dispatchEvent(event);
  await Promise.all(waits);
  Clients.prototype.openWindow = open;
  WindowClient.prototype.focus = focus;
  return { done, left: (await self.registration.getNotifications({ tag: 'news' })).length };
});

test('a notification that is pressed leads to the app where it is open, and opens it otherwise', { skip: missing }, async () => {
  await world.goTo(ada, '#/settings');
  // A page that comes to the front puts notifications away by itself.
  await deliver(worker, world.app.origin, '{"v":1}');
  const shown = () => ada.context.serviceWorkers()[0].evaluate(async () => (await self.registration.getNotifications({ tag: 'news' })).length);
  await until('it is shown', async () => (await shown()) === 1);
  // Where one was is where one goes on.
  assert.deepEqual(await press(), { done: ['focuses /'], left: 0 });
  await ada.page.getByRole('heading', { name: 'Settings' }).waitFor(SOON);
  await ada.page.goto('about:blank');
  await deliver(worker, world.app.origin, '{"v":1}');
  await until('it is shown', async () => (await shown()) === 1);
  assert.deepEqual(await press(), { done: ['opens /'], left: 0 });
  await world.goTo(ada);
});

test('a subscription that is gone is made anew at the next opening', { skip: missing }, async () => {
  await ada.page.evaluate(() => localStorage.setItem('test.push', JSON.stringify({ ...JSON.parse(localStorage.getItem('test.push')), present: null })));
  await open();
  await ada.page.getByText('Notifications had stopped working here. That is fixed now.').waitFor(SOON);
  worker = await serviceWorkerOf(ada.page);
  await ada.page.getByRole('button', { name: 'Send a test' }).click();
  await deliver(worker, world.app.origin, await opened(endpoints[1], world.node, 1));
  await ada.page.getByText('It works: the notification was shown.').waitFor(SOON);
  await open();
  await ada.page.getByRole('button', { name: 'Send a test' }).waitFor(SOON);
  assert.equal(await ada.page.getByText('That is fixed now.').count(), 0);
});

test('another key of the node makes another subscription', { skip: missing }, async () => {
  const other = Buffer.from(service.endpoint().receiver.publicKey);
  const answer = async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), vapid: other.toString('base64url') } });
  };
  await ada.page.route('**/v1/node', answer);
  await open();
  await ada.page.getByText('That is fixed now.').waitFor(SOON);
  assert.equal((await given(ada.page)).keys.at(-1), other.toString('base64'));
  await ada.page.unroute('**/v1/node', answer);
  await open();
  await ada.page.getByText('That is fixed now.').waitFor(SOON);
  assert.equal((await given(ada.page)).keys.at(-1), await keyOfNode());
});

test('turned off, nothing is subscribed', { skip: missing }, async () => {
  await turnedOn().click();
  await ada.page.getByRole('button', { name: 'Send a test' }).waitFor({ state: 'detached', ...SOON });
  assert.equal((await given(ada.page)).present, null);
  await open();
  assert.equal(await turnedOn().isChecked(), false);
});

test('what the browser does not allow any more is said', { skip: missing }, async () => {
  await ada.page.evaluate(() => localStorage.setItem('test.push', 'null'));
  await turnedOn().click();
  await ada.page.getByRole('button', { name: 'Send a test' }).waitFor(SOON);
  await ada.context.clearPermissions();
  await ada.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open();
  await ada.page.getByText('Notifications are off: your browser no longer allows them.').waitFor(SOON);
  await ada.page.getByText('Your browser does not allow notifications from Tidings.').waitFor(SOON);
  assert.equal(await turnedOn().count(), 0);
  await isAccessible(ada.page, 'settings without notifications');
  await ada.context.grantPermissions(['notifications']);
});

test('deleting everything ends the subscription', { skip: missing }, async () => {
  await open();
  await turnedOn().click();
  await ada.page.getByRole('button', { name: 'Send a test' }).waitFor(SOON);
  await ada.page.getByRole('button', { name: 'Delete everything' }).click();
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Delete everything' }).click();
  await ada.page.getByLabel('I have an invitation').waitFor(SOON);
  assert.equal((await given(ada.page)).present, null);
  assert.deepEqual(await notifications(ada.page), []);
});

test('on an iPhone the way to notifications is explained', { skip: missing }, async () => {
  await bob.context.addInitScript(() => Object.defineProperty(Navigator.prototype, 'userAgent', { get: () => 'Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) Safari/604' }));
  await world.goTo(bob, '#/settings');
  await bob.page.reload();
  await bob.page.getByText('On this device, only apps on the home screen get notifications.').waitFor(SOON);
  await bob.page.getByText('Add to Home Screen').waitFor(SOON);
  assert.equal(await bob.page.getByLabel('Notifications while Tidings is closed').count(), 0);
});

test('nothing went wrong unseen', { skip: missing }, () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket/.test(error);
  assert.deepEqual([...ada.errors, ...bob.errors].filter(lost), []);
});
