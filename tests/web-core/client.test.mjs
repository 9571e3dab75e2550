// The core as WebAssembly, as a browser would run it, at a real node.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Node } from '../e2e/lib/node.mjs';
import { core } from './lib/core.mjs';
import { Device } from './lib/device.mjs';
import { SyncHandle } from './lib/sync_handle.mjs';

let module;
let node;
const devices = [];

before(async () => {
  module = await core();
  node = await Node.start({ args: ['--open-registration'] });
});

after(async () => {
  devices.forEach((device) => device.end());
  await node.stop();
  await node.dispose();
});

function open(records) {
  const device = new Device(module, records);
  devices.push(device);
  return device;
}

async function person(name, records) {
  const phrase = module.makePhrase(false);
  const device = open(records);
  await device.command({ create_account: { node: node.origin, phrase, name, device: `${name}'s browser` } });
  return { phrase, device };
}

const texts = (client, group) =>
  client.conversation(group) ? client.messages(group, undefined, 100).flatMap(({ shown }) => shown.text ?? []) : [];

const comes = (device, group, text) => device.until(text, (client) => texts(client, group).includes(text));

test('a phrase has the wallet that other wallets make of it', () => {
  const words = 'abandon '.repeat(11) + 'about';
  assert.equal(module.readPhrase(words).wallet, '0x9858EfFD232B4033E47d90003D41EC34EcaEda94');
  assert.throws(() => module.readPhrase('abandon '.repeat(12)));
  assert.equal(module.makePhrase(true).split(' ').length, 24);
});

test('what is no input is refused', () => {
  const client = new module.Client([], Date.now());
  assert.throws(() => client.handle({ command: { id: 1, command: { dance: {} } } }, Date.now()));
  assert.throws(() => client.handle(undefined, Date.now()));
  assert.throws(() => new module.Client([{ table: 99, owner: new Uint8Array(), order: new Uint8Array(), value: null }], 0));
});

test('two browsers talk, one is closed and opened again, and one comes back with the phrase alone', { timeout: 240_000 }, async () => {
  const alice = await person('Alice');
  const bob = await person('Bob');
  const { link } = await alice.device.command({ invite: { lasts: 3600, note: 'Bob' } });
  const { conversation: group } = await bob.device.command({ accept: { link } });
  await bob.device.command({ send_text: { group, text: 'Hello, Alice' } });
  await comes(alice.device, group, 'Hello, Alice');
  await alice.device.command({ send_text: { group, text: 'Hello, Bob' } });
  await comes(bob.device, group, 'Hello, Bob');
  assert.equal(alice.device.client.contacts()[0].name, 'Bob');

  const again = open(alice.device.end());
  assert.deepEqual(texts(again.client, group), ['Hello, Alice', 'Hello, Bob']);
  await bob.device.command({ send_text: { group, text: 'Still there?' } });
  await comes(again, group, 'Still there?');

  const second = open();
  await second.command({ restore: { node: node.origin, phrase: alice.phrase, device: 'another browser' } });
  await second.until('the conversation', (client) => client.conversation(group)?.standing === 'ready');
  await second.command({ send_text: { group, text: 'From anywhere' } });
  await comes(bob.device, group, 'From anywhere');
  await comes(again, group, 'From anywhere');
});

test('a file goes over, once', { timeout: 120_000 }, async () => {
  const [carol, dave] = [await person('Carol'), await person('Dave')];
  const { link } = await carol.device.command({ invite: { lasts: 3600, note: '' } });
  const { conversation: group } = await dave.device.command({ accept: { link } });
  const bytes = crypto.getRandomValues(new Uint8Array(60_000));
  const attachment = { file: dave.device.file(bytes), size: bytes.length, name: 'a.bin', kind: 'application/octet-stream', look: 'once', caption: '' };
  await dave.device.command({ send_file: { group, attachment } });
  const message = await carol.device.until('the file', (client) =>
    client.conversation(group) && client.messages(group, undefined, 10).find(({ shown }) => shown.file));
  const file = carol.device.file();
  await carol.device.command({ open: { group, message: message.id, file } });
  assert.deepEqual(Buffer.from(carol.device.content(file)), Buffer.from(bytes));
  await assert.rejects(carol.device.command({ open: { group, message: message.id, file } }));
});

const file = () => ({ handle: new SyncHandle(), key: Buffer.alloc(32, 7) });

