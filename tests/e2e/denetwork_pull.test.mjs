// Wire reference, sections 7 to 9: pulling, counting, retention.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RoomClient, withClients } from './lib/room_client.mjs';
import { pullAll } from './lib/room_history.mjs';
import { endCleanly, KEPT_DAYS, NO_LIMITS, startRoomNode } from './lib/room_node.mjs';
import { newRoomId, Person } from './lib/wallet.mjs';

const DAY_MS = 24 * 3_600_000;
const TOTAL = 130;
const ASCENDING = 1;
const DESCENDING = 2;
const alice = new Person('Alice');
const roomId = newRoomId();
const at = {};

const bodies = ({ list }) => list.map(({ data }) => Number(data.payload.body));
const range = (from, to) => {
  const step = from <= to ? 1 : -1;
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, index) => from + index * step);
};
/** The time of the message with that number: ten milliseconds apart, so that there are times between. */
const time = (number) => at.start + number * 10;

before(async () => {
  at.node = await startRoomNode(NO_LIMITS);
  at.start = Date.now() - 3_600_000;
  at.client = await RoomClient.connect(at.node.origin);
  // Arrival in another order than time: the order of reading is that of time.
  const numbers = range(0, TOTAL - 1).sort((a, b) => (a * 37) % TOTAL - (b * 37) % TOTAL);
  const payloads = await Promise.all(numbers.map((number) => alice.message(roomId, `${number}`, { timestamp: time(number) })));
  for (const payload of payloads) await at.client.send(payload);
});
after(async () => {
  at.client?.close();
  await endCleanly(at.node);
});

