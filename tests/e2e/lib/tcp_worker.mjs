// A thread that does nothing but read sockets, so that what comes in one read is decided by the sender and not by a busy test.
// See lib/tcp.mjs for the other side.

import net from 'node:net';
import { parentPort } from 'node:worker_threads';
import { Punctuality } from './late_reads.mjs';

const sockets = new Map();
const servers = new Map();
const punctuality = new Punctuality();
let accepted = 0;

function watch(id, socket) {
  sockets.set(id, socket);
  punctuality.start();
  socket.setNoDelay(true);
  socket.on('data', (bytes) => parentPort.postMessage({ id, what: 'read', text: bytes.toString(), late: punctuality.late }));
  socket.on('error', () => {});
  socket.on('close', () => {
    sockets.delete(id);
    if (sockets.size === 0) punctuality.stop();
    parentPort.postMessage({ id, what: 'closed' });
  });
}

const commands = {
  dial({ id, port }) {
    const socket = net.connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => parentPort.postMessage({ id, what: 'open' }));
    watch(id, socket);
  },
  listen({ id, port }) {
    const server = net.createServer((socket) => {
      accepted += 1;
      const child = `${id}/${accepted}`;
      parentPort.postMessage({ id, what: 'accepted', child });
      watch(child, socket);
    });
    servers.set(id, server);
    server.listen(port, '127.0.0.1', () => parentPort.postMessage({ id, what: 'listening', port: server.address().port }));
  },
  write: ({ id, text }) => sockets.get(id)?.write(text),
  end: ({ id }) => sockets.get(id)?.end(),
  destroy: ({ id }) => sockets.get(id)?.destroy(),
  pause: ({ id }) => sockets.get(id)?.pause(),
  resume: ({ id }) => sockets.get(id)?.resume(),
  stop: ({ id }) => servers.get(id)?.close(),
};

parentPort.on('message', (message) => commands[message.command](message));
