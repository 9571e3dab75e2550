import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Command, Done } from '../api/types';
import { FakeFolder, someKey, standIn } from './disk.fake';
import { KeptFiles, NOTES, Note } from './files';
import { Outbox } from './outbox';
import type { Sending, ToSend } from './rpc';

const DAY = 86_400_000;
const content = new Blob(['bytes of a picture']);
const about = { size: content.size, name: 'lake.jpg', kind: 'image/jpeg', look: 'keep', caption: '', voice: null, pixels: null, thumbnail: Uint8Array.of(1, 2, 255) } as const;
const picture: ToSend = { group: 'group', content, about, reply: null };

let folder: FakeFolder;
let key: CryptoKey;
let shown: readonly Sending[];
let commands: Command[];
let outcome: () => Promise<Done>;

/** As after a start of the app. */
async function opened(): Promise<Outbox> {
  const outbox = new Outbox(await KeptFiles.open(key), {
    command: (command) => {
      commands.push(command);
      return outcome();
    },
    sending: () => [],
    show: (sending) => { shown = sending; },
  });
  await outbox.start();
  return outbox;
}

/** One that was not sent. */
async function failed(): Promise<Sending> {
  outcome = () => Promise.reject(new Error('"file"'));
  await (await opened()).send(picture);
  const note = new Note(await KeptFiles.open(key), NOTES.sending);
  await vi.waitFor(async () => { expect(await note.read()).toContain('\\"file\\"'); });
  const [one] = shown;
  if (one === undefined) throw new Error('nothing is shown');
  return one;
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  standIn(folder = new FakeFolder());
  key = await someKey();
  [shown, commands] = [[], []];
});
afterEach(() => { vi.useRealTimers(); });

test('what was not sent is there after a start, and can be sent again as it was', async () => {
  const { file } = await failed();
  const outbox = await opened();
  expect(shown.map((one) => [one.file, one.failed])).toEqual([[file, '"file"']]);
  expect(folder.files.has(String(file))).toBe(true);
  outcome = () => Promise.resolve('well' as Done);
  await outbox.again(file);
  await vi.waitFor(() => { expect(shown).toEqual([]); });
  expect(commands.at(-1)).toEqual({ send_file: { group: 'group', attachment: { ...about, file }, reply: null } });
  await vi.waitFor(() => { expect(folder.files.has(String(file))).toBe(false); });
});

test('it goes when the person takes it away', async () => {
  const { file } = await failed();
  await (await opened()).cancel(file);
  await opened();
  expect([shown, folder.files.has(String(file))]).toEqual([[], false]);
});

test('after a week it goes by itself', async () => {
  const { file } = await failed();
  vi.setSystemTime(Date.now() + 6 * DAY);
  await opened();
  expect(shown.length).toBe(1);
  vi.setSystemTime(Date.now() + 2 * DAY);
  await opened();
  expect([shown, folder.files.has(String(file))]).toEqual([[], false]);
});
