// Wire reference, sections 6, 7, 9 and 10: joining, speaking, private messages; generations and transports mixed.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ChannelKey } from './lib/channel_key.mjs';
import { ChannelNode, endChannels } from './lib/channel_node.mjs';
import { Chatter, JOIN_FIRST, joined, leave, NO_DESTINATION, SENT } from './lib/chatter.mjs';
import { until } from './lib/until.mjs';

const KINDS = [['old', 'TCP'], ['old', 'WebSocket'], ['new', 'TCP'], ['new', 'WebSocket']].map(([generation, transport]) => ({ generation, transport }));
const ACCUSTOMED = ['toString', '__proto__', 'constructor', 'hasOwnProperty', 'valueOf', 'length'];
const SOME_NAMES = [' ', 'two words', 'ünïcödé 👋', 'a"b\\c', 'peer', '**@#@', '\u0000', 'x'.repeat(200)];
const label = ({ generation, transport }) => `${generation} over ${transport}`;
let at;
let made = 0;
const newChannel = () => `room ${made++}`;

before(async () => { at = await ChannelNode.start(); });
after(() => endChannels(at));

const everybody = (channel) => Promise.all(KINDS.map((kind) => Chatter.in(channel, at, { ...kind, name: label(kind) })));

describe('a channel with every kind of client in it', () => {
  for (const [index, kind] of KINDS.entries()) {
    test(`${label(kind)} speaks: all others get the bytes, the sender what its generation waits for`, async () => {
      const channel = newChannel();
      const people = await everybody(channel);
      const outsider = await Chatter.in(newChannel(), at, kind);
      const texts = [];
      for (const msg of ['hello', 'ünï 👋', '"quoted"\n']) texts.push(await people[index].say(channel, msg));
      for (const [other, person] of people.entries()) {
        if (other !== index) assert.deepEqual(await person.hears(texts.length), texts);
      }
      await Promise.all([...people, outsider].map((person) => person.settle()));
      assert.deepEqual([people[index].heard, outsider.heard], [[], []]);
      leave(...people, outsider);
    });

    test(`${label(kind)}: what it may not do`, async () => {
      const channel = newChannel();
      const listener = await Chatter.in(channel, at, kind);
      const person = await Chatter.login(at, kind);
      person.send(person.generation.say(person, channel, 'not joined'));
      await person.expect(JOIN_FIRST);
      for (const destination of [{ cname: '' }, { cname: null }, { cname: undefined }]) {
        person.send({ ...person.generation.say(person, '', 'to nobody'), ...destination, toPublicKey: '' });
        if (person.generation.acknowledges) await person.expect(NO_DESTINATION);
      }
      await person.settle();
      assert.deepEqual(listener.heard, []);
      leave(person, listener);
    });

    test(`${label(kind)}: types nobody knows are not answered`, async () => {
      const person = await Chatter.login(at, kind);
      for (const type of ['unheard-of', '', null, 5, undefined, 'toString']) person.send({ ...person.generation.say(person, 'x', 'y'), type });
      await person.settle();
      leave(person);
    });
  }

  test('joining again is confirmed again, and delivers once', async () => {
    const channel = newChannel();
    const [one, two] = [await Chatter.in(channel, at), await Chatter.in(channel, at)];
    await one.join(channel);
    const text = await two.say(channel, 'once');
    await one.settle();
    assert.deepEqual(await one.hears(1), [text]);
    leave(one, two);
  });

  for (const channel of [...ACCUSTOMED, ...SOME_NAMES]) {
    test(`a channel called ${JSON.stringify(channel.slice(0, 20))} is one like any other`, async () => {
      const stranger = await Chatter.login(at);
      stranger.send(stranger.generation.say(stranger, channel, 'not joined'));
      await stranger.expect(JOIN_FIRST);
      const [one, two] = [await Chatter.in(channel, at, { generation: 'old' }), await Chatter.in(channel, at)];
      const text = await one.say(channel, 'hello');
      assert.deepEqual(await two.hears(1), [text]);
      await stranger.settle();
      assert.deepEqual(stranger.heard, []);
      leave(one, two, stranger);
      await at.assertAlive();
    });
  }

  test('a channel is a text that is not empty', async () => {
    for (const cname of [undefined, null, '', 5, {}, [], true]) {
      const person = await Chatter.login(at);
      person.send({ ...person.generation.join(person, 'x'), cname });
      assert.equal((await person.answer()).type, 'error', JSON.stringify(cname));
      leave(person);
    }
  });
});

