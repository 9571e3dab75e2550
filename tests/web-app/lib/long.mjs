// A browser with a long history: an account of a real node, with copies of one message, put where the app finds it at its start.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Device } from '../../web-core/lib/device.mjs';
import { SyncHandle } from '../../web-core/lib/sync_handle.mjs';

/** The module with `keepRecords`: scripts/build-web-core --speed. */
const FOLDER = process.env.TIDINGS_WEB_SPEED ?? fileURLToPath(new URL('../../../target/web-core/speed', import.meta.url));
const [MESSAGE, INDEX] = [5, 6];
const random = (bytes) => crypto.getRandomValues(new Uint8Array(bytes));

/** A store with conversations of so many messages at a node with open registration: `{ bytes, key, groups }`. */
export async function longStore(node, counts) {
  const place = pathToFileURL(`${FOLDER}/`);
  const module = await import(new URL('tidings_web_core.js', place));
  module.initSync({ module: readFileSync(new URL('tidings_web_core_bg.wasm', place)) });
  const device = new Device(module);
  await device.command({ create_account: { node: node.origin, phrase: module.makePhrase(false), name: 'Ada', device: 'here' } });
  const groups = [];
  for (const count of counts) {
    const { conversation: group } = await device.command({ create_group: { name: `${count} messages`, members: [] } });
    await device.command({ send_text: { group, text: 'This is a message of the usual length, neither long nor short, as people write it.' } });
    groups.push({ group, count, last: [...device.records.values()].filter(({ table }) => table === MESSAGE).at(-1) });
  }
  const kept = [...device.end().values()];
  const [file, key] = [new SyncHandle(), random(32)];
  module.keepRecords(file, key, [...kept, ...groups.flatMap(({ last, count }) => [...copies(last, count)])]);
  const bytes = file.afterKill();
  const content = Buffer.alloc(bytes.getSize());
  bytes.read(content, { at: 0 });
  return { content, key: [...key], groups: groups.map(({ group }) => group) };
}

// Copies of a message at earlier times: the record, and its place in the index.
function* copies({ owner, order, value }, count) {
  for (let number = 1; number <= count; number += 1) {
    const place = Buffer.from(order);
    place.writeBigUInt64BE(place.readBigUInt64BE() - BigInt(number) * 60_000n);
    random(16).forEach((byte, at) => (place[8 + at] = byte));
    const own = replaced(replaced(value, order.slice(0, 8), place.subarray(0, 8)), order.slice(8), place.subarray(8));
    yield { table: MESSAGE, owner, order: new Uint8Array(place), value: own };
    yield { table: INDEX, owner, order: new Uint8Array(place.subarray(8)), value: new Uint8Array(place) };
  }
}

// Bytes with all places of some of them taken by others: each copy has a time and a name of its own.
function replaced(bytes, from, to) {
  const all = Buffer.from(bytes);
  for (let at = all.indexOf(from); at !== -1; at = all.indexOf(from, at + 1)) all.set(to, at);
  return new Uint8Array(all);
}

/** Puts it into a browser that has not opened the app yet: the file, and its key as web/src/core/keys.ts keeps it. */
export async function putInto(page, origin, { content, key }) {
  const server = createServer((_, response) => response.writeHead(200, { 'access-control-allow-origin': '*' }).end(content));
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  // A page of the same origin that is not the app.
  await page.goto(`${origin}/icons/icon.svg`);
  await page.evaluate(async ([url, key]) => {
    const aes = { name: 'AES-GCM', length: 256 };
    const make = () => crypto.subtle.generateKey(aes, false, ['encrypt', 'decrypt']);
    const [wrapping, files, iv] = [await make(), await make(), crypto.getRandomValues(new Uint8Array(12))];
    const wrapped = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, wrapping, new Uint8Array(key));
    const database = await new Promise((done, failed) => {
      const opening = indexedDB.open('tidings', 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore('keys');
      opening.onsuccess = () => done(opening.result);
      opening.onerror = () => failed(opening.error);
    });
    const change = database.transaction('keys', 'readwrite');
    change.objectStore('keys').put({ wrapping, files, iv, wrapped }, 'device');
    await new Promise((done, failed) => Object.assign(change, { oncomplete: done, onabort: failed }));
    database.close();
    const file = await (await navigator.storage.getDirectory()).getFileHandle('records', { create: true });
    const writing = await file.createWritable();
    await writing.write(await (await fetch(url)).arrayBuffer());
    await writing.close();
  }, [`http://127.0.0.1:${server.address().port}/`, key]);
  server.close();
}
