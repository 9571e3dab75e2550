// Wire reference, section 5: canonical text, hash and signature, seen from outside: genuine ones pass, everything else not.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { RawEngine } from './lib/raw_engine.mjs';
import { withClients } from './lib/room_client.mjs';
import { endCleanly, NO_LIMITS, startRoomNode } from './lib/room_node.mjs';
import { isGenuine, newRoomId, Person } from './lib/wallet.mjs';

const vectors = JSON.parse(readFileSync(new URL('vectors/denetwork.json', import.meta.url)));
const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const alice = new Person('Alice');
const bob = new Person('Bob');
let node;

before(async () => { node = await startRoomNode(NO_LIMITS); });
after(() => endCleanly(node));

async function status(payload) {
  return withClients(node.origin, 1, async (client) => (await client.ask('chat-message', { payload })).status);
}

/** The status of a payload given as text, which is sent as it is. */
async function statusOfText(text) {
  const raw = await RawEngine.connect(node.origin);
  try {
    return (await raw.ask('chat-message', `{"payload":${text}}`)).status;
  } finally {
    raw.close();
  }
}

const replaceAt = (text, index, letter) => text.slice(0, index) + letter + text.slice(index + 1);
const otherDigit = (text, index) => replaceAt(text, index, text[index] === '0' ? '1' : '0');

describe('vectors', () => {
  for (const { name, wireJson } of vectors.signing) {
    // They are older than the retention: acknowledged, which only genuine ones are, and not kept.
    test(`${name}: taken as it stands`, async () => assert.equal(await statusOfText(wireJson), 200));

    test(`${name}: refused with one digit of hash, signature or time changed`, async () => {
      const payload = JSON.parse(wireJson);
      assert.equal(await statusOfText(wireJson.replace(payload.hash, otherDigit(payload.hash, 40))), 400);
      assert.equal(await statusOfText(wireJson.replace(payload.sig, otherDigit(payload.sig, 40))), 400);
      assert.equal(await statusOfText(wireJson.replace(`"timestamp":${payload.timestamp}`, `"timestamp":${payload.timestamp + 1}`)), 400);
    });

    test(`${name}: a fresh one of the same form is delivered unchanged`, () => withClients(node.origin, 2, async (sender, reader) => {
      const { hash, sig, wallet, publicKey, ...rest } = JSON.parse(wireJson);
      const changes = { ...rest, timestamp: Date.now(), publicKey: publicKey && alice.publicKey, roomId: newRoomId() };
      const payload = await alice.message(changes.roomId, rest.body, changes);
      await reader.join(payload.roomId);
      await sender.send(payload);
      assert.deepEqual(await reader.receives(1), [payload]);
      assert.equal(JSON.stringify(reader.payloads[0]), JSON.stringify(payload));
      assert.ok(await isGenuine(reader.payloads[0]));
    }));
  }
});

describe('forms of the signature', () => {
  const recovery = (sig) => Number.parseInt(sig.slice(-2), 16);
  const forms = {
    'as signed': [(sig) => sig, 200],
    'hex in capitals': [(sig) => `0x${sig.slice(2).toUpperCase()}`, 200],
    // The client cannot produce these, section 5: refuse everything it cannot, except capitals.
    'recovery byte 00 or 01': [(sig) => `${sig.slice(0, -2)}0${recovery(sig) - 27}`, 400],
    'the other recovery byte': [(sig) => `${sig.slice(0, -2)}${recovery(sig) === 27 ? '1c' : '1b'}`, 400],
    'no recovery byte there is': [(sig) => `${sig.slice(0, -2)}1d`, 400],
    'prefix 0X': [(sig) => `0X${sig.slice(2)}`, 400],
    'high s': [highS, 400],
    'r of zero': [(sig) => `0x${'0'.repeat(64)}${sig.slice(66)}`, 400],
    's of zero': [(sig) => `${sig.slice(0, 66)}${'0'.repeat(64)}${sig.slice(-2)}`, 400],
    'not hex': [(sig) => replaceAt(sig, 20, 'g'), 400],
    'all zero': [() => `0x${'0'.repeat(130)}`, 400],
  };
  /** The same signature's other half: as valid for plain ECDSA, and refused by the reference. */
  function highS(sig) {
    const s = CURVE_ORDER - BigInt(`0x${sig.slice(66, 130)}`);
    return `${sig.slice(0, 66)}${s.toString(16).padStart(64, '0')}${recovery(sig) === 27 ? '1c' : '1b'}`;
  }
  for (const [name, [change, expected]] of Object.entries(forms)) {
    test(name, async () => {
      const payload = await alice.message(newRoomId(), 'aa');
      assert.equal(await status({ ...payload, sig: change(payload.sig) }), expected);
    });
  }
});

describe('forms of the hash', () => {
  const forms = {
    'capitals': [(hash) => `0x${hash.slice(2).toUpperCase()}`, 200],
    'prefix 0X': [(hash) => `0X${hash.slice(2)}`, 400],
    'another message\'s': [() => vectors.signing[0].hash, 400],
    'all z': [() => 'z'.repeat(66), 400],
  };
  for (const [name, [change, expected]] of Object.entries(forms)) {
    test(name, async () => {
      const payload = await alice.message(newRoomId(), 'aa');
      assert.equal(await status({ ...payload, hash: change(payload.hash) }), expected);
    });
  }
});

test('a hash in capitals is the same message', () => withClients(node.origin, 2, async (sender, reader) => {
  const payload = await alice.message(newRoomId(), 'aa');
  await reader.join(payload.roomId);
  await sender.send(payload);
  await sender.send({ ...payload, hash: `0x${payload.hash.slice(2).toUpperCase()}` });
  await sender.send(await alice.message(payload.roomId, 'bb', { timestamp: payload.timestamp + 1 }));
  assert.deepEqual((await reader.receives(2)).map(({ body }) => body), ['aa', 'bb']);
}));

