// The live connection: following, resuming after a power cut, slow readers, who is removed, channels.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { ChannelNode } from './lib/channel_node.mjs';
import { Chatter, leave } from './lib/chatter.mjs';
import { Group, NO_LIMITS, openNode, Person, takesSignatures } from './lib/native_client.mjs';
import { b64, Key } from './lib/native_key.mjs';
import { Live } from './lib/native_live.mjs';
import { endCleanly } from './lib/node.mjs';
import { until } from './lib/until.mjs';

const INBOX = { inbox: true };
const LONG = b64(Buffer.alloc(100_000, 7));
const MANY = 250;
/** With a copy for each of the slow readers it would be some 300. */
const MOST_GROWTH_MIB = 100;

let node;
let alice;

before(async () => {
  node = await openNode({ args: NO_LIMITS });
  alice = await Person.at(node);
});
after(() => endCleanly(node));

const numbers = (entries) => entries.map(({ number }) => number);
const upTo = (count, from = 1) => Array.from({ length: count }, (_, index) => index + from);

test('what waits and what comes is one stream, for inbox and groups at once', async () => {
  const group = await Group.at(alice, { members: 2 });
  for (let count = 0; count < 3; count += 1) (await group.say(0)).expect(201);
  (await alice.receive(alice.device)).expect(201);
  const live = await Live.open(node);
  assert.equal(live.hello.incarnation, 1);
  const begun = await live.follow(group.keys[1], { group: group.id }, 1);
  assert.deepEqual(begun, { following: { group: group.id, end: 3, turn: 0 } });
  assert.equal((await live.follow(alice.device, INBOX)).following.end, 1);
  (await group.commit(1)).expect(201);
  (await alice.receive(alice.device)).expect(201);
  await until('all has come', () => live.entries(group.id).length === 3 && live.parcels().length === 2);
  assert.deepEqual(numbers(live.entries(group.id)), [2, 3, 4]);
  assert.deepEqual(live.entries(group.id), (await group.entries(1)).entries, 'the same as by asking');
  assert.deepEqual(live.parcels(), (await alice.inbox()).parcels);
  live.send({ unfollow: { group: group.id } });
  (await group.say(1)).expect(201);
  (await alice.receive(alice.device)).expect(201);
  await until('the inbox goes on', () => live.parcels().length === 3);
  assert.equal(live.entries(group.id).length, 3, 'the group does not');
  await live.close();
});

test('a cursor goes on after a power cut, and nothing comes twice', async () => {
  const group = await Group.at(alice);
  const [key] = group.keys;
  let live = await Live.open(node);
  await live.follow(key, { group: group.id });
  const acknowledged = [];
  const say = async () => acknowledged.push((await group.say(0)).expect(201).json().number);
  for (let count = 0; count < 20; count += 1) await say();
  await until('some have come', () => live.entries(group.id).length >= 5);
  await node.kill();
  const seen = numbers(live.entries(group.id));
  await node.start();
  await takesSignatures(node);
  live = await Live.open(node);
  const { following } = await live.follow(key, { group: group.id }, seen.at(-1));
  assert.equal(following.end, 20, 'all that was acknowledged is there');
  for (let count = 0; count < 5; count += 1) await say();
  await until('the rest has come', () => seen.length + live.entries(group.id).length === 25);
  assert.deepEqual([...seen, ...numbers(live.entries(group.id))], upTo(25));
  assert.deepEqual(acknowledged, upTo(25));
  await live.close();
});

