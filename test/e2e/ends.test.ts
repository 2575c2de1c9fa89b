import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { result, sconectl } from '../cli/sconectl.ts';
import { cgroupsWith } from '../support/cgroups.ts';
import { freshHome } from '../support/home.ts';
import { processesWith } from '../support/processes.ts';
import { need } from '../support/require.ts';
import { type Mesh, reporterMesh, type Started } from './mesh.ts';

async function applied(t: TestContext): Promise<Mesh | undefined> {
  const runc = need(t, 'runc')?.path;
  if (runc === undefined || need(t, 'root') === undefined) return undefined;
  const mesh = await reporterMesh(t, freshHome(t), runc);
  await mesh.apply();
  return mesh;
}

/** Process ids in the containers of a run, by their cgroups: the number of a namespace is soon given to another. */
function pidsOf({ pid }: Started): number[] {
  return processesWith('')
    .filter((found) => textOf(`/proc/${found.pid}/cgroup`).includes(`sconectl-${pid}-`))
    .map((found) => found.pid);
}

/** Nothing where the process has ended meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** What runs of this home left on the machine: containers, mounts, cgroups, processes. */
function left({ place }: Mesh, started: readonly Started[]): string[] {
  return [
    ...readdirSync(join(place.home, 'run')).filter((name) => name !== 'images'),
    ...readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(place.home)),
    ...started.flatMap(({ pid }) => cgroupsWith(`sconectl-${pid}-`)),
    ...started.flatMap(pidsOf).map((pid) => `process ${pid}`),
    ...started.flatMap(({ pid }) => processesWith(`sconectl-${pid}-`)).map(({ command }) => `process ${command}`),
  ];
}

test('run ends with the exit code of the program, or 128 and the signal that ended it, and leaves nothing', async (t) => {
  const mesh = await applied(t);
  if (mesh === undefined) return;
  const all: Started[] = [];
  const start = async (...options: string[]): Promise<Started> => {
    const started = await mesh.start(...options);
    all.push(started);
    return started;
  };

  const three = await start();
  await three.report.tell('say one\ttwo');
  await three.report.tell('warn three');
  await three.report.tell('exit 3');
  assert.equal(await three.ended, 3);
  assert.equal(three.output.stdout, 'reporter | one\ttwo\n');
  assert.match(three.output.stderr, /^reporter \| three$/m);

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const polite = await start();
    await polite.report.tell('polite');
    polite.signal(signal);
    assert.equal(await polite.ended, 0, signal);
    // Whoever asks, the program is asked with SIGTERM.
    assert.equal(polite.output.stdout, 'reporter | ended by SIGTERM\n');
  }

  const deaf = await start('--grace', '1');
  deaf.signal('SIGTERM');
  assert.equal(await deaf.ended, 128 + 9, 'a program that ignores SIGTERM is killed after the grace');

  const killed = await start('--output', 'json');
  const [pid, ...others] = pidsOf(killed);
  assert.ok(pid !== undefined && others.length === 0);
  process.kill(pid, 'SIGKILL');
  assert.equal(await killed.ended, 128 + 9);
  assert.match(killed.output.stdout, /"event":"exit","code":137}\n$/);

  const alone = await start();
  const [keeper, ...more] = processesWith(`keeper.ts sconectl-${alone.pid}-`);
  assert.ok(keeper !== undefined && more.length === 0);
  process.kill(keeper.pid, 'SIGKILL');
  while (!alone.output.stderr.includes('Hint: ')) await sleep(50);
  assert.match(
    alone.output.stderr,
    /^warning E_TOOL: .*keeps the containers has ended.*\n {2}Caused by: ended by SIGKILL$/m,
  );
  await alone.report.tell('say still here');
  await alone.report.tell('exit 4');
  assert.equal(await alone.ended, 4);
  assert.equal(alone.output.stdout, 'reporter | still here\n');
  assert.deepEqual(left(mesh, all), []);
});

test('two services run side by side, each line says whose it is, and the first that fails stops the other', async (t) => {
  const mesh = await applied(t);
  if (mesh === undefined) return;
  const at = (name: string): string => join(mesh.place.folder, name);
  // The same program; names of secrets have to differ within a mesh.
  const manifest = readFileSync(at('service.yml'), 'utf8')
    .replace('to: test/reporter:v1', 'to: test/b:v1')
    .replace(/((?:SCONE::|- name: )(?:password|token|note))\b/g, '$1_of_b');
  writeFileSync(at('b.yml'), manifest);
  await result(mesh.place, 'apply', '-f', 'b.yml');
  writeFileSync(at('mesh.yml'), `${readFileSync(at('mesh.yml'), 'utf8')}  - name: b\n    image: test/b:v1\n`);
  const { sessions } = await mesh.apply();
  assert.deepEqual(
    sessions.map(({ name, action }) => [name, action]),
    [
      ['space', 'unchanged'],
      ['space/reporter', 'unchanged'],
      ['space/b', 'created'],
    ],
  );
  const started = await mesh.start();
  const second = await mesh.listener.next(new AbortController().signal);
  // Each session has secrets of its own.
  assert.notEqual(second.environment['API_PASSWORD'], started.report.environment['API_PASSWORD']);
  await started.report.tell('say hello');
  await second.tell('say hello');
  await second.tell('polite');
  await started.report.tell('exit 5');
  assert.equal(await started.ended, 5);
  const lines = started.output.stdout.trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => line.replace(/^(?:reporter|b {7}) \| /, '')).sort(),
    ['ended by SIGTERM', 'hello', 'hello'],
    started.output.stdout,
  );
  assert.ok(
    lines.some((line) => line.startsWith('reporter | hello')) &&
      lines.some((line) => line.startsWith('b        | hello')),
  );
  assert.deepEqual(left(mesh, [started]), []);
});

test('57, 60: when sconectl is killed its container is asked to end, then ended, and the next run starts from verified files', async (t) => {
  const mesh = await applied(t);
  if (mesh === undefined) return;
  const first = await mesh.start();
  const [orphan] = pidsOf(first);
  assert.ok(orphan !== undefined);
  first.signal('SIGKILL');
  await assert.rejects(first.ended, /SIGKILL/);
  for (let tries = 0; left(mesh, [first]).length > 0 && tries < 100; tries++) await sleep(100);
  assert.deepEqual(left(mesh, [first]), [], 'it ignores SIGTERM');
  assert.ok(!existsSync(`/proc/${orphan}`));

  const digest = readdirSync(join(mesh.place.home, 'run/images'))[0] ?? '';
  const added = join(mesh.place.home, 'run/images', digest, 'python/json.py');
  writeFileSync(added, 'import os\n');
  const refused = await sconectl(mesh.place, 'run', '--runc', mesh.runc);
  assert.equal(refused.code, 101);
  assert.match(refused.stderr, /\/python\/json\.py: it is not in the image: expected nothing, found file /);
  assert.equal(pidsOf(first).length, 0);
  assert.deepEqual(left(mesh, [first]), []);
  assert.equal(spawnSync('rm', [added]).status, 0);
  const second = await mesh.start();
  await second.report.tell('exit 0');
  assert.equal(await second.ended, 0);
  assert.deepEqual(await mesh.events(), ['session', 'release', 'release']);
});
