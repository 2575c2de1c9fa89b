import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { keyHash, sha256Hex } from '../../src/core/digest.ts';
import { failure, failures, type Place, result, sconectl, startCas } from '../cli/sconectl.ts';
import { resizeDisk, smallDisk } from '../support/disk.ts';
import { freshHome } from '../support/home.ts';
import { need } from '../support/require.ts';
import { tempFolder } from '../support/temp.ts';
import { listen } from './listener.ts';
import { type Mesh, meshOf } from './mesh.ts';
import { builtProject, copySources } from './projects.ts';

/** Every file below folders with its bytes, Node's own compiled code apart: what a refused command must not change. */
function everything(...folders: readonly string[]): Map<string, string> {
  const all = new Map<string, string>();
  for (const folder of folders) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && !path.includes('/cache/node/'))
        all.set(relative(folder, path), readFileSync(path, 'base64'));
    }
  }
  return all;
}

async function edited(place: Place, name: string, change: (text: string) => string, run: () => Promise<void>) {
  const path = join(place.folder, name);
  const before = readFileSync(path, 'utf8');
  const text = change(before);
  assert.notEqual(text, before, 'the edit changes something');
  writeFileSync(path, text);
  try {
    await run();
  } finally {
    writeFileSync(path, before);
  }
}

/** Where a text stands, as errors say it. */
function positionOf(text: string, part: string): { line: number; column: number } {
  const before = text.slice(0, text.indexOf(part));
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') };
}

async function applied(t: Parameters<typeof freshHome>[0] & Parameters<typeof meshOf>[0]): Promise<Mesh> {
  const home = freshHome(t);
  const place = await builtProject(t, 'reporter', home);
  const data = join(home, 'cas');
  const mesh = meshOf(t, { place, data, cas: await startCas(t, place, data), listener: await listen(t), runc: '' });
  await mesh.apply();
  return mesh;
}

test('a mistake in a manifest is one message with its place, code and hint, and changes nothing', async (t) => {
  const mesh = await applied(t);
  const { place } = mesh;
  const cases: [
    what: string,
    file: 'service.yml' | 'mesh.yml',
    change: (text: string) => string,
    /** What the place in the edited file begins with. */
    at: string,
    code: string,
    message: RegExp,
  ][] = [
    [
      'an unknown key',
      'service.yml',
      (text) => text.replace('  command: ', '  comand: '),
      'comand:',
      'E_MANIFEST',
      /comand/,
    ],
    [
      'a wrong type',
      'service.yml',
      (text) => text.replace('copy:\n    - reporter.py', 'copy: {reporter.py: yes}'),
      '{reporter.py',
      'E_MANIFEST',
      /copy/,
    ],
    [
      'an unknown secret in a placeholder',
      'service.yml',
      (text) => text.replace('::password$$"', () => '::pasword$$"'),
      '"$$SCONE::pasword',
      'E_MANIFEST',
      /pasword/,
    ],
    [
      'an unknown key of a Meshfile',
      'mesh.yml',
      (text) => text.replace('namespace:', 'name_space:'),
      'name_space',
      'E_MANIFEST',
      /name_space/,
    ],
    [
      'a variable without a value',
      'mesh.yml',
      (text) => text.replace('value: 8443', 'value: $NOT_SET'),
      '$NOT_SET',
      'E_VARIABLE',
      /NOT_SET/,
    ],
    [
      'an image that is not there',
      'mesh.yml',
      (text) => text.replace('image: test/reporter:v1', 'image: test/missing:v1'),
      'name: reporter',
      'E_IMAGE',
      /reporter is not in the local store/,
    ],
    [
      'two keys of one name',
      'mesh.yml',
      (text) => text.replace('kind: mesh', 'kind: mesh\nkind: mesh'),
      '',
      'E_MANIFEST',
      /kind/,
    ],
  ];
  const before = everything(place.folder, place.home);
  for (const [what, file, change, at, code, message] of cases) {
    await t.test(what, async () => {
      await edited(place, file, change, async () => {
        const text = readFileSync(join(place.folder, file), 'utf8');
        const args = file === 'mesh.yml' ? mesh.applying() : ['apply', '-f', file];
        const errors = await failures(place, 1, ...args);
        const error = errors.find((one) => message.test(one.message));
        assert.ok(error !== undefined, JSON.stringify(errors));
        assert.equal(error.code, code);
        assert.equal(error.at?.file, file);
        assert.ok((error.hint ?? '') !== '');
        if (at !== '') {
          const position = positionOf(text, at);
          assert.equal(error.at?.line, position.line, JSON.stringify(error));
          assert.ok((error.at?.column ?? 0) >= 1);
        }
        const told = await sconectl(place, ...args);
        assert.equal(told.code, 1);
        assert.equal(told.stdout, '');
        assert.match(told.stderr, new RegExp(`^error ${code}: `, 'm'));
        assert.ok(told.stderr.includes(`${file}:${error.at?.line}:${error.at?.column}`), told.stderr);
        assert.match(told.stderr, /Hint: /);
      });
    });
  }
  await t.test('a global variable that the Meshfile gives no value', async () => {
    const without = (text: string): string => text.replace(/ {2}- name: API_USER\n.*\n/, '');
    await edited(place, 'mesh.yml', without, async () => {
      const error = await failure(place, ...mesh.applying());
      assert.match(error.message, /API_USER/);
      assert.equal(error.at?.file, 'mesh.yml');
      assert.ok((error.at?.line ?? 0) > 0 && (error.hint ?? '') !== '', JSON.stringify(error));
    });
  });
  const after = everything(place.folder, place.home);
  // A client remembers the newest head it saw; that is all that may differ.
  assert.deepEqual([...after.keys()].sort(), [...before.keys()].sort());
  const changed = [...after].filter(([path, bytes]) => before.get(path) !== bytes).map(([path]) => path);
  assert.deepEqual(
    changed.filter((path) => !/^(?:cas\.lock|config\.json)$/.test(path)),
    [],
  );
  assert.deepEqual(await mesh.events(), ['session']);
});

