// ts-mls, an implementation of MLS that is not ours, in one conversation with the core as WebAssembly.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { core } from './lib/core.mjs';
import * as formats from './lib/formats.mjs';
import { TsPeer } from './lib/ts_mls.mjs';

const group = formats.random(16);
const secret = formats.random(32);
const roster = (version) => formats.encode({ v: version, name: 'interop' });
let Peer;

before(async () => {
  ({ Peer } = await core('peer'));
});

// A device by the core: of a new person, or another one of this person.
function wasmPeer(owner) {
  const person = formats.person(owner);
  return new Peer(person.device, person.certificate);
}

const base64 = (bytes) => Buffer.from(bytes).toString('base64');

// Each says something, all others hear it, and all are in the same epoch of the same branch.
async function talk(...peers) {
  for (const [at, speaker] of peers.entries()) {
    for (const round of [1, 2, 3]) {
      const entry = formats.random(16);
      const text = `${at} says ${round}: ü – 😀`;
      const body = await speaker.say(secret, entry, text, round);
      for (const listener of peers.filter((peer) => peer !== speaker)) {
        const heard = await listener.hear(secret, entry, body);
        assert.equal(heard.text, text);
        assert.equal(heard.seq, round);
      }
    }
  }
  const tags = peers.map((peer) => `${peer.epoch()} ${base64(peer.tag())} ${base64(peer.roster())}`);
  assert.deepEqual(new Set(tags).size, 1, tags.join('\n'));
}

test('ts-mls is added by the core, and both add, update and remove', async () => {
  const [alice, bob, dora] = [wasmPeer(), new TsPeer(), new TsPeer()];
  const phone = wasmPeer(bob);
  alice.create(group, roster(1));
  const first = alice.commit([await bob.makePackage()], [], roster(2));
  await bob.join(first.welcome);
  await talk(alice, bob);

  const second = await bob.commit({ add: [phone.makePackage(false, formats.access())] });
  alice.take(second.commit);
  phone.join(second.welcome);
  await talk(alice, bob, phone);

  const third = phone.commit([await dora.makePackage()], [], roster(3));
  alice.take(third.commit);
  await bob.take(third.commit);
  await dora.join(third.welcome);
  await talk(alice, bob, phone, dora);

  for (const peer of [alice, phone]) peer.restart();
  const update = alice.commit([], [], undefined);
  await Promise.all([bob.take(update.commit), dora.take(update.commit)]);
  phone.take(update.commit);
  const answer = await dora.commit();
  await bob.take(answer.commit);
  alice.take(answer.commit);
  phone.take(answer.commit);
  await talk(alice, bob, phone, dora);

  const gone = await bob.commit({ remove: [2] });
  alice.take(gone.commit);
  await dora.take(gone.commit);
  phone.take(gone.commit);
  assert.equal(phone.active(), false);
  await talk(alice, bob, dora);
});

test('each can leave by a proposal that the other commits', async () => {
  const [alice, bob] = [wasmPeer(), new TsPeer()];
  const phone = wasmPeer(bob);
  alice.create(group, roster(1));
  const first = alice.commit([await bob.makePackage(), phone.makePackage(true, formats.access())], [], roster(2));
  await bob.join(first.welcome);
  phone.join(first.welcome);
  await talk(alice, bob, phone);
  const leaving = phone.propose(2);
  await bob.take(leaving);
  alice.take(leaving);
  const without = await bob.commit();
  alice.take(without.commit);
  phone.take(without.commit);
  assert.equal(phone.active(), false);
  await talk(alice, bob);
  const bye = await bob.propose(1);
  alice.take(bye);
  const alone = alice.commit([], [], roster(3));
  await bob.take(alone.commit);
  assert.equal(bob.active(), false);
  assert.equal(alice.active(), true);
});

test('each comes back by an external commit to the group info of the other', async () => {
  const [alice, bob, carol] = [wasmPeer(), new TsPeer(), wasmPeer()];
  alice.create(group, roster(1));
  const first = alice.commit([await bob.makePackage(), carol.makePackage(false, formats.access())], [], roster(2));
  await bob.join(first.welcome);
  carol.join(first.welcome);
  const missed = alice.commit([], [], roster(3));
  carol.take(missed.commit);
  const back = await bob.joinExternal(missed.info, true);
  alice.take(back);
  carol.take(back);
  await talk(alice, bob, carol);
  const away = await bob.commit();
  carol.take(away.commit);
  const again = alice.joinExternal(away.info);
  await bob.take(again.commit);
  carol.take(again.commit);
  await talk(alice, bob, carol);
});

test('the core joins a group that ts-mls made', async () => {
  const [bob, alice] = [new TsPeer(), wasmPeer()];
  await bob.create(group, roster(1));
  const first = await bob.commit({ add: [alice.makePackage(false, formats.access())] });
  alice.join(first.welcome);
  await talk(bob, alice);
  const leaves = alice.leaves();
  for (const leaf of leaves) {
    const certificate = formats.verified(leaf.credential, 'device', 'identity');
    assert.deepEqual(certificate.device, leaf.key);
  }
});

test('late messages are read, messages of another epoch or branch are refused', async () => {
  const [alice, bob] = [wasmPeer(), new TsPeer()];
  alice.create(group, roster(1));
  await bob.join(alice.commit([await bob.makePackage()], [], roster(2)).welcome);
  const entry = formats.random(16);
  const [toBob, toAlice] = [alice.say(secret, entry, 'late', 1), await bob.say(secret, entry, 'late, too', 1)];
  for (let turn = 0; turn < 3; turn += 1) await bob.take(alice.commit([], [], undefined).commit);
  assert.equal((await bob.hear(secret, entry, toBob)).text, 'late');
  assert.equal(alice.hear(secret, entry, toAlice).text, 'late, too');
  assert.throws(() => alice.hear(secret, entry, toAlice), /read before/);
  assert.throws(() => alice.hear(secret, formats.random(16), toAlice));
});
