// The module that scripts/build-web-core made: `--tests` the one with `Peer`, which all tests can run with. TIDINGS_WEB_MODULE names the
// folder of another, such as the one that is handed out.

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const tested = new URL('../../../target/web-core/peer/', import.meta.url);
const chosen = process.env.TIDINGS_WEB_MODULE;

// `copy` names one of several instances, each with a memory of its own.
export async function core(which = '', copy = '') {
  const place = chosen && which !== 'peer' ? pathToFileURL(`${chosen}/`) : tested;
  const module = await import(new URL(`tidings_web_core.js${copy && `?${copy}`}`, place));
  module.initSync({ module: readFileSync(new URL('tidings_web_core_bg.wasm', place)) });
  return module;
}
