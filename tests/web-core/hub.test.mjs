// A client that is not ours (lib/stranger.mjs: ts-mls, and the rest from the pages of docs/protocol) in conversations with the core,
// through real nodes of two owners.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Node } from '../e2e/lib/node.mjs';
import { takesSignatures } from '../e2e/lib/native_client.mjs';
import { until } from '../e2e/lib/until.mjs';
import { core } from './lib/core.mjs';
import { Device } from './lib/device.mjs';
import { Stranger } from './lib/stranger.mjs';

const DEADLINE = { deadlineMs: 30_000 };
let module;
let nodes;
const devices = [];

before(async () => {
  module = await core();
  nodes = await Promise.all([0, 1].map(async () => takesSignatures(await Node.start({ args: ['--open-registration'] }))));
});

after(async () => {
  devices.forEach((device) => device.end());
  for (const node of nodes) await node.stop().then(() => node.dispose());
});

async function person(name) {
  const device = new Device(module);
  devices.push(device);
  const phrase = module.makePhrase(false);
  await device.command({ create_account: { node: nodes[0].origin, phrase, name, device: 'browser' } });
  return device;
}

const shown = (device, group) => device.client.messages(group, undefined, 100).map(({ shown }) => shown.text).filter(Boolean);
const hears = (device, group, text) => device.until(text, (client) => client.conversation(group) && shown(device, group).includes(text));

const told = (talk, text) => until(`the stranger hears: ${text}`, async () => (await talk.read()).includes(text), DEADLINE);

const someOf = async (list) => ((await list).length > 0 ? list : undefined);

// The two of them in a conversation by the stranger's invitation.
async function acquainted(name) {
  const ted = await Stranger.at(nodes[1].origin, 'Ted');
  const alice = await person(name);
  const { conversation: group } = await alice.command({ accept: { link: await ted.invite() } });
  const [talk] = await until('the answer comes', () => someOf(ted.receive()), DEADLINE);
  return { ted, alice, group, talk };
}

test('the core accepts the invitation of another client, and both write', { timeout: 120_000 }, async () => {
  const { alice, group, talk } = await acquainted('Alice');
  assert.equal(Buffer.from(talk.group).toString('base64url'), group);
  assert.equal(talk.hub, nodes[0].origin);
  await alice.command({ send_text: { group, text: 'Hello, whoever you are' } });
  await told(talk, 'Hello, whoever you are');
  await talk.say('Hello, ü – 😀');
  await hears(alice, group, 'Hello, ü – 😀');
  await talk.say('And again');
  await hears(alice, group, 'And again');
  await talk.acknowledge();
  const mine = (client) => client.messages(group, undefined, 10).find((message) => message.mine);
  await alice.until('the receipt', (client) => mine(client).delivery?.seen === 1);
  assert.equal(alice.client.contacts()[0].name, 'Ted');
});

test('another client is added to a group through its inbox, and stays in it through the commits of others and its own', { timeout: 240_000 }, async () => {
  const { ted, alice } = await acquainted('Anna');
  await ted.publishPackages(2);
  const bob = await person('Bob');
  const { link } = await alice.command({ invite: { lasts: 3600, note: '' } });
  await bob.command({ accept: { link } });
  const identity = (name) => alice.client.contacts().find((contact) => contact.name === name)?.identity;
  await alice.until('the contacts', () => identity('Bob') && identity('Ted'));
  const { conversation: group } = await alice.command({ create_group: { name: 'Mixed', members: [identity('Ted')] } });
  const [talk] = await until('the welcome comes', () => someOf(ted.receive()), DEADLINE);
  assert.deepEqual([talk.roster().name, talk.roster().members.length], ['Mixed', 2]);
  await talk.say('Ted is here');
  await hears(alice, group, 'Ted is here');

  await alice.command({ add_members: { group, members: [identity('Bob')] } });
  await bob.until('the group', (client) => client.conversation(group)?.standing === 'ready');
  await bob.command({ send_text: { group, text: 'So is Bob' } });
  await told(talk, 'So is Bob');
  assert.equal(talk.roster().members.length, 3);
  await everybodyTalks(talk, [alice, bob], group, 'after another was added');

  await talk.update();
  await everybodyTalks(talk, [alice, bob], group, "after the other client's commit");

  await talk.comeBack();
  await everybodyTalks(talk, [alice, bob], group, 'after the other client came back');

  await alice.command({ remove_member: { group, member: identity('Bob') } });
  await until('the commit comes', async () => (await talk.read()) && talk.roster().members.length === 2, DEADLINE);
  await everybodyTalks(talk, [alice], group, 'after one was removed');
});

// Each says something, and all others read it.
async function everybodyTalks(talk, others, group, when) {
  await talk.say(`Ted ${when}`);
  for (const device of others) await hears(device, group, `Ted ${when}`);
  for (const [at, speaker] of others.entries()) {
    const text = `${at} ${when}`;
    await speaker.command({ send_text: { group, text } });
    await told(talk, text);
    for (const device of others) await hears(device, group, text);
  }
}
