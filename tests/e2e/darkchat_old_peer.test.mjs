// Wire reference, section 8: a real 0.2 server as neighbour (lib/old_peer.mjs), which takes each read for one message and dies of
// much. It must lose nothing and live.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ChannelKey } from './lib/channel_key.mjs';
import { ChannelNode, endChannels } from './lib/channel_node.mjs';
import { Chatter, leave } from './lib/chatter.mjs';
import { GENERATIONS } from './lib/generation.mjs';
import { newRelayId, OldPeer } from './lib/old_peer.mjs';
import { Tcp, TcpServer } from './lib/tcp.mjs';
import { until } from './lib/until.mjs';

const SEPARATOR = '**@#@';
const QUIET_AFTER_OK_MS = 400;
const REDIAL_MS = 60_000;
const stranger = { key: new ChannelKey(), name: 'far away' };
const said = (channel, msg) => JSON.stringify(GENERATIONS.old.say(stranger, channel, msg));

/** What is to be ended after each test. */
let ending = [];
const keep = (thing) => { ending.push(thing); return thing; };
const startNode = async (options) => keep(await ChannelNode.start(options));
const startPeer = async (options) => keep(await OldPeer.listen(options));

beforeEach(() => { ending = []; });
afterEach(async () => {
  const peers = ending.filter((thing) => thing instanceof OldPeer);
  const deaths = peers.map(({ dead }) => dead);
  const lost = peers.flatMap((peer) => peer.lost);
  peers.forEach((peer) => peer.close());
  await endChannels(...ending.filter((thing) => thing instanceof ChannelNode));
  assert.deepEqual(deaths, peers.map(() => undefined), 'no peer was killed');
  assert.deepEqual(lost, [], 'no peer lost anything');
});

/** A node and an old peer that are connected, whoever called. */
async function pair(whoCalls) {
  const peer = await startPeer();
  const node = await startNode(whoCalls === 'node' ? { peers: [peer.port] } : {});
  if (whoCalls === 'peer') await peer.dial(node.peer);
  await until('they are connected', () => peer.names.length === 1, { deadlineMs: 20_000 });
  assert.deepEqual(peer.names, [`127.0.0.1:${node.peer}`], 'the node is known by its real peer port');
  return { peer, node };
}

