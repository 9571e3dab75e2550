// Our own nodes connected to each other by the old peer protocol: in a line, and in a ring.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ChannelKey } from './lib/channel_key.mjs';
import { ChannelNode, endChannels } from './lib/channel_node.mjs';
import { Chatter, leave } from './lib/chatter.mjs';
import { until } from './lib/until.mjs';

const CONNECT_MS = 30_000;
const KINDS = [{ generation: 'old', transport: 'TCP' }, { generation: 'new', transport: 'WebSocket' }];

/** Waits until what is said at each node is heard at each other one. */
async function untilConnected(nodes) {
  const people = await Promise.all(nodes.map((node) => Chatter.in('connected?', node)));
  for (const sender of people) {
    await until('the nodes are connected', async () => {
      const text = await sender.say('connected?', `${Math.random()}`);
      await until('it arrives', () => people.every((person) => person === sender || person.heard.includes(text)), { deadlineMs: 1_000 });
      return true;
    }, { deadlineMs: CONNECT_MS });
  }
  leave(...people);
}

const SHAPES = {
  async line() {
    // Who may call what it is told of would close the line to a ring.
    const privatePeers = false;
    const first = await ChannelNode.start({ privatePeers });
    const second = await ChannelNode.start({ privatePeers, peers: [first.peer] });
    return [first, second, await ChannelNode.start({ privatePeers, peers: [second.peer] })];
  },
  async ring() {
    const first = await ChannelNode.start();
    const second = await ChannelNode.start({ peers: [first.peer] });
    return [first, second, await ChannelNode.start({ peers: [second.peer, first.peer] })];
  },
};

const LINKS = { line: [1, 2, 1], ring: [2, 2, 2] };

/** How many servers each node is linked with. */
const links = (nodes) => Promise.all(nodes.map(async ({ node }) => {
  const text = await (await fetch(`${node.origin}/metrics`)).text();
  return Number(text.match(/^tidings_darkchat_links (\d+)$/m)?.[1]);
}));

for (const [shape, make] of Object.entries(SHAPES)) {
  describe(`three nodes in a ${shape}`, () => {
    let nodes = [];
    before(async () => {
      nodes = await make();
      await untilConnected(nodes);
    });
    after(() => endChannels(...nodes));

    test('it has this shape', () => until('each has its links', async () => String(await links(nodes)) === String(LINKS[shape])));

    test('a channel is one, wherever its members are: each hears each message once, untouched', async () => {
      const people = await Promise.all(nodes.flatMap((node) => KINDS.map((kind) => Chatter.in('everywhere', node, kind))));
      const outsiders = await Promise.all(nodes.map((node) => Chatter.in('elsewhere', node)));
      const texts = [];
      for (const [index, person] of people.entries()) {
        for (const msg of ['hello', 'ünï 👋', 'a **@#@ in it']) {
          const text = await person.say('everywhere', `${msg} from ${index}`);
          texts.push(text);
          await Promise.all(people.map((other) => until('it arrives', () => other === person || other.heard.some((heard) => same(heard, text)))));
        }
      }
      for (const [index, person] of people.entries()) {
        const expected = texts.filter((_, from) => Math.floor(from / 3) !== index);
        assert.equal((await person.hears(expected.length)).filter((heard, at) => same(heard, expected[at])).length, expected.length);
      }
      await Promise.all(outsiders.map((outsider) => outsider.settle()));
      assert.ok(outsiders.every(({ heard }) => heard.length === 0));
      leave(...people, ...outsiders);
    });

    /** A text with the peers' separator may cross with one letter of it escaped (section 8). */
    function same(heard, said) {
      return heard === said || heard.replaceAll('\\u0040', '@') === said;
    }

    for (const kind of KINDS) {
      test(`private messages across, ${kind.generation} over ${kind.transport}, both ways, and to nobody else`, async () => {
        const people = await Promise.all(nodes.map((node) => Chatter.login(node, kind)));
        const bystanders = await Promise.all(nodes.map((node) => Chatter.login(node, kind)));
        for (const sender of people) {
          for (const recipient of people) {
            const before = recipient.heard.length;
            const text = await sender.tell(recipient.key.publicKey, 'psst 👋');
            assert.equal((await recipient.hears(before + 1)).at(-1), text);
            assert.equal(recipient.open(text).msg, 'psst 👋');
          }
        }
        await people[0].tell(new ChannelKey().publicKey, 'to nobody');
        await Promise.all([...people, ...bystanders].map((person) => person.settle()));
        assert.ok(people.every(({ heard }) => heard.length === nodes.length));
        assert.ok(bystanders.every(({ heard }) => heard.length === 0));
        leave(...people, ...bystanders);
      });
    }

    test('a burst from every node: nothing lost, nothing twice, each sender in order', async () => {
      const EACH = 60;
      const people = await Promise.all(nodes.map((node) => Chatter.in('burst', node)));
      const said = people.map((person, from) => Array.from({ length: EACH }, (_, index) => person.send(person.generation.say(person, 'burst', `${from} ${index}`))));
      for (const [index, person] of people.entries()) {
        await person.hears(EACH * (nodes.length - 1), 60_000);
        for (const [from, texts] of said.entries()) {
          if (from !== index) assert.deepEqual(person.heard.filter((text) => texts.includes(text)), texts);
        }
      }
      leave(...people);
    });

    test('one node restarts: the others go on, and it is back by itself', async () => {
      const last = nodes.at(-1);
      await last.node.restart();
      await last.findPorts();
      await untilConnected(nodes);
      if (shape === 'line') assert.deepEqual(await links(nodes), LINKS.line);
    });
  });
}
