/** What can be done with what this browser keeps when the core can't be started. */
import { KeptFiles, NOTES, Note } from './files';
import { deviceKeys, forgetKeys } from './keys';
import type { Question } from './rpc';

/** Answers the few questions that need no core. */
export async function rescue(question: Question): Promise<unknown> {
  if ('erase' in question) return eraseAll();
  if ('words' in question && question.words === 'read') return new Note(await KeptFiles.open((await deviceKeys()).files), NOTES.words).read();
  throw new Error('the core does not run');
}

/** Whether a question needs no core. */
export function needsNoCore(question: Question): boolean {
  return 'erase' in question || ('words' in question && question.words === 'read');
}

/** Everything that is kept here goes; nothing of it may be open. */
export async function eraseAll(): Promise<void> {
  await forgetKeys();
  const root = await navigator.storage.getDirectory();
  const names: string[] = [];
  for await (const name of root.keys()) names.push(name);
  for (const name of names) await root.removeEntry(name, { recursive: true }).catch(() => undefined);
}