for (const whoCalls of ['node', 'peer']) {
  describe(`the ${whoCalls} calls`, () => {
    test('both ways, public and private, untouched', async () => {
      const { peer, node } = await pair(whoCalls);
      const people = [await Chatter.in('room', node), await Chatter.in('room', node, { generation: 'old', transport: 'TCP' })];
      const text = await people[0].say('room', 'hello peer');
      await until('the peer hears it', () => peer.heard.length === 1);
      assert.deepEqual([peer.heard[0].channel, peer.heard[0].json], ['room', text]);
      assert.match(peer.heard[0].id, /^[0-9a-f]{12}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}:\d{13}$|^[0-9a-f-]{35}:\d{13}$/);
      assert.deepEqual(await people[1].hears(1), [text]);

      const answer = said('room', 'ünï 👋 } { "').replace(/,/g, ' , ');
      peer.say('room', answer);
      assert.deepEqual(await people[0].hears(1), [answer]);
      assert.equal((await people[1].hears(2))[1], answer);

      const secret = await people[0].tell(stranger.key.publicKey, 'psst');
      await until('the peer has it', () => peer.heard.length === 2);
      assert.deepEqual([peer.heard[1].channel, peer.heard[1].json], ['', secret]);
      const back = JSON.stringify(GENERATIONS.new.tell(stranger, people[0].key.publicKey, 'what?'));
      peer.say('', back);
      assert.equal((await people[0].hears(2))[1], back);
      assert.equal(people[1].heard.length, 2, 'not shown to others');
      leave(...people);
    });

    test('the same id twice is delivered once; an own message that comes back, not at all', async () => {
      const { peer, node } = await pair(whoCalls);
      const [person, other] = [await Chatter.in('room', node), await Chatter.in('room', node)];
      const id = peer.say('room', said('room', 'once'));
      await person.hears(1);
      peer.say('room', said('room', 'once'), id);
      const text = await person.say('room', 'mine');
      await until('the peer hears it', () => peer.heard.length === 1);
      peer.say('room', text, peer.heard[0].id);
      peer.say('room', said('room', 'last'));
      await person.hears(2);
      await other.hears(3);
      leave(person, other);
    });

    test('what the peer merges and cuts is understood', async () => {
      const { peer, node } = await pair(whoCalls);
      const person = await Chatter.in('room', node);
      const relay = (msg) => `room${SEPARATOR}${newRelayId()}${SEPARATOR}${said('room', msg)}`;
      peer.writeRaw(relay('one') + relay('two } {') + relay('three'));
      await person.hears(3);
      const long = relay('four');
      for (let from = 0; from < long.length; from += 50) {
        peer.writeRaw(long.slice(from, from + 50));
        await person.settle();
      }
      await person.hears(4);
      peer.writeRaw(`peer${SEPARATOR}127.0.0.1:1${relay('five')}`);
      await until('five is heard', () => person.heard.length === 5);
      assert.deepEqual(person.heard.map((text) => JSON.parse(text).msg), ['one', 'two } {', 'three', 'four', 'five']);
      leave(person);
    });

    test('a channel called peer, and one with strange letters', async () => {
      const { peer, node } = await pair(whoCalls);
      for (const channel of ['peer', 'ok', 'connect', 'two words', 'ü👋', '__proto__']) {
        const person = await Chatter.in(channel, node);
        peer.say(channel, said(channel, 'in'));
        await person.hears(1);
        if (channel === '__proto__') continue; // comes in like any other; whether a real server would survive it is not known
        const text = await person.say(channel, 'out');
        await until(`it is heard in ${channel}`, () => peer.heard.at(-1)?.json === text);
        assert.equal(peer.heard.at(-1).channel, channel);
        leave(person);
      }
    });

    test('rubbish from the peer harms nobody, and the link stays', async () => {
      const { peer, node } = await pair(whoCalls);
      const person = await Chatter.in('room', node);
      const rubbish = [
        'rubbish', SEPARATOR, `a${SEPARATOR}b`, `room${SEPARATOR}id${SEPARATOR}{nothing}`, `room${SEPARATOR}id2${SEPARATOR}null`, `room${SEPARATOR}id3${SEPARATOR}[1]`,
        `room${SEPARATOR}id4${SEPARATOR}"text"`, `${SEPARATOR}id5${SEPARATOR}{"toPublicKey":"toString","msg":"x"}`, `peer${SEPARATOR}nonsense`,
        `peer${SEPARATOR}127.0.0.1:99999`, `peer${SEPARATOR}::1:30303`, `peer${SEPARATOR}::ffff:1.2.3.4:30303`, `peer${SEPARATOR}`, 'ok', 'error', `connect${SEPARATOR}1`,
      ];
      for (const text of rubbish) {
        peer.writeRaw(text);
        // Kept apart from the next, as rubbish is dropped together with what is in its read.
        for (let again = 0; again < 10; again += 1) await person.settle();
      }
      let number = 0;
      await until('it understands again', async () => {
        peer.say('room', said('room', `good ${number++}`));
        return until('it is heard', () => person.heard.length > 0, { deadlineMs: 500 });
      });
      assert.ok(person.heard.every((text) => JSON.parse(text).msg.startsWith('good')));
      assert.equal(peer.names.length, 1);
      leave(person);
    });

    test('nothing that kills it or that it cannot take is ever sent', async () => {
      const { peer, node } = await pair(whoCalls);
      const person = await Chatter.in('room', node);
      const whole = GENERATIONS.new.say(person, 'room', 'x');
      for (const toPublicKey of ['toString', '__proto__', 'constructor', 'valueOf', 'hasOwnProperty']) {
        person.send({ ...whole, cname: null, toPublicKey });
        person.send({ ...whole, toPublicKey });
      }
      const inside = person.send({ ...whole, msg: `in ${SEPARATOR} side` });
      const splitting = await Chatter.in(`a${SEPARATOR}b`, node);
      await splitting.say(`a${SEPARATOR}b`, 'cannot cross');
      person.send({ ...whole, msg: 'x'.repeat(100_000) });
      person.send({ ...whole, cname: '' });
      const last = person.send({ ...whole, msg: 'last' });
      await until('the last is heard', () => peer.heard.some(({ json }) => json === last));
      const heard = peer.heard.map(({ json }) => json);
      assert.deepEqual(heard, [inside.replace(SEPARATOR, '**\\u0040#@'), last]);
      assert.deepEqual(JSON.parse(heard[0]), JSON.parse(inside));
      leave(person, splitting);
    });

    test('bursts of four senders: nothing merged, nothing lost, in order', async () => {
      const { peer, node } = await pair(whoCalls);
      const senders = await Promise.all(Array.from({ length: 4 }, () => Chatter.in('burst', node)));
      const texts = senders.map((sender, from) => Array.from({ length: 50 }, (_, index) => sender.send(sender.generation.say(sender, 'burst', `${from} ${index} ${'x'.repeat(1_000)}`))));
      await until('all are heard', () => peer.heard.length === 200, { deadlineMs: 30_000 });
      for (const list of texts) assert.deepEqual(peer.heard.map(({ json }) => json).filter((json) => list.includes(json)), list);
      senders.forEach((sender) => sender.close());
    });
  });
}

