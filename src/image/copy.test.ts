import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../../test/support/temp.ts';
import { memoryFile } from '../oci/spool.ts';
import { type CopyResult, collectCopies } from './copy.ts';
import type { OwnPlaces } from './withheld.ts';

const spool = {
  append: async (parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) => {
    const all: Uint8Array[] = [];
    for await (const part of parts) all.push(part);
    return memoryFile(Buffer.concat(all));
  },
};

function project(t: TestContext, files: { [path: string]: string }): string {
  const folder = tempFolder(t);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

function places(folder: string): OwnPlaces {
  return {
    target: join(folder, 'target'),
    home: join(folder, 'state'),
    cache: join(folder, 'state/cache'),
    manifest: join(folder, 'service.yml'),
  };
}

function collect(folder: string, ...names: string[]): Promise<CopyResult> {
  return collectCopies(names, folder, places(folder), spool, (index) => ({ file: 'service.yml', line: index + 1 }));
}

const paths = (result: CopyResult): string[] =>
  result.copied.map(({ path, node }) => path + (node.type === 'dir' ? '/' : ''));

/** Everything that must never be shipped, beside a program. */
const hostile = {
  'app.py': 'print(1)\n',
  'lib/mod.py': '',
  'service.yml': 'apiVersion: scone/5.8\nkind: genservice\n',
  'mesh.yml': 'apiVersion: scone/5.8\nkind: mesh\nenv: [{name: SECRET, value: topsecret}]\n',
  'other/mesh.YAML': "\n# a comment\napiVersion: 'scone/5.8'\n",
  'service.lock.yml': 'version: 1\n',
  'second.lock.yml': '# Written by sconectl. Keep it.\nversion: 1\n',
  'cas.lock': '{}',
  'target/private/values.json': '{"password":"topsecret"}',
  'state/identity.pem': '-----BEGIN PRIVATE KEY-----\n',
  'state/config.json': '{}',
  '.git/config': '[remote]',
  'lib/.git': 'gitdir: x',
  '.cas/config.json': '{}',
  '.sconectl/identity.pem': '',
  '.env': 'PASSWORD=topsecret',
  'lib/.env.production': 'PASSWORD=topsecret',
  '.ssh/id_ed25519': '',
  id_rsa: '',
  '.npmrc': '//registry/:_authToken=topsecret',
  'tls/server.key': 'text\n-----BEGIN EC PRIVATE KEY-----\nx',
  'tls/pgp.asc': '-----BEGIN PGP PRIVATE KEY BLOCK-----\n',
  'tls/server.crt': '-----BEGIN CERTIFICATE-----\n',
  'config.yml': 'apiVersion: v1\nkind: ConfigMap\n',
};

test('71: copying the folder itself ships neither keys nor secrets nor files of ours, and says what it left out', async (t) => {
  const folder = project(t, hostile);
  const result = await collect(folder, '.');
  assert.deepEqual(paths(result), [
    '/',
    'app.py',
    'config.yml',
    'lib/',
    'lib/mod.py',
    'other/',
    'tls/',
    'tls/server.crt',
  ]);
  const left = result.warnings.map((warning) => /^not copied: (\S+) /.exec(warning.message)?.[1] ?? '').sort();
  assert.deepEqual(left, [
    '.cas',
    '.env',
    '.git',
    '.npmrc',
    '.sconectl',
    '.ssh',
    'cas.lock',
    'id_rsa',
    'lib/.env.production',
    'lib/.git',
    'mesh.yml',
    'other/mesh.YAML',
    'second.lock.yml',
    'service.lock.yml',
    'service.yml',
    'state',
    'target',
    'tls/pgp.asc',
    'tls/server.key',
  ]);
});

test('71: our own files are an error when they are named, each of them', async (t) => {
  const folder = project(t, hostile);
  const never = [
    'service.yml',
    'mesh.yml',
    'other/mesh.YAML',
    'service.lock.yml',
    'second.lock.yml',
    'cas.lock',
    'target',
    'target/private/values.json',
    'state',
    'state/identity.pem',
    '.git',
    '.git/config',
    'lib/.git',
    '.cas/config.json',
    '.sconectl/identity.pem',
  ];
  for (const name of never) {
    await assert.rejects(collect(folder, name), { code: 'E_COPY' }, name);
  }
});

test('71: a key or file of credentials is shipped only when it is named', async (t) => {
  const folder = project(t, hostile);
  const result = await collect(folder, 'tls/server.key', '.env');
  assert.deepEqual(paths(result), ['.env', 'tls/server.key']);
});

test('71: a link out of the folder, or to what is never an input, is not followed', async (t) => {
  const folder = project(t, { 'd/file': 'x', 'target/private/v': 's', 'service.yml': '' });
  const links: [string, string][] = [
    ['d/out', '../../outside'],
    ['d/abs', '/etc/passwd'],
    ['d/key', '../target/private/v'],
    ['d/here', join(folder, 'd/file')],
    ['d/round', '../../' + folder.split('/').at(-1) + '/d/file'],
    ['d/dangling', 'nothing'],
  ];
  for (const [link, target] of links) symlinkSync(target, join(folder, link));
  symlinkSync('file', join(folder, 'd/good'));
  const result = await collect(folder, 'd');
  assert.deepEqual(paths(result), ['d/', 'd/file', 'd/good']);
  assert.equal(result.warnings.length, links.length);
  for (const [link] of links) await assert.rejects(collect(folder, link), { code: 'E_COPY' }, link);
});

test('71: a folder that is itself a link is no way around', async (t) => {
  const folder = project(t, { 'target/private/v': 'secret' });
  symlinkSync('target', join(folder, 'innocent'));
  await assert.rejects(collect(folder, 'innocent/private/v'), { code: 'E_COPY', message: /innocent is a link/ });
});

test('errors and warnings have the line of the entry that they are about', async (t) => {
  const folder = project(t, hostile);
  await assert.rejects(collect(folder, 'app.py', 'missing.py'), { at: { file: 'service.yml', line: 2 } });
  const { warnings } = await collect(folder, 'app.py', 'tls');
  assert.deepEqual(
    warnings.map(({ at }) => at?.line),
    [2, 2],
  );
});

test('paths out of the folder are an error, with a hint', async (t) => {
  const folder = project(t, { 'a.py': '' });
  for (const name of ['../a.py', '/etc/passwd', 'x/../../a', '..']) {
    await assert.rejects(collect(folder, name), { code: 'E_COPY', message: /not in the folder of the manifest/ }, name);
  }
  await assert.rejects(collect(folder, 'missing.py'), { code: 'E_COPY', found: 'nothing of that name' });
});

test('55: umask, time and order of creation leave no trace; the executable bit of the owner does', async (t) => {
  const one = project(t, { 'p/a.py': 'a', 'p/run.sh': 'r' });
  const two = project(t, { 'p/run.sh': 'r', 'p/a.py': 'a' });
  chmodSync(join(one, 'p/run.sh'), 0o755);
  chmodSync(join(two, 'p/run.sh'), 0o700);
  chmodSync(join(two, 'p/a.py'), 0o600);
  chmodSync(join(two, 'p'), 0o700);
  utimesSync(join(two, 'p/a.py'), 1, 1);
  const [first, second] = [await collect(one, 'p'), await collect(two, 'p')];
  assert.deepEqual(first.copied, second.copied);
  assert.deepEqual(
    first.copied.map(({ node }) => node.mode.toString(8)),
    ['755', '644', '755'],
  );
});

test('a name that is no UTF-8 is copied as it is', async (t) => {
  const folder = project(t, {});
  mkdirSync(join(folder, 'd'));
  writeFileSync(Buffer.concat([Buffer.from(join(folder, 'd/')), Buffer.from([0xff, 0xfe])]), 'x');
  assert.deepEqual(paths(await collect(folder, 'd')), ['d/', 'd/\xff\xfe']);
});

test('a pipe is left out of a folder and refused when named', async (t) => {
  const folder = project(t, { 'd/a': '' });
  execFileSync('mkfifo', [join(folder, 'd/pipe')]);
  const result = await collect(folder, 'd');
  assert.deepEqual(paths(result), ['d/', 'd/a']);
  await assert.rejects(collect(folder, 'd/pipe'), { code: 'E_COPY', message: /neither file nor folder/ });
});

test('a file named twice, and in a folder that is copied, is there once', async (t) => {
  const folder = project(t, { 'd/a.py': '' });
  assert.deepEqual(paths(await collect(folder, 'd', 'd/a.py', './d/a.py')), ['d/', 'd/a.py']);
});

test('71: the folder of generated files of another project below this one is no input either', async (t) => {
  const folder = project(t, {
    'app.py': '',
    'example/out/.gitignore': '*\n',
    'example/out/private/values.json': '{"v":1,"explicit":{"a":{"token":"topsecret"}}}',
    'example/out/sessions/a.yaml': 'salt: 00',
    'example/a.py': '',
    'cache/.gitignore': '*\n',
    'cache/data.txt': '',
    'session.yml': 'version: "0.3.12"\nname: a\nsecrets:\n- {name: token, kind: ascii, value: topsecret}\n',
  });
  const { copied, warnings } = await collect(folder, '.');
  assert.deepEqual(
    copied.map(({ path }) => path).filter((path) => /out|session/.test(path)),
    [],
  );
  assert.ok(copied.some(({ path }) => path === 'cache/data.txt'));
  assert.deepEqual(
    warnings.map(({ message }) => message.split(' ')[2]),
    ['example/out', 'session.yml'],
  );
  for (const name of ['example/out', 'example/out/private/values.json', 'example/out/sessions']) {
    await assert.rejects(collect(folder, name), { code: 'E_COPY' }, name);
  }
});
