import { defineConfig } from 'vite';

/** The service worker: one file with a name that stays, beside the app. */
export default defineConfig({
  publicDir: false,
  build: {
    target: 'es2022',
    outDir: process.env['TIDINGS_WEB_OUT'] ?? 'dist',
    emptyOutDir: false,
    reportCompressedSize: false,
    lib: { entry: 'src/sw/sw.ts', formats: ['es'], fileName: () => 'sw.js' },
  },
});