describe('the greeting', () => {
  test('ok comes alone, and nothing for a while, though there is somebody to advertise', async () => {
    const { node, peer } = await pair('peer');
    const caller = await Tcp.dial(node.peer);
    const times = [];
    caller.onRead = (text) => times.push([text, performance.now()]);
    caller.write(`connect${SEPARATOR}45678`);
    await until('the advert comes', () => times.length >= 2);
    assert.equal(times[0][0], 'ok');
    assert.equal(times[1][0], `peer${SEPARATOR}127.0.0.1:${peer.port}`);
    assert.ok(times[1][1] - times[0][1] > QUIET_AFTER_OK_MS, `${times[1][1] - times[0][1]} ms`);
    caller.close();
  });

  for (const text of [`connect${SEPARATOR}1connect${SEPARATOR}1`, `connect${SEPARATOR}`, `connect${SEPARATOR}x`, `connect${SEPARATOR}70000`, 'hello', '{}', `room${SEPARATOR}id${SEPARATOR}{}`]) {
    test(`${JSON.stringify(text)} is answered error, and closed`, async () => {
      const node = await startNode();
      const caller = await Tcp.dial(node.peer);
      caller.write(text);
      await until('it is closed', () => caller.closed);
      assert.deepEqual(caller.reads, ['error']);
      await node.assertAlive();
    });
  }

  test('as caller: nothing before ok; ok with an advert behind it is good', async () => {
    const reads = [];
    let link;
    const server = await TcpServer.listen((tcp) => { link = tcp; tcp.onRead = (text) => reads.push(text); });
    const node = await startNode({ peers: [server.port] });
    await until('it calls', () => reads.length === 1);
    assert.equal(reads[0], `connect${SEPARATOR}${node.peer}`);
    const person = await Chatter.in('room', node);
    await person.say('room', 'before ok');
    await person.settle();
    assert.equal(reads.length, 1);
    link.write(`okpeer${SEPARATOR}127.0.0.1:1`);
    await until('the link is good', async () => {
      await person.say('room', 'after ok');
      return until('it comes', () => reads.length > 1, { deadlineMs: 500 });
    });
    assert.match(reads[1], /after ok/);
    leave(person);
    server.close();
  });

  test('as caller: anything but ok is answered error and closed', async () => {
    const reads = [];
    const server = await TcpServer.listen((tcp) => { tcp.onRead = (text) => { reads.push(text); if (text.startsWith('connect')) tcp.write('hello'); }; });
    await startNode({ peers: [server.port] });
    await until('it refuses', () => reads.includes('error'), { deadlineMs: 15_000 });
    server.close();
  });
});

