import assert from 'node:assert/strict';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../../test/support/temp.ts';
import { sha256Hex } from '../core/digest.ts';
import { canonicalBytes } from '../core/json.ts';
import { writeLayer } from './layer.ts';
import { type Descriptor, type ImageConfig, type Manifest, mediaTypes } from './manifest.ts';
import { entriesOf, type RootfsJson, rootfsBytes, rootfsPath } from './rootfs.ts';
import { memoryFile } from './spool.ts';
import { descriptorPath, labels, openStore, runtimePath, type Store } from './store.ts';
import { addNode, type Node, sortedNodes, Tree } from './tree.ts';

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const file = (text: string, mode = 0o644): Node => ({ type: 'file', mode, ...owner, ...memoryFile(Buffer.from(text)) });

/** A small image in two layers; what `change` does to it happens after its list was made. */
interface Change {
  tree?: (tree: Tree) => void;
  config?: (config: ImageConfig) => void;
  rootfs?: (rootfs: RootfsJson) => void;
}

async function putImage(store: Store, change: Change = {}): Promise<Descriptor> {
  const tree = new Tree([['/', { type: 'dir', mode: 0o755, ...owner }]]);
  for (const path of ['/opt', '/opt/scone', '/etc', '/python', '/tmp']) {
    addNode(tree, path, { type: 'dir', mode: 0o755, ...owner });
  }
  addNode(tree, '/etc/hosts', file(''));
  addNode(tree, '/python/app.py', file('print(1)\n'));
  addNode(tree, '/python/link', { type: 'symlink', mode: 0o777, ...owner, target: 'app.py' });
  addNode(tree, runtimePath, file('ELF', 0o755));
  addNode(tree, descriptorPath, file('{"v":1}\n', 0o444));
  const rootfs: RootfsJson = { v: 1, user: { uid: 65532, gid: 65532 }, mounts: [], entries: entriesOf(tree) };
  for (const entry of rootfs.entries) {
    if (entry.path === '/tmp' || entry.path === '/etc/hosts') {
      entry.type = 'mountpoint';
      delete entry.sha256;
    }
  }
  rootfs.entries.push({
    path: '/zz-extra',
    type: 'file',
    mode: '0644',
    ...owner,
    size: 0,
    sha256: 'x',
    optional: true,
  });
  change.rootfs?.(rootfs);
  const list = rootfsBytes(rootfs);
  addNode(tree, rootfsPath, file(Buffer.from(list).toString(), 0o444));
  change.tree?.(tree);
  const nodes = sortedNodes(tree);
  const layers = [
    await writeLayer(
      store.layout,
      nodes.filter(([path]) => path.startsWith('/opt')),
    ),
    await writeLayer(
      store.layout,
      nodes.filter(([path]) => !path.startsWith('/opt')),
    ),
  ];
  const config: ImageConfig = {
    architecture: 'amd64',
    os: 'linux',
    config: { Labels: { [labels.service]: '{"v":1}\n', [labels.rootfs]: sha256Hex(list) } },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
  };
  change.config?.(config);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, ...(await store.layout.putBlob(canonicalBytes(config))) },
    layers: layers.map(({ digest, size }) => ({ mediaType: mediaTypes.layerGzip, digest, size })),
  };
  return { mediaType: mediaTypes.manifest, ...(await store.layout.putBlob(canonicalBytes(manifest))) };
}

const newStore = (t: TestContext): Promise<Store> => openStore(join(tempFolder(t), 'images'));

test('an image is found by its name in any spelling, by name and digest, and not by others', async (t) => {
  const store = await newStore(t);
  const manifest = await putImage(store);
  await store.name('hello/app', manifest);
  for (const name of ['hello/app', 'hello/app:latest', 'docker.io/hello/app', `hello/app@${manifest.digest}`]) {
    assert.equal((await store.resolve(name))?.digest, manifest.digest, name);
  }
  for (const name of ['hello/app:v2', 'other', `hello/app@sha256:${'0'.repeat(64)}`]) {
    assert.equal(await store.resolve(name), undefined, name);
  }
  assert.deepEqual(await store.list(), [{ name: 'hello/app:latest', digest: manifest.digest }]);
});

