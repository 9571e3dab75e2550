import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

/** Where scripts/build-web-core puts the module; scripts/build-web names another place. */
const core = process.env['TIDINGS_WEB_CORE'] ?? fileURLToPath(new URL('../target/web-core', import.meta.url));

/** What a browser compares before it runs a file (Subresource Integrity). */
const integrity = (bytes: string | Uint8Array) => `sha384-${createHash('sha384').update(bytes).digest('base64')}`;

/** Notes in the page which bytes its scripts and styles have. Workers and what they import can't be named there; the core's hash is in the worker. */
const integrityOfThePage: Plugin = {
  name: 'integrity-of-the-page',
  enforce: 'post',
  generateBundle: {
    // After Vite itself, which still writes into files that load others later.
    order: 'post',
    handler(_, bundle) {
      const page = bundle['index.html'];
      if (page?.type !== 'asset') return;
      page.source = String(page.source).replace(/<(?:script|link)\b[^>]*\b(?:src|href)="\/(assets\/[^"]+)"[^>]*>/g, (tag: string, name: string) => {
        const file = bundle[name];
        if (file === undefined) throw new Error(`index.html names ${name}, which was not built`);
        return tag.replace(/>$/, ` integrity="${integrity(file.type === 'chunk' ? file.code : file.source)}">`);
      });
    },
  },
};

export default defineConfig({
  define: { CORE_INTEGRITY: JSON.stringify(integrity(readFileSync(`${core}/tidings_web_core_bg.wasm`))) },
  plugins: [integrityOfThePage],
  resolve: { alias: { '#core': core } },
  build: {
    target: 'es2022',
    outDir: process.env['TIDINGS_WEB_OUT'] ?? 'dist',
    emptyOutDir: true,
    // Nothing inline: the content security policy allows none, and each file has its hash in the published list.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  worker: { format: 'es' },
  server: { fs: { allow: ['..'] } },
});
