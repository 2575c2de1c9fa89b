import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findLeftovers, type Snapshot, takeSnapshot } from './leftovers.ts';
import { tempFolder } from './temp.ts';

const nothing = (): Snapshot => ({ processes: new Map(), mounts: new Set(), cgroups: new Map(), files: new Set() });

test('a process that a test left running is found by its environment, folder or arguments, and by nothing else', async (t) => {
  const folder = tempFolder(t);
  const before = takeSnapshot([]);
  const children = [
    spawn('sleep', ['60'], { cwd: folder, env: {} }),
    spawn('sleep', ['60'], { cwd: '/', env: { MARK: folder } }),
    spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)', folder], { cwd: '/', env: {} }),
    spawn('sleep', ['61'], { cwd: '/', env: {} }),
  ];
  t.after(() => children.forEach((child) => child.kill('SIGKILL')));
  await Promise.all(children.map((child) => once(child, 'spawn')));
  const { ours } = findLeftovers(before, takeSnapshot([]), [folder]);
  const found = children.map((child) => ours.some((text) => text.startsWith(`process ${child.pid} `)));
  assert.deepEqual(found, [true, true, true, false]);
});

test('this process and those above it are no leftovers although they carry the mark', () => {
  const { ours } = findLeftovers(nothing(), takeSnapshot([]), [process.execPath]);
  assert.ok(
    !ours.some((text) => text.startsWith(`process ${process.pid} `) || text.startsWith(`process ${process.ppid} `)),
  );
});

test('a new mount is ours when it names the folder of the run, a new cgroup when it names the project and is empty', () => {
  const after = nothing();
  after.mounts.add('0:1 / /tmp/own/x rw - tmpfs tmpfs rw').add('0:2 / /mnt rw - tmpfs tmpfs rw');
  after.cgroups.set('/sys/fs/cgroup/pids/sconectl-1', []).set('/sys/fs/cgroup/pids/sconectl-2', ['17']);
  after.cgroups.set('/sys/fs/cgroup/pids/other', []);
  const { ours, notes } = findLeftovers(nothing(), after, ['/tmp/own']);
  assert.deepEqual(ours, ['mount 0:1 / /tmp/own/x rw - tmpfs tmpfs rw', 'cgroup /sys/fs/cgroup/pids/sconectl-1']);
  assert.equal(notes.length, 3);
});

test('a new file is ours when one of our tools names files so, and else only mentioned', (t) => {
  const place = `/dev/shm/sconectl-leftover-${process.pid}`;
  const before = takeSnapshot([]);
  mkdirSync(place);
  t.after(() => rmSync(place, { recursive: true }));
  writeFileSync(join(place, 'x'), '');
  const { ours } = findLeftovers(before, takeSnapshot([]), []);
  assert.ok(ours.includes(`file ${place}`));
  assert.deepEqual(
    findLeftovers(before, takeSnapshot([place]), []).ours.filter((text) => text.includes(place)),
    [],
  );

  const after = nothing();
  after.files.add('/tmp/unrelated').add('/run/runc').add('/run/runc/a').add('/run/runc/a/state.json');
  const judged = findLeftovers(nothing(), after, []);
  assert.deepEqual(judged, { ours: ['file /run/runc'], notes: ['file /tmp/unrelated'] });
});

test('the folder of a test is gone after it, with what it held', async (t) => {
  let folder = '';
  await t.test('inner', (inner) => {
    folder = tempFolder(inner);
    writeFileSync(join(folder, 'x'), 'x');
  });
  assert.throws(() => writeFileSync(join(folder, 'y'), 'y'), /ENOENT/);
});
