/** The file in which the core keeps its records. */
const NAME = 'records';
/** How often, and after how many milliseconds, a file is tried again that is still open elsewhere: a tab that ends lets go of it a moment later. */
const TRIES = 12;
const PAUSE = 250;

/** Another worker has the file open. */
export class Busy extends Error {
  override readonly name = 'Busy';
}

/** Opens it. With a key that was just made, an old one means nothing. */
export async function openDatabase(made: boolean): Promise<FileSystemSyncAccessHandle> {
  const root = await navigator.storage.getDirectory();
  const file = await root.getFileHandle(NAME, { create: true });
  for (let tries = 1; ; tries += 1) {
    try {
      const access = await file.createSyncAccessHandle();
      if (made) access.truncate(0);
      return access;
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'NoModificationAllowedError')) throw error;
      if (tries === TRIES) throw new Busy(error.message);
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}

/** Whether this browser can do it at all. */
export function canKeep(): boolean {
  const files = typeof FileSystemFileHandle === 'function' && 'createSyncAccessHandle' in FileSystemFileHandle.prototype;
  // Before Safari 16.4, which brought this, what is done with such a file gave promises.
  return files && typeof OffscreenCanvas === 'function';
}
