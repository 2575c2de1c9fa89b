import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { homeMemory, lockMemory } from './memory.ts';

const ledger = '0123456789abcdef'.repeat(2);
const pin = { cas_key: 'Z2Vt', ledger, attested: '2026-11-23T05:00:00Z' };
const signed = (size: number) => ({ head: { size, root: new Uint8Array(32) }, note: `note of ${size}` });

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sconectl-memory-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('an empty home remembers nothing, and a pin stays in the section of its mode', async () => {
  const memory = homeMemory(folder);
  assert.equal(await memory.pinOf('simulation', 'cas:8081'), undefined);
  await memory.pin('simulation', 'cas:8081', pin);
  assert.deepEqual(await memory.pinOf('simulation', 'cas:8081'), pin);
  assert.equal(await memory.pinOf('production', 'cas:8081'), undefined);
  assert.equal((await stat(memory.path)).mode & 0o777, 0o600);
});

test('a head is kept only on the basis it was checked against', async () => {
  const memory = lockMemory(folder);
  assert.equal(await memory.keep(ledger, signed(3), undefined, '2026-11-23T05:00:00Z'), true);
  assert.equal(await memory.keep(ledger, signed(9), undefined, '2026-11-23T05:00:01Z'), false);
  assert.equal(await memory.keep(ledger, signed(5), 'note of 3', '2026-11-23T05:00:02Z'), true);
  assert.deepEqual(await memory.headOf(ledger), {
    note: 'note of 5',
    seen: [
      { size: 3, time: '2026-11-23T05:00:00Z' },
      { size: 5, time: '2026-11-23T05:00:02Z' },
    ],
  });
});

test('a head of the same size changes nothing, so that version control stays quiet', async () => {
  const memory = lockMemory(folder);
  await memory.keep(ledger, signed(3), undefined, '2026-11-23T05:00:00Z');
  const before = await readFile(memory.path, 'utf8');
  const again = { ...signed(3), note: 'the same head, signed again' };
  assert.equal(await memory.keep(ledger, again, 'note of 3', '2026-11-23T06:00:00Z'), true);
  assert.equal(await readFile(memory.path, 'utf8'), before);
});

test('only the newest sizes are remembered', async () => {
  const memory = homeMemory(folder);
  for (let size = 1; size <= 40; size++) {
    await memory.keep(ledger, signed(size), size === 1 ? undefined : `note of ${size - 1}`, '2026-11-23T05:00:00Z');
  }
  const { seen = [] } = (await memory.headOf(ledger)) ?? {};
  assert.deepEqual([seen.length, seen[0]?.size, seen.at(-1)?.size], [24, 17, 40]);
});

test('forgetting a CAS forgets its key in both sections and the heads of its ledger', async () => {
  const memory = homeMemory(folder);
  await memory.pin('simulation', 'cas:8081', pin);
  await memory.pin('production', 'cas:8081', { ...pin, ledger: 'ff'.repeat(16) });
  await memory.pin('production', 'other:8081', pin);
  await memory.keep(ledger, signed(3), undefined, '2026-11-23T05:00:00Z');
  assert.equal((await memory.forget('cas:8081')).length, 2);
  assert.equal(await memory.headOf(ledger), undefined);
  assert.deepEqual(await memory.pinOf('production', 'other:8081'), pin);
  assert.deepEqual(await memory.forget('cas:8081'), []);
});

test('a damaged memory is refused and left as it is, since an empty one would forget every head', async () => {
  const memory = homeMemory(folder);
  for (const text of ['', '{', '{"v":2}', '{"v":1,"cas":{"production":{},"simulation":{}},"heads":{},"more":1}']) {
    await writeFile(memory.path, text);
    await assert.rejects(memory.pin('production', 'cas:8081', pin), { code: 'E_STORE' });
    assert.equal(await readFile(memory.path, 'utf8'), text);
  }
});
