// Wire reference, section 3: TCP without framing. What is merged or split arrives; each answer is one read of the client.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ChannelNode, endChannels, MAX_LOGIN_BYTES, MAX_REQUEST_BYTES } from './lib/channel_node.mjs';
import { Chatter, CONNECTED, joined, leave, SENT } from './lib/chatter.mjs';
import { Tcp } from './lib/tcp.mjs';
import { until } from './lib/until.mjs';

const TCP = { transport: 'TCP' };
const OLD_TCP = { transport: 'TCP', generation: 'old' };
let at;
before(async () => { at = await ChannelNode.start(); });
after(() => endChannels(at));

describe('reading', () => {
  test('two, and twenty, requests in one write are all understood', async () => {
    const [sender, reader] = [await Chatter.in('merged', at, TCP), await Chatter.in('merged', at)];
    for (const between of ['', '\n', '\r\n', '  \t ']) {
      const texts = Array.from({ length: 20 }, (_, index) => JSON.stringify(sender.generation.say(sender, 'merged', `}{"${index}\\`)));
      const heard = reader.heard.length;
      sender.send(texts.join(between));
      assert.deepEqual((await reader.hears(heard + 20)).slice(heard), texts);
      for (let index = 0; index < 20; index += 1) await sender.expect(SENT);
    }
    leave(sender, reader);
  });

  test('a request split at every byte is understood', async () => {
    const [sender, reader] = [await Chatter.in('split', at, TCP), await Chatter.in('split', at)];
    const text = JSON.stringify(sender.generation.say(sender, 'split', 'ü👋 "}]{[\\" end'));
    const bytes = Buffer.from(text);
    for (let index = 1; index < text.length; index += 7) {
      sender.send(text.slice(0, index));
      // An answer to another connection: the first half has very probably been read meanwhile.
      await reader.settle();
      sender.send(text.slice(index));
      await sender.expect(SENT);
    }
    for (const letter of text) sender.send(letter);
    await sender.expect(SENT);
    assert.ok((await reader.hears(Math.ceil((text.length - 1) / 7) + 1)).every((heard) => heard === text), `${bytes.length} bytes`);
    leave(sender, reader);
  });

  test('the end of one and the beginning of the next in one write', async () => {
    const [sender, reader] = [await Chatter.in('uneven', at, TCP), await Chatter.in('uneven', at)];
    const texts = Array.from({ length: 10 }, (_, index) => JSON.stringify(sender.generation.say(sender, 'uneven', `${index}`)));
    const stream = texts.join('');
    for (let from = 0; from < stream.length; from += 333) {
      sender.send(stream.slice(from, from + 333));
      await reader.settle();
    }
    assert.deepEqual(await reader.hears(10), texts);
    leave(sender, reader);
  });

  test('rubbish: one error for each read, then as before', async () => {
    const person = await Chatter.login(at, TCP);
    for (const rubbish of ['hello', ']', '}', '"text"', 'null', '5 {', '{]', '{"a":nothing}', '\u0000', '[{"type":"join"}]']) {
      person.send(rubbish);
      const { type, msg } = await person.answer();
      assert.equal(type, 'error', rubbish);
      assert.match(msg, /^MALFORMED DATA/, rubbish);
    }
    await person.settle();
    leave(person);
  });

  test('a good request and rubbish behind it in one read: both are answered', async () => {
    const person = await Chatter.login(at, TCP);
    person.send(`${JSON.stringify(person.generation.join(person, 'good'))}rubbish${JSON.stringify(person.generation.join(person, 'lost'))}`);
    await person.expect(joined('good'));
    assert.match((await person.answer()).msg, /^MALFORMED DATA/);
    await person.settle(); // the rest of that read is gone
    leave(person);
  });

  test('an unfinished request is no error', async () => {
    const person = await Chatter.login(at, TCP);
    const other = await Chatter.login(at);
    const text = JSON.stringify(person.generation.join(person, 'patient'));
    person.send(text.slice(0, -1));
    for (let again = 0; again < 20; again += 1) await other.settle();
    assert.equal(person.answers.length, person.answered);
    person.send('}');
    await person.expect(joined('patient'));
    leave(person, other);
  });

  test('half-closing closes both ways', async () => {
    const person = await Chatter.login(at, TCP);
    person.line.tcp.leave();
    await person.line.untilClosed();
  });

  test('a login written all at once', async () => {
    const person = await Chatter.connect(at, TCP);
    person.send(`${JSON.stringify(person.generation.connect(person))}${JSON.stringify(person.generation.connect(person))}`);
    await person.answer();
    const { msg } = await person.answer();
    person.send(`${JSON.stringify(person.generation.verify(person, person.key.sign(msg)))}${JSON.stringify(person.generation.join(person, 'at once'))}`);
    await person.expect(CONNECTED);
    await person.expect(joined('at once'));
    leave(person);
  });
});

