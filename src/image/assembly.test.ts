import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../oci/rootfs.ts';
import { rootfsBytes } from '../oci/rootfs.ts';
import { memoryFile } from '../oci/spool.ts';
import type { Node } from '../oci/tree.ts';
import {
  type Assembly,
  checkByteCode,
  checkLinks,
  checkOwnPlace,
  newAssembly,
  place,
  placeBytes,
  placeMountPoints,
} from './assembly.ts';
import { checkInterpreter, findCommand } from './command.ts';
import { groundEntries, groundMounts } from './ground.ts';
import { placeInjections } from './injection.ts';
import { rootfsOf } from './protect.ts';

const owner = { uid: 0, gid: 0 };
const dir = (path: string): Entry => ({ path, type: 'dir', mode: '0755', ...owner });
const program = (path: string, mode = '0755'): Entry => ({ path, type: 'file', mode, ...owner, size: 1, sha256: 'x' });
const link = (path: string, target: string): Entry => ({ path, type: 'symlink', mode: '0777', ...owner, target });
const file = (mode = 0o644): Node => ({ type: 'file', mode, ...owner, ...memoryFile(Buffer.from('x')) });
const path = { PATH: '/usr/local/bin:/usr/bin:/bin' };

function sample(): Assembly {
  return newAssembly([
    dir('/'),
    dir('/etc'),
    dir('/usr'),
    dir('/usr/bin'),
    dir('/tmp'),
    link('/bin', 'usr/bin'),
    link('/usr/bin/python3', 'python3.11'),
    program('/usr/bin/python3.11'),
    program('/usr/bin/data', '0644'),
    link('/usr/bin/loop', 'loop'),
  ]);
}

const tops = (assembly: Assembly): string[] => [...assembly.top.keys()].sort();

test('a file lands where a process would find it, and only new directories come with it', () => {
  const assembly = sample();
  place(assembly, '/bin/tool', file());
  place(assembly, '/srv/app/a.py', file());
  assert.deepEqual(tops(assembly), ['/srv', '/srv/app', '/srv/app/a.py', '/usr/bin/tool']);
});

test('a file of the base is replaced, a directory is not, and no directory takes the place of a file', () => {
  const assembly = sample();
  place(assembly, '/usr/bin/python3', file(0o755));
  assert.equal(assembly.places.get('/usr/bin/python3')?.type, 'file');
  assert.throws(() => place(assembly, '/usr/bin', file()), { code: 'E_COPY' });
  assert.throws(() => place(assembly, '/usr/bin/data/x', file()), { code: 'E_COPY' });
  place(assembly, '/bin', { type: 'dir', mode: 0o755, ...owner });
  assert.equal(assembly.places.get('/bin')?.type, 'symlink');
});

test("places of engines and of sconectl are nobody else's", () => {
  for (const one of [
    '/proc/x',
    '/run/scone/files/1',
    '/tmp',
    '/opt/scone/runtime',
    '/dev/x',
    '/var/tmp/x',
    '/etc/hosts',
  ]) {
    assert.throws(() => checkOwnPlace(one, 'a file'), { code: 'E_COPY' }, one);
  }
  for (const one of ['/srv', '/opt/app', '/temp', '/etc/x']) checkOwnPlace(one, 'a file');
});

test('a module of the base is not replaced while its byte code would go on to be used', () => {
  const lib = '/usr/lib/python3.11';
  const assembly = newAssembly([
    program(`${lib}/json.py`),
    program(`${lib}/__pycache__/json.cpython-311.pyc`),
    program(`${lib}/x.py`),
  ]);
  assert.throws(() => checkByteCode(assembly, `${lib}/json.py`), { code: 'E_COPY', found: /json\.cpython-311\.pyc$/ });
  for (const fine of [`${lib}/x.py`, `${lib}/new.py`, '/python/json.py', `${lib}/json.txt`])
    checkByteCode(assembly, fine);
});

test('the program of a command is found by PATH, through links, and relative to the working directory', () => {
  const assembly = sample();
  place(assembly, '/python/run', file(0o755));
  assert.equal(findCommand(assembly, 'python3', '/python', path), '/usr/bin/python3.11');
  assert.equal(findCommand(assembly, '/bin/python3', '/', path), '/usr/bin/python3.11');
  assert.equal(findCommand(assembly, './run', '/python', path), '/python/run');
  assert.equal(findCommand(assembly, '../python/run', '/python', path), '/python/run');
});

test('a program that is missing, not executable or a circle is an E_COMMAND that says which', () => {
  const assembly = sample();
  assert.throws(() => findCommand(assembly, 'python4', '/', path), {
    code: 'E_COMMAND',
    found: 'nothing of that name',
  });
  assert.throws(() => findCommand(assembly, 'data', '/', path), { code: 'E_COMMAND', found: /not executable/ });
  assert.throws(() => findCommand(assembly, '/usr', '/', path), { code: 'E_COMMAND', found: /no file/ });
  assert.throws(() => findCommand(assembly, 'run', '/python', path), { code: 'E_COMMAND' });
  assert.throws(() => findCommand(assembly, 'python3', '/', { PATH: '' }), { code: 'E_COMMAND', expected: /a PATH/ });
  assert.throws(() => findCommand(assembly, 'loop', '/', path), { code: 'E_IMAGE' });
});

