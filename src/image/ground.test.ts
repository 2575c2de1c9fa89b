import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareBytes, utf8 } from '../core/bytes.ts';
import { groundEntries, groundMounts } from './ground.ts';

const mounts = groundMounts();

test('62: no accepted mount may cover a place where an image keeps files', () => {
  const places =
    /^\/(?:$|proc|sys|dev|tmp$|var\/tmp$|run(?:$|\/scone$|\/scone-init$|\/\.containerenv$)|etc\/(?:hosts|hostname|resolv\.conf)$)/;
  for (const { path } of mounts) assert.match(path, places);
});

test('62: a replaced passwd, group or a process folder of /proc is on no list', () => {
  for (const path of ['/etc/passwd', '/etc/group', '/proc/self', '/proc/1', '/opt/scone', '/opt/scone/rootfs.json']) {
    assert.equal(
      mounts.some((mount) => mount.path === path),
      false,
      path,
    );
  }
});

test('62: /run/scone is a required, empty tmpfs and nothing is accepted below it', () => {
  const [scone, ...more] = mounts.filter(
    (mount) => mount.path.startsWith('/run/scone') && mount.path !== '/run/scone-init',
  );
  assert.deepEqual(scone, { path: '/run/scone', fs: ['tmpfs'], kind: 'dir', empty: true, required: true });
  assert.deepEqual(more, []);
});

test('any file system is accepted only for the root, for single files and for read-only init data', () => {
  const open = mounts.filter((mount) => mount.fs.includes('*') && mount.kind === 'dir').map((mount) => mount.path);
  assert.deepEqual(open, ['/', '/run/scone-init']);
});

test('masked folders are empty and read-only, masked files are the null device, /proc is bound read-only', () => {
  for (const mount of mounts.filter(
    ({ path }) => /^\/(?:proc|sys)\//.test(path) && !path.startsWith('/sys/fs/cgroup'),
  )) {
    if (mount.fs.includes('proc')) assert.equal(mount.ro, true, mount.path);
    else if (mount.kind === 'dir') assert.deepEqual([mount.ro, mount.empty], [true, true], mount.path);
    else assert.equal(mount.kind, 'null', mount.path);
  }
});

test('the entries are sorted by path and belong to root', () => {
  const entries = groundEntries();
  const sorted = [...entries].sort((a, b) => compareBytes(utf8(a.path), utf8(b.path)));
  assert.deepEqual(entries, sorted);
  assert.ok(entries.every((entry) => entry.uid === 0 && entry.gid === 0));
});

test('every place that an engine mounts over in the root file system itself is pre-created', () => {
  const made = new Set(groundEntries().map((entry) => entry.path));
  const needed = mounts.map((mount) => mount.path).filter((path) => !/^\/(?:$|run$|dev\/|proc\/|sys\/)/.test(path));
  assert.deepEqual(
    needed.filter((path) => !made.has(path)),
    [],
  );
});
