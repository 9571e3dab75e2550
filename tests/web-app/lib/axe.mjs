// What axe-core finds on a page.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

const axe = await readFile(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const RUN = `axe.run({ resultTypes: ['violations'] }).then((found) => JSON.stringify(found.violations.map((one) => one.id + ': ' + one.nodes.map((node) => node.target).join(' '))))`;

/** What axe finds on a page, in words. */
export async function faults(page) {
  // Only to look at the page; what the app itself may run is another matter.
  const frame = await page.context().newCDPSession(page);
  const run = await frame.send('Runtime.evaluate', { expression: `${axe}; ${RUN}`, awaitPromise: true });
  return JSON.parse(run.result.value ?? '["axe did not run"]');
}

/** Fails if axe finds anything on a page, in either theme; `where` says what the page is. */
export async function isAccessible(page, where) {
  for (const colorScheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await faults(page), [], `${where}, ${colorScheme}`);
  }
}
