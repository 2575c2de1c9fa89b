import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { SconeError } from '../../src/core/errors.ts';
import { parseDescriptor } from '../../src/manifest/descriptor.ts';
import { decodePath, encodePath, pathBytes } from '../../src/oci/path.ts';
import { type Entry, parseRootfs } from '../../src/oci/rootfs.ts';
import { openStore } from '../../src/oci/store.ts';
import { freshHome } from '../support/home.ts';
import { need } from '../support/require.ts';
import { tempFolder } from '../support/temp.ts';
import { build, writeProject } from './project.ts';

test('skopeo sees the image: platform, entry point, user, labels, no command, layers that it can copy', async (t) => {
  const skopeo = need(t, 'skopeo');
  if (skopeo === undefined) return;
  const home = freshHome(t);
  const built = await build({ folder: writeProject(tempFolder(t)), home });
  const place = `oci:${join(home, 'images')}:test/hello:v1`;
  const inspected = JSON.parse(run(skopeo.path, 'inspect', place));
  assert.equal(inspected.Digest, built.digest);
  assert.deepEqual([inspected.Os, inspected.Layers.length], ['linux', 3]);
  const { config, architecture, created } = JSON.parse(run(skopeo.path, 'inspect', '--config', place));
  assert.equal(architecture, process.arch === 'arm64' ? 'arm64' : 'amd64');
  assert.equal(created, '1970-01-01T00:00:00Z');
  assert.deepEqual(
    [config.Entrypoint, config.Cmd, config.User, config.WorkingDir],
    [['/opt/scone/runtime'], undefined, '65532:65532', '/'],
  );
  assert.deepEqual(config.Env, [
    'HOME=/tmp',
    'LANG=C.UTF-8',
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  ]);
  assert.equal(config.Labels['org.sconectl.confidential'], 'NOT CONFIDENTIAL (simulation)');
  assert.equal(config.Labels['org.sconectl.flavour'], 'sim');
  assert.equal(config.Labels['org.sconectl.rootfs'], built.rootfsDigest);
  const descriptor = parseDescriptor(Buffer.from(config.Labels['org.sconectl.service']));
  assert.deepEqual(
    [descriptor.argv, descriptor.pwd, descriptor.flavour],
    [['python3', 'app.py', '--verbose'], '/python', 'sim'],
  );
  const raw = JSON.parse(run(skopeo.path, 'inspect', '--raw', place));
  assert.deepEqual(raw.annotations, {
    'org.sconectl.confidential': 'NOT CONFIDENTIAL (simulation)',
    'org.sconectl.flavour': 'sim',
  });

  const copy = join(tempFolder(t), 'copy');
  run(skopeo.path, 'copy', '--quiet', place, `oci:${copy}:again`);
  assert.equal(JSON.parse(run(skopeo.path, 'inspect', `oci:${copy}:again`)).Digest, built.digest);
});

test('57: what umoci and we unpack is exactly what rootfs.json lists', async (t) => {
  const umoci = need(t, 'umoci');
  const root = need(t, 'root');
  if (umoci === undefined || root === undefined) return;
  const home = freshHome(t);
  const built = await build({ folder: writeProject(tempFolder(t)), home });
  const store = await openStore(join(home, 'images'));
  const folder = tempFolder(t);
  const contents = await store.unpack(built.digest, join(folder, 'ours'));
  assert.equal(contents.rootfsDigest, built.rootfsDigest);
  run(umoci.path, 'unpack', '--image', `${join(home, 'images')}:test/hello:v1`, join(folder, 'bundle'));
  for (const place of ['ours', 'bundle/rootfs']) {
    const list = readFileSync(join(folder, place, 'opt/scone/rootfs.json'));
    assert.equal(createHash('sha256').update(list).digest('hex'), built.rootfsDigest);
    assert.deepEqual(differences(join(folder, place), parseRootfs(list).entries), [], place);
  }
});

test('the layers of base and runtime stay the same when the program changes, and the lock stays', async (t) => {
  const home = freshHome(t);
  const folder = writeProject(tempFolder(t));
  const first = await build({ folder, home });
  const lock = readFileSync(join(folder, 'service.lock.yml'), 'utf8');
  appendFileSync(join(folder, 'app.py'), 'print("more")\n');
  const second = await build({ folder, home });
  const store = await openStore(join(home, 'images'));
  const layers = async (digest: string): Promise<string[]> => {
    const { manifests } = await store.layout.index();
    assert.deepEqual(
      manifests.map((entry) => entry.digest),
      [second.digest],
    );
    return JSON.parse(Buffer.from(readFileSync(store.layout.blobFile(digest))).toString()).layers.map(
      (layer: { digest: string }) => layer.digest,
    );
  };
  const [one, two] = [await layers(first.digest), await layers(second.digest)];
  assert.deepEqual(one.slice(0, 2), two.slice(0, 2));
  assert.notEqual(one[2], two[2]);
  assert.notEqual(first.rootfsDigest, second.rootfsDigest);
  assert.equal(readFileSync(join(folder, 'service.lock.yml'), 'utf8'), lock);
  assert.deepEqual(JSON.parse(readFileSync(join(folder, 'target/images.json'), 'utf8')), {
    v: 1,
    images: { 'test/hello:v1': { digest: second.digest, rootfs: second.rootfsDigest } },
  });
});