describe('sizes', () => {
  const flood = async (tcp, bytes) => {
    tcp.write(`{"type":"connect","x":"${'x'.repeat(bytes)}`);
    await until('it is cut off', () => tcp.closed, { deadlineMs: 20_000 });
  };

  test('before login a small limit, after it a larger one; nobody else notices', async () => {
    const bystander = await Chatter.in('calm', at, OLD_TCP);
    await flood(await Tcp.dial(at.tcp), MAX_LOGIN_BYTES * 2);
    const person = await Chatter.login(at, TCP);
    await flood(person.line.tcp, MAX_REQUEST_BYTES * 2);
    await bystander.settle();
    leave(bystander);
    await at.assertAlive();
  });

  test('a message of half a megabyte reaches WebSocket members whole', async () => {
    const [sender, reader] = [await Chatter.in('large', at, TCP), await Chatter.in('large', at)];
    const text = await sender.say('large', 'x'.repeat(500_000));
    assert.deepEqual(await reader.hears(1), [text]);
    leave(sender, reader);
  });

  test('brackets without end', async () => {
    const person = await Chatter.login(at, TCP);
    person.send('{"a":'.repeat(50_000));
    await until('it is refused or cut off', () => person.line.closed || person.answers.length > person.answered, { deadlineMs: 20_000 });
    person.close();
    await at.assertAlive();
  });
});

describe('writing: a real 0.2 client takes each read for one message and dies of anything else', () => {
  const BURST = 100;

  test(`bursts of ${BURST} from four senders: every message is one read`, async () => {
    const channel = 'burst';
    const victims = [await Chatter.in(channel, at, OLD_TCP), await Chatter.in(channel, at, OLD_TCP)];
    const senders = await Promise.all(Array.from({ length: 4 }, () => Chatter.in(channel, at)));
    const texts = senders.map((sender, from) => Array.from({ length: BURST / 4 }, (_, index) => sender.send(sender.generation.say(sender, channel, `${from} ${index}`))));
    for (const victim of victims) {
      await victim.hears(BURST, 30_000);
      victim.assertUnharmed();
      for (const list of texts) assert.deepEqual(victim.heard.filter((text) => list.includes(text)), list, 'in order');
    }
    leave(...victims, ...senders);
  });

  test('answers and messages mixed', async () => {
    const channel = 'mixed';
    const victim = await Chatter.in(channel, at, OLD_TCP);
    const sender = await Chatter.in(channel, at);
    for (let index = 0; index < 30; index += 1) {
      sender.send(sender.generation.say(sender, channel, `${index}`));
      victim.send(victim.generation.join(victim, `other ${index}`));
    }
    await victim.hears(30, 20_000);
    for (let index = 0; index < 30; index += 1) await victim.expect(joined(`other ${index}`));
    leave(victim, sender);
  });

  test('answers to a burst of its own requests', async () => {
    const victim = await Chatter.login(at, OLD_TCP);
    const names = Array.from({ length: 50 }, (_, index) => `channel ${index}`);
    victim.send(names.map((name) => JSON.stringify(victim.generation.join(victim, name))).join(''));
    for (const name of names) await victim.expect(joined(name));
    leave(victim);
  });
});

describe('a reader that stops', () => {
  for (const transport of ['TCP', 'WebSocket']) {
    test(`over ${transport} costs the others nothing`, async () => {
      const channel = `stuck ${transport}`;
      const stuck = await Chatter.in(channel, at, { transport });
      const [sender, reader] = [await Chatter.in(channel, at), await Chatter.in(channel, at)];
      stuck.line.pause();
      const BIG = 'x'.repeat(50_000);
      const COUNT = 600;
      for (let index = 0; index < COUNT; index += 1) await sender.say(channel, `${index} ${BIG}`);
      await reader.hears(COUNT, 30_000);
      const before = stuck.line.texts.length;
      stuck.line.resume();
      await until('it is closed, or reads what was kept', () => stuck.line.closed || stuck.line.texts.length > before, { deadlineMs: 30_000 });
      await reader.settle();
      stuck.close();
      leave(sender, reader);
    });
  }
});
