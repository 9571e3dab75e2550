/** Sends what another app has shared. */
import type { Look } from '../api/types';
import { addToDraft } from '../store/drafts';
import type { Shared } from '../store/shared';
import { prepare, sendFile, sendPicture } from './pictures';

export const isPicture = (file: File): boolean => file.type.startsWith('image/');

/** Sends files into conversations, pictures as pictures are sent; a text becomes a draft there. */
export async function sendShared({ text, files }: Shared, groups: readonly string[], look: Look): Promise<void> {
  if (text !== '') for (const group of groups) addToDraft(group, text);
  for (const file of files) {
    const picture = isPicture(file) ? await prepare(file) : null;
    for (const group of groups) await (picture === null ? sendFile(group, file) : sendPicture(group, picture, look, ''));
  }
}