test('71: the image of a folder with keys, secrets and our own files holds none of them', async (t) => {
  const canary = 'canary-2f9d1c7a';
  const home = freshHome(t);
  const folder = writeProject(tempFolder(t), {
    'service.yml': readFileSync(join(writeProject(tempFolder(t)), 'service.yml'), 'utf8')
      .replace('- app.py', '- .')
      .replace('size: 10}', `size: 10}\n  - {name: given, kind: ascii, value: ${canary}-explicit}`),
    'mesh.yml': `apiVersion: scone/5.8\nkind: mesh\n# ${canary}\n`,
    'target/private/values.json': canary,
    'target/sessions/a.yaml': canary,
    '.git/config': canary,
    '.cas/config.json': canary,
    '.env': canary,
    'key.pem': `-----BEGIN PRIVATE KEY-----\n${canary}\n`,
    'data/kept.txt': 'kept',
  });
  const built = await build({ folder, home });
  const store = await openStore(join(home, 'images'));
  const unpacked = join(tempFolder(t), 'rootfs');
  await store.unpack(built.digest, unpacked);
  assert.deepEqual(readdirSync(join(unpacked, 'python')).sort(), ['app.py', 'data']);
  // Every blob, compressed and not: layers, configuration with its labels, manifest.
  for (const name of readdirSync(join(home, 'images/blobs/sha256'))) {
    const file = join(home, 'images/blobs/sha256', name);
    assert.equal(readFileSync(file).includes(canary), false, name);
    const layer = readFileSync(file)
      .subarray(0, 2)
      .equals(Buffer.from([0x1f, 0x8b]));
    if (layer) assert.equal(execFileSync('zcat', [file], { maxBuffer: 1 << 28 }).includes(canary), false, name);
  }
  assert.ok(built.warnings.length >= 7, String(built.warnings));
});

test('a base out of an OCI layout is made ours: owners, modes, devices, secrets of the host, and locked by digest', async (t) => {
  const umoci = need(t, 'umoci');
  const root = need(t, 'root');
  if (umoci === undefined || root === undefined) return;
  const home = freshHome(t);
  const folder = writeProject(tempFolder(t), {
    'service.yml': readFileSync(join(writeProject(tempFolder(t)), 'service.yml'), 'utf8')
      .replace('  pwd: /python', '  from: oci:base:latest\n  pwd: /python')
      .replace('python3 app.py --verbose', 'tool app.py'),
  });
  const layout = join(folder, 'base');
  const rootfs = tempFolder(t);
  writeProject(rootfs, {
    'usr/bin/tool': '#!/usr/bin/x',
    'etc/hosts': '1.2.3.4 host',
    'tmp/left': 'over',
    'run/x': '',
  });
  rmSync(join(rootfs, 'service.yml'));
  execFileSync(
    'sh',
    [
      '-c',
      'chmod 4755 usr/bin/tool; chown 7:7 usr/bin/tool; mkdir dev; mknod dev/null c 1 3; mkdir secret; chmod 700 secret',
    ],
    { cwd: rootfs },
  );
  run(umoci.path, 'init', '--layout', layout);
  run(umoci.path, 'new', '--image', `${layout}:latest`);
  run(umoci.path, 'insert', '--image', `${layout}:latest`, rootfs, '/');

  const built = await build({ folder, home });
  const store = await openStore(join(home, 'images'));
  const { rootfs: list } = await store.contents(built.digest);
  const entry = (path: string): Entry | undefined => list.entries.find((one) => one.path === path);
  assert.deepEqual([entry('/usr/bin/tool')?.mode, entry('/usr/bin/tool')?.uid], ['0755', 0]);
  assert.equal(entry('/etc/hosts')?.size, 0);
  assert.equal(entry('/secret')?.mode, '0755');
  for (const path of ['/dev/null', '/tmp/left', '/run/x']) assert.equal(entry(path), undefined, path);
  assert.equal(built.descriptor.env['PATH']?.includes('/usr/bin'), true);

  run(umoci.path, 'config', '--image', `${layout}:latest`, '--author', 'somebody else');
  await assert.rejects(build({ folder, home }), {
    code: 'E_LOCK',
    message: /the base is not the one in the lock file/,
  });
});

