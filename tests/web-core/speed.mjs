// How fast the module of a folder is: node speed.mjs FOLDER (scripts/build-web-core --speed makes one). Medians, in milliseconds.

import { performance } from 'node:perf_hooks';
import * as formats from './lib/formats.mjs';

process.env.TIDINGS_WEB_MODULE = process.argv[2];
const { core } = await import('./lib/core.mjs');
const { Peer, makePhrase, readPhrase } = await core();
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