test('a name moves to the newer image, and names given at once all stay', async (t) => {
  const store = await newStore(t);
  const first = await putImage(store);
  const second = await putImage(store, { tree: (tree) => tree.set('/python/app.py', file('print(2)\n')) });
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => store.name(name, first)));
  await store.name('a', second);
  const found = await Promise.all(['a', 'b', 'c', 'd'].map(async (name) => (await store.resolve(name))?.digest));
  assert.deepEqual(found, [second.digest, first.digest, first.digest, first.digest]);
});

test('what an image holds is computed from its layers', async (t) => {
  const store = await newStore(t);
  const manifest = await putImage(store);
  await store.name('app', manifest);
  const contents = await store.contents(manifest.digest);
  assert.equal(Buffer.from(contents.descriptor).toString(), '{"v":1}\n');
  assert.equal(contents.rootfsDigest, sha256Hex(rootfsBytes(contents.rootfs)));
  assert.equal(contents.runtimeSha256, sha256Hex(Buffer.from('ELF')));
  assert.deepEqual(await store.descriptorBytes(manifest.digest), contents.descriptor);
  assert.equal(await store.rootfsDigest(manifest.digest), contents.rootfsDigest);
});

test('57: an image whose layers differ from its list is refused by the path that differs', async (t) => {
  const changes: [string, (tree: Tree) => void][] = [
    ['/python/app.py', (tree) => tree.set('/python/app.py', file('print(2)\n'))],
    ['/python/app.py', (tree) => tree.set('/python/app.py', file('print(1)\n', 0o755))],
    ['/python/app.py', (tree) => tree.set('/python/app.py', { ...file('print(1)\n'), uid: 7 })],
    ['/python/app.py', (tree) => tree.set('/python/app.py', { type: 'symlink', mode: 0o777, ...owner, target: 'x' })],
    ['/python/app.py', (tree) => tree.delete('/python/app.py')],
    ['/python/json.py', (tree) => addNode(tree, '/python/json.py', file(''))],
    ['/python/link', (tree) => tree.set('/python/link', { type: 'symlink', mode: 0o777, ...owner, target: 'x' })],
    [
      '/python/app.py',
      (tree) => tree.set('/python/app.py', { ...file('print(1)\n'), xattrs: new Map([['user.a', Buffer.from('b')]]) }),
    ],
    ['/etc/hosts', (tree) => tree.set('/etc/hosts', file('1.2.3.4 cas'))],
    ['/tmp/x', (tree) => addNode(tree, '/tmp/x', file(''))],
    ['/opt/scone/runtime', (tree) => tree.set(runtimePath, file('evil', 0o755))],
  ];
  const store = await newStore(t);
  for (const [path, tree] of changes) {
    const manifest = await putImage(store, { tree });
    await store.name('app', manifest);
    await assert.rejects(store.contents(manifest.digest), (error: unknown) => {
      assert.match(String(error), new RegExp(`does not hold what its own list says: ${path}$`));
      return true;
    });
  }
});

test('a label that says something else than the layers is refused', async (t) => {
  const store = await newStore(t);
  const change = (name: string, value?: string) => (config: ImageConfig) => {
    const all = config.config.Labels ?? {};
    if (value === undefined) delete all[name];
    else all[name] = value;
  };
  for (const config of [
    change(labels.rootfs, '0'.repeat(64)),
    change(labels.rootfs),
    change(labels.service, '{"v":2}\n'),
    change(labels.service),
  ]) {
    const manifest = await putImage(store, { config });
    await store.name('app', manifest);
    await assert.rejects(store.rootfsDigest(manifest.digest), { code: 'E_IMAGE', message: /label/ });
  }
});

