// The tests of the crates that the core is made of, the same as natively, compiled for WebAssembly. A test that fails ends its
// module; the stack says which it was.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

const DEADLINE_MS = 900_000;
const folder = new URL('../../target/web-core/tests/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.js')).map((name) => name.slice(0, -3));

// Each in a thread of its own: a module that has failed is of no use any more.
function run(name) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./lib/test_module.mjs', import.meta.url), { workerData: new URL(name, folder).href });
    worker.on('message', resolve);
    worker.on('error', reject);
    worker.on('exit', () => reject(new Error('it ended without a word')));
  });
}

test('all tests of the crates', { concurrency: 2, timeout: DEADLINE_MS }, async (t) => {
  for (const needed of ['wire-lib', 'mls-lib', 'mls-test', 'client-lib', 'client-test']) {
    assert.ok(names.includes(needed), `scripts/build-web-core --tests has not made ${needed}, but ${names}`);
  }
  await Promise.all(names.map((name) => t.test(`all tests of ${name}`, async () => assert.equal(await run(name), 0))));
});
