import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { tempFolder } from '../../test/support/temp.ts';
import { tarParts } from './layer.ts';
import { pathBytes } from './path.ts';
import { memoryFile } from './spool.ts';
import { tarHeader } from './tar.ts';
import { addNode, type Node, sortedNodes, Tree } from './tree.ts';
import { untar } from './untar.ts';

/** What an archive says, in a form that compares well. */
interface Read {
  path: string;
  type: string;
  mode: number;
  uid: number;
  gid: number;
  target: string;
  xattrs: [string, string][];
  body: string;
}

async function archiveOf(tree: Tree): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of tarParts(sortedNodes(tree))) parts.push(part);
  return Buffer.concat(parts);
}

async function read(archive: Uint8Array, cut = 1 << 20): Promise<Read[]> {
  function* chunks(): Generator<Uint8Array> {
    for (let at = 0; at < archive.length; at += cut) yield archive.subarray(at, at + cut);
  }
  const found: Read[] = [];
  for await (const member of untar(chunks())) {
    const parts: Uint8Array[] = [];
    for await (const part of member.body) parts.push(part);
    const { path, type, mode, uid, gid, target } = member;
    const xattrs = [...member.xattrs].map(([name, value]): [string, string] => [
      name,
      Buffer.from(value).toString('hex'),
    ]);
    found.push({ path, type, mode, uid, gid, target, xattrs, body: Buffer.concat(parts).toString('latin1') });
  }
  return found;
}

function expected(tree: Tree): Read[] {
  return sortedNodes(tree)
    .filter(([path]) => path !== '/')
    .map(([path, node]) => ({
      path,
      type: node.type,
      mode: node.mode,
      uid: node.uid,
      gid: node.gid,
      target: node.type === 'symlink' ? node.target : '',
      xattrs: [...(node.xattrs ?? [])]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]): [string, string] => [name, Buffer.from(value).toString('hex')]),
      body:
        node.type === 'file' && node.content instanceof Uint8Array ? Buffer.from(node.content).toString('latin1') : '',
    }));
}

/** Any bytes but `/` and NUL; long ones need an extended header. */
const name = fc
  .array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 140 })
  .map((bytes) => Buffer.from(bytes).toString('latin1').replaceAll('/', '_'))
  .filter((text) => text !== '.' && text !== '..' && !text.startsWith('.wh.'));
const common = {
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  gid: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
};
const attributes = fc.uniqueArray(
  fc.tuple(fc.constantFrom('user.a', 'security.capability', 'user.long.name'), fc.uint8Array({ maxLength: 40 })),
  { selector: ([attribute]) => attribute, maxLength: 3 },
);
const node: fc.Arbitrary<Node> = fc.oneof(
  fc.record({ type: fc.constant('dir' as const), ...common }),
  fc.tuple(fc.record(common), fc.uint8Array({ maxLength: 1500 }), attributes).map(([rest, bytes, xattrs]) => ({
    type: 'file' as const,
    ...rest,
    ...memoryFile(bytes),
    xattrs: new Map(xattrs),
  })),
  fc.record({ type: fc.constant('symlink' as const), ...common, target: name }),
);
const anyTree = fc
  .array(fc.tuple(fc.array(name, { minLength: 1, maxLength: 3 }), node), { maxLength: 12 })
  .map((items) => {
    const tree = new Tree();
    for (const [names, item] of items) {
      const path = `/${names.join('/')}`;
      const blocked = names
        .slice(0, -1)
        .some((_, i) => (tree.get(`/${names.slice(0, i + 1).join('/')}`)?.type ?? 'dir') !== 'dir');
      if (!blocked && !tree.has(path)) addNode(tree, path, item);
    }
    return tree;
  });

test('what is written is read again, whatever the names, numbers and attributes, and however the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(anyTree, fc.integer({ min: 1, max: 3000 }), async (tree, cut) => {
      assert.deepEqual(await read(await archiveOf(tree), cut), expected(tree));
    }),
    { numRuns: 150 },
  );
});

test('GNU tar reads every archive as we wrote it', async (t) => {
  const folder = tempFolder(t);
  await fc.assert(
    fc.asyncProperty(anyTree, async (tree) => {
      const file = join(folder, 'a.tar');
      writeFileSync(file, await archiveOf(tree));
      const listed = gnuTar(['--list', '--verbose', '--numeric-owner', '--quoting-style=escape', '-f', file], folder);
      assert.equal(listed.split('\n').filter((line) => line !== '').length, expected(tree).length);
    }),
    { numRuns: 25 },
  );
});

