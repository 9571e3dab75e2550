import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Zip, crc32 } from './zip';

test('the checksum is that of zip', () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array())).toBe(0);
});

test('Python reads what is written', async () => {
  const zip = new Zip(new Date(2026, 10, 22, 13, 14, 16));
  await zip.add('words.txt', 'ä word');
  await zip.add('files/Grüße 👋.bin', new Blob([new Uint8Array(70_000).fill(7)]));
  await zip.add('empty', '');
  const folder = mkdtempSync(join(tmpdir(), 'tidings-zip-'));
  try {
    const path = join(folder, 'all.zip');
    writeFileSync(path, new Uint8Array(await zip.end().arrayBuffer()));
    const read = 'import json, sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(json.dumps([[i.filename, i.file_size, i.date_time, z.read(i)[:6].hex()] for i in z.infolist()]))';
    const told = JSON.parse(execFileSync('python3', ['-c', read, path], { encoding: 'utf8' })) as unknown;
    expect(told).toEqual([
      ['words.txt', 7, [2026, 11, 22, 13, 14, 16], 'c3a420776f72'],
      ['files/Grüße 👋.bin', 70_000, [2026, 11, 22, 13, 14, 16], '070707070707'],
      ['empty', 0, [2026, 11, 22, 13, 14, 16], ''],
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
