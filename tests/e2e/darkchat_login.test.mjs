// Wire reference, section 5 and the first part of 13: login, its refusals, whose key it is; on both transports.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ChannelKey, highS } from './lib/channel_key.mjs';
import { endChannels, ChannelNode } from './lib/channel_node.mjs';
import { Chatter, CONNECTED, joined, leave, SENT } from './lib/chatter.mjs';
import { until } from './lib/until.mjs';

const CHALLENGE = /^[!-~]{32}$/;
const NO_KEY = /^MALFORMED DATA (Error: )?no fromPublicKey member found$/;
const tooEarly = (type) => new RegExp(`^MALFORMED DATA: (bad sig verify\\. )?type ${type} challenge undefined$`);
const ACCUSTOMED = ['toString', '__proto__', 'constructor', 'hasOwnProperty', 'valueOf'];
let at;

before(async () => { at = await ChannelNode.start(); });
after(() => endChannels(at));

async function refuses(chatter, request, pattern) {
  chatter.send(request);
  const { type, msg, ...more } = await chatter.answer();
  assert.deepEqual([type, more], ['error', {}]);
  assert.match(msg, pattern);
}

for (const transport of ['TCP', 'WebSocket']) {
  for (const generation of ['old', 'new']) {
    const who = { transport, generation };

    describe(`login of ${generation} clients over ${transport} (5)`, () => {
      test('the answers to the byte', async () => {
        const chatter = await Chatter.connect(at, who);
        const challenge = await chatter.challenge();
        assert.match(challenge, CHALLENGE);
        assert.ok(!/["'\\]/.test(challenge), challenge);
        chatter.send(chatter.generation.verify(chatter, chatter.key.sign(challenge)));
        await chatter.expect(CONNECTED);
        chatter.send(chatter.generation.join(chatter, 'room'));
        await chatter.expect(joined('room'));
        assert.deepEqual(chatter.line.texts, [
          `{"type":"verify","msg":"${challenge}"}`, '{"type":"success","msg":"Connected to Network"}', '{"type":"success","msg":"Connected to channel room"}',
        ]);
        leave(chatter);
      });

      test('a signature in capitals is good, with anything behind it is not, and the challenge stays', async () => {
        const chatter = await Chatter.connect(at, who);
        const signature = chatter.key.sign(await chatter.challenge());
        const verify = (msg) => chatter.generation.verify(chatter, msg);
        const bad = [highS(signature), `${signature}00`, `${signature} `, signature.slice(2), 'zz'.repeat(64), '', '00'.repeat(64), 'ff'.repeat(64)];
        for (const wrong of bad) await refuses(chatter, verify(wrong), tooEarly('verify'));
        for (const wrong of [null, 5, {}, undefined]) await refuses(chatter, { ...verify(''), msg: wrong }, tooEarly('verify'));
        chatter.close();
        const other = await Chatter.connect(at, who);
        other.send(other.generation.verify(other, other.key.sign(await other.challenge()).toUpperCase()));
        await other.expect(CONNECTED);
        leave(chatter, other);
      });

      test('a further connect replaces the challenge', async () => {
        const chatter = await Chatter.connect(at, who);
        const first = await chatter.challenge();
        const second = await chatter.challenge();
        assert.notEqual(first, second);
        await refuses(chatter, chatter.generation.verify(chatter, chatter.key.sign(first)), tooEarly('verify'));
        chatter.send(chatter.generation.verify(chatter, chatter.key.sign(second)));
        await chatter.expect(CONNECTED);
        leave(chatter);
      });

      test('somebody else\'s signature, and one\'s own for somebody else\'s key', async () => {
        const chatter = await Chatter.connect(at, who);
        const stranger = new ChannelKey();
        const challenge = await chatter.challenge();
        await refuses(chatter, chatter.generation.verify(chatter, stranger.sign(challenge)), tooEarly('verify'));
        const { publicKey } = stranger;
        await refuses(chatter, { ...chatter.generation.verify(chatter, stranger.sign(challenge)), fromPublicKey: publicKey }, tooEarly('verify'));
        chatter.send(chatter.generation.verify(chatter, chatter.key.sign(challenge)));
        await chatter.expect(CONNECTED);
        leave(chatter);
      });

      test('connect and verify after login are not answered', async () => {
        const chatter = await Chatter.login(at, who);
        chatter.send(chatter.generation.connect(chatter));
        chatter.send(chatter.generation.verify(chatter, '00'.repeat(64)));
        await chatter.join('room'); // the next answer is to this
        leave(chatter);
      });

      test('before login everything else is refused', async () => {
        const chatter = await Chatter.connect(at, who);
        await refuses(chatter, chatter.generation.join(chatter, 'room'), tooEarly('join'));
        await refuses(chatter, chatter.generation.say(chatter, 'room', 'x'), tooEarly('msg'));
        await refuses(chatter, { ...chatter.generation.connect(chatter), type: 'unheard-of' }, tooEarly('unheard-of'));
        await refuses(chatter, { fromPublicKey: chatter.key.publicKey }, tooEarly('undefined'));
        await refuses(chatter, chatter.generation.verify(chatter, '00'.repeat(64)), tooEarly('verify'));
        leave(chatter);
      });

      test('what has no key, and what is no JSON', async () => {
        const chatter = await Chatter.connect(at, who);
        for (const request of [{ type: 'connect' }, { type: 'connect', fromPublicKey: '' }, { type: 'connect', fromPublicKey: false }]) {
          await refuses(chatter, request, NO_KEY);
        }
        await refuses(chatter, 'hello', /^MALFORMED DATA/);
        await refuses(chatter, 'null', /^MALFORMED DATA/);
        for (const text of ['[]', '"text"', '5']) await refuses(chatter, text, /^MALFORMED DATA/);
        await chatter.prove();
        leave(chatter);
      });

      test('a key is 66 lower-case digits of a point on the curve and nothing else (13.4)', async () => {
        const { publicKey, uncompressed } = new ChannelKey();
        const wrong = [publicKey.toUpperCase(), `${publicKey}00`, `${publicKey} `, uncompressed, `06${uncompressed.slice(2)}`, publicKey.slice(0, 64), `05${publicKey.slice(2)}`, `02${'f'.repeat(64)}`, ...ACCUSTOMED];
        for (const fromPublicKey of wrong) {
          if (!/[A-F]/.test(fromPublicKey) && fromPublicKey === publicKey.toUpperCase()) continue; // no letters in it
          const chatter = await Chatter.connect(at, who);
          await refuses(chatter, { ...chatter.generation.connect(chatter), fromPublicKey }, /^MALFORMED DATA/);
          leave(chatter);
        }
        for (const fromPublicKey of [5, true, {}, []]) {
          const chatter = await Chatter.connect(at, who);
          await refuses(chatter, { ...chatter.generation.connect(chatter), fromPublicKey }, /^MALFORMED DATA/);
          leave(chatter);
        }
      });
    });
  }

  describe(`whose key it is, over ${transport} (13.1 to 13.3)`, () => {
    test('a stranger with another\'s key is a stranger; its owner stays when the stranger goes', async () => {
      const owner = await Chatter.in('club', at, { transport, name: 'owner' });
      const member = await Chatter.in('club', at, { transport });
      const stranger = await Chatter.connect(at, { transport });
      const thief = await Chatter.login(at, { transport });
      for (const liar of [stranger, thief]) {
        await refuses(liar, liar.generation.say(owner, 'club', 'forged'), tooEarly('msg'));
        await refuses(liar, liar.generation.join(owner, 'club'), tooEarly('join'));
        liar.close();
      }
      await until('both are gone', () => stranger.line.closed && thief.line.closed);
      const text = await owner.say('club', 'genuine');
      assert.deepEqual(await member.hears(1), [text]);
      leave(owner, member);
    });

    test('two connections of one key both live and both get what is for it', async () => {
      const key = new ChannelKey();
      const [one, two, other] = [await Chatter.login(at, { transport, key }), await Chatter.login(at, { transport, key }), await Chatter.login(at, { transport })];
      const text = await other.tell(key.publicKey, 'to both');
      for (const chatter of [one, two]) assert.deepEqual(await chatter.hears(1), [text]);
      await one.join('pair');
      await other.join('pair');
      await two.join('pair');
      const own = await one.say('pair', 'from one of them');
      for (const chatter of [two, other]) assert.equal((await chatter.hears(chatter === two ? 2 : 1)).at(-1), own);
      one.close();
      await until('it is gone', () => one.line.closed);
      const late = await other.tell(key.publicKey, 'to the one left');
      assert.equal((await two.hears(3)).at(-1), late);
      leave(one, two, other);
    });

    test('after closing, the key may log in again, and has to join again', async () => {
      const key = new ChannelKey();
      const first = await Chatter.in('club', at, { transport, key });
      first.close();
      await until('it is gone', () => first.line.closed);
      const second = await Chatter.login(at, { transport, key });
      second.send(second.generation.say(second, 'club', 'too early'));
      await second.expect({ type: 'error', msg: 'JOIN CHANNEL FIRST' });
      await second.join('club');
      second.send(second.generation.say(second, 'club', 'now'));
      await second.expect(SENT);
      leave(first, second);
    });
  });
}

test('guesses are bounded (13.5)', async () => {
  const chatter = await Chatter.connect(at, {});
  await chatter.challenge();
  const wrong = chatter.generation.verify(chatter, '00'.repeat(64));
  const MOST = 200;
  for (let guess = 0; guess < MOST; guess += 1) chatter.send(wrong);
  await chatter.line.untilClosed(60_000);
  assert.ok(chatter.answers.length < MOST);
});

test('a challenge is never given twice', async () => {
  const seen = new Set();
  for (let again = 0; again < 20; again += 1) {
    const chatter = await Chatter.connect(at, {});
    seen.add(await chatter.challenge());
    leave(chatter);
  }
  assert.equal(seen.size, 20);
});