test('GNU tar extracts files, long names, links and modes as they are', async (t) => {
  const folder = tempFolder(t);
  const long = `/${'d'.repeat(90)}/${'e'.repeat(90)}/${'f'.repeat(120)}`;
  const tree = new Tree();
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  addNode(tree, long, { type: 'file', mode: 0o640, ...owner, ...memoryFile(Buffer.from('long')) });
  addNode(tree, '/bin/tool', { type: 'file', mode: 0o755, ...owner, ...memoryFile(Buffer.alloc(513, 7)) });
  addNode(tree, '/bin/\xff\xfe', { type: 'file', mode: 0o644, ...owner, ...memoryFile(Buffer.from('bytes')) });
  addNode(tree, '/link', { type: 'symlink', mode: 0o777, ...owner, target: 'x'.repeat(150) });
  writeFileSync(join(folder, 'a.tar'), await archiveOf(tree));
  mkdirSync(join(folder, 'out'));
  gnuTar(['--extract', '--preserve-permissions', '-f', join(folder, 'a.tar')], join(folder, 'out'));

  assert.equal(readFileSync(join(folder, 'out', long), 'utf8'), 'long');
  assert.equal(statSync(join(folder, 'out', long)).mode & 0o7777, 0o640);
  assert.equal(statSync(join(folder, 'out/bin/tool')).size, 513);
  assert.equal(statSync(join(folder, 'out/bin/tool')).mtimeMs, 0);
  assert.equal(
    readFileSync(Buffer.concat([Buffer.from(join(folder, 'out')), pathBytes('/bin/\xff\xfe')]), 'utf8'),
    'bytes',
  );
  assert.equal(readlinkSync(join(folder, 'out/link')), 'x'.repeat(150));
});

test('archives of GNU tar in all its formats are read', async (t) => {
  const folder = sampleFolder(t);
  for (const format of ['gnu', 'oldgnu', 'pax', 'posix', 'ustar']) {
    const archive = execFileSync('tar', ['--create', `--format=${format}`, '--sort=name', '-C', folder, '.'], {
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
    });
    const members = await read(archive);
    const byPath = new Map(members.map((member) => [member.path, member]));
    const long = `/${'n'.repeat(60)}/${'m'.repeat(60)}`;
    assert.equal(byPath.get(long)?.body, 'inside', format);
    assert.equal(byPath.get('/tool')?.mode, 0o755, format);
    assert.equal(byPath.get('/link')?.target, 'tool', format);
    const second = byPath.get('/same')?.type === 'hardlink' ? byPath.get('/same') : byPath.get('/tool');
    assert.equal(second?.type, 'hardlink', format);
  }
});

test('a binary extended attribute survives, with NUL and newline in it', async () => {
  const value = Uint8Array.of(1, 0, 0, 2, 0x0a, 0x3d, 0xff);
  const tree = new Tree();
  const xattrs = new Map([['security.capability', value]]);
  addNode(tree, '/ping', { type: 'file', mode: 0o755, uid: 0, gid: 0, xattrs, ...memoryFile(Buffer.from('x')) });
  const [member] = await read(await archiveOf(tree));
  assert.deepEqual(member?.xattrs, [['security.capability', Buffer.from(value).toString('hex')]]);
});

test('50: a name that would delete something in a layer is not written', () => {
  for (const path of ['/a/.wh.b', '/.wh..wh..opq']) {
    assert.throws(() => tarHeader({ path, type: 'file', mode: 0o644, uid: 0, gid: 0, size: 0 }), { code: 'E_IMAGE' });
  }
});

test('55: neither time nor order of insertion nor user names are in the bytes', async () => {
  const make = (paths: string[]): Tree => {
    const tree = new Tree();
    for (const path of paths)
      addNode(tree, path, { type: 'file', mode: 0o644, uid: 0, gid: 0, ...memoryFile(Buffer.from(path)) });
    return tree;
  };
  const one = await archiveOf(make(['/b/x', '/a', '/b-c']));
  const two = await archiveOf(make(['/b-c', '/b/x', '/a']));
  assert.deepEqual(one, two);
  assert.equal(one.toString('latin1', 136, 147), '00000000000');
  assert.equal(one.toString('latin1', 265, 329).replaceAll('\0', ''), '');
});

function sampleFolder(t: TestContext): string {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'n'.repeat(60)));
  writeFileSync(join(folder, 'n'.repeat(60), 'm'.repeat(60)), 'inside');
  writeFileSync(join(folder, 'tool'), 'program');
  chmodSync(join(folder, 'tool'), 0o755);
  linkSync(join(folder, 'tool'), join(folder, 'same'));
  symlinkSync('tool', join(folder, 'link'));
  return folder;
}

function gnuTar(args: string[], cwd: string): string {
  return execFileSync('tar', args, { cwd, env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' } }).toString('latin1');
}
