/** Reading QR codes: with what the browser has, else with a decoder of one's own that is loaded when it is needed. */

interface Detector {
  detect(picture: ImageBitmapSource): Promise<readonly { readonly rawValue: string }[]>;
}

interface DetectorMaker {
  new (options: { formats: 'qr_code'[] }): Detector;
  getSupportedFormats(): Promise<readonly string[]>;
}

/** The longer side at which a picture from a file is looked at: photographs are larger than any code needs. */
const SIDE_MAX = 1600;

/** What a picture says; `null` if there is no code in it. */
export type CodeReader = (picture: ImageBitmapSource) => Promise<string | null>;

export async function openReader(): Promise<CodeReader> {
  const native = await nativeDetector();
  const { BarcodeDetector } = await import('qr/decode.js');
  const own: Detector = new BarcodeDetector({ formats: ['qr_code'] });
  return async (picture) => {
    const found = (await native?.detect(picture).catch(() => []))?.[0] ?? (await own.detect(picture))[0];
    return found === undefined || found.rawValue === '' ? null : found.rawValue;
  };
}

/** What a picture from a file says. */
export async function readPicture(file: Blob): Promise<string | null> {
  const [reader, whole] = await Promise.all([openReader(), createImageBitmap(file)]);
  try {
    const scale = Math.min(1, SIDE_MAX / Math.max(whole.width, whole.height));
    const small = await createImageBitmap(whole, { resizeWidth: Math.max(1, Math.round(whole.width * scale)), resizeQuality: 'high' });
    try {
      return (await reader(small)) ?? (scale < 1 ? await reader(whole) : null);
    } finally {
      small.close();
    }
  } finally {
    whole.close();
  }
}

async function nativeDetector(): Promise<Detector | null> {
  const maker = (globalThis as { BarcodeDetector?: DetectorMaker }).BarcodeDetector;
  const formats = (await maker?.getSupportedFormats().catch(() => [])) ?? [];
  return maker !== undefined && formats.includes('qr_code') ? new maker({ formats: ['qr_code'] }) : null;
}
