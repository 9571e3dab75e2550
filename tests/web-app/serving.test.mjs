// What the browser makes of the app's files: what is not as it was built is not run.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { get } from 'node:http';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { BINARY } from '../e2e/lib/node.mjs';
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

/** What comes to whom accepts this encoding: how it is encoded, and its bytes. */
const answerTo = (path, encoding) => new Promise((done, failed) => {
  get(`${world.node.origin}${path}`, { headers: { 'accept-encoding': encoding } }, (answer) => {
    const pieces = [];
    answer.on('data', (piece) => pieces.push(piece)).on('error', failed).on('end', () => {
      done({ status: answer.statusCode, encoding: answer.headers['content-encoding'] ?? 'identity', body: Buffer.concat(pieces) });
    });
  }).on('error', failed);
});

const opened = { br: brotliDecompressSync, gzip: gunzipSync, identity: (body) => body };
const outside = () => (missing || world.app.origin !== world.node.origin ? 'the node has no app inside' : false);

test('every file is the published one, however it is compressed, and the program says so of a node', async (context) => {
  if (outside()) return context.skip(outside());
  const { files } = await (await fetch(`${world.node.origin}/app.json`)).json();
  const names = Object.keys(files);
  const compressed = { br: 0, gzip: 0, identity: 0 };
  for (const path of names) {
    for (const wanted of ['br', 'gzip', 'identity']) {
      const { status, encoding, body } = await answerTo(path, wanted);
      assert.equal(status, 200, path);
      assert.ok(encoding === wanted || encoding === 'identity', `${path} as ${encoding}`);
      assert.equal(createHash('sha256').update(opened[encoding](body)).digest('hex'), files[path].sha256, `${path} as ${encoding}`);
      compressed[encoding] += 1;
    }
  }
  assert.ok(names.length > 10 && compressed.br > 10 && compressed.gzip > 10, JSON.stringify(compressed));
  const { stdout } = await promisify(execFile)(BINARY, ['verify', world.node.origin, '--json']);
  const { same, files: compared } = JSON.parse(stdout);
  assert.deepEqual([same, compared], [true, names.length]);
});

test('a changed script is not run', { skip: missing }, async () => {
  const { person, changes } = await withChanged('Mallory', '**/assets/index-*.js');
  await person.page.waitForFunction(() => document.readyState === 'complete');
  assert.ok(changes() > 0);
  assert.equal(await person.page.locator('#app').innerHTML(), '');
  assert.ok(person.errors.some((error) => /integrity/i.test(error)), person.errors.join());
});

test('a changed core is not run, and the app says so', { skip: missing }, async () => {
  const { person, changes } = await withChanged('Oscar', '**/assets/*.wasm');
  await person.page.getByText('A part of Tidings did not arrive, or not as it was built.').waitFor(SOON);
  assert.ok(changes() > 0);
});

test('what is as it was built runs', { skip: missing }, async () => {
  const person = await world.person('Ada');
  await world.goTo(person);
  await person.page.getByLabel('I have an invitation').waitFor(SOON);
  assert.deepEqual(person.errors.filter((error) => /integrity|policy/i.test(error)), []);
});
