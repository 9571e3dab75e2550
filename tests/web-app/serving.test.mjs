// What the browser makes of the app's files: what is not as it was built is not run.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { missing } from './lib/browser.mjs';
import { SOON, World } from './lib/people.mjs';

let world;

before(async () => {
  if (!missing) world = await World.start();
});
after(() => world?.end());

/** Somebody who gets one of the files with something added. */
async function withChanged(name, pattern) {
  const person = await world.person(name);
  let changed = 0;
  await person.context.route(pattern, async (route) => {
    const answer = await route.fetch();
    changed += 1;
    await route.fulfill({ response: answer, body: Buffer.concat([await answer.body(), Buffer.from(' ')]) });
  });
  await world.goTo(person);
  return { person, changes: () => changed };
}

test('a changed script is not run', { skip: missing }, async () => {
  const { person, changes } = await withChanged('Mallory', '**/assets/index-*.js');
  await person.page.waitForFunction(() => document.readyState === 'complete');
  assert.ok(changes() > 0);
  assert.equal(await person.page.locator('#app').innerHTML(), '');
  assert.ok(person.errors.some((error) => /integrity/i.test(error)), person.errors.join());
});

test('a changed core is not run, and the app says so', { skip: missing }, async () => {
  const { person, changes } = await withChanged('Oscar', '**/assets/*.wasm');
  await person.page.getByText('A part of Tidings did not come, or not as it was built.').waitFor(SOON);
  assert.ok(changes() > 0);
});

test('what is as it was built runs', { skip: missing }, async () => {
  const person = await world.person('Ada');
  await world.goTo(person);
  await person.page.getByLabel('I have an invitation').waitFor(SOON);
  assert.deepEqual(person.errors.filter((error) => /integrity|policy/i.test(error)), []);
});