test('readers that stop reading cost a cursor, and get everything in the end', async (t) => {
  const group = await Group.at(alice);
  const [key] = group.keys;
  const memory = async () => Number((await readFile(`/proc/${node.process.pid}/status`, 'utf8')).match(/VmRSS:\s+(\d+) kB/)[1]) / 1024;
  const open = async () => {
    const live = await Live.open(node);
    await live.follow(key, { group: group.id });
    return live;
  };
  const slow = await Promise.all(Array.from({ length: 12 }, open));
  const prompt = await open();
  slow.forEach((live) => live.pause());
  const before = await memory();
  for (let count = 0; count < MANY; count += 1) (await group.say(0, { body: LONG })).expect(201);
  await until('the prompt one has all', () => prompt.entries(group.id).length === MANY, { deadlineMs: 60_000 });
  const growth = (await memory()) - before;
  t.diagnostic(`grew by ${growth.toFixed(0)} MiB`);
  assert.ok(growth < MOST_GROWTH_MIB, `grew by ${growth.toFixed(0)} MiB`);
  slow.forEach((live) => live.resume());
  for (const live of slow) {
    await until('a slow one has all', () => live.entries(group.id).length === MANY, { deadlineMs: 60_000 });
    assert.deepEqual(numbers(live.entries(group.id)), upTo(MANY));
  }
  await Promise.all([prompt, ...slow].map((live) => live.close()));
});

test('a member who is removed is cut off at once, by a refusal', async () => {
  const group = await Group.at(alice, { members: 2 });
  const [boss, member] = group.keys;
  const [live, stays] = [await Live.open(node), await Live.open(node)];
  await live.follow(member, { group: group.id });
  await stays.follow(boss, { group: group.id });
  (await group.commit(1, { key: boss, remove: [member.text] })).expect(201);
  (await group.say(1, { key: boss })).expect(201);
  assert.deepEqual((await live.hears('refused')).refused, { group: group.id, error: 'not_accepted' });
  await until('the other one has both', () => stays.entries(group.id).length === 2);
  assert.equal(live.entries(group.id).length, 0);
  assert.equal((await live.follow(member, { group: group.id })).refused.error, 'not_accepted');
  await live.close();
  await stays.close();
});

test('who leaves a group, and all when it ends, are told so on their live connections', async () => {
  const group = await Group.at(alice, { members: 2 });
  const [boss, member] = group.keys;
  const [left, stays] = [await Live.open(node), await Live.open(node)];
  await left.follow(member, { group: group.id });
  await stays.follow(boss, { group: group.id });
  (await group.ask('DELETE', '/members/self', { key: member })).expect(204);
  assert.deepEqual((await left.hears('refused')).refused, { group: group.id, error: 'not_accepted' });
  assert.equal(stays.all('refused').length, 0);
  (await group.ask('DELETE', '')).expect(204);
  assert.deepEqual((await stays.hears('refused')).refused, { group: group.id, error: 'not_accepted' });
  await left.close();
  await stays.close();
});

test('a device that is removed is cut off at once, and the others learn of the change', async () => {
  const person = await Person.at(node, { devices: 2 });
  const [first, second] = person.devices.map(({ key }) => key);
  const [lost, kept] = [await Live.open(node), await Live.open(node)];
  await lost.follow(first, INBOX);
  await kept.follow(second, INBOX);
  await person.remove(1);
  assert.deepEqual((await lost.hears('refused')).refused, { inbox: true, error: 'not_accepted' });
  await kept.hears('changed', 10_000, (what) => what === 'devices');
  (await person.receive(second)).expect(201);
  await until('the other one has it', () => kept.parcels().length === 1);
  assert.equal(lost.parcels().length, 0);
  await lost.close();
  await kept.close();
});

test('changes of profile and exchanges are told', async () => {
  const live = await Live.open(node);
  await live.follow(alice.device, INBOX);
  (await alice.ask('PUT', '/v1/profile', { json: { body: 'AAAA' }, headers: { 'if-match': '"0"' } })).expect(200);
  await live.hears('changed', 10_000, (what) => what === 'profile');
  await live.close();
});