test('a CAS that is not there, or not the expected one, is refused before anything is written or sent', async (t) => {
  const mesh = await applied(t);
  const { place, cas } = mesh;
  const initData = readFileSync(join(place.folder, 'target/initdata/reporter.toml'), 'utf8');
  const unreachable = await failure(place, ...mesh.applying({ CAS_URL: '127.0.0.1:1', API_USER: 'x' }));
  assert.deepEqual(
    [unreachable.code, unreachable.message],
    ['E_CAS_UNREACHABLE', 'no connection to the CAS at 127.0.0.1:1'],
  );
  assert.ok((unreachable.hint ?? '') !== '');

  const other = keyHash(new Uint8Array(32), 'simulation');
  const keyed = (text: string): string => text.replace('    tolerance:', `    cas_key: ${other}\n    tolerance:`);
  await edited(place, 'mesh.yml', keyed, async () => {
    const wrong = await failure(place, ...mesh.applying({ API_USER: 'x' }));
    // Known before any connection: the folder remembers the CAS at this address.
    assert.deepEqual([wrong.code, wrong.found], ['E_CAS_IDENTITY', other]);
    assert.ok((wrong.expected ?? '').startsWith(`${cas.key}, pinned on 20`), JSON.stringify(wrong));
    assert.ok((wrong.hint ?? '') !== '');
  });

  // Another CAS at the pinned address.
  await cas.stop();
  const impostor = await startCas(t, place, join(place.home, 'impostor'), cas.address);
  const { code, expected, found, hint } = await failure(place, ...mesh.applying({ API_USER: 'x' }));
  assert.deepEqual([code, expected, found], ['E_CAS_IDENTITY', cas.key, impostor.key]);
  assert.match(hint ?? '', /cas forget/);
  assert.equal(readFileSync(join(place.folder, 'target/initdata/reporter.toml'), 'utf8'), initData);
  await impostor.stop();
  const again = meshOf(t, { ...mesh, cas: await startCas(t, place, mesh.data, cas.address) });
  assert.deepEqual(await again.events(), ['session']);
});

