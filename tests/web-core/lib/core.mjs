// The module that scripts/build-web-core made.

import { readFileSync } from 'node:fs';

const folder = new URL('../../../target/web-core/', import.meta.url);

// The module as the app has it, or with `Peer` besides.
export async function core(which = '') {
  const place = new URL(which === 'peer' ? 'peer/' : './', folder);
  const module = await import(new URL('tidings_web_core.js', place));
  module.initSync({ module: readFileSync(new URL('tidings_web_core_bg.wasm', place)) });
  return module;
}
