/** Sends what another app has shared. */
import type { Look } from '../api/types';
import { addToDraft } from '../store/drafts';
import type { Shared } from '../store/shared';
import { sendFile, type Gone } from './files';
import { isPicture, readPicture, sendPicture } from './pictures';

/** Where each of what is shared has gone already, the text by `text`. */
export type Progress = Map<File | 'text', Gone>;

/** Sends files into conversations, pictures as pictures are sent; a text becomes a draft there. `asFile` says whether a picture that can't be read goes as it is. */
export async function sendShared({ text, files }: Shared, groups: readonly string[], look: Look, progress: Progress, asFile: (file: File) => Promise<boolean>): Promise<void> {
  if (text !== '') draft(text, groups, goneOf(progress, 'text'));
  for (const file of files) {
    const gone = goneOf(progress, file);
    if (groups.every((group) => gone.has(group))) continue;
    const picture = isPicture(file) ? await readPicture(file).catch(() => null) : null;
    if (picture !== null) await sharePicture(groups, picture, look, gone);
    else if (!isPicture(file) || await asFile(file)) await sendFile(groups, file, null, gone);
    else for (const group of groups) gone.add(group);
  }
}

function goneOf(progress: Progress, what: File | 'text'): Gone {
  const gone = progress.get(what) ?? new Set<string>();
  progress.set(what, gone);
  return gone;
}

function draft(text: string, groups: readonly string[], gone: Gone): void {
  for (const group of groups) if (!gone.has(group)) addToDraft(group, text);
  for (const group of groups) gone.add(group);
}

async function sharePicture(groups: readonly string[], picture: ImageBitmap, look: Look, gone: Gone): Promise<void> {
  try {
    await sendPicture(groups, [picture.width, picture.height], (context) => { context.drawImage(picture, 0, 0); }, look, '', null, gone);
  } finally {
    picture.close();
  }
}
