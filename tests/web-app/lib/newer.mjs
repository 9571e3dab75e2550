// Another version of the built app in a folder: all its scripts have other names, as they have where something in them has changed.
import { createHash } from 'node:crypto';
import { readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const SCRIPT = /-([\w-]{8}\.js)$/;
const hash = (bytes, kind, form) => createHash(kind).update(bytes).digest(form);

/** Puts it there. */
export async function makeNewer(folder) {
  const assets = join(folder, 'assets');
  const old = (await readdir(assets)).filter((name) => SCRIPT.test(name));
  const renamed = old.map((name) => [name, name.replace(SCRIPT, '-newer$1')]);
  for (const [from, to] of renamed) await rename(join(assets, from), join(assets, to));
  const scripts = (await readdir(assets)).filter((name) => name.endsWith('.js')).map((name) => `assets/${name}`);
  for (const file of [...scripts, 'index.html', 'sw.js']) {
    const text = await readFile(join(folder, file), 'utf8');
    await writeFile(join(folder, file), renamed.reduce((so, [from, to]) => so.replaceAll(from, to), text));
  }
  await edit(join(folder, 'index.html'), /\/(assets\/[^"]+)" integrity="([^"]+)"/g, async ([all, file, was]) =>
    all.replace(was, `sha384-${hash(await readFile(join(folder, file)), 'sha384', 'base64')}`));
  await edit(join(folder, 'sw.js'), /\[([`"'])(\/[^`"']*)\1,\s*([`"'])([0-9a-f]{64})\3\]/g, async ([all, , path, , was]) =>
    all.replace(was, hash(await readFile(join(folder, path === '/' ? 'index.html' : path)), 'sha256', 'hex')));
  await edit(join(folder, 'sw.js'), /[`"'](?:tidings-app-)?([0-9a-f]{16})[`"']/g, ([all, was]) => all.replace(was, 'e'.repeat(16)));
}

/** Writes a file anew with each of these places as `change` has it. */
async function edit(file, places, change) {
  let text = await readFile(file, 'utf8');
  for (const found of [...text.matchAll(places)]) text = text.replace(found[0], await change(found));
  await writeFile(file, text);
}
