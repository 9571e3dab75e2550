// Members of a channel that stop reading: bounded memory, nothing for the others to notice, and a clean gap for them.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ChannelNode, endChannels } from './lib/channel_node.mjs';
import { Chatter, leave } from './lib/chatter.mjs';
import { until } from './lib/until.mjs';

const COUNT = 600;
const LONG = 'x'.repeat(50_000);
const STUBBORN = 12;
/** With a copy for each of them it would be some 350; the channel's tail alone may hold 12. */
const MOST_GROWTH_MIB = 80;

/** Resident memory of the process, in MiB. */
async function memory({ node }) {
  const status = await readFile(`/proc/${node.process.pid}/status`, 'utf8');
  return Number(status.match(/VmRSS:\s+(\d+) kB/)[1]) / 1024;
}

const number = (text) => Number(JSON.parse(text).msg.split(' ')[0]);

test(`${STUBBORN} members of a channel stop reading while ${COUNT} long messages pass`, async (t) => {
  const channel = await ChannelNode.start();
  t.after(() => channel.node.dispose());
  const speaker = await Chatter.in('crowd', channel);
  const prompt = await Chatter.in('crowd', channel);
  const stubborn = await Promise.all(Array.from({ length: STUBBORN }, () => Chatter.in('crowd', channel)));
  stubborn.forEach(({ line }) => line.pause());
  const before = await memory(channel);
  for (let index = 0; index < COUNT; index += 1) await speaker.say('crowd', `${index} ${LONG}`);
  await prompt.hears(COUNT, 60_000);
  assert.deepEqual(prompt.heard.map(number), Array.from({ length: COUNT }, (_, index) => index));
  const growth = (await memory(channel)) - before;
  t.diagnostic(`grew by ${growth.toFixed(0)} MiB`);
  assert.ok(growth < MOST_GROWTH_MIB, `grew by ${growth.toFixed(0)} MiB`);

  stubborn[0].line.resume();
  await until('it goes on with the newest', () => stubborn[0].heard.some((text) => number(text) === COUNT - 1), { deadlineMs: 30_000 });
  const numbers = stubborn[0].heard.map(number);
  assert.deepEqual(numbers, [...new Set(numbers)].sort((one, other) => one - other), 'in order, each once');
  assert.ok(numbers.length < COUNT, 'the test is about readers that lose something');
  const metrics = await (await fetch(`${channel.node.origin}/metrics`)).text();
  assert.ok(Number(metrics.match(/^tidings_darkchat_dropped_total\{reason="slow"\} (\d+)$/m)[1]) >= COUNT - numbers.length, 'the loss is counted');
  leave(speaker, prompt, ...stubborn);
  await endChannels(channel);
});