test('a lock of other bytes is refused with the way out, and the old image keeps its name', async (t) => {
  const home = freshHome(t);
  const folder = writeProject(tempFolder(t));
  const built = await build({ folder, home });
  const file = join(folder, 'service.lock.yml');
  const good = readFileSync(file, 'utf8');
  const runtime = /(^ {2}sha256: )[0-9a-f]{64}$/m;
  const cases: [string, RegExp][] = [
    [good.replace(runtime, `$1${'0'.repeat(64)}`), /the runtime is not/],
    [good.replace(/(digest: sha256:)[0-9a-f]{64}/, `$1${'0'.repeat(64)}`), /the base is not/],
    [good.replace('debian:bookworm', 'debian:trixie'), /made for another base/],
    [good.replace('architecture: ', 'architecture: un'), /another processor architecture/],
    [`${good}x`, /no lock file of this version/],
  ];
  for (const [text, message] of cases) {
    writeFileSync(file, text);
    await assert.rejects(build({ folder, home }), { code: 'E_LOCK', message });
    assert.equal(readFileSync(file, 'utf8'), text, 'a refused lock is left as it is');
  }
  const store = await openStore(join(home, 'images'));
  assert.equal((await store.resolve('test/hello:v1'))?.digest, built.digest);
});

test('a service that would run as root is refused by position, before anything is fetched', async (t) => {
  const home = tempFolder(t);
  const folder = writeProject(tempFolder(t));
  const text = readFileSync(join(folder, 'service.yml'), 'utf8');
  for (const user of ['root', '0', '"0:1000"', '00']) {
    writeFileSync(join(folder, 'service.yml'), text.replace('  pwd: /python', `  pwd: /python\n  user: ${user}`));
    await assert.rejects(build({ folder, home }), (error: SconeError) => {
      assert.equal(error.code, 'E_MANIFEST', user);
      assert.deepEqual([error.at?.file, error.at?.line], [join(folder, 'service.yml'), 16], user);
      return true;
    });
  }
  assert.deepEqual(readdirSync(home), []);
});

test('a command that the image does not have, and files that are missing, are errors before anything is stored', async (t) => {
  const home = freshHome(t);
  const folder = writeProject(tempFolder(t));
  const text = readFileSync(join(folder, 'service.yml'), 'utf8');
  writeFileSync(join(folder, 'service.yml'), text.replace('python3 app.py', 'python4 app.py'));
  await assert.rejects(build({ folder, home }), { code: 'E_COMMAND' });
  writeFileSync(join(folder, 'service.yml'), text.replace('- app.py', '- missing.py'));
  await assert.rejects(build({ folder, home }), { code: 'E_COPY' });
  assert.deepEqual(await (await openStore(join(home, 'images'))).list(), []);
  assert.equal(readdirSync(folder).includes('service.lock.yml'), false);
});

test('a lock file that cannot be written is told by its name', async (t) => {
  const folder = writeProject(tempFolder(t));
  // Nobody makes files in /sys, not even root.
  await assert.rejects(build({ folder, home: freshHome(t), file: '/sys/service.yml' }), {
    code: 'E_STORE',
    message: '/sys/service.lock.yml could not be written',
  });
});

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What a folder has that the list has not, and the reverse, by our own walk with nothing of the code under test. */
function differences(folder: string, entries: readonly Entry[]): string[] {
  const listed = new Map(entries.map((entry) => [decodePath(entry.path), entry]));
  const problems: string[] = [];
  const walk = (path: string): void => {
    const place = Buffer.concat([Buffer.from(folder), pathBytes(path)]);
    const found = lstatSync(place);
    const entry = listed.get(path || '/');
    listed.delete(path || '/');
    const type = found.isDirectory() ? 'dir' : found.isSymbolicLink() ? 'symlink' : found.isFile() ? 'file' : 'other';
    const facts: Entry = {
      path: encodePath(path || '/'),
      type: type as Entry['type'],
      mode: (found.mode & 0o7777).toString(8).padStart(4, '0'),
      uid: found.uid,
      gid: found.gid,
    };
    if (type === 'file')
      Object.assign(facts, {
        size: found.size,
        sha256: createHash('sha256').update(readFileSync(place)).digest('hex'),
      });
    if (type === 'symlink') facts.target = encodePath(readlinkSync(place, { encoding: 'buffer' }).toString('latin1'));
    if (path !== '/opt/scone/rootfs.json' && path !== '/umoci' && !same(entry, facts))
      problems.push(JSON.stringify([entry, facts]));
    if (type === 'dir')
      for (const name of readdirSync(place, { encoding: 'buffer' })) walk(`${path}/${name.toString('latin1')}`);
  };
  walk('');
  for (const entry of listed.values()) if (entry.optional !== true) problems.push(`missing ${entry.path}`);
  return problems;
}

function same(entry: Entry | undefined, facts: Entry): boolean {
  if (entry === undefined) return false;
  if (entry.type === 'mountpoint') {
    return (
      facts.mode === entry.mode &&
      facts.uid === 0 &&
      (entry.size === undefined ? facts.type === 'dir' : facts.size === 0)
    );
  }
  return isDeepStrictEqual({ ...entry }, facts);
}