describe('pull-message (7)', () => {
  const pull = (options) => at.client.pull(roomId, options);

  test('an item is the room, the time and the request', async () => {
    const { list, total, pageKey, totalMembers } = await pull({ start: time(5), end: time(5) });
    assert.deepEqual([total, list.length, pageKey], [1, 1, 0]);
    if (totalMembers !== undefined) assert.equal(totalMembers, TOTAL);
    assert.deepEqual(Object.keys(list[0]).sort(), ['channel', 'data', 'timestamp']);
    assert.deepEqual([list[0].channel, list[0].timestamp, list[0].data.payload.body], [roomId, time(5), '5']);
  });

  test('without pagination: 30, ascending', async () => {
    const reply = await pull({});
    assert.deepEqual(bodies(reply), range(0, 29));
    assert.deepEqual([reply.total, reply.pageKey], [30, time(29)]);
  });

  for (const order of [undefined, null, 0, ASCENDING, 3, '2', 'descending']) {
    test(`order ${JSON.stringify(order)} is ascending`, async () => {
      assert.deepEqual(bodies(await pull({ order, pageSize: 3 })), [0, 1, 2]);
    });
  }

  test('order 2 is descending', async () => {
    const reply = await pull({ order: DESCENDING, pageSize: 3 });
    assert.deepEqual(bodies(reply), [129, 128, 127]);
    assert.equal(reply.pageKey, time(127));
  });

  const sizes = [[1, 1], [100, 100], [101, 30], [0, 30], [-1, 30], ['50', 30], [null, 30], [undefined, 30], [2.9, 2], [1e9, 30], [0.5, 30], [100.5, 100]];
  for (const [pageSize, expected] of sizes) {
    test(`page size ${JSON.stringify(pageSize)} gives ${expected}`, async () => {
      assert.equal((await pull({ pageSize, pageNo: 1 })).total, expected);
    });
  }

  const pages = [[1, 1], [2, 2], [0, 1], [-5, 1], [null, 1], [undefined, 1], ['2', 1], [2.9, 2], [0.5, 1]];
  for (const [pageNo, expected] of pages) {
    test(`page ${JSON.stringify(pageNo)} is page ${expected}`, async () => {
      const first = (expected - 1) * 10;
      assert.deepEqual(bodies(await pull({ pageNo, pageSize: 10 })), range(first, first + 9));
    });
  }

  test('pages to the end: the last is not full and has no key, those behind it are empty', async () => {
    const last = await pull({ pageNo: 2, pageSize: 100 });
    assert.deepEqual(bodies(last), range(100, 129));
    assert.deepEqual([last.total, last.pageKey], [30, 0]);
    const full = await pull({ pageNo: 13, pageSize: 10 });
    assert.equal(full.pageKey, time(129), 'full, so it has one');
    for (const pageNo of [14, 1e6, 1e15, Number.MAX_SAFE_INTEGER, 1e300]) {
      const { total, pageKey, list } = await pull({ pageNo, pageSize: 10 });
      assert.deepEqual([total, pageKey, list], [0, 0, []], `${pageNo}`);
    }
  });

  test('descending pages', async () => {
    for (const pageNo of [1, 2, 13]) {
      assert.deepEqual(bodies(await pull({ pageNo, pageSize: 10, order: DESCENDING })), range(TOTAL - 1 - (pageNo - 1) * 10, TOTAL - pageNo * 10));
    }
  });

  const points = () => ({
    'all': [0, -1, 0, 129],
    'the oldest': [0, 0, 0, 0],
    'the newest': [-1, -1, 129, 129],
    'both ends are included': [time(3), time(7), 3, 7],
    'times between messages': [time(3) - 1, time(7) + 9, 3, 7],
    'from a time to the newest': [time(120), -1, 120, 129],
    'from the oldest to a time': [0, time(4), 0, 4],
    'fractions': [time(3) - 0.5, time(7) + 0.5, 3, 7],
    'far away': [1, Number.MAX_SAFE_INTEGER, 0, 129],
    'beyond all numbers': [1, 1e300, 0, 129],
  });
  for (const name of ['all', 'the oldest', 'the newest', 'both ends are included', 'times between messages', 'from a time to the newest',
    'from the oldest to a time', 'fractions', 'far away', 'beyond all numbers']) {
    test(`range: ${name}`, async () => {
      const [start, end, first, last] = points()[name];
      assert.deepEqual(bodies(await pull({ start, end, pageSize: 100 })), range(first, Math.min(last, first + 99)));
      assert.deepEqual(bodies(await pull({ start, end, pageSize: 100, order: DESCENDING })), range(last, Math.max(first, last - 99)));
    });
  }

  test('a range between two messages is empty', async () => {
    assert.deepEqual((await pull({ start: time(3) + 1, end: time(4) - 1 })).list, []);
  });

  test('what is no range is refused with an empty list', async () => {
    const good = { roomId, startTimestamp: 0, endTimestamp: -1 };
    const wrong = [
      ...['startTimestamp', 'endTimestamp'].flatMap((key) => [undefined, null, '0', [], {}, true, -2, -1.5].map((value) => ({ ...good, [key]: value }))),
      { ...good, startTimestamp: time(5), endTimestamp: time(4) },
      { ...good, startTimestamp: -1, endTimestamp: time(4) },
      { ...good, startTimestamp: time(4), endTimestamp: 0 },
    ];
    for (const request of wrong) {
      const { status, total, pageKey, list, error } = await at.client.ask('pull-message', request);
      assert.deepEqual([status, total, pageKey, list], [400, 0, 0, []], JSON.stringify(request));
      assert.match(error, /^pull-message :: /);
    }
  });

  test('pagination is not validated', async () => {
    for (const pagination of [null, 5, 'text', [], {}, { pageSize: {} }]) {
      const reply = await at.client.ask('pull-message', { roomId, startTimestamp: 0, endTimestamp: -1, pagination });
      assert.deepEqual([reply.status, reply.total], [200, 30], JSON.stringify(pagination));
    }
  });

  test('an unknown room is an empty one', async () => {
    const { total, pageKey, list } = await at.client.pull(newRoomId());
    assert.deepEqual([total, pageKey, list], [0, 0, []]);
  });
});

describe('equal times', () => {
  const crowded = newRoomId();
  const GROUP_SIZE = 25;
  before(async () => {
    for (let index = 0; index < GROUP_SIZE; index += 1) await at.client.send(await alice.message(crowded, `${index}`, { timestamp: at.start }));
    await at.client.send(await alice.message(crowded, '25', { timestamp: at.start + 1 }));
  });

  test('are kept all, in the order of arrival', async () => {
    assert.deepEqual(bodies(await at.client.pull(crowded, { pageSize: 100 })), range(0, 25));
  });

  test('going back page by page loses none of them (13.11)', async () => {
    const numbers = (await pullAll(at.client, crowded)).map(({ data }) => Number(data.payload.body));
    assert.deepEqual([...new Set(numbers)].sort((a, b) => a - b), range(0, 25));
  });
});

