import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryFile } from '../oci/spool.ts';
import { addNode, type Node, Tree } from '../oci/tree.ts';
import { normaliseBase } from './normal.ts';

const file = (mode: number, xattrs?: Map<string, Uint8Array>): Node => ({
  type: 'file',
  mode,
  uid: 7,
  gid: 8,
  ...memoryFile(Buffer.from('x')),
  ...(xattrs === undefined ? {} : { xattrs }),
});

function normal(nodes: { [path: string]: Node }): Tree {
  const tree = new Tree();
  for (const [path, node] of Object.entries(nodes)) addNode(tree, path, node);
  normaliseBase(tree);
  return tree;
}

test('everything belongs to root, without setuid bits and attributes, 0755 or 0644', () => {
  const tree = normal({
    '/bin/su': file(0o4755, new Map([['security.capability', Buffer.from('x')]])),
    '/etc/conf': file(0o664),
    '/srv': { type: 'dir', mode: 0o1777, uid: 5, gid: 5 },
    '/l': { type: 'symlink', mode: 0o700, uid: 5, gid: 5, target: 'srv' },
  });
  for (const [path, mode] of [
    ['/bin/su', 0o755],
    ['/etc/conf', 0o644],
    ['/srv', 0o755],
    ['/l', 0o777],
  ] as const) {
    const node = tree.get(path);
    assert.deepEqual([node?.mode, node?.uid, node?.gid, node?.xattrs], [mode, 0, 0, undefined], path);
  }
});

test('nothing stays where engines mount, and their own files go', () => {
  const tree = normal({
    '/run/lock/x': file(0o644),
    '/tmp/x': file(0o644),
    '/dev/null': file(0o644),
    '/etc/hosts': file(0o644),
    '/etc/resolv.conf': { type: 'symlink', mode: 0o777, uid: 0, gid: 0, target: '../run/x' },
    '/var/tmp/y': file(0o600),
  });
  assert.deepEqual([...tree.keys()].sort(), ['/', '/dev', '/etc', '/run', '/tmp', '/var', '/var/tmp']);
});

test('a file that its owner keeps private is an error that names it', () => {
  assert.throws(() => normal({ '/etc/keys': file(0o640) }), {
    code: 'E_BASE',
    message: /\/etc\/keys/,
    found: 'mode 0640',
  });
});

test('a file in a directory that others cannot enter is as private as if its own mode said so', () => {
  const nodes = { '/srv/keys': { type: 'dir', mode: 0o750, uid: 0, gid: 0 } as const, '/srv/keys/deep/k': file(0o644) };
  assert.throws(() => normal(nodes), { code: 'E_BASE', message: /keys\/deep\/k/, found: /cannot enter/ });
  assert.equal(normal({ '/srv/keys': nodes['/srv/keys'] }).get('/srv/keys')?.mode, 0o755);
});

test('private files of an installation that no program needs are left out', () => {
  const tree = normal({
    '/etc/shadow': file(0o640),
    '/etc/gshadow-': file(0o600),
    '/var/cache/ldconfig/aux-cache': file(0o600),
    '/var/log/btmp': file(0o660),
    '/var/lib/dpkg/lock': file(0o640),
    '/var/lib/dpkg/status': file(0o644),
    '/root': { type: 'dir', mode: 0o700, uid: 0, gid: 0 },
    '/root/.bashrc': file(0o644),
  });
  const files = [...tree].filter(([, node]) => node.type === 'file').map(([path]) => path);
  assert.deepEqual(files, ['/var/lib/dpkg/status']);
});

test('an image of ours is no base', () => {
  assert.throws(() => normal({ '/opt/scone/runtime': file(0o755) }), { code: 'E_BASE' });
});