describe('bytes are sacred (7)', () => {
  const forms = {
    'blanks and order': (json) => ` ${json.replace(/,/g, ' ,\t').replace('{', '{ \n')} `,
    'escapes': (json) => json.replace('"hello"', '"\\u0068\\/\\ud83d\\ude00"'),
    'unknown members': (json) => json.replace('{', '{"__proto__":{"a":1},"toString":[1.0,1e2,-0],'),
    'members twice': (json) => json.replace('"msg":"hello"', '"msg":"other","msg":"hello"'),
    'half a surrogate pair': (json) => json.replace('hello', '\\ud83d'),
    'a separator of peers': (json) => json.replace('hello', '**@#@'),
    'a long one': (json) => json.replace('hello', 'ü'.repeat(20_000)),
  };
  for (const [name, change] of Object.entries(forms)) {
    test(name, async () => {
      const channel = newChannel();
      const sender = await Chatter.in(channel, at);
      const readers = await Promise.all([Chatter.in(channel, at), Chatter.in(channel, at, { generation: 'old' })]);
      const text = change(JSON.stringify(sender.generation.say(sender, channel, 'hello')));
      sender.send(text);
      await sender.expect(SENT);
      for (const reader of readers) assert.deepEqual(await reader.hears(1), [text]);
      leave(sender, ...readers);
    });
  }

  test('over TCP, without the blanks around it', async () => {
    const channel = newChannel();
    const [sender, reader] = [await Chatter.in(channel, at, { transport: 'TCP' }), await Chatter.in(channel, at)];
    const text = JSON.stringify(sender.generation.say(sender, channel, 'hello')).replace(/,/g, ' , ');
    sender.send(`\r\n ${text} \r\n`);
    await sender.expect(SENT);
    assert.equal((await reader.hears(1))[0].trim(), text);
    leave(sender, reader);
  });
});

describe('the acknowledgement (6)', () => {
  test('comes before anything that the message brings back', async () => {
    const channel = newChannel();
    const [one, two] = [await Chatter.in(channel, at), await Chatter.in(channel, at)];
    for (let round = 0; round < 20; round += 1) {
      one.send(one.generation.say(one, channel, `${round}`));
      await two.hears(round + 1);
      await two.say(channel, `answer ${round}`);
      await one.expect(SENT);
      await one.hears(round + 1);
      const order = one.line.messages.slice(-2).map(({ type }) => type);
      assert.deepEqual(order, ['success', 'msg']);
    }
    leave(one, two);
  });

  test('to oneself: acknowledged first, then delivered', async () => {
    const one = await Chatter.login(at);
    const text = await one.tell(one.key.publicKey, 'to myself');
    assert.deepEqual(await one.hears(1), [text]);
    assert.deepEqual(one.line.messages.slice(-2).map(({ type }) => type), ['success', 'msg']);
    leave(one);
  });

  test('is decided by the first request: a connect without those members is new', async () => {
    const key = new ChannelKey();
    const person = await Chatter.connect(at, { key });
    person.send({ type: 'connect', fromPublicKey: key.publicKey });
    person.send({ type: 'verify', fromPublicKey: key.publicKey, msg: key.sign((await person.answer()).msg) });
    assert.equal((await person.answer()).type, 'success');
    const channel = newChannel();
    await person.join(channel);
    person.send({ type: 'msg', fromPublicKey: key.publicKey, cname: channel, msg: 'hello' });
    await person.expect(SENT);
    leave(person);
  });
});

describe('order (7)', () => {
  for (const transport of ['WebSocket', 'TCP']) {
    test(`200 messages back to back over ${transport} arrive in order and complete`, async () => {
      const channel = newChannel();
      const sender = await Chatter.in(channel, at, { transport });
      const reader = await Chatter.in(channel, at);
      const texts = Array.from({ length: 200 }, (_, index) => sender.send(sender.generation.say(sender, channel, `${index}`)));
      assert.deepEqual(await reader.hears(200), texts);
      for (let index = 0; index < 200; index += 1) await sender.expect(SENT);
      leave(sender, reader);
    });
  }
});