describe('count-message (8)', () => {
  const count = async (option) => (await at.client.count([{ channel: roomId, ...option }]))[0];

  test('by default all, and no list', async () => {
    assert.deepEqual(await count({}), { channel: roomId, count: TOTAL });
  });

  const cases = {
    'all': [0, -1, TOTAL],
    'the newest': [undefined, undefined, TOTAL],
    'from a message on': [100, -1, 30],
    'both ends included': [100, 109, 10],
    'the newest but one': [0, -2, TOTAL - 1],
    'the newest but two': [0, -3, TOTAL - 2],
    'the oldest alone': [0, 0, 1],
    'further back than there is': [0, -1_000, 0],
  };
  for (const [name, [from, to, expected]] of Object.entries(cases)) {
    test(name, async () => {
      const startTimestamp = from > 0 ? time(from) : from;
      const endTimestamp = to > 0 ? time(to) : to;
      assert.equal((await count({ startTimestamp, endTimestamp })).count, expected);
    });
  }

  test('times between messages count what lies between', async () => {
    assert.equal((await count({ startTimestamp: time(3) - 1, endTimestamp: time(7) + 1 })).count, 5);
    assert.equal((await count({ startTimestamp: time(3) + 1, endTimestamp: time(4) - 1 })).count, 0);
    assert.equal((await count({ startTimestamp: time(7), endTimestamp: time(3) })).count, 0);
  });

  test('values of other types count as absent', async () => {
    for (const value of ['5', null, [], {}, true]) {
      const option = { startTimestamp: value, endTimestamp: value, lastElement: value };
      assert.deepEqual(await count(option), { channel: roomId, count: TOTAL }, JSON.stringify(value));
    }
  });

  test('the last elements: the newest of the whole room, the oldest of them first, three at most', async () => {
    for (const [lastElement, expected] of [[1, [129]], [2, [128, 129]], [3, [127, 128, 129]], [4, [127, 128, 129]], [1e9, [127, 128, 129]]]) {
      const { lastElementList, count: counted } = await count({ startTimestamp: time(1), endTimestamp: time(2), lastElement });
      assert.deepEqual([bodies({ list: lastElementList }), counted], [expected, 2]);
      assert.deepEqual(Object.keys(lastElementList[0]).sort(), ['channel', 'data', 'timestamp']);
    }
  });

  test('an unknown room: none, and an empty list if one is asked for', async () => {
    const channel = newRoomId();
    assert.deepEqual(await at.client.count([{ channel }, { channel, lastElement: 3 }, { channel: 'not even a room id', lastElement: 1 }]), [
      { channel, count: 0 }, { channel, count: 0, lastElementList: [] }, { channel: 'not even a room id', count: 0, lastElementList: [] },
    ]);
  });

  test('many at once, in order; none at all', async () => {
    const options = Array.from({ length: 500 }, (_, index) => ({ channel: index % 2 ? roomId : newRoomId() }));
    const list = await at.client.count(options);
    assert.deepEqual(list.map(({ channel }) => channel), options.map(({ channel }) => channel));
    list.forEach(({ count: counted }, index) => assert.equal(counted, index % 2 ? TOTAL : 0));
    assert.deepEqual(await at.client.count([]), []);
  });

  test('what is no list of options is refused with an empty list', async () => {
    const good = { channel: roomId };
    const wrong = [
      undefined, null, {}, 'text', [null], [5], [[]], [{}], [{ channel: '' }], [{ channel: 5 }], [good, {}],
      [{ ...good, startTimestamp: -1 }], [{ ...good, lastElement: 0 }], [{ ...good, lastElement: -1 }],
      Array.from({ length: 501 }, () => ({ channel: 'x' })),
    ];
    for (const options of wrong) {
      const { status, list } = await at.client.ask('count-message', { options });
      assert.deepEqual([status, list], [400, []], JSON.stringify(options)?.slice(0, 60));
    }
  });
});

describe('retention (9)', () => {
  test('a message from before it is acknowledged, and neither delivered nor kept', () => withClients(at.node.origin, 2, async (sender, reader) => {
    const old = newRoomId();
    await reader.join(old);
    const now = Date.now();
    for (const days of [KEPT_DAYS + 1, KEPT_DAYS * 10]) await sender.send(await alice.message(old, 'old', { timestamp: now - days * DAY_MS }));
    await sender.send(await alice.message(old, 'kept', { timestamp: now - (KEPT_DAYS - 1) * DAY_MS }));
    assert.deepEqual((await reader.receives(1)).map(({ body }) => body), ['kept']);
    assert.equal((await reader.pull(old)).total, 1);
    assert.equal((await reader.count([{ channel: old }]))[0].count, 1);
  }));
});