// The device as the next worker finds it.
function kill(device) {
  const { handle, key } = device.end();
  return { handle: handle.afterKill(), key };
}

test('a browser with its records in a file is killed again and again, and goes on', { timeout: 240_000 }, async () => {
  let alice = (await person('Alice', file())).device;
  const { device: bob } = await person('Bob');
  const { link } = await alice.command({ invite: { lasts: 3600, note: 'Bob' } });
  const { conversation: group } = await bob.command({ accept: { link } });
  for (let round = 0; round < 3; round += 1) {
    await bob.command({ send_text: { group, text: `To a file ${round}` } });
    await comes(alice, group, `To a file ${round}`);
    const { message } = await alice.command({ send_text: { group, text: `From a file ${round}` } });
    alice = open(kill(alice));
    assert.equal(alice.client.message(group, message).shown.text, `From a file ${round}`);
    await comes(bob, group, `From a file ${round}`);
  }
  assert.equal(texts(alice.client, group).length, 6);
  const found = alice.client.searchIn(group, 'from a', undefined, 2);
  assert.deepEqual(found.map(({ shown }) => shown.text), ['From a file 2', 'From a file 1']);
  assert.equal(alice.client.searchIn(group, 'from a', found.at(-1).order, 2)[0].shown.text, 'From a file 0');
  assert.ok(alice.client.safetyFits(bob.client.me().identity, bob.client.contacts()[0].safety_code));
});

test('another key, no room and the end of a file are told apart', { timeout: 120_000 }, async () => {
  const { device } = await person('Carol', file());
  const kept = kill(device);
  const opens = (handle, key) => module.Client.open(handle, key, Date.now());
  assert.throws(() => opens(kept.handle, Buffer.alloc(32, 8)), { code: 'wrong_key' });
  assert.ok(kept.handle.closed);
  assert.throws(() => opens(new SyncHandle(Buffer.alloc(9000, 'no store')), kept.key), { code: 'damaged' });
  assert.throws(() => opens(new SyncHandle(), Buffer.alloc(31)), /32 bytes/);

  // Whatever of it is damaged: either the rest is used, or it is said that it is damaged. If not at once, then by the next instance, which
  // reads all of it first.
  for (let first = 512; first < 8192; first += 512) {
    const damaged = (kind) => {
      const file = kept.handle.afterKill();
      for (let at = 16_384 + first; at + 256 < file.getSize(); at += 8192) file.write(Buffer.alloc(256, kind), { at });
      return file;
    };
    const fresh = await core('', `damaged ${first}`);
    const tried = (instance, check) => {
      try {
        instance.Client.open(damaged(first / 512), kept.key, Date.now(), check).close();
        return 'opened';
      } catch (error) {
        return error instanceof WebAssembly.RuntimeError ? 'trapped' : error.code;
      }
    };
    const outcome = tried(fresh, false);
    const final = outcome === 'trapped' ? tried(await core('', `checked ${first}`), true) : outcome;
    assert.ok(['opened', 'damaged'].includes(final), `from ${first} on: ${outcome}, ${final}`);
  }

  const handle = kept.handle.afterKill();
  const client = opens(handle, kept.key);
  assert.equal(client.me().name, 'Carol');
  const rename = (client, id, name) => client.handle({ command: { id, command: { set_profile: { name } } } }, Date.now());
  // What is still owed to the node is begun, and kept, at once.
  client.handle('started', Date.now());
  handle.room = 0;
  assert.throws(() => rename(client, 1, 'Caroline'), { code: 'full' });
  assert.throws(() => rename(client, 2, 'Caroline'), { code: 'full' });
  client.close();
  assert.ok(handle.closed);

  const again = opens(handle.afterKill(), kept.key);
  assert.equal(again.me().name, 'Carol');
  assert.ok(rename(again, 1, 'Caroline').every((action) => !action.save));
  assert.equal(again.me().name, 'Caroline');
  again.close();
  assert.throws(() => rename(again, 2, 'Carol'), { code: 'closed' });
});

test('what is pasted is read', () => {
  assert.equal(module.readNodeUrl(' Example.org/ '), 'https://example.org');
  assert.equal(module.readNodeUrl('no node'), undefined);
  assert.throws(() => module.readLink('https://example.org/'));
  assert.equal(module.isSafetyCode('1234'), false);
});
