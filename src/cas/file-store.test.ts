import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { concat, hex, uint } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { FileStore } from './file-store.ts';
import { lockFolder } from './folder-lock.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sconectl-store-'));
  path = join(folder, 'ledger');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const refuses = (promise: Promise<unknown>, code: string) =>
  assert.rejects(promise, (error) => error instanceof SconeError && error.code === code);

/** A record as far as the store knows: it begins like one of `seal.ts`. */
const record = (n: number, length = 100) =>
  concat(Uint8Array.of(1), uint(1, 4), uint(n, 8), new Uint8Array(randomBytes(length)));

async function filled(count: number): Promise<Uint8Array[]> {
  const store = await FileStore.open(path);
  const records = Array.from({ length: count }, (_, n) => record(n, 50 + n));
  await store.append(0, records);
  await store.close();
  return records;
}

test('records come back as they were, from the same store and from the next one', async () => {
  const store = await FileStore.open(path);
  const records = [record(0), record(1, 2_000_000), record(2, 0)];
  await store.append(0, records.slice(0, 1));
  await store.append(1, records.slice(1));
  assert.equal(store.size, 3);
  for (const [i, bytes] of records.entries()) assert.equal(hex(await store.read(i)), hex(bytes));
  await store.close();
  const again = await FileStore.open(path);
  assert.equal(again.size, 3);
  for (const [i, bytes] of records.entries()) assert.equal(hex(await again.read(i)), hex(bytes));
  await refuses(again.read(3), 'E_LEDGER');
  await again.close();
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test('60: whatever part of an append reached the disk, the records before it are there and the rest is cut', async () => {
  await filled(3);
  const whole = await readFile(path);
  const last = record(3, 40);
  const frame = concat(uint(last.length, 4), last);
  for (let length = 1; length < frame.length; length++) {
    await writeFile(path, concat(whole, frame.subarray(0, length)));
    const refusing = await FileStore.open(path);
    await refuses(refusing.append(3, [last]), 'E_LEDGER');
    await refusing.close();
    const store = await FileStore.open(path);
    assert.equal(store.size, 3);
    assert.equal(hex(store.tail), hex(last.subarray(0, Math.max(0, length - 4))));
    assert.equal(await store.cutTail(), length);
    await store.append(3, [last]);
    assert.equal(hex(await store.read(3)), hex(last));
    await store.close();
  }
  await writeFile(path, concat(whole, new Uint8Array(5000)));
  const store = await FileStore.open(path);
  assert.equal(store.size, 3);
  assert.equal(await store.cutTail(), 5000);
  await store.close();
  assert.equal((await stat(path)).size, whole.length);
});

test('36: a wrong length is damage and not the end of the file: nothing is cut', async () => {
  await filled(5);
  const whole = await readFile(path);
  for (const length of [0, 1 << 30, 100_000, 2_000]) {
    const damaged = Buffer.from(whole);
    damaged.writeUInt32BE(length, 0);
    await writeFile(path, damaged);
    await refuses(FileStore.open(path), 'E_LEDGER');
    assert.equal((await stat(path)).size, whole.length);
  }
});

test('a store that another process has changed refuses to append, and goes on refusing', async () => {
  await filled(2);
  const store = await FileStore.open(path);
  await appendFile(path, Uint8Array.of(0));
  await refuses(store.append(2, [record(2)]), 'E_LEDGER');
  await truncate(path, (await stat(path)).size - 1);
  await refuses(store.append(2, [record(2)]), 'E_LEDGER');
  await store.close();
});

test('a ledger that cannot be opened is named', async () => {
  await refuses(FileStore.open(join(folder, 'missing', 'ledger')), 'E_STORE');
});

test('a folder with a long path can be locked too', async () => {
  const long = join(folder, 'a'.repeat(200));
  await mkdir(long);
  const lock = await lockFolder(long);
  await refuses(lockFolder(long), 'E_LEDGER');
  await lock.release();
  await (await lockFolder(long)).release();
});

test('two processes never share a folder, and a lock that was let go can be taken again', async () => {
  const lock = await lockFolder(folder);
  await refuses(lockFolder(folder), 'E_LEDGER');
  await lock.release();
  const again = await lockFolder(folder);
  await again.release();
  await writeFile(join(folder, 'lock'), 'left behind by a dead process');
  const third = await lockFolder(folder);
  await refuses(lockFolder(folder), 'E_LEDGER');
  await third.release();
});
