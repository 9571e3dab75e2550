import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** Where scripts/build-web-core puts the module; scripts/build-web names another place. */
const core = process.env['TIDINGS_WEB_CORE'] ?? fileURLToPath(new URL('../target/web-core', import.meta.url));

export default defineConfig({
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
