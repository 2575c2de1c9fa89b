import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ApplyOptions, applyArchive } from './apply.ts';
import { memoryFile } from './spool.ts';
import { type Node, sortedNodes, type Tree } from './tree.ts';
import type { TarMember } from './untar.ts';

const spool: ApplyOptions['spool'] = {
  append: async (parts) => {
    const all: Uint8Array[] = [];
    for await (const part of parts) all.push(part);
    return memoryFile(Buffer.concat(all));
  },
};

function member(path: string, type: TarMember['type'] = 'file', target = ''): TarMember {
  async function* body(): AsyncGenerator<Uint8Array> {
    if (type === 'file') yield Buffer.from(path);
  }
  return { path, type, mode: 0o644, uid: 1, gid: 2, size: path.length, target, xattrs: new Map(), body: body() };
}

async function apply(kind: ApplyOptions['kind'], ...layers: TarMember[][]): Promise<Tree> {
  const tree: Tree = new Map([['/', { type: 'dir', mode: 0o755, uid: 0, gid: 0 }]]);
  for (const layer of layers) {
    async function* members(): AsyncGenerator<TarMember> {
      yield* layer;
    }
    await applyArchive(tree, members(), { spool, kind });
  }
  return tree;
}

function shape(tree: Tree): string[] {
  const mark = (node: Node): string => (node.type === 'dir' ? '/' : node.type === 'symlink' ? `->${node.target}` : '');
  return sortedNodes(tree)
    .slice(1)
    .map(([path, node]) => path + mark(node));
}

test('50: whiteouts of a layer delete from the layers below it only', async () => {
  const lower = [member('/a/x'), member('/a/y'), member('/b')];
  assert.deepEqual(shape(await apply('layer', lower, [member('/a/.wh.x'), member('/a/z')])), [
    '/a/',
    '/a/y',
    '/a/z',
    '/b',
  ]);
  assert.deepEqual(shape(await apply('layer', lower, [member('/a/new'), member('/a/.wh..wh..opq')])), [
    '/a/',
    '/a/new',
    '/b',
  ]);
  assert.deepEqual(shape(await apply('layer', lower, [member('/.wh.a')])), ['/b']);
  assert.deepEqual(shape(await apply('layer', lower, [member('/.wh.b'), member('/b')])), ['/a/', '/a/x', '/a/y', '/b']);
});

test('50: packages and our own layers delete nothing, and unknown whiteouts are refused', async () => {
  for (const kind of ['package', 'own'] as const) {
    await assert.rejects(apply(kind, [member('/.wh.a')]), { code: 'E_FORMAT', message: /deletion/ });
  }
  for (const name of ['/.wh.', '/.wh..', '/.wh..wh.aufs']) {
    await assert.rejects(apply('layer', [member(name)]), { code: 'E_FORMAT' }, name);
  }
  await assert.rejects(apply('layer', [member('/.wh.a', 'symlink', 'b')]), { code: 'E_FORMAT' });
});

test('50: a member below a link lands inside the tree, or is refused in our own layers', async () => {
  const layer = [member('/lib', 'symlink', '../../usr/lib'), member('/lib/x')];
  assert.deepEqual(shape(await apply('package', layer)), ['/lib->../../usr/lib', '/usr/', '/usr/lib/', '/usr/lib/x']);
  assert.deepEqual(shape(await apply('layer', layer)), ['/lib->../../usr/lib', '/usr/', '/usr/lib/', '/usr/lib/x']);
  await assert.rejects(apply('own', layer), { code: 'E_FORMAT', message: /below a symbolic link/ });
});

test('a directory of a package goes where a link of that name leads; in a layer it replaces the link', async () => {
  const layer = [member('/usr/lib', 'dir'), member('/lib', 'symlink', 'usr/lib')];
  assert.deepEqual(shape(await apply('package', layer, [member('/lib', 'dir')])), [
    '/lib->usr/lib',
    '/usr/',
    '/usr/lib/',
  ]);
  assert.deepEqual(shape(await apply('layer', layer, [member('/lib', 'dir')])), ['/lib/', '/usr/', '/usr/lib/']);
});

test('50: a member below a file is refused', async () => {
  await assert.rejects(apply('layer', [member('/a'), member('/a/b')]), { code: 'E_FORMAT', message: /no directory/ });
});

test('50: devices and pipes vanish below /dev and are refused elsewhere; our own layers have none', async () => {
  for (const type of ['char', 'block', 'fifo'] as const) {
    assert.deepEqual(shape(await apply('layer', [member('/dev/x', type)])), []);
    await assert.rejects(apply('layer', [member('/x', type)]), { code: 'E_FORMAT', message: /device or pipe/ });
    await assert.rejects(apply('own', [member('/dev/x', type)]), { code: 'E_FORMAT' });
  }
});

test('50: a hard link becomes a file of its own, and must lead to a file', async () => {
  const tree = await apply('layer', [member('/a'), member('/b', 'hardlink', '/a')]);
  assert.deepEqual(tree.get('/a'), tree.get('/b'));
  assert.notEqual(tree.get('/a'), tree.get('/b'));
  await assert.rejects(apply('layer', [member('/b', 'hardlink', '/a')]), {
    code: 'E_FORMAT',
    message: /leads to no file/,
  });
  await assert.rejects(apply('layer', [member('/d', 'dir'), member('/b', 'hardlink', '/d')]), { code: 'E_FORMAT' });
});

test('a file takes the place of a directory of a lower layer, with all that was in it', async () => {
  assert.deepEqual(shape(await apply('layer', [member('/a/b/c')], [member('/a')])), ['/a']);
});
