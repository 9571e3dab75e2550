// After a conversation in channels nothing of it is in the data folder, nor in anything the node printed at debug level.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ChannelNode, endChannels, TALKATIVE_LOG } from './lib/channel_node.mjs';
import { Chatter, leave } from './lib/chatter.mjs';
import { filesBelow } from './lib/folder.mjs';
import { OldPeer } from './lib/old_peer.mjs';
import { until } from './lib/until.mjs';

const secret = (name) => `${name}-${randomBytes(12).toString('hex')}`;

/** Ways in which bytes might have been written down. */
function spellings(bytes) {
  const hex = bytes.toString('hex');
  return [bytes, Buffer.from(hex), Buffer.from(hex.toUpperCase()), Buffer.from(bytes.toString('base64').replace(/=+$/, '').slice(0, -1)),
    Buffer.from(bytes.toString('base64url').slice(0, -1)), Buffer.from(bytes.toString('utf16le'), 'utf16le')];
}

async function assertAbsent(channel, secrets) {
  const files = await filesBelow(channel.node.folder);
  assert.ok(files.length > 0, 'there is a data folder');
  const places = [['what it printed', Buffer.from(channel.node.printed)]];
  for (const { path } of files) places.push([path, await readFile(path).catch(() => Buffer.alloc(0))]);
  for (const [name, bytes] of secrets) {
    for (const spelling of spellings(bytes)) {
      for (const [place, content] of places) assert.ok(!content.includes(spelling), `${name} is in ${place}`);
    }
  }
}

test('nothing of a conversation is written down: not while it lasts, not after the end, not after a power cut', async (t) => {
  const peer = await OldPeer.listen();
  const channel = await ChannelNode.start({ args: TALKATIVE_LOG, peers: [peer.port] });
  t.after(() => channel.node.dispose());
  await until('the peer is connected', () => peer.names.length === 1, { deadlineMs: 20_000 });
  const name = { room: secret('room'), text: secret('text'), psst: secret('psst'), user: secret('user'), wrong: secret('wrong'), relayed: secret('relayed') };
  const people = [await Chatter.in(name.room, channel, { name: name.user }), await Chatter.in(name.room, channel, { generation: 'old', transport: 'TCP', name: name.user })];
  for (const person of people) await person.say(name.room, name.text);
  for (const person of people) await person.hears(1);
  const sealed = await people[0].tell(people[1].key.publicKey, name.psst);
  await people[1].hears(2);
  peer.say(name.room, JSON.stringify({ type: 'msg', msg: name.relayed, cname: name.room, fromPublicKey: people[0].key.publicKey }));
  await people[0].hears(2);
  // Refusals are the likeliest to be logged with what was refused.
  people[0].send(`{"${name.wrong}`);
  people[0].send(people[0].generation.say(people[0], name.wrong, name.wrong));
  await people[0].answer();
  const stranger = await Chatter.connect(channel);
  stranger.send({ type: 'join', fromPublicKey: people[0].key.publicKey, cname: name.wrong, msg: name.wrong });
  await stranger.answer();

  const secrets = [
    ...Object.entries(name).map(([what, text]) => [what, Buffer.from(text)]),
    ['the sealed text', Buffer.from(JSON.parse(sealed).msg, 'hex')],
    ...people.flatMap(({ key }) => [['a public key', Buffer.from(key.publicKey, 'hex')], ['a public key\'s x', Buffer.from(key.publicKey, 'hex').subarray(1)]]),
  ];
  await assertAbsent(channel, secrets);
  leave(...people, stranger);
  await channel.node.stop();
  await assertAbsent(channel, secrets);
  await channel.node.start();
  await channel.findPorts();
  await channel.node.kill();
  await assertAbsent(channel, secrets);
  peer.close();
  await endChannels(channel);
});
