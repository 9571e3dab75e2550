// Requests that fetch can not make: odd Host headers, bodies that break off, chunks on command, paths left alone.

import http from 'node:http';
import net from 'node:net';
import { Answer } from './answer.mjs';
import { within } from './until.mjs';

const DEADLINE_MS = 20_000;

/**
 * One request over node:http, path taken literally. `write` gets the request and may send and end it as it likes;
 * without it `body` is sent. Resolves with the answer even if the server gives it before the body is through.
 */
export function rawRequest(origin, { method = 'GET', path, headers = {}, body, write } = {}) {
  const { hostname, port } = new URL(origin);
  const question = `${method} ${path}`;
  const answer = new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, method, path, headers, agent: false }, (reply) => {
      const pieces = [];
      reply.on('data', (piece) => pieces.push(piece));
      reply.on('error', reject);
      reply.on('end', () => {
        const seen = new Headers();
        for (const [name, value] of Object.entries(reply.headers)) seen.set(name, String(value));
        resolve(new Answer(question, reply.statusCode, seen, Buffer.concat(pieces)));
        request.destroy();
      });
    });
    request.on('error', reject);
    if (write) write(request);
    else request.end(body);
  });
  return within(DEADLINE_MS, question, answer);
}

/** Writes bytes to a fresh connection and cuts it. Resolves when the connection is gone. */
export function sendAndBreakOff(origin, bytes) {
  const { hostname, port } = new URL(origin);
  const gone = new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), hostname, () => socket.write(bytes, () => socket.destroy()));
    socket.on('error', reject);
    socket.on('close', resolve);
  });
  return within(DEADLINE_MS, 'breaking off a request', gone);
}

/** Writes bytes to a fresh connection and returns everything the server sends until it closes, or `enough` says so. */
export function talk(origin, bytes, enough = () => false) {
  const { hostname, port } = new URL(origin);
  const heard = new Promise((resolve, reject) => {
    let text = '';
    const socket = net.connect(Number(port), hostname, () => socket.write(bytes));
    socket.setEncoding('latin1');
    socket.on('data', (piece) => {
      text += piece;
      if (enough(text)) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
  return within(DEADLINE_MS, 'a conversation over a bare socket', heard);
}
