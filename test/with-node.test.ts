import assert from 'node:assert/strict';
import { type SpawnOptions, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { need } from './support/require.ts';
import { tempFolder } from './support/temp.ts';

const project = new URL('..', import.meta.url).pathname;
const arch = process.arch;

/** A copy of the project's beginnings with an npm that notes its calls and installs nothing but a link to this Node. */
function fresh(t: TestContext, npm = '', root = tempFolder(t)): string {
  for (const folder of ['scripts', 'bin', 'tools', 'src/cli']) mkdirSync(join(root, folder), { recursive: true });
  for (const file of ['scripts/with-node', 'bin/sconectl', 'package.json', 'package-lock.json', '.npmrc']) {
    copyFileSync(join(project, file), join(root, file));
  }
  writeFileSync(join(root, 'src/cli/main.ts'), 'console.log(JSON.stringify(process.argv.slice(2) as string[]));');
  const lines = [
    '#!/bin/sh',
    'echo "$@" >>calls',
    npm,
    'rm -rf node_modules',
    'sleep 0.2',
    `mkdir -p node_modules/node-linux-${arch}/bin`,
    `ln -s ${process.execPath} node_modules/node-linux-${arch}/bin/node`,
  ];
  writeFileSync(join(root, 'tools/npm'), lines.join('\n'));
  chmodSync(join(root, 'tools/npm'), 0o755);
  return root;
}

interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

function run(root: string, command: string, args: string[], options: SpawnOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const env = { PATH: `${join(root, 'tools')}:/usr/bin:/bin` };
    const child = spawn(join(root, command), args, { cwd: '/', env, ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const ran: Ran = { code: null, stdout: '', stderr: '' };
    child.stdout.on('data', (text) => (ran.stdout += text));
    child.stderr.on('data', (text) => (ran.stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...ran, code }));
  });
}

const calls = (root: string) => (existsSync(join(root, 'calls')) ? readFileSync(join(root, 'calls'), 'utf8') : '');
const version = ['-p', 'process.version'];

test('the first run says what it installs, the second installs nothing', async (t) => {
  const root = fresh(t);
  const first = await run(root, 'scripts/with-node', version);
  assert.deepEqual({ code: first.code, stdout: first.stdout }, { code: 0, stdout: `${process.version}\n` });
  assert.match(first.stderr, /^Installing the packages of package-lock\.json into node_modules/);
  const second = await run(root, 'scripts/with-node', version);
  assert.deepEqual(second, { code: 0, stdout: `${process.version}\n`, stderr: '' });
  assert.equal(calls(root), 'ci --loglevel=error\n');
});

test('a changed lockfile, package.json or .npmrc installs again', async (t) => {
  const root = fresh(t);
  await run(root, 'scripts/with-node', version);
  for (const file of ['package-lock.json', 'package.json', '.npmrc']) {
    writeFileSync(join(root, file), `${readFileSync(join(root, file), 'utf8')}\n`);
    await run(root, 'scripts/with-node', version);
  }
  assert.equal(calls(root).split('\n').length - 1, 4);
});

test('two first runs at once install once', async (t) => {
  const root = fresh(t);
  const both = await Promise.all([run(root, 'scripts/with-node', version), run(root, 'scripts/with-node', version)]);
  assert.deepEqual(
    both.map(({ code, stdout }) => [code, stdout]),
    [
      [0, `${process.version}\n`],
      [0, `${process.version}\n`],
    ],
  );
  assert.equal(calls(root), 'ci --loglevel=error\n');
});

test('an installation that fails says so and is made again by the next run', async (t) => {
  const root = fresh(t, '[ -e reachable ] || { echo "no network" >&2; exit 1; }');
  const failed = await run(root, 'scripts/with-node', version);
  assert.equal(failed.code, 2);
  assert.match(failed.stderr, /no network[\s\S]*npm could not install the packages/);
  writeFileSync(join(root, 'reachable'), '');
  assert.equal((await run(root, 'scripts/with-node', version)).stdout, `${process.version}\n`);
});

test('where npm is missing, one line says what to do', async (t) => {
  const root = fresh(t);
  const tools = join(root, 'bare');
  mkdirSync(tools);
  for (const name of ['dirname', 'uname', 'cat', 'sha256sum', 'cut', 'sh']) {
    symlinkSync(join('/usr/bin', name), join(tools, name));
  }
  const ran = await run(root, 'scripts/with-node', version, { env: { PATH: tools } });
  const line = 'sconectl: npm is needed for the first run; on Debian: apt-get install npm\n';
  assert.deepEqual(ran, { code: 2, stdout: '', stderr: line });
});

test('where the folder belongs to somebody else, one line says what to do', async (t) => {
  if (need(t, 'root') === undefined) return;
  // Not below the project, which the other user may not be able to reach.
  const root = mkdtempSync('/tmp/sconectl-');
  t.after(() => rmSync(root, { recursive: true }));
  chmodSync(fresh(t, '', root), 0o755);
  const ran = await run(root, 'scripts/with-node', version, { uid: 65534 });
  assert.equal(ran.code, 2);
  assert.match(ran.stderr, /^sconectl: the first run installs packages into .* and nobody may not write there\n$/);
});

test('bin/sconectl installs first where needed, and hands its arguments on as they are', async (t) => {
  const root = fresh(t);
  symlinkSync(join(root, 'bin/sconectl'), join(root, 'tools/sconectl'));
  const args = ['apply', '-f', 'a b.yml', '$HOME', '', '*'];
  const ran = await run(root, 'tools/sconectl', args);
  assert.equal(ran.code, 0, ran.stderr);
  assert.deepEqual(JSON.parse(ran.stdout), args);
});
