// How the example application reads what it missed (section 7, last paragraph) and counts what is new (section 8).

const PAGE = 10;
const DESCENDING = 2;
// A server that never gives an empty page must not hang the test.
const MOST_PAGES = 1_000;

/** Everything in a room, newest first: pages of 10, each ending one millisecond before the oldest seen. */
export async function pullAll(client, roomId) {
  const items = [];
  let end = -1;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { list } = await client.pull(roomId, { start: 0, end, pageNo: 1, pageSize: PAGE, order: DESCENDING });
    if (list.length === 0) return items;
    items.push(...list);
    end = Math.min(...list.map((item) => item.timestamp)) - 1;
  }
  throw new Error(`more than ${MOST_PAGES} pages`);
}

/** `{ unread, newest }` for a room of which the application has everything up to `newestTimestamp`; undefined if unusable. */
export async function unread(client, roomId, newestTimestamp) {
  const [entry] = await client.count([{ channel: roomId, startTimestamp: newestTimestamp, lastElement: 3 }]);
  for (const key of ['channel', 'count', 'lastElementList']) if (!(key in entry)) return undefined;
  if (entry.count < 0) return undefined;
  const newest = entry.lastElementList.findLast((item) => item.data.payload.messageType === 1);
  return { unread: Math.max(0, entry.count - 1), newest: newest?.data.payload };
}
