// How fast the module of a folder is: node speed.mjs FOLDER (scripts/build-web-core --speed makes one). Medians, in milliseconds.

import { performance } from 'node:perf_hooks';
import { Node } from '../e2e/lib/node.mjs';
import { Device } from './lib/device.mjs';
import * as formats from './lib/formats.mjs';
import { SyncHandle } from './lib/sync_handle.mjs';

process.env.TIDINGS_WEB_MODULE = process.argv[2];
const { core } = await import('./lib/core.mjs');
const module = await core();
const { Peer, makePhrase, readPhrase } = module;
const group = formats.random(16);
const secret = formats.random(32);

function peer() {
  const person = formats.person();
  return new Peer(person.device, person.certificate);
}

const timed = (act) => {
  const begin = performance.now();
  const value = act();
  return [performance.now() - begin, value];
};

const median = (times) => times.sort((a, b) => a - b)[times.length >> 1].toFixed(2);

function measure(members) {
  const [alice, bob] = [peer(), peer()];
  alice.create(group, formats.encode({ v: 1, name: 'speed' }));
  const others = Array.from({ length: members - 2 }, () => peer().makePackage(false, formats.access()));
  const [adding, first] = timed(() => alice.commit([bob.makePackage(false, formats.access()), ...others], [], undefined));
  const [joining] = timed(() => bob.join(first.welcome));
  const times = { seal: [], open: [], commit: [], take: [] };
  for (let round = 0; round < 300; round += 1) {
    const entry = formats.random(16);
    const [sealing, body] = timed(() => alice.say(secret, entry, 'How fast is this?', round + 1));
    const [opening] = timed(() => bob.hear(secret, entry, body));
    times.seal.push(sealing);
    times.open.push(opening);
  }
  for (let round = 0; round < 20; round += 1) {
    const [committing, { commit }] = timed(() => alice.commit([], [], undefined));
    times.commit.push(committing);
    times.take.push(timed(() => bob.take(commit))[0]);
  }
  const all = Object.entries(times).map(([name, list]) => `${name} ${median(list)}`);
  console.log(`group of ${members}: ${all.join(', ')}; adding all at once ${adding.toFixed(0)}, joining ${joining.toFixed(0)}`);
}

for (const members of [2, 50, 500]) measure(members);
console.log(`phrase: ${median(Array.from({ length: 5 }, () => timed(() => readPhrase(makePhrase(false)))[0]))}`);

// A conversation with so many messages in a file: made with records of a real one, said once at a real node (TIDINGS_BIN).
async function measureStore(messages) {
  const { group, records } = await long(messages);
  const [key, file] = [Buffer.alloc(32, 7), new SyncHandle()];
  module.keepRecords(file, key, records);
  const fresh = await core('', 'fresh');
  const times = { open: [], newest: [], older: [], send: [] };
  for (let round = 0; round < 9; round += 1) {
    const handle = file.afterKill();
    const [opening, client] = timed(() => fresh.Client.open(handle, key, Date.now()));
    const [newest, page] = timed(() => client.messages(group, undefined, 50));
    if (page.length !== 50) throw new Error('no page of messages');
    times.open.push(opening);
    times.newest.push(newest);
    times.older.push(timed(() => client.messages(group, page[0].order, 50))[0]);
    client.handle('started', Date.now());
    times.send.push(timed(() => client.handle({ command: { id: 1, command: { send_text: { group, text: 'Fast?' } } } }, Date.now()))[0]);
    client.close();
    client.free();
  }
  const all = Object.entries(times).map(([name, list]) => `${name} ${median(list)}`);
  const [size, memory] = [file.afterKill().getSize(), fresh.initSync().memory.buffer.byteLength].map((bytes) => (bytes / 2 ** 20).toFixed(0));
  console.log(`store with ${messages} messages: ${all.join(', ')}; file ${size} MiB, memory of the module ${memory} MiB`);
}

async function long(messages) {
  const node = await Node.start({ args: ['--open-registration'] });
  try {
    const device = new Device(module);
    await device.command({ create_account: { node: node.origin, phrase: makePhrase(false), name: 'Speed', device: 'here' } });
    const { conversation: group } = await device.command({ create_group: { name: 'Long', members: [] } });
    await device.command({ send_text: { group, text: 'This is a message of the usual length, neither long nor short.' } });
    const kept = [...device.end().values()];
    return { group, records: [...kept, ...kept.filter(({ table }) => table === 5).slice(-1).flatMap((one) => [...copies(one, messages)])] };
  } finally {
    await node.stop();
    await node.dispose();
  }
}

// Copies of a message at other times: the record, and its place in the index.
function* copies({ owner, order, value }, count) {
  for (let number = 1; number <= count; number += 1) {
    const place = Buffer.from(order);
    place.writeBigUInt64BE(place.readBigUInt64BE() - BigInt(number) * 1000n);
    formats.random(16).forEach((byte, at) => (place[8 + at] = byte));
    yield { table: 5, owner, order: new Uint8Array(place), value };
    yield { table: 6, owner, order: new Uint8Array(place.subarray(8)), value: new Uint8Array(place) };
  }
}

await measureStore(50_000);
