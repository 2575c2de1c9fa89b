import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { need } from '../../test/support/require.ts';
import { locked, readIfThere, writeWhole } from './file.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sconectl-file-'));
});
afterEach(async () => {
  await chmod(folder, 0o700);
  await rm(folder, { recursive: true, force: true });
});

test('a file is replaced as a whole, with its mode whatever the umask, and nothing else stays', async () => {
  const path = join(folder, 'a', 'b');
  const before = process.umask(0o077);
  try {
    await writeWhole(path, 'one');
    await writeWhole(path, 'two');
    await writeWhole(join(folder, 'private'), 'x', { mode: 0o600 });
  } finally {
    process.umask(before);
  }
  assert.equal(await readFile(path, 'utf8'), 'two');
  assert.equal((await stat(path)).mode & 0o7777, 0o644);
  assert.equal((await stat(join(folder, 'private'))).mode & 0o7777, 0o600);
  assert.deepEqual(await readdir(join(folder, 'a')), ['b']);
});

test('an exclusive write leaves what is there alone', async () => {
  const path = join(folder, 'a');
  assert.equal(await writeWhole(path, 'one', { exclusive: true }), true);
  assert.equal(await writeWhole(path, 'two', { exclusive: true }), false);
  assert.equal(await readFile(path, 'utf8'), 'one');
  assert.deepEqual(await readdir(folder), ['a']);
});

test('60: a write that cannot succeed leaves the old file and no draft', async (t) => {
  if (need(t, 'root') === undefined) return;
  const full = spawnSync('sh', ['-c', 'mkdir "$0/disk" && mount -t tmpfs -o size=16k tmpfs "$0/disk"', folder]);
  assert.equal(full.status, 0, String(full.stderr));
  try {
    const path = join(folder, 'disk', 'config.json');
    await writeWhole(path, 'old');
    await assert.rejects(writeWhole(path, 'x'.repeat(64 * 1024)), { code: 'E_STORE', hint: 'the disk is full' });
    assert.equal(await readFile(path, 'utf8'), 'old');
    assert.deepEqual(await readdir(join(folder, 'disk')), ['config.json']);
  } finally {
    spawnSync('umount', [join(folder, 'disk')]);
  }
});

test('a missing file reads as nothing, and one that cannot be read is an error of its own', async () => {
  assert.equal(await readIfThere(join(folder, 'none')), undefined);
  await assert.rejects(readIfThere(folder), { code: 'E_STORE' });
});

test('work under one lock never overlaps', async () => {
  let inside = 0;
  let most = 0;
  const order = await Promise.all(
    [1, 2, 3, 4, 5].map((i) =>
      locked(join(folder, 'x'), async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setTimeout(resolve, 5));
        inside--;
        return i;
      }),
    ),
  );
  assert.equal(most, 1);
  assert.deepEqual(order, [1, 2, 3, 4, 5]);
  assert.deepEqual(await readdir(folder), []);
});

test('the lock of a process that is gone is taken over', async () => {
  const gone = spawnSync('sh', ['-c', 'echo $$']).stdout.toString().trim();
  await writeFile(join(folder, 'x.lock'), `${gone} 00\n`);
  assert.equal(await locked(join(folder, 'x'), async () => 'done'), 'done');
  assert.deepEqual(await readdir(folder), []);
});
