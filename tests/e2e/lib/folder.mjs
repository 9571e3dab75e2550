// What lies in a node's data folder.

import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Every file below `folder` as `{ path, bytes, mode }`. Files that vanish while looking are left out. */
export async function filesBelow(folder) {
  const found = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const facts = await lstat(path).catch(() => undefined);
    if (facts) found.push({ path, bytes: facts.size, mode: facts.mode & 0o777 });
  }
  return found;
}
