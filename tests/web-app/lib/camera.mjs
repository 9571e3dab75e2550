// A camera that sees a QR code: a video file for Chromium's fake device, drawn from a code that a page shows.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const [WIDTH, HEIGHT] = [640, 480];
/** Pixels of a module, at most. */
const MODULE_MAX = 8;

/** The dark modules of the code that is shown, as `[x, y]`, and how many there are on a side. */
export async function codeOn(page, name) {
  const code = page.getByRole('img', { name });
  const [path, box] = [await code.locator('path').getAttribute('d'), await code.getAttribute('viewBox')];
  const modules = [...path.matchAll(/M(\d+) (\d+)h/g)].map(([, x, y]) => [Number(x), Number(y)]);
  return { modules, size: Number(box.split(' ')[2]) - 2 };
}

/** The arguments of a browser whose camera sees what is in `file`. */
export const cameraArguments = (file) => ['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${file}`];

/** Where the video of somebody's camera is. */
export const videoOf = (folder) => join(folder, 'camera.y4m');

/** Lets the camera see a code, or nothing but a grey wall without one, from when it is opened next. */
export async function showToCamera(file, code = { modules: [], size: 0 }) {
  const light = Buffer.alloc(WIDTH * HEIGHT, code.size > 0 ? 235 : 128);
  const side = Math.min(MODULE_MAX, Math.floor(Math.min(WIDTH, HEIGHT) / (code.size + 8)));
  const [left, top] = [WIDTH, HEIGHT].map((all) => Math.floor((all - code.size * side) / 2));
  for (const [x, y] of code.modules) {
    for (let row = 0; row < side; row += 1) light.fill(16, (top + y * side + row) * WIDTH + left + x * side, (top + y * side + row) * WIDTH + left + (x + 1) * side);
  }
  const frame = Buffer.concat([Buffer.from('FRAME\n'), light, Buffer.alloc((WIDTH * HEIGHT) / 2, 128)]);
  await writeFile(file, Buffer.concat([Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420\n`), frame, frame]));
}
