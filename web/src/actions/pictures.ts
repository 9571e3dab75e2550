/** Pictures: made smaller and encoded anew, so that nothing of where and with what they were taken is in them. */
import type { Look } from '../api/types';
import { t } from '../i18n';
import { sendTo, type Gone, type Reply } from './files';

/** The longer side in pixels. */
const SIDE_MAX = 2048;
const THUMBNAIL_SIDE = 320;
/** Most bytes of a thumbnail that the core takes. */
const THUMBNAIL_BYTES_MAX = 16 * 1024;
const QUALITY = 0.86;
/** Pixels of each side of a picture of somebody or of a group. */
const FACE_SIDE = 192;

/** Names of pictures whose media type not every browser knows. */
const PICTURE_NAME = /\.(avif|bmp|gif|heic|heif|hif|jfif|jpe?g|jxl|png|tiff?|webp|dng|arw|cr[23]|nef|orf|raf|rw2)$/i;

/** Whether it is sent as a picture, and so without what the camera has noted in it; of drawings in vectors that would make something else. */
export function isPicture({ type, name }: File): boolean {
  return type.startsWith('image/') ? type !== 'image/svg+xml' : PICTURE_NAME.test(name);
}

/** Paints into a context of this width and height. */
export type Painter = (context: OffscreenCanvasRenderingContext2D) => void;

/** Reads a picture, upright and no larger than it is sent. Fails if the browser can't read it. */
export async function readPicture(file: Blob): Promise<ImageBitmap> {
  const whole = await createImageBitmap(file, { imageOrientation: 'from-image' });
  const [width, height] = fitting(whole.width, whole.height, SIDE_MAX);
  if (width === whole.width && height === whole.height) return whole;
  const smaller = await createImageBitmap(whole, { resizeWidth: width, resizeHeight: height, resizeQuality: 'high' });
  whole.close();
  return smaller;
}

/** Sends a picture of this size into conversations. */
export async function sendPicture(groups: readonly string[], [width, height]: [number, number], paint: Painter, look: Look, caption: string, reply: Reply | null = null, gone?: Gone): Promise<void> {
  const content = await encoded(width, height, width, height, paint, QUALITY);
  const [small, low] = fitting(width, height, THUMBNAIL_SIDE);
  const thumbnail = look === 'keep' ? await encoded(width, height, small, low, paint, 0.6) : null;
  const fits = thumbnail !== null && thumbnail.size <= THUMBNAIL_BYTES_MAX;
  await sendTo(groups, content, {
    name: 'picture.jpg',
    kind: content.type,
    look,
    caption,
    pixels: [width, height],
    thumbnail: fits ? new Uint8Array(await thumbnail.arrayBuffer()) : null,
  }, reply, gone);
}

/** A small square picture, of somebody or of a group; the middle of the one given. */
export async function prepareFace(file: File): Promise<Uint8Array<ArrayBuffer>> {
  const picture = await readPicture(file).catch(() => { throw new Error(t.peek().picture.unreadable(file.name)); });
  try {
    const side = Math.min(picture.width, picture.height);
    const [left, top] = [(picture.width - side) / 2, (picture.height - side) / 2];
    const blob = await encoded(FACE_SIDE, FACE_SIDE, FACE_SIDE, FACE_SIDE, (context) => { context.drawImage(picture, left, top, side, side, 0, 0, FACE_SIDE, FACE_SIDE); }, QUALITY);
    return new Uint8Array(await blob.arrayBuffer());
  } finally {
    picture.close();
  }
}

function fitting(width: number, height: number, side: number): [number, number] {
  const scale = Math.min(1, side / Math.max(width, height));
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

async function encoded(width: number, height: number, outWidth: number, outHeight: number, paint: Painter, quality: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(outWidth, outHeight);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('no canvas');
  // What is transparent would become black.
  context.fillStyle = '#fff';
  context.fillRect(0, 0, outWidth, outHeight);
  context.scale(outWidth / width, outHeight / height);
  paint(context);
  return canvas.convertToBlob({ type: 'image/jpeg', quality });
}
