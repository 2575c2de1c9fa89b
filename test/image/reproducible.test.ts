import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freshHome, sharedCache } from '../support/home.ts';
import { need } from '../support/require.ts';
import { tempFolder } from '../support/temp.ts';
import { build, writeProject } from './project.ts';

/** A runtime that compiles in a second: what varies here is everything around it. */
const module = {
  'go.mod': 'module sconectl/small\n\ngo 1.24\n',
  'main.go': 'package main\n\nfunc main() { println("small") }\n',
};

const files = {
  'app.py': 'print("hello")\n',
  'lib/Ä b.py': '',
  'lib/sub/z.py': 'z = 1\n',
  'lib/sub/a.py': 'a = 1\n',
};

function project(folder: string): string {
  writeProject(folder, files);
  const text = readFileSync(join(folder, 'service.yml'), 'utf8').replace('  - app.py', '  - app.py\n  - lib');
  return writeProject(folder, { ...files, 'service.yml': text });
}

/** A cache that has the packages and nothing that was made of them. */
function packagesOnly(folder: string): string {
  const cache = join(folder, 'packages');
  mkdirSync(cache);
  cpSync(join(sharedCache, 'debs'), join(cache, 'debs'), { recursive: true });
  return cache;
}

function runtimeModule(t: TestContext): string {
  const folder = tempFolder(t);
  writeProject(folder, module);
  rmSync(join(folder, 'service.yml'));
  rmSync(join(folder, 'app.py'));
  return folder;
}

test('55: same lock, same digest: in another folder, with other umask, locale, time zone and times', async (t) => {
  if (need(t, 'go') === undefined) return;
  const runtime = runtimeModule(t);
  const one = project(tempFolder(t));
  const first = await build({ folder: one, home: freshHome(t), runtime });

  const place = tempFolder(t);
  const two = join(place, 'a folder with Ümlauts');
  mkdirSync(two, { mode: 0o700 });
  project(two);
  cpSync(join(one, 'service.lock.yml'), join(two, 'service.lock.yml'));
  chmodSync(join(two, 'app.py'), 0o600);
  utimesSync(join(two, 'app.py'), 1e9, 1e9);
  const command = `umask 077; exec "$@"`;
  const script = new URL('project.ts', import.meta.url).pathname;
  const said = execFileSync(
    'sh',
    ['-c', command, 'sh', process.execPath, script, two, join(place, 'home'), packagesOnly(place), runtime],
    {
      encoding: 'utf8',
      cwd: '/',
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: join(place, 'nobody-home'),
        TMPDIR: place,
        LC_ALL: 'tr_TR.UTF-8',
        TZ: 'Pacific/Kiritimati',
        SOURCE_DATE_EPOCH: '1234567890',
        PYTHONHASHSEED: '7',
        PYTHONPATH: '/nowhere',
        GOFLAGS: '-ldflags=-X=main.x=y',
        GOAMD64: 'v3',
      },
    },
  );
  assert.match(said, /step compiling the modules of the base's Python/, 'the base was made anew');
  assert.equal(said.split('\n').at(-2), `built ${first.digest} ${first.rootfsDigest}`);
  assert.equal(
    readFileSync(join(two, 'service.lock.yml'), 'utf8'),
    readFileSync(join(one, 'service.lock.yml'), 'utf8'),
  );
});

test('55: same lock, same digest: as another user, on a copied tree, with a home of its own', async (t) => {
  if (need(t, 'go') === undefined || need(t, 'root') === undefined) return;
  const one = project(tempFolder(t));
  const small = runtimeModule(t);
  const first = await build({ folder: one, home: freshHome(t), runtime: small });

  // The folders of tests may lie where another user cannot go.
  const place = mkdtempSync('/tmp/t-');
  t.after(() => rmSync(place, { recursive: true, force: true }));
  const root = new URL('../..', import.meta.url).pathname;
  for (const part of ['src', 'package.json', 'test/image/project.ts', 'node_modules/yaml', 'node_modules/zod']) {
    cpSync(join(root, part), join(place, 'tree', part), { recursive: true });
  }
  try {
    linkSync(process.execPath, join(place, 'node'));
  } catch {
    cpSync(process.execPath, join(place, 'node'));
  }
  cpSync(small, join(place, 'module'), { recursive: true });
  const two = join(place, 'project');
  mkdirSync(two);
  project(two);
  cpSync(join(one, 'service.lock.yml'), join(two, 'service.lock.yml'));
  const cache = packagesOnly(place);
  execFileSync('chown', ['-R', '65534:65534', place]);
  execFileSync('chmod', ['-R', 'u+rwX,go+rX', place]);

  const user = ['--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs'];
  const said = execFileSync(
    'setpriv',
    [
      ...user,
      join(place, 'node'),
      join(place, 'tree/test/image/project.ts'),
      two,
      join(place, 'state'),
      cache,
      join(place, 'module'),
    ],
    {
      encoding: 'utf8',
      cwd: place,
      env: { PATH: process.env['PATH'] ?? '', HOME: join(place, 'home'), TMPDIR: place },
    },
  );
  assert.match(said, /step compiling the modules of the base's Python/);
  assert.equal(said.split('\n').at(-2), `built ${first.digest} ${first.rootfsDigest}`);
});
