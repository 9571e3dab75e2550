// The tests of the crates that the core is made of, the same as natively, compiled for WebAssembly. A test that fails ends its
// module; the stack says which it was.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const folder = new URL('../../target/web-core/tests/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.js')).map((name) => name.slice(0, -3));
Error.stackTraceLimit = 60;

assert.ok(names.length >= 3, `scripts/build-web-core --tests made too little: ${names}`);

for (const name of names) {
  test(`all tests of ${name}`, { timeout: 900_000 }, async () => {
    const module = await import(new URL(`${name}.js`, folder));
    const { main } = module.initSync({ module: readFileSync(new URL(`${name}_bg.wasm`, folder)) });
    assert.equal(main(0, 0), 0);
  });
}
