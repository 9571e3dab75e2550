// Wire reference, section 4 (WebSocket) and 11 (the keyless clients of old web pages).

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ChannelKey } from './lib/channel_key.mjs';
import { ChannelNode, endChannels, KEYLESS, MAX_REQUEST_BYTES } from './lib/channel_node.mjs';
import { WebSocketLine } from './lib/chat_line.mjs';
import { Chatter, CONNECTED, joined, leave, SENT } from './lib/chatter.mjs';
import { Tcp } from './lib/tcp.mjs';

let at;
before(async () => { at = await ChannelNode.start(); });
after(() => endChannels(at));

describe('the handshake (4)', () => {
  for (const origin of ['https://elsewhere.example', 'null', 'file://']) {
    test(`from ${origin}`, async () => leave(await Chatter.login(at, { options: { origin } })));
  }

  for (const path of ['', 'any/path', 'any?query=1&more', '%20']) {
    test(`at /${path}`, async () => {
      const line = await WebSocketLine.open({ websocketUrl: at.websocketUrl + path });
      line.close();
    });
  }

  test('the first subprotocol offered is chosen, and no compression', async () => {
    const line = await WebSocketLine.open(at, { protocols: ['first', 'second'] });
    assert.equal(line.socket.protocol, 'first');
    assert.equal(line.socket.extensions, '');
    line.close();
    const plain = await WebSocketLine.open(at);
    assert.equal(plain.socket.protocol, '');
    plain.close();
  });

  test('on the node\'s own port, too, together with those who came by another', async () => {
    const own = { websocketUrl: at.node.origin.replace(/^http/, 'ws') };
    const [one, two] = [await Chatter.in('own port', own), await Chatter.in('own port', at)];
    const text = await one.say('own port', 'hello');
    assert.deepEqual(await two.hears(1), [text]);
    leave(one, two);
  });

  test('without an upgrade: 426', async () => {
    const reply = await fetch(`http://127.0.0.1:${at.websocket}/`);
    assert.equal(reply.status, 426);
    await reply.arrayBuffer();
  });

  test('pings are answered', async () => {
    const person = await Chatter.login(at);
    const pong = new Promise((resolve) => { person.line.socket.once('pong', (data) => resolve(data.toString())); });
    person.line.socket.ping('are you there');
    assert.equal(await pong, 'are you there');
    leave(person);
  });
});

