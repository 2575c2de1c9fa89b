import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryFile } from './spool.ts';
import {
  addDirectories,
  addNode,
  type Node,
  removeBelow,
  resolveParent,
  resolvePath,
  sortedNodes,
  Tree,
} from './tree.ts';

const owner = { uid: 0, gid: 0 };
const file: Node = { type: 'file', mode: 0o644, ...owner, ...memoryFile(Buffer.from('x')) };
const link = (target: string): Node => ({ type: 'symlink', mode: 0o777, ...owner, target });

function treeOf(nodes: { [path: string]: Node }): Tree {
  const tree = new Tree();
  for (const [path, node] of Object.entries(nodes)) addNode(tree, path, node);
  return tree;
}

test('a node brings the directories above it', () => {
  const tree = treeOf({ '/a/b/c': file });
  assert.deepEqual(
    sortedNodes(tree).map(([path, { type }]) => [path, type]),
    [
      ['/', 'dir'],
      ['/a', 'dir'],
      ['/a/b', 'dir'],
      ['/a/b/c', 'file'],
    ],
  );
});

test('nothing is put below a file', () => {
  assert.throws(() => addNode(treeOf({ '/a': file }), '/a/b', file), { code: 'E_IMAGE' });
});

test('paths sort by bytes: a hyphen before the slash, the slash before letters', () => {
  const tree = treeOf({ '/a/z': file, '/a-b': file, '/a.c': file, '/aa': file });
  assert.deepEqual(
    [...sortedNodes(tree)].map(([path]) => path),
    ['/', '/a', '/a-b', '/a.c', '/a/z', '/aa'],
  );
});

test('links are followed as inside a root, so none leads out of it', () => {
  const tree = treeOf({
    '/usr/lib/x': file,
    '/lib': link('usr/lib'),
    '/up': link('../../../../usr'),
    '/abs': link('/lib'),
    '/usr/self': link('.'),
  });
  assert.equal(resolvePath(tree, '/lib/x'), '/usr/lib/x');
  assert.equal(resolvePath(tree, '/up/lib/x'), '/usr/lib/x');
  assert.equal(resolvePath(tree, '/abs/x'), '/usr/lib/x');
  assert.equal(resolvePath(tree, '/usr/self/self/lib/../lib/x'), '/usr/lib/x');
  assert.equal(resolvePath(tree, '/lib', 'keep'), '/lib');
  assert.equal(resolveParent(tree, '/abs/new'), '/usr/lib/new');
  assert.equal(resolvePath(tree, '/nothing/here'), '/nothing/here');
});

test('a circle of links is an error, not a hang', () => {
  const tree = treeOf({ '/a': link('b'), '/b': link('a') });
  assert.throws(() => resolvePath(tree, '/a/x'), { code: 'E_IMAGE', message: /too many symbolic links/ });
});

test('removing a directory removes what is in it and nothing beside it', () => {
  const tree = treeOf({ '/a/b': file, '/ab': file });
  removeBelow(tree, '/a');
  assert.deepEqual([...tree.keys()].sort(), ['/', '/ab']);
  const kept = treeOf({ '/a/b': file });
  removeBelow(kept, '/a', 'keep');
  assert.deepEqual([...kept.keys()].sort(), ['/', '/a']);
  addDirectories(kept, '/a/c');
  assert.equal(kept.get('/a/c')?.type, 'dir');
});
