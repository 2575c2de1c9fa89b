import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../../test/support/temp.ts';
import { sha256Hex } from '../core/digest.ts';
import { tarParts } from '../oci/layer.ts';
import { openSpool, readContent } from '../oci/spool.ts';
import { sortedNodes, type Tree } from '../oci/tree.ts';
import type { Package } from './apt.ts';
import { debianTree } from './debian.ts';
import { finishDebian } from './finish.ts';
import { normaliseBase } from './normal.ts';

/** A package of these files, made by dpkg-deb. */
function makeDeb(t: TestContext, name: string, files: { [path: string]: string }): { item: Package; file: string } {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'root/DEBIAN'), { recursive: true });
  writeFileSync(
    join(folder, 'root/DEBIAN/control'),
    `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: x\nDescription: x\n`,
  );
  writeFileSync(join(folder, 'root/DEBIAN/postinst'), '#!/bin/sh\ntouch /never-run\n');
  chmodSync(join(folder, 'root/DEBIAN/postinst'), 0o755);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, 'root', path)), { recursive: true });
    if (text.startsWith('->')) symlinkSync(text.slice(2), join(folder, 'root', path));
    else writeFileSync(join(folder, 'root', path), text);
  }
  const file = join(folder, `${name}.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', join(folder, 'root'), file], { stdio: 'ignore' });
  return { item: { name, version: '1', architecture: 'all', sha256: sha256Hex(readFileSync(file)) }, file };
}

async function treeOf(t: TestContext, ...debs: { item: Package; file: string }[]): Promise<Tree> {
  const spool = await openSpool(join(tempFolder(t), 'spool'));
  t.after(() => spool.close());
  return debianTree(
    debs.map(({ item }) => item),
    new Map(debs.map(({ item, file }) => [item.name, file])),
    spool,
  );
}

async function textOf(tree: Tree, path: string): Promise<string> {
  const node = tree.get(path);
  assert.ok(node?.type === 'file', path);
  const parts: Uint8Array[] = [];
  for await (const part of readContent(node.content, node.size)) parts.push(part);
  return Buffer.concat(parts).toString();
}

test('packages are unpacked onto merged /usr, without manuals, with copyright and package database', async (t) => {
  const tree = await treeOf(
    t,
    makeDeb(t, 'one', {
      'lib/x86_64-linux-gnu/libc.so.6': 'libc',
      'bin/tool': 'tool',
      'usr/share/man/man1/tool.1': 'x',
      'usr/share/doc/one/copyright': 'GPL',
      'usr/share/doc/one/changelog.gz': 'x',
      'usr/share/locale/de/x.mo': 'x',
    }),
    makeDeb(t, 'two', { 'usr/lib/x86_64-linux-gnu/libm.so.6': '->libc.so.6', 'lib/systemd/system/two.service': 'x' }),
  );
  const paths = sortedNodes(tree)
    .filter(([, node]) => node.type !== 'dir')
    .map(([path]) => path);
  assert.deepEqual(paths, [
    '/bin',
    '/lib',
    '/usr/bin/tool',
    '/usr/lib/x86_64-linux-gnu/libc.so.6',
    '/usr/lib/x86_64-linux-gnu/libm.so.6',
    '/usr/share/doc/one/copyright',
    '/var/lib/dpkg/status.d/one',
    '/var/lib/dpkg/status.d/two',
  ]);
  assert.match(await textOf(tree, '/var/lib/dpkg/status.d/one'), /^Package: one\nVersion: 1\n/);
  assert.equal(await textOf(tree, '/usr/bin/tool'), 'tool');
});

test('of a base stays what programs use: not the tests of Python, nor what makes locales, nor rare character sets', async (t) => {
  const gconv = 'usr/lib/x86_64-linux-gnu/gconv';
  const kept = ['ISO8859-1.so', 'ISO8859-15.so', 'UTF-16.so', 'gconv-modules'].map((name) => `${gconv}/${name}`);
  const dropped = [
    ...['BIG5.so', 'ISO8859-2.so', 'gconv-modules.cache', 'gconv-modules.d/gconv-modules-extra.conf'].map(
      (name) => `${gconv}/${name}`,
    ),
    'usr/bin/localedef',
    'usr/sbin/zic',
    'usr/lib/python3.11/test/regrtest.py',
  ];
  const files = [...kept, 'usr/bin/locale', 'usr/lib/python3.11/unittest/case.py', ...dropped];
  const tree = await treeOf(t, makeDeb(t, 'one', Object.fromEntries(files.map((path) => [path, 'x']))));
  for (const path of files) assert.equal(tree.has(`/${path}`), !dropped.includes(path), path);
});

test('a package whose bytes are not the locked ones is not opened', async (t) => {
  const deb = makeDeb(t, 'one', { 'usr/bin/tool': 'x' });
  const item = { ...deb.item, sha256: '0'.repeat(64) };
  await assert.rejects(treeOf(t, { ...deb, item }), { code: 'E_APT', message: /cached package one is damaged/ });
});

test('a package that dpkg-deb cannot read is an error of ours', async (t) => {
  const file = join(tempFolder(t), 'x.deb');
  writeFileSync(file, 'no package');
  const item: Package = { name: 'x', version: '1', architecture: 'all', sha256: sha256Hex(Buffer.from('no package')) };
  await assert.rejects(treeOf(t, { item, file }), (error: Error & { code?: string }) => {
    assert.match(error.code ?? '', /^E_(?:TOOL|FORMAT)$/);
    return true;
  });
});

test('a finished base has users, name service, time zone and one file of certificates', async (t) => {
  const certificates = Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => [
      `usr/share/ca-certificates/mozilla/${String.fromCharCode(99 - i)}.crt`,
      `cert ${i}\n`,
    ]),
  );
  const tree = await treeOf(t, makeDeb(t, 'ca', { ...certificates, 'var/run/.keep': '', 'etc/ca-certificates/x': '' }));
  await finishDebian(tree);
  assert.match(await textOf(tree, '/etc/passwd'), /^nonroot:x:65532:65532:nonroot:\/tmp:\/usr\/sbin\/nologin$/m);
  assert.match(await textOf(tree, '/etc/group'), /^nonroot:x:65532:$/m);
  assert.match(await textOf(tree, '/etc/nsswitch.conf'), /^hosts: files dns$/m);
  assert.equal(
    await textOf(tree, '/etc/ssl/certs/ca-certificates.crt'),
    Array.from({ length: 12 }, (_, i) => `cert ${11 - i}\n`).join(''),
  );
  const link = (path: string): string | undefined => {
    const node = tree.get(path);
    return node?.type === 'symlink' ? node.target : undefined;
  };
  assert.equal(link('/etc/localtime'), '/usr/share/zoneinfo/Etc/UTC');
  assert.equal(link('/usr/lib/ssl/cert.pem'), '/etc/ssl/certs/ca-certificates.crt');
  assert.equal(link('/var/run'), '/run');
  assert.equal(
    [...tree.keys()].some((path) => path.startsWith('/usr/share/ca-certificates')),
    false,
  );
});

test('a base without certificates is refused', async (t) => {
  await assert.rejects(finishDebian(await treeOf(t, makeDeb(t, 'x', { 'etc/x': '' }))), { code: 'E_BASE' });
});

test('55: the same packages make the same bytes as ever; other bytes here need another recipe number in base.ts', async (t) => {
  const certificates = Object.fromEntries(
    Array.from({ length: 10 }, (_, i) => [`usr/share/ca-certificates/mozilla/${i}.crt`, `cert ${i}\n`]),
  );
  const tree = await treeOf(
    t,
    makeDeb(t, 'one', { 'bin/tool': 'tool', 'usr/share/doc/one/copyright': 'GPL', 'etc/hosts': 'x', ...certificates }),
    makeDeb(t, 'two', { 'lib/x86_64-linux-gnu/libm.so.6': '->libc.so.6', 'usr/share/man/x': 'x' }),
  );
  await finishDebian(tree);
  normaliseBase(tree);
  const hash = createHash('sha256');
  for await (const part of tarParts(sortedNodes(tree))) hash.update(part);
  assert.equal(hash.digest('hex'), '8a73744eeef599dc964ba62e66d42eb9d15bfa9d54a1ebe6201ceb77a4a2c021');
});