describe('private messages (7, 9, 13.11)', () => {
  for (const from of KINDS) {
    for (const transport of ['TCP', 'WebSocket']) {
      test(`${label(from)} to one over ${transport}, and back`, async () => {
        const { generation } = from;
        const [one, two] = [await Chatter.login(at, { ...from, name: 'one' }), await Chatter.login(at, { generation, transport, name: 'two' })];
        const bystander = await Chatter.login(at, from);
        const text = await one.tell(two.key.publicKey, 'psst 👋', ...(generation === 'old' ? ['never joined'] : []));
        assert.deepEqual(await two.hears(1), [text]);
        assert.equal(two.open(text).msg, 'psst 👋');
        const answer = await two.tell(one.key.publicKey, 'what?');
        assert.equal(one.open((await one.hears(1))[0]).msg, 'what?');
        assert.equal(one.heard[0], answer);
        await bystander.settle();
        assert.deepEqual(bystander.heard, []);
        leave(one, two, bystander);
      });
    }
  }

  for (const generation of ['old', 'new']) {
    test(`${generation}: one that names a channel is never shown there, whether the recipient is here or not`, async () => {
      const channel = newChannel();
      const [sender, member] = [await Chatter.in(channel, at, { generation }), await Chatter.in(channel, at, { generation })];
      const recipient = await Chatter.login(at, { generation });
      for (const key of [recipient.key, new ChannelKey()]) {
        sender.send({ ...sender.generation.tell(sender, key.publicKey, 'secret'), cname: channel });
        if (generation === 'new') await sender.expect(SENT);
      }
      await recipient.hears(1);
      await Promise.all([sender.settle(), member.settle(), recipient.settle()]);
      assert.deepEqual([member.heard, sender.heard, recipient.heard.length], [[], [], 1]);
      leave(sender, member, recipient);
    });
  }

  for (const toPublicKey of [...ACCUSTOMED, 'nobody', ' ']) {
    test(`to ${JSON.stringify(toPublicKey)}: the server lives, nobody gets it`, async () => {
      const [sender, other] = [await Chatter.login(at), await Chatter.login(at)];
      sender.send({ ...sender.generation.tell(sender, other.key.publicKey, 'x'), toPublicKey });
      await sender.answer(); // acknowledged or refused, but answered
      await Promise.all([sender.settle(), other.settle()]);
      assert.deepEqual(other.heard, []);
      await at.assertAlive();
      leave(sender, other);
    });
  }
});

describe('what would kill a 0.2 client never reaches it (13.15)', () => {
  test('messages without a text', async () => {
    const channel = newChannel();
    const [sender, old, fresh] = [await Chatter.in(channel, at), await Chatter.in(channel, at, { generation: 'old', transport: 'TCP' }), await Chatter.in(channel, at)];
    const whole = sender.generation.say(sender, channel, 'x');
    for (const msg of [undefined, null, 5, {}, []]) {
      sender.send({ ...whole, msg });
      await sender.answer();
    }
    const last = sender.send(whole);
    await until('the last has come', () => fresh.heard.includes(last) && old.heard.includes(last));
    assert.deepEqual(old.heard, [last]);
    leave(sender, old);
    fresh.close(); // it may well have got them: only 0.2 dies of them
  });
});

describe('one who loops on errors (10)', () => {
  for (const transport of ['TCP', 'WebSocket']) {
    test(`over ${transport} is slowed and then closed, and costs nobody else anything`, async () => {
      const looping = await Chatter.connect(at, { transport });
      const bystander = await Chatter.in(newChannel(), at);
      const MOST_ERRORS = 300;
      const request = JSON.stringify(looping.generation.join(looping, 'x'));
      let seen = 0;
      looping.send(request);
      await until('it is closed', () => {
        for (; seen < looping.line.texts.length; seen += 1) looping.send(request);
        return looping.line.closed;
      }, { deadlineMs: 90_000 });
      assert.ok(looping.line.texts.length < MOST_ERRORS, `${looping.line.texts.length} errors`);
      assert.ok(looping.line.texts.length >= 12, 'the first dozen is answered as usual');
      await bystander.settle();
      leave(bystander);
    });
  }

  test('two new clients in one channel do not answer each other for ever', async () => {
    const channel = newChannel();
    // The real client: the head of its queue goes out again on everything it receives until it is acknowledged.
    const people = [await Chatter.in(channel, at), await Chatter.in(channel, at)];
    let sent = 0;
    const queues = people.map((person, index) => [person.generation.say(person, channel, `from ${index}`)]);
    const read = people.map((person) => person.line.texts.length);
    const push = (index) => { if (queues[index].length > 0) { sent += 1; people[index].send(queues[index][0]); } };
    [0, 1].forEach(push);
    await until('both queues are empty and it is quiet', () => {
      people.forEach((person, index) => {
        for (; read[index] < person.line.texts.length; read[index] += 1) {
          if (JSON.parse(person.line.texts[read[index]]).msg === SENT.msg) queues[index].shift();
          else push(index);
        }
      });
      return queues.every((queue) => queue.length === 0);
    });
    await Promise.all(people.map(async (person) => { person.send(person.generation.join(person, 'done')); await until('joined', () => person.answers.some(({ msg }) => msg === joined('done').msg)); }));
    assert.ok(sent <= 6, `${sent} were sent`);
    leave(...people);
  });
});
