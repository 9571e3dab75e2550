/** Pictures: made smaller and encoded anew, so that nothing of where and with what they were taken is in them. */
import type { Look } from '../api/types';
import { ask, command } from '../core';

/** The longer side in pixels. */
const SIDE_MAX = 2048;
const THUMBNAIL_SIDE = 320;
/** Most bytes of a thumbnail that the core takes. */
const THUMBNAIL_BYTES_MAX = 16 * 1024;
const QUALITY = 0.86;

export interface Prepared {
  readonly content: Blob;
  readonly thumbnail: Uint8Array<ArrayBuffer> | null;
  readonly pixels: [number, number];
}

/** Encodes a picture anew. Fails if the browser can't read it. */
export async function prepare(file: Blob): Promise<Prepared> {
  const picture = await createImageBitmap(file, { imageOrientation: 'from-image' });
  try {
    const content = await drawn(picture, SIDE_MAX, QUALITY);
    const small = await drawn(picture, THUMBNAIL_SIDE, 0.6);
    const fits = small.blob.size <= THUMBNAIL_BYTES_MAX;
    const thumbnail = fits ? new Uint8Array(await small.blob.arrayBuffer()) : null;
    return { content: content.blob, thumbnail, pixels: content.pixels };
  } finally {
    picture.close();
  }
}

/** Sends a picture that was prepared. */
export async function sendPicture(group: string, picture: Prepared, look: Look, caption: string): Promise<void> {
  const file = Number(await ask({ keep: picture.content }));
  const attachment = {
    file,
    size: picture.content.size,
    name: 'picture.jpg',
    kind: picture.content.type,
    look,
    caption,
    voice: null,
    pixels: picture.pixels,
    thumbnail: look === 'keep' ? picture.thumbnail : null,
  };
  await command({ send_file: { group, attachment, reply: null } });
}

/** Sends any other file as it is. */
export async function sendFile(group: string, content: File): Promise<void> {
  const file = Number(await ask({ keep: content }));
  const kind = content.type || 'application/octet-stream';
  const attachment = { file, size: content.size, name: content.name, kind, look: 'keep' as const, caption: '', voice: null, pixels: null, thumbnail: null };
  await command({ send_file: { group, attachment, reply: null } });
}

/** Opens the file of a message. */
export async function openFile(group: string, message: string): Promise<{ name: string; content: Blob }> {
  return (await ask({ open: { group, message } })) as { name: string; content: Blob };
}

async function drawn(picture: ImageBitmap, side: number, quality: number): Promise<{ blob: Blob; pixels: [number, number] }> {
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  const [width, height] = [Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale))];
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('no canvas');
  // What is transparent would become black.
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.drawImage(picture, 0, 0, width, height);
  return { blob: await canvas.convertToBlob({ type: 'image/jpeg', quality }), pixels: [width, height] };
}