describe('frames (4)', () => {
  test('binary frames are understood like text, and go out as text to everybody', async () => {
    const [sender, reader, tcp] = [await Chatter.in('frames', at), await Chatter.in('frames', at), await Chatter.in('frames', at, { transport: 'TCP' })];
    const text = JSON.stringify(sender.generation.say(sender, 'frames', 'ü as bytes'));
    sender.line.socket.send(Buffer.from(text), { binary: true });
    await sender.expect(SENT);
    const fromTcp = await tcp.say('frames', 'from TCP');
    assert.deepEqual(await reader.hears(2), [text, fromTcp]);
    leave(sender, reader, tcp); // which also fails if a binary frame came
  });

  test('a message in fragments', async () => {
    const [sender, reader] = [await Chatter.in('fragments', at), await Chatter.in('fragments', at)];
    const text = JSON.stringify(sender.generation.say(sender, 'fragments', 'in pieces'));
    sender.line.socket.send(text.slice(0, 20), { fin: false });
    sender.line.socket.send(text.slice(20, 40), { fin: false });
    sender.line.socket.send(text.slice(40), { fin: true });
    await sender.expect(SENT);
    assert.deepEqual(await reader.hears(1), [text]);
    leave(sender, reader);
  });

  test('what is too large closes that connection alone', async () => {
    const [person, bystander] = [await Chatter.login(at), await Chatter.login(at)];
    person.send(JSON.stringify(person.generation.say(person, 'x', 'x'.repeat(MAX_REQUEST_BYTES * 2))));
    await person.line.untilClosed();
    await bystander.settle();
    leave(bystander);
  });

  test('text that is not UTF-8, and two objects in one frame, harm nobody else', async () => {
    const [person, other] = [await Chatter.login(at), await Chatter.login(at)];
    person.line.socket.send(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), { binary: false });
    other.send(`${JSON.stringify(other.generation.join(other, 'a'))}${JSON.stringify(other.generation.join(other, 'b'))}`);
    assert.match((await other.answer()).msg, /^MALFORMED DATA/);
    await other.settle();
    leave(other);
    person.close();
    await at.assertAlive();
  });

  test('the port of TCP clients does not mind HTTP', async () => {
    const visitor = await Tcp.dial(at.tcp);
    visitor.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await visitor.until('an error', (reads) => /^\{"type":"error","msg":"MALFORMED DATA/.test(reads[0]));
    visitor.close();
    await at.assertAlive();
  });
});

const join = (cname, uname = 'guest') => ({ type: 'join', uname, cname });
const say = (msg, uname = 'guest') => ({ type: 'msg', uname, msg });

describe('keyless clients (11)', () => {
  let open;
  before(async () => { open = await ChannelNode.start({ args: KEYLESS }); });
  after(() => endChannels(open));

  for (const transport of ['WebSocket', 'TCP']) {
    test(`over ${transport}: refused unless the owner wants them`, async () => {
      const guest = await Chatter.connect(at, { transport });
      for (const request of [join('lobby'), say('hello')]) {
        guest.send(request);
        const { type, msg } = await guest.answer();
        assert.equal(type, 'error');
        assert.match(msg, /^MALFORMED DATA/);
      }
      leave(guest);
    });

    test(`over ${transport}: served with the setting, one channel each, together with everybody else`, async () => {
      const [guest, other] = [await Chatter.connect(open, { transport }), await Chatter.connect(open)];
      const member = await Chatter.in('lobby', open);
      const elsewhere = await Chatter.in('elsewhere', open);
      for (const person of [guest, other]) {
        person.send(join('lobby'));
        await person.expect(joined('lobby'));
      }
      const text = guest.send(say('hello'));
      for (const person of [other, member]) assert.deepEqual(await person.hears(1), [text]);
      const answer = await member.say('lobby', 'hello guest');
      assert.deepEqual(await guest.hears(1), [answer]);
      assert.equal(guest.answers.length, 1, 'no acknowledgement');
      await elsewhere.settle();
      assert.deepEqual(elsewhere.heard, []);
      leave(guest, other, member, elsewhere);
    });
  }

  test('a guest cannot speak as somebody with a key, nor elsewhere', async () => {
    const owner = await Chatter.in('lobby', open);
    const elsewhere = await Chatter.in('elsewhere', open);
    const recipient = await Chatter.login(open);
    const guest = await Chatter.connect(open);
    guest.send(join('lobby'));
    await guest.expect(joined('lobby'));
    guest.send(guest.generation.say(owner, 'lobby', 'forged'));
    guest.send({ ...say('x'), cname: 'elsewhere' });
    guest.send({ ...say('y'), toPublicKey: recipient.key.publicKey });
    await Promise.all([owner, elsewhere, recipient].map((person) => person.settle()));
    assert.ok(owner.heard.every((text) => JSON.parse(text).fromPublicKey === undefined), 'nothing under her key');
    assert.deepEqual([elsewhere.heard, recipient.heard], [[], []]);
    leave(owner, elsewhere, recipient);
    guest.close();
  });
});

test('clients of 0.2.0: the key is called pk, the recipient private (11)', async () => {
  const key = new ChannelKey();
  const old = await Chatter.connect(at, { key, transport: 'TCP' });
  const member = await Chatter.in('ancient', at);
  const request = (own) => ({ type: '', msg: '', uname: 'old', pk: key.publicKey, private: '', cname: '', ...own });
  old.send(request({ type: 'connect' }));
  const { type, msg } = await old.answer();
  assert.equal(type, 'verify');
  old.send(request({ type: 'verify', msg: key.sign(msg) }));
  await old.expect(CONNECTED);
  old.send(request({ type: 'join', cname: 'ancient' }));
  await old.expect(joined('ancient'));
  const text = old.send(request({ type: 'msg', cname: 'ancient', msg: 'hello' }));
  assert.deepEqual(await member.hears(1), [text]);
  const secret = old.send(request({ type: 'msg', private: member.key.publicKey, msg: 'psst' }));
  assert.equal((await member.hears(2))[1], secret);
  await member.say('ancient', 'welcome');
  await old.hears(1);
  leave(old, member);
});
