import { beforeEach, expect, test } from 'vitest';
import { FakeFolder, someKey, standIn } from './disk.fake';
import { KeptFiles, NOTES, Note } from './files';

const [OLD, NEW] = ['the old text '.repeat(9_000), 'the new one '.repeat(8_000)];
let folder: FakeFolder;
let key: CryptoKey;

/** As after a start of the app. */
const opened = async () => new Note(await KeptFiles.open(key), NOTES.drafts);

beforeEach(async () => {
  standIn(folder = new FakeFolder());
  key = await someKey();
});

test('a note is there again, and only its last text', async () => {
  const note = await opened();
  await Promise.all([note.write(OLD), note.write('in between'), note.write(NEW)]);
  expect(await (await opened()).read()).toBe(NEW);
  expect([...folder.files.keys()]).toEqual([String(NOTES.drafts)]);
});

test('wherever the power is cut, a note is the old one or the new one, and takes another', async () => {
  await (await opened()).write(OLD);
  const before = new Map(folder.files);
  for (let power = 1; power < 2.3 * NEW.length; power += 9_973) {
    folder.files.clear();
    for (const [name, bytes] of before) folder.files.set(name, bytes);
    folder.power = power;
    await (await opened()).write(NEW).catch(() => undefined);
    // Cut once more while it is mended.
    folder.power = power / 2;
    await (await opened()).write('never whole'.repeat(20_000)).catch(() => undefined);
    folder.power = Infinity;
    const found = await (await opened()).read();
    expect([OLD, NEW].includes(found ?? 'nothing'), `after ${power} bytes`).toBe(true);
    await (await opened()).write('another');
    expect(await (await opened()).read()).toBe('another');
  }
});

test('a note that is forgotten is nowhere', async () => {
  const note = await opened();
  await note.write(OLD);
  await note.forget();
  expect(await note.read()).toBe(null);
  expect(folder.files.size).toBe(0);
});