test('60: a full disk under the CAS is one message, loses nothing that was acknowledged, and is over when there is room', async (t) => {
  if (need(t, 'root') === undefined) return;
  const home = freshHome(t);
  const place: Place = { home, folder: tempFolder(t) };
  const disk = smallDisk(t, '64k');
  const cas = await startCas(t, place, join(disk, 'cas'));
  const testing = ['trust-any', 'debug', 'ignore-signer'].map((flag) => `--only_for_testing-${flag}`);
  await result(place, 'cas', 'attest', cas.address, ...testing);
  const write = (name: string): void =>
    writeFileSync(
      join(place.folder, 's.yml'),
      `version: "0.3.12"\nname: ${name}\naccess_policy: {read: [CREATOR], update: [CREATOR]}\n` +
        `services:\n- {name: app, command: [app], environment: {FILL: "${'x'.repeat(12_000)}"}, attestation: [], init_data: []}\n`,
    );
  const acknowledged = new Map<string, string>();
  let refused: string | undefined;
  for (let count = 0; refused === undefined && count < 12; count++) {
    write(`session-${count}`);
    const { code, stdout } = await sconectl(place, 'session', 'create', 's.yml', '--output', 'json');
    const document = JSON.parse(stdout) as { result?: { hash: string }; errors?: { code: string; hint: string }[] };
    if (code === 0) acknowledged.set(`session-${count}`, document.result?.hash ?? '');
    else {
      refused = `session-${count}`;
      assert.equal(document.errors?.length, 1);
      assert.equal(document.errors[0]?.code, 'E_STORE');
      assert.match(document.errors[0]?.hint ?? '', /make room/);
    }
  }
  assert.ok(refused !== undefined && acknowledged.size >= 2, `${acknowledged.size} sessions`);
  const { code, stderr } = await sconectl(place, 'session', 'create', 's.yml');
  assert.equal(code, 1);
  assert.equal(stderr.match(/^error /gm)?.length, 1, stderr);

  resizeDisk(disk, '1m');
  await result(place, 'session', 'create', 's.yml');
  await cas.stop('SIGKILL');
  const next = await startCas(t, place, join(disk, 'cas'), cas.address);
  for (const [name, hash] of acknowledged) {
    assert.equal((await result<{ hash: string }>(place, 'session', 'read', name)).hash, hash);
  }
  await result(place, 'session', 'read', refused ?? '');
  await next.stop();
});

test('60: a build by the command line that is killed leaves the old image or the new one, and the next one ends well', async (t) => {
  const home = freshHome(t);
  const place: Place = { home, folder: join(tempFolder(t), 'reporter') };
  copySources('reporter', place.folder);
  const built = await result<{ digest: string }>(place, 'apply', '-f', 'service.yml');
  const digests = [built.digest];
  for (const [index, milliseconds] of [120, 250, 350, 450, 550, 700].entries()) {
    writeFileSync(join(place.folder, 'reporter.py'), `# version ${index}\n${'#\n'.repeat(1000)}`);
    // A limit of time by the shell kills whatever the command was doing.
    const { status, signal } = spawnSync(
      process.execPath,
      [join(import.meta.dirname, '../../src/cli/main.ts'), 'apply', '-f', 'service.yml'],
      { cwd: place.folder, env: { ...process.env, SCONECTL_HOME: home }, timeout: milliseconds, killSignal: 'SIGKILL' },
    );
    assert.ok(signal === 'SIGKILL' || status === 0);
    const [entry] = await result<{ digest: string }[]>(place, 'image', 'list');
    const named = await result<{ digest: string; rootfs: string }>(place, 'image', 'inspect', 'test/reporter:v1');
    assert.equal(entry?.digest, named.digest);
    if (!digests.includes(named.digest)) digests.push(named.digest);
    assert.ok(existsSync(join(place.folder, 'service.lock.yml')));
    JSON.parse(readFileSync(join(place.folder, 'target/images.json'), 'utf8'));
  }
  const last = await result<{ digest: string }>(place, 'apply', '-f', 'service.yml');
  const inspected = await result<{ digest: string }>(place, 'image', 'inspect', 'test/reporter:v1');
  assert.equal(inspected.digest, last.digest);
  // What has a final name is whole; unfinished files are named so, and an hour later their room is taken back.
  for (const name of readdirSync(join(home, 'images/blobs/sha256')).filter((one) => !one.startsWith('.new-'))) {
    assert.equal(sha256Hex(readFileSync(join(home, 'images/blobs/sha256', name))), name);
  }
  cpSync(place.folder, join(home, 'clean'), { recursive: true });
  rmSync(join(home, 'clean/target'), { recursive: true });
  const clean = await result<{ digest: string }>(
    { home: freshHome(t), folder: join(home, 'clean') },
    'apply',
    '-f',
    'service.yml',
  );
  assert.equal(clean.digest, last.digest, 'the same as a build that nobody interrupted');
});