test('a list in another form than ours is refused', async (t) => {
  const store = await newStore(t);
  const changes: ((rootfs: RootfsJson) => void)[] = [
    (rootfs) => rootfs.entries.reverse(),
    (rootfs) => rootfs.entries.push({ ...(rootfs.entries.at(-1) ?? assert.fail()) }),
    (rootfs) => rootfs.entries.push({ path: '/%7Ezz', type: 'dir', mode: '0755', uid: 0, gid: 0 }),
    (rootfs) => rootfs.entries.push({ path: '/zz/../a', type: 'dir', mode: '0755', uid: 0, gid: 0 }),
    (rootfs) => rootfs.entries.push({ path: '/zzz', type: 'dir', mode: '755', uid: 0, gid: 0 }),
  ];
  for (const rootfs of changes) {
    const manifest = await putImage(store, { rootfs });
    await store.name('app', manifest);
    await assert.rejects(store.contents(manifest.digest), (error: unknown) => {
      assert.match(String(error), /malformed|encoded form/);
      return true;
    });
  }
});

test('a layer that is not the one of the configuration is refused', async (t) => {
  const store = await newStore(t);
  const swap = await putImage(store, { config: (config) => config.rootfs.diff_ids.reverse() });
  await store.name('app', swap);
  await assert.rejects(store.contents(swap.digest), { code: 'E_IMAGE', message: /not the one that the configuration/ });
  const fewer = await putImage(store, { config: (config) => config.rootfs.diff_ids.pop() });
  await store.name('app', fewer);
  await assert.rejects(store.contents(fewer.digest), { code: 'E_IMAGE', message: /disagree on its layers/ });
});

test('an unpacked image has exact modes whatever the umask, and appears under its name when it is whole', async (t) => {
  const store = await newStore(t);
  const manifest = await putImage(store);
  await store.name('app', manifest);
  const folder = tempFolder(t);
  const before = process.umask(0o077);
  t.after(() => process.umask(before));
  await store.unpack(manifest.digest, join(folder, 'rootfs'));
  const mode = (path: string): string => (lstatSync(join(folder, 'rootfs', path)).mode & 0o7777).toString(8);
  assert.deepEqual([mode('.'), mode('python'), mode('python/app.py'), mode(runtimePath)], ['755', '755', '644', '755']);
  assert.equal(mode(rootfsPath), '444');
  assert.equal(readFileSync(join(folder, 'rootfs/python/app.py'), 'utf8'), 'print(1)\n');
  assert.equal(readlinkSync(join(folder, 'rootfs/python/link')), 'app.py');
  assert.equal(statSync(join(folder, 'rootfs/etc/hosts')).size, 0);
  assert.deepEqual(readdirSync(folder), ['rootfs']);
});

test('60: an image that is refused leaves no folder behind', async (t) => {
  const store = await newStore(t);
  const manifest = await putImage(store, { tree: (tree) => addNode(tree, '/more', file('')) });
  await store.name('app', manifest);
  const folder = tempFolder(t);
  await assert.rejects(store.unpack(manifest.digest, join(folder, 'rootfs')), { code: 'E_IMAGE' });
  assert.equal(existsSync(join(folder, 'rootfs')), false);
});

test('50: an image unpacks only into a folder that holds nothing', async (t) => {
  const store = await newStore(t);
  const manifest = await putImage(store);
  await store.name('app', manifest);
  const folder = tempFolder(t);
  await store.unpack(manifest.digest, join(folder, 'rootfs'));
  await assert.rejects(store.unpack(manifest.digest, join(folder, 'rootfs')), { code: 'E_STORE' });
  assert.deepEqual(readdirSync(folder), ['rootfs']);
});

test('a place where no folder can be made is an error of the store, with a way out', async (t) => {
  const store = await newStore(t);
  const manifest = await putImage(store);
  await store.name('app', manifest);
  // Nobody makes folders in /sys, not even root.
  for (const place of ['/sys/rootfs', '/sys/none/rootfs']) {
    await assert.rejects(store.unpack(manifest.digest, place), {
      code: 'E_STORE',
      message: `the image cannot be unpacked into ${place}`,
      hint: /who owns|read-only/,
    });
  }
  await assert.rejects(openStore('/sys/none/images'), { code: 'E_STORE', hint: /SCONECTL_HOME/ });
});
