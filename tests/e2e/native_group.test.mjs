// The hub: turns, repeats, roles, members who go.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Group, NO_LIMITS, openNode, Person } from './lib/native_client.mjs';
import { b64, Key } from './lib/native_key.mjs';
import { endCleanly } from './lib/node.mjs';

const WRITERS = 8;
const TURNS = 12;

let node;
let owner;

before(async () => {
  node = await openNode({ args: NO_LIMITS });
  owner = await Person.at(node);
});
after(() => endCleanly(node));

test(`${WRITERS} writers race for ${TURNS} turns: each has one winner, and all see the same`, async () => {
  const group = await Group.at(owner, { members: WRITERS });
  for (let turn = 1; turn <= TURNS; turn += 1) {
    const ids = group.keys.map(() => b64(randomBytes(16)));
    const answers = await Promise.all(group.keys.map((key, index) => group.commit(turn, { key, id: ids[index] })));
    const won = answers.flatMap((answer, index) => (answer.status === 201 ? [index] : []));
    assert.equal(won.length, 1, `turn ${turn}: ${answers.map(String)}`);
    const winner = ids[won[0]];
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      const lost = answer.expect(409).json();
      assert.equal(lost.error, 'turn');
      assert.equal(lost.turn, turn);
      assert.equal(lost.winner.id, winner);
      assert.equal(lost.winner.kind, 'commit');
    }
  }
  const { entries, turn, end } = await group.entries();
  assert.equal(turn, TURNS);
  assert.equal(end, TURNS);
  assert.deepEqual(entries.map((entry) => entry.turn), Array.from({ length: TURNS }, (_, index) => index + 1));
  assert.deepEqual(entries.map((entry) => entry.number), Array.from({ length: TURNS }, (_, index) => index + 1));
});

test('an entry that is sent again gets the answer that it got', async () => {
  const group = await Group.at(owner);
  const message = { id: b64(randomBytes(16)), body: b64(randomBytes(100)) };
  const placed = (await group.say(0, message)).expect(201).json();
  assert.deepEqual((await group.say(0, message)).expect(201).json(), placed);
  assert.equal((await group.say(0, { ...message, body: b64(randomBytes(100)) })).expect(409).json().error, 'exists');
  const commit = { id: b64(randomBytes(16)), body: b64(randomBytes(100)) };
  const first = (await group.commit(1, commit)).expect(201).json();
  (await group.commit(2)).expect(201);
  assert.deepEqual((await group.commit(1, commit)).expect(201).json(), first, 'also after the turn has passed');
  assert.equal((await group.entries()).entries.length, 3);
});

test('a message may be three turns late and no more', async () => {
  const group = await Group.at(owner);
  for (let turn = 1; turn <= 4; turn += 1) (await group.commit(turn)).expect(201);
  (await group.say(1)).expect(201);
  const late = (await group.say(0)).expect(409).json();
  assert.deepEqual([late.error, late.turn, late.winner], ['turn', 4, undefined]);
  (await group.say(5)).expect(409);
  (await group.commit(6)).expect(409);
});

test('members come and go by commits, and who is gone reads nothing', async () => {
  const group = await Group.at(owner, { members: 2 });
  const [boss, member] = group.keys;
  const carol = new Key();
  (await group.look(member)).members.forEach(({ role }) => assert.ok(['owner', 'member'].includes(role)));
  (await group.ask('GET', '', { key: carol })).expect(403);
  (await group.commit(1, { key: member, add: [{ key: carol.text, role: 'member' }] })).expect(403);
  (await group.commit(1, { key: boss, add: [{ key: carol.text, role: 'member' }] })).expect(201);
  assert.equal((await group.look(carol)).turn, 1);
  (await group.commit(2, { key: boss, remove: [member.text] })).expect(201);
  for (const [method, rest] of [['GET', ''], ['GET', '/entries']]) (await group.ask(method, rest, { key: member })).expect(403);
  (await group.say(2, { key: member })).expect(403);
  (await group.ask('DELETE', '/members/self', { key: carol })).expect(204);
  (await group.ask('GET', '', { key: carol })).expect(403);
  const { entries } = await group.entries();
  assert.deepEqual(entries.map(({ add = [], remove = [] }) => [add.length, remove.length]), [[1, 0], [0, 1]]);
});

test('only an owner ends a group', async () => {
  const group = await Group.at(owner, { members: 2 });
  (await group.ask('DELETE', '', { key: group.keys[1] })).expect(403);
  (await group.ask('DELETE', '')).expect(204);
  (await group.ask('GET', '')).expect(403);
});

test('a commit must have what a commit has, and a message must not', async () => {
  const group = await Group.at(owner);
  const send = (json) => group.ask('POST', '/entries', { json: { id: b64(randomBytes(16)), body: 'AA', ...json } });
  for (const wrong of [
    { kind: 'commit', turn: 1 }, { kind: 'message', turn: 0, info: 'AA' }, { kind: 'message', turn: 0, remove: [new Key().text] },
    { kind: 'dance', turn: 0 }, { kind: 'message' }, { kind: 'message', turn: -1 }, { kind: 'message', turn: '0' }, { kind: 'message', turn: 0, body: 'A' },
  ]) {
    assert.equal((await send(wrong)).expect(400).json().error, 'malformed', JSON.stringify(wrong));
  }
  assert.equal((await group.entries()).entries.length, 0);
});