describe('who signed', () => {
  test('somebody else', async () => {
    const payload = await alice.message(newRoomId(), 'aa');
    const forged = await bob.message(payload.roomId, 'aa', { ...payload, hash: undefined, sig: undefined });
    assert.equal(await status({ ...payload, sig: forged.sig }), 400);
  });

  test('nobody: every signed field changed alone, and one added or removed', async () => {
    const payload = await alice.message(newRoomId(), 'aa', { extra: { a: [1] } });
    const changes = {
      chatType: 1, messageType: 2, wallet: bob.wallet, fromName: 'Mallory', fromAvatar: '', roomId: newRoomId(), body: 'ab',
      timestamp: payload.timestamp + 1, extra: { a: [2] }, added: 1,
    };
    for (const [key, value] of Object.entries(changes)) assert.equal(await status({ ...payload, [key]: value }), 400, key);
    const { extra, ...without } = payload;
    assert.equal(await status(without), 400);
  });

  test('fields that are not signed may change: createdAt and updatedAt', async () => {
    const payload = await alice.message(newRoomId(), 'aa');
    assert.equal(await status({ ...payload, createdAt: 1, updatedAt: 'x' }), 200);
    assert.equal(await status({ ...payload, nested: { createdAt: 1 } }), 400);
  });

  test('the wallet in other letters of case counts for the signer, and is signed as written', async () => {
    const privateKey = vectors.alice.privateKey;
    const owner = new Person('Alice', privateKey);
    for (const wallet of [vectors.alice.address, vectors.alice.address.toLowerCase()]) {
      const payload = await owner.message(newRoomId(), 'aa', { wallet });
      assert.equal(await status(payload), 200, wallet);
      const other = wallet === vectors.alice.address ? wallet.toLowerCase() : vectors.alice.address;
      assert.equal(await status({ ...payload, wallet: other }), 400);
    }
  });
});

describe('texts that JavaScript and others read differently', () => {
  const text = async (change) => change(JSON.stringify(await alice.message(newRoomId(), 'aa', { extra: { a: 1 } })));
  const cases = {
    'the text as it is': [(json) => json, 200],
    'white space': [(json) => json.replace('{', '{ ').replace('"body":', '"body" :\t'), 200],
    'escapes that need not be': [(json) => json.replace('"body":"aa"', '"\\u0062ody":"\\u0061a"'), 200],
    'a key twice, the same value': [(json) => json.replace('"body":"aa"', '"body":"aa","body":"aa"'), 400],
    'a key twice, another value': [(json) => json.replace('"body":"aa"', '"body":"bb","body":"aa"'), 400],
    'a key twice by an escape': [(json) => json.replace('"body":"aa"', '"body":"aa","bod\\u0079":"aa"'), 400],
    'a nested key twice': [(json) => json.replace('{"a":1}', '{"a":1,"a":1}'), 400],
    '__proto__': [(json) => json.replace('"body":"aa"', '"body":"aa","__proto__":{"x":1}'), 400],
    'a nested __proto__': [(json) => json.replace('{"a":1}', '{"a":1,"__proto__":1}'), 400],
    '__proto__ by an escape': [(json) => json.replace('{"a":1}', '{"a":1,"__pr\\u006fto__":1}'), 400],
    'a number in another form': [(json) => json.replace(/"timestamp":(\d+)/, '"timestamp":$1.0'), 400],
  };
  for (const [name, [change, expected]] of Object.entries(cases)) {
    test(name, async () => {
      const given = await text(change);
      if (expected === 200) assert.ok(await isGenuine(JSON.parse(given)), 'the test itself');
      assert.equal(await statusOfText(given), expected);
    });
  }

  test('two requests in one, or a payload twice', async () => {
    const json = await text((given) => given);
    const raw = await RawEngine.connect(node.origin);
    assert.equal((await raw.ask('chat-message', `{"payload":${json},"payload":${json}}`)).status, 400);
    raw.close();
  });

  test('numeric keys and deep nesting are signed, delivered and kept as JavaScript has them', () => withClients(node.origin, 2, async (sender, reader) => {
    const deep = JSON.parse('[{"b":'.repeat(100) + '1' + '}]'.repeat(100));
    const keys = { 10: 1, 9: 2, 4294967294: 3, 4294967295: 4, '-1': 5, '01': 6, '1.5': 7, Z: 8, '￮': 9, '😀': 10, é: 11 };
    const payload = await alice.message(newRoomId(), 'aa', { deep, keys, list: [{ 10: 1, 9: 2, z: 1, a: 1 }], ...keys });
    await reader.join(payload.roomId);
    await sender.send(payload);
    await reader.receives(1);
    assert.equal(JSON.stringify(reader.payloads[0]), JSON.stringify(payload));
    assert.equal(JSON.stringify((await reader.pull(payload.roomId)).list[0].data.payload), JSON.stringify(payload));
  }));
});

test('junk under a seen message\'s hash does not keep the real one out (13.2)', () => withClients(node.origin, 2, async (sender, reader) => {
  const payload = await alice.message(newRoomId(), 'aa');
  await reader.join(payload.roomId);
  const junk = { ...(await bob.message(payload.roomId, 'junk')), hash: payload.hash };
  assert.equal((await sender.ask('chat-message', { payload: junk })).status, 400);
  assert.equal((await sender.ask('chat-message', { payload: { ...payload, body: 'junk' } })).status, 400);
  await sender.send(payload);
  assert.deepEqual(await reader.receives(1), [payload]);
}));
