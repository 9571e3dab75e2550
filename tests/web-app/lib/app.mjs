// The app as a browser gets it: from the node that has it inside, or else from another origin, with the same headers.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = process.env.TIDINGS_WEB_DIST ?? fileURLToPath(new URL('../../../web/dist', import.meta.url));
const KINDS = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm', '.svg': 'image/svg+xml', '.png': 'image/png', '.webmanifest': 'application/manifest+json' };

/** Serves the built app from an origin of its own, with the policy that `node` gives its own pages. `changed` may serve something else of a file. */
export async function otherOrigin(node, folder = FOLDER) {
  const policy = (await fetch(`${node.origin}/`)).headers.get('content-security-policy');
  const app = { origin: '', changed: (_file, body) => body, close: () => { server.close(); server.closeAllConnections(); } };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const file = pathname === '/' || pathname === '/i' ? '/index.html' : pathname;
    readFile(join(folder, file)).then(
      (body) => response.writeHead(200, { 'content-type': KINDS[extname(file)] ?? 'application/octet-stream', ...(policy && { 'content-security-policy': policy }) }).end(app.changed(file, body)),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  app.origin = `http://localhost:${server.address().port}`;
  return app;
}

/** Where the app of a node is: there, if it has it inside. */
export async function appOf(node) {
  const inside = !process.env.OTHER_ORIGIN && (await fetch(`${node.origin}/sw.js`)).ok;
  return inside ? { origin: node.origin, close: () => {} } : otherOrigin(node);
}

/** The first invitation that a node prints, for Tidings' own clients. */
export const invitationOf = (node) => node.printed.match(/http\S*(\/i#1\.\S+)/)[1];