test('who can not show a key follows nothing', async () => {
  const group = await Group.at(alice);
  const [live, other] = [await Live.open(node), await Live.open(node)];
  const stranger = new Key();
  assert.equal((await live.follow(stranger, { group: group.id })).refused.error, 'not_accepted');
  assert.equal((await live.follow(stranger, INBOX)).refused.error, 'not_accepted');
  // A signature is for one connection, and for one stream.
  const signed = (stream) => group.keys[0].follows(other.hello.challenge, live.authority, stream);
  live.send({ follow: { group: group.id, after: 0, key: group.keys[0].text, signature: signed({ group: group.id }) } });
  await live.hears('refused', 5_000, ({ error }) => error === 'unsigned');
  assert.equal(live.all('following').length, 0);
  await live.close();
  await other.close();
});

test('what is not understood is told, and too much of it ends the connection', async () => {
  const live = await Live.open(node);
  for (const text of ['{', '{"dance":{}}', '{"follow":{"inbox":false}}', '{"say":{"channel":"lobby","text":"x"}}']) live.send(text);
  await until('each is answered', () => live.all('error').length === 4);
  assert.deepEqual(live.all('error').map(({ error }) => error), ['malformed', 'malformed', 'malformed', 'not_accepted']);
  live.socket.send(Buffer.from([1, 2, 3]));
  for (let count = 0; count < 40; count += 1) live.send('{');
  assert.equal((await live.ends()).code, 1008);
});

test('a connection that is silent, or follows nothing, is let go; pings keep the others', async (t) => {
  const quick = await openNode({ args: [...NO_LIMITS, '--heartbeat', '1s'] });
  t.after(() => quick.dispose());
  const person = await Person.at(quick);
  const [mute, idle, good] = [await Live.open(quick, { autoPong: false }), await Live.open(quick), await Live.open(quick)];
  assert.equal(good.hello.heartbeat, 1);
  let pings = 0;
  good.socket.on('ping', () => { pings += 1; });
  await good.follow(person.device, INBOX);
  await mute.follow(person.device, INBOX);
  assert.match((await mute.ends()).reason, /silent/);
  assert.match((await idle.ends()).reason, /nothing/);
  await until('some heartbeats have passed', () => pings >= 4);
  assert.equal(good.closed, undefined);
  await good.close();
  await endCleanly(quick);
});

test('what is said in a channel crosses to darkchat and back', async (t) => {
  const channel = await ChannelNode.start({ args: ['--open-registration', ...NO_LIMITS] });
  t.after(() => channel.node.dispose());
  await takesSignatures(channel.node);
  const person = await Person.at(channel.node);
  const [live, second] = [await Live.open(channel.node), await Live.open(channel.node)];
  await live.follow(person.device, INBOX);
  await second.follow(person.device, INBOX);
  for (const one of [live, second]) {
    one.send({ join: { channel: 'lobby' } });
    assert.deepEqual((await one.hears('channel')).channel, { channel: 'lobby', joined: true });
  }
  for (const generation of ['old', 'new']) {
    const chatter = await Chatter.in('lobby', channel, { generation, name: `${generation} bob` });
    live.send({ say: { channel: 'lobby', text: `to ${generation}` } });
    const [heard] = await chatter.hears(1);
    const { msg, uname, cname, fromPublicKey } = JSON.parse(heard);
    assert.deepEqual([msg, cname, fromPublicKey], [`to ${generation}`, 'lobby', '']);
    assert.match(uname, /^tidings-[0-9a-f]{8}$/);
    const said = await second.hears('said', 10_000, ({ text }) => text === `to ${generation}`);
    assert.equal(said.said.from, uname);
    await chatter.say('lobby', `from ${generation}`);
    const back = (await live.hears('said', 10_000, ({ text }) => text === `from ${generation}`)).said;
    assert.deepEqual([back.channel, back.from], ['lobby', `${generation} bob`]);
    leave(chatter);
  }
  assert.equal(live.all('said').filter(({ text }) => text.startsWith('to ')).length, 0, 'nobody hears themselves');
  live.send({ leave: { channel: 'lobby' } });
  await live.hears('channel', 5_000, ({ joined }) => !joined);
  await live.close();
  await second.close();
  await endCleanly(channel.node);
});
