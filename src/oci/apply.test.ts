import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ApplyOptions, applyArchive } from './apply.ts';
import { memoryFile } from './spool.ts';
import { addNode, type Node, sortedNodes, Tree } from './tree.ts';
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
  const tree = new Tree([['/', { type: 'dir', mode: 0o755, uid: 0, gid: 0 }]]);
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

test('50: a layer cannot make its reader look through everything again and again', async () => {
  const names = (count: number, name: (i: number) => string): string[] =>
    Array.from({ length: count }, (_, i) => name(i));
  const lower = new Tree();
  const node: Node = { type: 'file', mode: 0o644, uid: 0, gid: 0, ...memoryFile(Buffer.from('x')) };
  for (const path of names(60_000, (i) => `/many/${i % 20_000}/${i}`)) addNode(lower, path, node);
  for (const path of names(40_000, (i) => `/kept/${i}`)) addNode(lower, path, node);
  const replaced = names(20_000, (i) => `/many/${i}`);
  const deep = names(255, () => 'd').join('/');
  const nested = [...names(5000, (i) => `/${deep}/${i}`), ...names(255, (i) => `/${deep.slice(0, 2 * i)}.wh..wh..opq`)];
  for (const [name, top, left] of [
    ['whiteouts', replaced.map((path) => path.replace('/many/', '/many/.wh.')), 40_003],
    ['opaque directories', replaced.map((path) => `${path}/.wh..wh..opq`), 60_003],
    ['files in place of directories', replaced, 60_003],
    ['nested opaque directories over files of the layer itself', nested, 5256],
  ] as const) {
    const tree = new Tree(lower);
    const began = process.cpuUsage().user;
    async function* members(): AsyncGenerator<TarMember> {
      for (const path of top) yield member(path);
    }
    await applyArchive(tree, members(), { spool, kind: 'layer' });
    assert.equal(tree.size, left, name);
    const took = process.cpuUsage().user - began;
    assert.ok(took < 8e6, `${name} took ${took} µs`);
  }
});

test('50: an opaque directory of a layer hides what is below it and keeps what the layer itself put there', async () => {
  const lower = [member('/a/b/old'), member('/a/c/old'), member('/a/old')];
  const layer = [
    member('/a/b/new'),
    member('/a/b/.wh..wh..opq'),
    member('/a/.wh..wh..opq'),
    member('/a/d/new'),
    member('/a/.wh.d'),
    member('/.wh.a'),
  ];
  assert.deepEqual(shape(await apply('layer', lower, layer)), ['/a/', '/a/b/', '/a/b/new', '/a/d/', '/a/d/new']);
});