describe('discovery', () => {
  test('each is told of all others, and messages cross a ring of old and new once', async () => {
    const [one, two] = [await startPeer({ follows: true }), await startPeer({ follows: true })];
    const [first, second] = [await startNode(), await startNode()];
    // A ring: first – one – second – two – first.
    await one.dial(first.peer);
    await two.dial(first.peer);
    await one.dial(second.peer);
    await two.dial(second.peer);
    await until('everybody knows enough', () => one.names.length >= 2 && two.names.length >= 2, { deadlineMs: 20_000 });
    await until('adverts arrive', () => one.adverts.length + two.adverts.length >= 2, { deadlineMs: 20_000 });
    const people = await Promise.all([first, second].map((node) => Chatter.in('ring', node)));
    const texts = [];
    for (let index = 0; index < 10; index += 1) texts.push(await people[0].say('ring', `${index}`));
    assert.deepEqual(await people[1].hears(10), texts);
    await until('both peers have all', () => one.heard.length === 10 && two.heard.length === 10);
    one.say('ring', said('ring', 'from the old'));
    await people[0].hears(1);
    await people[1].hears(11);
    await Promise.all(people.map((person) => person.settle()));
    leave(...people);
  });

  for (const privatePeers of [true, false]) {
    test(`told of a peer at a private address, it ${privatePeers ? 'calls it once' : 'does not call'} (13.19)`, async () => {
      const calls = [];
      const told = await TcpServer.listen((tcp) => { calls.push(tcp); tcp.onRead = () => tcp.write('ok'); });
      const node = await startNode({ privatePeers });
      const peer = await startPeer();
      await peer.dial(node.peer);
      await until('connected', () => peer.names.length === 1);
      peer.writeRaw(`peer${SEPARATOR}127.0.0.1:${told.port}`);
      if (privatePeers) await until('it calls', () => calls.length > 0);
      peer.writeRaw(`peer${SEPARATOR}127.0.0.1:${told.port}`);
      const person = await Chatter.in('room', node);
      peer.say('room', said('room', 'after the advert'));
      await person.hears(1);
      const quiet = performance.now() + 1_000; // longer than an advert waits for what may follow it
      await until('it had time to call', () => performance.now() > quiet);
      assert.equal(calls.length, privatePeers ? 1 : 0);
      leave(person);
      told.close();
    });
  }

  test('a configured peer that went away is called again', async () => {
    const first = await OldPeer.listen();
    const node = await startNode({ peers: [first.port] });
    await until('connected', () => first.names.length === 1, { deadlineMs: 20_000 });
    first.close();
    const again = await until('the port is free', () => OldPeer.listen({ port: first.port }));
    keep(again);
    await until('connected again', () => again.names.length === 1, { deadlineMs: REDIAL_MS });
    const person = await Chatter.in('room', node);
    const text = await person.say('room', 'still there');
    await until('heard', () => again.heard.at(-1)?.json === text);
    leave(person);
  });

  test('both call each other: either link serves, and one closing harms nothing', async () => {
    const { peer, node } = await pair('node');
    const second = await Tcp.dial(node.peer);
    second.write(`connect${SEPARATOR}${peer.port}`);
    await second.until('ok', (reads) => reads[0] === 'ok');
    second.close();
    const person = await Chatter.in('room', node);
    const text = await person.say('room', 'one link left');
    await until('heard', () => peer.heard.some(({ json }) => json === text));
    leave(person);
  });

  test('many strangers on the peer port are bounded', async () => {
    const node = await startNode();
    const callers = [];
    for (let index = 0; index < 300; index += 1) callers.push(await Tcp.dial(node.peer).catch(() => undefined));
    callers.forEach((caller, index) => caller?.write(`connect${SEPARATOR}${20_000 + index}`));
    await node.assertAlive();
    leave(await Chatter.in('room', node));
    callers.forEach((caller) => caller?.close());
  });
});

