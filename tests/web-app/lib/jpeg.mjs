// A photograph as a phone takes it: a JPEG with EXIF in which are its place (GPS) and that it lies on its side.
const little = (value, bytes) => Array.from({ length: bytes }, (_, at) => (value >> (8 * at)) & 255);
const entry = (tag, type, count, value) => [...little(tag, 2), ...little(type, 2), ...little(count, 4), ...value];

/** The segments (their markers) of a JPEG before its picture begins. */
export function segments(jpeg) {
  const found = [];
  for (let at = 2; jpeg[at] === 0xff && jpeg[at + 1] !== 0xda; at += 2 + jpeg.readUInt16BE(at + 2)) found.push(jpeg[at + 1]);
  return found;
}

/** Puts EXIF into a JPEG: orientation 6 (turned to the right by a quarter), and a place in GPS. */
export function withExif(jpeg) {
  const gpsAt = 8 + 2 + 2 * 12 + 4;
  const ratios = gpsAt + 2 + 2 * 12 + 4;
  const tiff = [
    ...Buffer.from('II*\0', 'latin1'), ...little(8, 4),
    ...little(2, 2), ...entry(0x0112, 3, 1, [6, 0, 0, 0]), ...entry(0x8825, 4, 1, little(gpsAt, 4)), ...little(0, 4),
    ...little(2, 2), ...entry(1, 2, 2, [...Buffer.from('N\0'), 0, 0]), ...entry(2, 5, 3, little(ratios, 4)), ...little(0, 4),
    ...[52, 1, 31, 1, 12, 1].flatMap((value) => little(value, 4)),
  ];
  const body = Buffer.from([...Buffer.from('Exif\0\0', 'latin1'), ...tiff]);
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, body, jpeg.subarray(2)]);
}

/** A JPEG of this size, drawn by a page: red on the left, blue on the right. */
export async function drawnBy(page, width, height) {
  const bytes = await page.evaluate(async ([width, height]) => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d');
    context.fillStyle = '#d02020';
    context.fillRect(0, 0, width / 2, height);
    context.fillStyle = '#2020d0';
    context.fillRect(width / 2, 0, width / 2, height);
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
    return [...new Uint8Array(await blob.arrayBuffer())];
  }, [width, height]);
  return Buffer.from(bytes);
}
