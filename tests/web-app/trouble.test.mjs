// Networks that go, browsers and tabs that are killed, a node that is restarted: nothing is lost, and nothing comes twice.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { missing } from './lib/browser.mjs';
import { exactlyOnce, inOrder, stands, times } from './lib/doing.mjs';
import { SOON, World, sees, write } from './lib/people.mjs';

let world;
let ada;
let bob;

before(async () => {
  if (missing) return;
  world = await World.start();
  [ada, bob] = [await world.person('Ada'), await world.person('Bob', { size: 'desktop' })];
  await world.pair(ada, bob);
  await write(ada.page, 'hello');
  await sees(bob.page, 'hello');
});
after(() => world?.end());

test('what is written without a network waits, and goes out after', { skip: missing }, async () => {
  await ada.context.setOffline(true);
  for (const text of ['in the tunnel', 'still in it']) {
    await write(ada.page, text);
    await stands(ada.page, text, 'Waiting');
  }
  await world.goTo(ada);
  await ada.page.getByText('No connection to your node.').waitFor(SOON);
  await write(bob.page, 'where are you?');
  await ada.context.setOffline(false);
  await world.openChat(ada, 'Bob');
  await sees(ada.page, 'where are you?');
  await inOrder(bob.page, ['in the tunnel', 'still in it']);
  await stands(ada.page, 'still in it', /Delivered|Seen/);
});

test('a browser killed in mid-send sends it once when it is back', { skip: missing }, async () => {
  await world.node.stop();
  for (const text of ['before the power cut', 'and right in it']) await write(ada.page, text);
  await stands(ada.page, 'before the power cut', 'Waiting');
  await stands(ada.page, 'and right in it', 'Waiting');
  await ada.kill();
  await ada.open();
  await world.openChat(ada, 'Bob');
  await stands(ada.page, 'before the power cut', 'Waiting');
  await world.node.startThere();
  await inOrder(bob.page, ['before the power cut', 'and right in it']);
  await stands(ada.page, 'and right in it', /Delivered|Seen/);
  for (const page of [ada.page, bob.page]) assert.equal(await times(page, 'before the power cut'), 1);
});

test('when the tab that leads crashes, the other one goes on', { skip: missing }, async () => {
  const first = bob.page;
  const second = await bob.tab();
  await second.goto(first.url());
  await sees(second, 'and right in it');
  const crash = await bob.context.newCDPSession(first);
  const crashed = new Promise((done) => first.once('crash', done));
  await write(second, 'one moment before');
  void crash.send('Page.crash').catch(() => {});
  await crashed;
  bob.page = second;
  await write(ada.page, 'did you fall?');
  await write(second, 'and on');
  await sees(second, 'did you fall?');
  await inOrder(ada.page, ['one moment before', 'and on']);
  await first.close();
  for (const text of ['one moment before', 'did you fall?', 'and on']) await exactlyOnce(second, text);
});

test('tabs are opened and closed while messages come, and each sees them once', { skip: missing }, async () => {
  const said = [];
  for (let turn = 0; turn < 4; turn += 1) {
    const next = await bob.tab();
    await next.goto(bob.page.url());
    await write(ada.page, `to Bob ${turn}`);
    await bob.page.close();
    bob.page = next;
    await next.getByLabel('Write a message').waitFor(SOON);
    await write(next, `to Ada ${turn}`);
    said.push(turn);
  }
  await inOrder(ada.page, said.map((turn) => `to Ada ${turn}`));
  await inOrder(bob.page, said.map((turn) => `to Bob ${turn}`));
});

test('the node is restarted while both talk', { skip: missing }, async () => {
  const words = (who) => [1, 2, 3, 4].map((number) => `${who} ${number}`);
  await write(ada.page, 'Ada 1');
  await write(bob.page, 'Bob 1');
  await world.node.kill();
  await write(ada.page, 'Ada 2');
  await write(bob.page, 'Bob 2');
  await world.node.startThere();
  await write(ada.page, 'Ada 3');
  await write(bob.page, 'Bob 3');
  await sees(ada.page, 'Bob 2');
  await sees(bob.page, 'Ada 2');
  await write(ada.page, 'Ada 4');
  await write(bob.page, 'Bob 4');
  for (const page of [ada.page, bob.page]) for (const who of ['Ada', 'Bob']) await inOrder(page, words(who));
});

test('nothing went wrong unseen', { skip: missing }, () => {
  const lost = (error) => !/Failed to load resource|ERR_|WebSocket/.test(error);
  assert.deepEqual([ada, bob].flatMap((person) => person.errors).filter(lost), []);
});
