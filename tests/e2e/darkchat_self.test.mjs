// The channel tools against the worked vectors of section 12, without a node.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChannelKey } from './lib/channel_key.mjs';
import { GENERATIONS } from './lib/generation.mjs';
import { splitObjects, splitRelays } from './lib/late_reads.mjs';
import { OldPeer } from './lib/old_peer.mjs';
import { until } from './lib/until.mjs';

const a = { key: new ChannelKey(Buffer.alloc(32, 0x11)), name: 'alice' };
const b = { key: new ChannelKey(Buffer.alloc(32, 0x22)), name: 'bob' };
const A = '034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa';
const B = '02466d7fcae563e5cb09a0d1870bb580344804617879a14949cf22285f1bae3f27';
const NEW_SEALED = '508e098ce5c0f98d7a76fe439d779ae2e82a60fb806f4c2b3ab2c625cb7b8114b01055ed2dba7c30f05d969320f19e3842bc0a4666cac3408dcc850719ada41714bae81eaa607f6923824ada01baf7e6e77dc1df721b388f388c9546b88c636773ffb2d788203abfa4b82204fcf1152e76';
const OLD_SEALED = '64a3f50feaf116c5810eb48b890cbc099d97da453fe1c8d7fa89a9f9545124365fde98a2a8df1c8511f3f670b44372b24c2a001f1315d1d1933bcea32e13709499454977023c488684d22879045fcf1080f2985c62432d15d833114d76370342ff93fa81cf3b389f7430701890180aa55c3c0bae9058b6120a15f1b7d8a1d392620e62a11bbea4edbb900c715a3a3d71478ee47ef005d11804be1fad6fb49b8a04e27dd20db2a66effce5724c05a12110fceabb5a56e6174d74491046b62152f1c577fabaf76ffbb866a8ef708c2db3f6cad4f58542f100408ca3ae68fcd3a66a270d5';

test('keys and the login signature', () => {
  assert.deepEqual([a.key.publicKey, b.key.publicKey], [A, B]);
  assert.equal(a.key.sign('a1b2c3d4e5f6-4a7b-8c9d-0e1f2a3b4'),
    '18ab52cbb7d9fd565f1c4ab9dcf5038f92f0c3abe55b9d459965bcb270c4adf61e04b6169863154c5819ee65bc419bb710302ad843cc7e42320d051df2174293');
});

test('requests of 0.3', () => {
  const { connect, join, say } = GENERATIONS.new;
  assert.equal(JSON.stringify(connect(a)), `{"type":"connect","fromPublicKey":"${A}","msg":null,"uname":null,"toPublicKey":null,"cname":null}`);
  assert.equal(JSON.stringify(join(a, 'room')), `{"type":"join","userName":"alice","channelName":"room","fromPublicKey":"${A}","msg":null,"uname":"alice","toPublicKey":null,"cname":"room"}`);
  assert.equal(JSON.stringify(say(a, 'room', 'hello')), `{"type":"msg","msg":"hello","fromPublicKey":"${A}","userName":"alice","channelName":"room","uname":"alice","toPublicKey":null,"cname":"room"}`);
});

test('requests of 0.2', () => {
  const { connect, join, say } = GENERATIONS.old;
  assert.equal(JSON.stringify(connect(a)), `{"type":"connect","msg":"","uname":"","fromPublicKey":"${A}","toPublicKey":"","cname":""}`);
  assert.equal(JSON.stringify(join(a, 'room')), `{"type":"join","msg":"","uname":"alice","fromPublicKey":"${A}","toPublicKey":"","cname":"room"}`);
  assert.equal(JSON.stringify(say(a, 'room', 'hello')), `{"type":"msg","msg":"hello","uname":"alice","fromPublicKey":"${A}","toPublicKey":"","cname":"room"}`);
});

test('private messages of both generations', () => {
  const fresh = GENERATIONS.new.tell(a, B, 'hello');
  assert.equal(JSON.stringify(fresh), `{"type":"msg","msg":"${NEW_SEALED}","fromPublicKey":"${A}","toPublicKey":"${B}","uname":null,"cname":null}`);
  assert.equal(b.key.open('new', A, NEW_SEALED), `{"type":"msg","msg":"hello","fromPublicKey":"${A}"}`);
  const old = GENERATIONS.old.tell(a, B, 'hello', 'room');
  assert.equal(JSON.stringify(old), `{"type":"msg","msg":"${OLD_SEALED}","uname":"alice","fromPublicKey":"${A}","toPublicKey":"${B}","cname":"room"}`);
  assert.equal(JSON.parse(b.key.open('old', A, OLD_SEALED)).msg, 'hello');
});

test('what a late reader merged is taken apart, and nothing else', () => {
  assert.deepEqual(splitObjects('{"a":"}{\\""} {"b":[{}]}{"c'), ['{"a":"}{\\""} ', '{"b":[{}]}', '{"c']);
  assert.deepEqual(splitObjects('rubbish{}'), ['rubbish{}']);
  const [one, two] = ['a**@#@1:2**@#@{"x":"}"}', '**@#@3**@#@{}'];
  assert.deepEqual(splitRelays(one + two), [one, two]);
  assert.deepEqual(splitRelays(`${one}b**@#@4**@#@{"cut`), [one, 'b**@#@4**@#@{"cut']);
  assert.deepEqual(splitRelays('peer**@#@127.0.0.1:1'), ['peer**@#@127.0.0.1:1']);
});

test('two old peers greet each other and relay; one that gets what kills it is dead', async () => {
  const called = await OldPeer.listen();
  const caller = await OldPeer.listen();
  await caller.dial(called.port);
  await until('both know each other', () => called.names.length === 1 && caller.names.length === 1);
  assert.deepEqual(called.names, [`127.0.0.1:${caller.port}`]);
  const json = JSON.stringify(GENERATIONS.old.say(a, 'room', 'hello'));
  caller.say('room', json);
  await until('it is heard', () => called.heard.length === 1);
  assert.deepEqual([called.heard[0].channel, called.heard[0].json], ['room', json]);
  caller.writeRaw('room**@#@id**@#@{"cut');
  await until('it is dead', () => called.dead);
  [called, caller].forEach((peer) => peer.close());
});
