/** Sends what another app has shared. */
import type { Look } from '../api/types';
import { addToDraft } from '../store/drafts';
import type { Shared } from '../store/shared';
import { sendFile } from './files';
import { readPicture, sendPicture } from './pictures';

export const isPicture = (file: File): boolean => file.type.startsWith('image/');

/** Sends files into conversations, pictures as pictures are sent; a text becomes a draft there. */
export async function sendShared({ text, files }: Shared, groups: readonly string[], look: Look): Promise<void> {
  if (text !== '') for (const group of groups) addToDraft(group, text);
  for (const file of files) {
    if (isPicture(file)) await sharePicture(groups, file, look);
    else for (const group of groups) await sendFile(group, file);
  }
}

async function sharePicture(groups: readonly string[], file: File, look: Look): Promise<void> {
  const picture = await readPicture(file);
  try {
    await sendPicture(groups, [picture.width, picture.height], (context) => { context.drawImage(picture, 0, 0); }, look, '');
  } finally {
    picture.close();
  }
}
