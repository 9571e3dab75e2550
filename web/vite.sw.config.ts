import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vite';

const out = process.env['TIDINGS_WEB_OUT'] ?? 'dist';
/** Not among what the worker keeps: itself. */
const WORKER = 'sw.js';

/** All files of the app that was just built, with the SHA-256 of each; the page is known by its address. */
function built(): [string, string][] {
  const names = readdirSync(out, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(out).length + 1).replaceAll('\\', '/'))
    .filter((name) => name !== WORKER)
    .sort();
  return names.map((name) => [name === 'index.html' ? '/' : `/${name}`, sha256(readFileSync(join(out, name)))]);
}

function sha256(content: string | NodeJS.ArrayBufferView): string {
  return createHash('sha256').update(content).digest('hex');
}

const files = JSON.stringify(built());

/** The service worker: one file with a name that stays, beside the app. It changes whenever any file of the app does. */
export default defineConfig({
  publicDir: false,
  define: { __FILES__: files, __VERSION__: JSON.stringify(sha256(files).slice(0, 16)) },
  build: {
    target: 'es2022',
    outDir: out,
    emptyOutDir: false,
    reportCompressedSize: false,
    lib: { entry: 'src/sw/sw.ts', formats: ['es'], fileName: () => WORKER },
  },
});