test('a script that starts itself needs its interpreter in the image', async () => {
  const assembly = sample();
  const script = (line: string): Node => ({ type: 'file', mode: 0o755, ...owner, ...memoryFile(Buffer.from(line)) });
  const lines: [string, boolean][] = [
    ['#!/usr/bin/python3 -I\nx', true],
    ['#! /bin/python3\r\n', true],
    ['#!/usr/bin/env python3\n', false],
    ['#!/bin/sh\n', false],
    ['\x7fELF', true],
    ['', true],
    ['#!', true],
    ['#!python3\n', false],
  ];
  for (const [line, fine] of lines) {
    place(assembly, '/srv/run', script(line));
    if (fine) await checkInterpreter(assembly, '/srv/run', path);
    else
      await assert.rejects(
        checkInterpreter(assembly, '/srv/run', path),
        { code: 'E_COMMAND', message: /\/srv\/run/ },
        line,
      );
  }
  place(assembly, '/usr/bin/env', file(0o755));
  place(assembly, '/srv/run', script('#!/usr/bin/env python3\n'));
  await checkInterpreter(assembly, '/srv/run', path);
  place(assembly, '/srv/run', script('#!/usr/bin/env python4\n'));
  await assert.rejects(checkInterpreter(assembly, '/srv/run', path), { code: 'E_COMMAND', message: /python4/ });
  await checkInterpreter(assembly, '/usr/bin/python3.11', path);
});

test('a copied link must lead to something of the image, or to an injected file', async () => {
  const assembly = sample();
  const to = (target: string): Node => ({ type: 'symlink', mode: 0o777, ...owner, target });
  place(assembly, '/srv/a', file());
  place(assembly, '/srv/good', to('a'));
  place(assembly, '/srv/bad', to('b'));
  place(assembly, '/srv/secret', to('injected'));
  await placeInjections(assembly, [{ path: '/srv/injected', content: 'x' }]);
  checkLinks(assembly, ['/srv/good', '/srv/secret']);
  assert.throws(() => checkLinks(assembly, ['/srv/bad']), { code: 'E_COPY', found: '/srv/b' });
});

test('an injected file is a link into the memory of the runtime, named by the hash of its path', async () => {
  const assembly = sample();
  const { files, warnings } = await placeInjections(assembly, [{ path: '/etc/app/key', content: '$$SCONE::key$$' }]);
  assert.deepEqual(assembly.top.get('/etc/app/key'), {
    type: 'symlink',
    mode: 0o777,
    ...owner,
    target: '/run/scone/files/d120707fdce3165d',
  });
  assert.deepEqual([files, warnings], [[{ path: '/etc/app/key', content: '$$SCONE::key$$' }], []]);
});

test('a copied file at the path of an injected one is its template', async () => {
  const assembly = sample();
  placeBytes(assembly, '/etc/app.conf', Buffer.from('password=$$SCONE::p$$'), 0o644);
  const { files } = await placeInjections(assembly, [{ path: '/etc/app.conf', content: null }]);
  assert.deepEqual(files, [{ path: '/etc/app.conf', content: 'password=$$SCONE::p$$' }]);
  assert.equal(assembly.top.get('/etc/app.conf')?.type, 'symlink');
  await assert.rejects(placeInjections(assembly, [{ path: '/etc/none', content: null }]), { code: 'E_MANIFEST' });
});

test('files of the container engine are not injected, and the warning says who controls them', async () => {
  const assembly = sample();
  const { warnings } = await placeInjections(assembly, [{ path: '/etc/hosts', content: '10.0.0.1 db' }]);
  assert.equal(assembly.top.has('/etc/hosts'), false);
  assert.match(warnings[0]?.message ?? '', /the host controls it/);
  for (const bad of ['/run/x', '/proc/1', '/tmp/x', '/opt/scone/x']) {
    await assert.rejects(placeInjections(assembly, [{ path: bad, content: '' }]), { code: 'E_COPY' }, bad);
  }
  for (const bad of ['/etc/../x', '/', '/a//b']) {
    await assert.rejects(placeInjections(assembly, [{ path: bad, content: '' }]), { code: 'E_MANIFEST' }, bad);
  }
});

test('the list holds base and top, mount points instead of directories, extras once, sorted, and not itself', () => {
  const assembly = sample();
  placeMountPoints(assembly, groundEntries());
  place(assembly, '/python/app.py', file());
  placeBytes(assembly, '/opt/scone/rootfs.json', Buffer.from('old'), 0o444);
  placeBytes(assembly, '/etc/mtab', Buffer.from('own'), 0o644);
  const rootfs = rootfsOf(assembly, { uid: 1, gid: 2 }, { mounts: groundMounts(), entries: groundEntries() });
  const found = new Map(rootfs.entries.map((entry) => [entry.path, entry]));
  assert.deepEqual([...found.keys()], [...found.keys()].sort());
  assert.equal(found.size, rootfs.entries.length);
  assert.equal(found.get('/tmp')?.type, 'mountpoint');
  assert.equal(found.get('/etc/hosts')?.size, 0);
  assert.equal(found.get('/etc/mtab')?.type, 'file');
  assert.equal(found.get('/.dockerenv')?.optional, true);
  assert.equal(found.has('/opt/scone/rootfs.json'), false);
  assert.ok(
    found.has('/') && found.has('/opt/scone') && found.has('/run') && found.has('/var') && found.has('/python/app.py'),
  );
  assert.deepEqual(rootfs.user, { uid: 1, gid: 2 });
  assert.equal(Buffer.from(rootfsBytes(rootfs)).at(-1), 0x0a);
});

test('every mount point that is not optional is made, as a directory or an empty file', () => {
  const assembly = sample();
  placeMountPoints(assembly, groundEntries());
  for (const entry of groundEntries().filter((one) => one.type === 'mountpoint')) {
    const made = assembly.places.get(entry.path)?.type;
    assert.equal(made, entry.optional === true ? undefined : entry.size === undefined ? 'dir' : 'file', entry.path);
  }
});
