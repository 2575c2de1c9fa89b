import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SconeError } from '../../src/core/errors.ts';
import { type Container, startContainer } from '../../src/run/container.ts';
import { sweep } from '../../src/run/leftovers.ts';
import { failureText, runServices } from '../../src/run/services.ts';
import { cgroupsWith } from '../support/cgroups.ts';
import { processesWith } from '../support/processes.ts';
import { need } from '../support/require.ts';
import { tempFolder } from '../support/temp.ts';
import { initData, makeRootfs, storeOf } from './shell-service.ts';

/** Runs services of the given scripts by name, until a warning at most; answers the exit code and what was seen. */
async function run(
  t: TestContext,
  tool: string,
  scripts: { [name: string]: string },
  stopAfter?: string,
  grace = 5000,
  onEach: (line: string) => void = () => undefined,
) {
  const folder = tempFolder(t);
  const stopper = new AbortController();
  const lines: string[] = [];
  const exits: string[] = [];
  const stops: string[] = [];
  const warnings: SconeError[] = [];
  const digests = new Map<string, string>();
  const services = Object.entries(scripts).map(([name, script], index) => {
    const digest = `sha256:${String(index).padStart(64, '0')}`;
    digests.set(digest, script);
    return { name, initData, digest };
  });
  const code = await runServices({
    services,
    store: storeOf(digests),
    tool,
    folder,
    environment: { SCONE_LOG: 'info' },
    grace,
    signal: stopper.signal,
    onStart: () => undefined,
    onLine: (service, stream, line) => {
      lines.push(`${service} ${stream} ${line}`);
      if (line === stopAfter) stopper.abort();
      onEach(line);
    },
    onExit: (service, exit) => exits.push(`${service} ${exit}`),
    onStop: (stopped, failure) => stops.push(`${stopped.join(', ')}, since ${failureText(failure)}`),
    onWarning: (warning) => {
      warnings.push(warning);
      stopper.abort();
    },
  });
  assert.deepEqual(readdirSync(folder), ['images']);
  assert.deepEqual(cgroupsWith(`sconectl-${process.pid}-`), []);
  assert.deepEqual(processesWith(`sconectl-${process.pid}-`), []);
  return { code, lines, exits, stops, warnings };
}

function tools(t: TestContext): string | undefined {
  const runc = need(t, 'runc')?.path;
  return need(t, 'root') === undefined ? undefined : runc;
}

test('a service runs as the user of its image, without capabilities, and gets what the runtime needs', async (t) => {
  const tool = tools(t);
  if (tool === undefined) return;
  const script = [
    'while read -r line; do case $line in Uid:*|Gid:*|CapBnd:*|NoNewPrivs:*) echo "$line";; esac; done </proc/self/status',
    'echo "$SCONE_LOG ${#SCONE_SIM_PLATFORM} ${SCONE_INITDATA:+there}"',
    'echo x >/run/scone/x && echo x >/tmp/x && echo writable',
    'echo x >/etc/x || echo read-only',
    'read -r name </etc/hostname; echo "$name"',
  ].join('; ');
  const { code, lines } = await run(t, tool, { My_App: script });
  assert.equal(code, 0, lines.join('\n'));
  const said = lines
    .filter((line) => line.startsWith('My_App stdout'))
    .map((line) => line.slice(14).replace(/\s+/g, ' '));
  assert.deepEqual(said, [
    'Uid: 65532 65532 65532 65532',
    'Gid: 65532 65532 65532 65532',
    'CapBnd: 0000000000000000',
    'NoNewPrivs: 1',
    'info 128 there',
    'writable',
    'read-only',
    'my-app',
  ]);
});

test('when one service fails, the others are stopped, and its code is the answer', async (t) => {
  const tool = tools(t);
  if (tool === undefined) return;
  const waits = 'trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.1; done';
  const quick = 'exit 0';
  const { code, exits, lines, stops } = await run(t, tool, { waits, quick, fails: 'sleep 0.8; exit 3' });
  assert.equal(code, 3);
  assert.deepEqual(exits.sort(), ['fails 3', 'quick 0', 'waits 0']);
  // Said once, about those that were still running.
  assert.deepEqual(stops, ['waits, since fails ended with 3']);
  assert.ok(lines.includes('waits stdout bye'));
});

test('when a service cannot be started, the others are stopped, and it is said why', async (t) => {
  const tool = tools(t);
  if (tool === undefined) return;
  const folder = tempFolder(t);
  const waits = 'trap "exit 0" TERM; echo up; while :; do sleep 0.1; done';
  const digest = `sha256:${'0'.repeat(64)}`;
  const stops: string[] = [];
  const running = runServices({
    services: [
      { name: 'waits', initData, digest },
      { name: 'missing', initData, digest: `sha256:${'1'.repeat(64)}` },
    ],
    store: storeOf(new Map([[digest, waits]])),
    tool,
    folder,
    environment: {},
    grace: 5000,
    signal: new AbortController().signal,
    onStart: () => undefined,
    onLine: () => undefined,
    onExit: () => undefined,
    onStop: (stopped, failure) => stops.push(`${stopped.join(', ')}, since ${failureText(failure)}`),
    onWarning: (warning) => assert.fail(warning.message),
  });
  await assert.rejects(running, { code: 'E_IMAGE', message: /missing/ });
  assert.deepEqual(stops, ['waits, since missing could not be started']);
});

test('services that the user stops are not said to be stopped for another', async (t) => {
  const tool = tools(t);
  if (tool === undefined) return;
  const waits = 'trap "exit 4" TERM; echo up; while :; do sleep 0.1; done';
  const { code, stops } = await run(t, tool, { one: waits, two: waits.replace('up', 'there') }, 'there');
  assert.deepEqual([code, stops], [4, []]);
});

test('SIGTERM that comes before the program listens is not lost: it comes again', async (t) => {
  const tool = tools(t);
  if (tool === undefined) return;
  const began = performance.now();
  const late = 'echo up; sleep 0.5; trap "echo bye; exit 0" TERM; while :; do sleep 0.1; done';
  const { code, lines } = await run(t, tool, { late }, 'up', 60_000);
  assert.deepEqual([code, lines], [0, ['late stdout up', 'late stdout bye']]);
  assert.ok(performance.now() - began < 30_000);
});

test('services that end well do not stop the others', async (t) => {
  const tool = tools(t);
  if (tool === undefined) return;
  const { code, lines } = await run(t, tool, { quick: 'exit 0', slow: 'sleep 0.5; echo done' });
  assert.deepEqual([code, lines], [0, ['slow stdout done']]);
});

test('a program that ignores SIGTERM is killed after the grace', async (t) => {
  const tool = tools(t);
  if (tool === undefined) return;
  const began = performance.now();
  const { code } = await run(t, tool, { deaf: 'trap "" TERM; echo up; while :; do sleep 0.1; done' }, 'up', 700);
  assert.equal(code, 137);
  assert.ok(performance.now() - began >= 700);
});

/** Starts a container in a folder that holds its `rootfs`. */
function startIn(
  folder: string,
  tool: string,
  id: string,
  entrypoint: readonly string[],
  onLine: (line: string) => void = () => undefined,
): Promise<Container> {
  return startContainer({
    tool,
    folder: join(folder, id),
    id,
    rootfs: join(folder, 'rootfs'),
    entrypoint,
    user: { uid: 65532, gid: 65532 },
    hostname: 'one',
    environment: {},
    hosts: '',
    resolvConf: '',
    onLine: (_stream, line) => onLine(line),
  });
}

test('a container that cannot start says what the tool said, and leaves nothing', async (t) => {
  const tool = tools(t);
  if (tool === undefined) return;
  const folder = tempFolder(t);
  makeRootfs(join(folder, 'rootfs'));
  const container = await startIn(folder, tool, `sconectl-${process.pid}-none-0`, ['/not/there']);
  await assert.rejects(container.ended, (error: Error & { code: string; causes: string[] }) => {
    assert.equal(error.code, 'E_RUN');
    assert.match(error.causes.join('\n'), /not\/there/);
    return true;
  });
  await container.stop(0);
  assert.deepEqual(readdirSync(folder), ['rootfs']);
});

test('a container that is stopped while it is made leaves nothing', async (t) => {
  const tool = tools(t);
  if (tool === undefined) return;
  const folder = tempFolder(t);
  makeRootfs(join(folder, 'rootfs'));
  for (const moment of [0, 10, 20, 40, 80]) {
    const id = `sconectl-${process.pid}-made-${moment}`;
    const container = await startIn(folder, tool, id, ['/bin/sh', '-c', 'trap "" TERM; while :; do sleep 0.1; done']);
    // The tool may call it an error that its program was killed before it began.
    const ended = container.ended.catch(({ code }: SconeError) => code);
    await sleep(moment);
    await container.stop(0);
    assert.ok([137, 'E_RUN'].includes(await ended), String(await ended));
    assert.deepEqual([cgroupsWith(id), processesWith(id)], [[], []]);
  }
  assert.deepEqual(readdirSync(folder), ['rootfs']);
});

test('60: containers of a sconectl that was killed are ended by the next one', async (t) => {
  const tool = tools(t);
  if (tool === undefined) return;
  const folder = tempFolder(t);
  makeRootfs(join(folder, 'rootfs'));
  const gone = spawnSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }).stdout.trim();
  const id = `sconectl-${gone}-abcdef-0`;
  const container = await startIn(
    folder,
    tool,
    id,
    ['/bin/sh', '-c', 'trap "" TERM; echo up; while :; do sleep 0.1; done'],
    (line) => {
      if (line === 'up') up();
    },
  );
  let up: () => void = () => undefined;
  await new Promise<void>((resolve) => (up = resolve));
  await sweep(folder, tool);
  assert.equal(await container.ended, 137);
  assert.deepEqual(readdirSync(folder), ['rootfs']);
});

/** A program that runs services until it is killed, with the state of its own in a folder. */
async function started(t: TestContext, tool: string, folder: string, names: readonly string[]): Promise<Victim> {
  const program = join(import.meta.dirname, 'shell-service.ts');
  const child = spawn(process.execPath, [program, folder, tool, ...names], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const until = async (text: string): Promise<void> => {
    while (!said.includes(text)) await once(child.stdout, 'data');
  };
  await until('starting');
  const pid = child.pid ?? 0;
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { folder, mark: `sconectl-${pid}-`, until, kill };
}

interface Victim {
  folder: string;
  /** What its containers and its keeper are called. */
  mark: string;
  /** Resolves when it has said that. */
  until: (text: string) => Promise<void>;
  kill: () => Promise<void>;
}

/** What runs of killed programs left: processes, cgroups, mounts, folders. */
function leftBy(victims: readonly Victim[]): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return victims.flatMap(({ folder, mark }) => [
    // The keeper, and the tool, name their containers; what runs in one has a cgroup of its own.
    ...processesWith(mark).map(({ pid, command }) => `process ${pid} ${command}`),
    ...cgroupsWith(mark).map((path) => `cgroup ${path}`),
    ...mounts.filter((line) => line.includes(folder)).map((line) => `mount ${line}`),
    ...readdirSync(folder)
      .filter((name) => name !== 'images')
      .map((name) => `folder ${name}`),
  ]);
}

/** Waits for that; the grace is two seconds, and another machine may be slow. */
async function leavesNothing(victims: readonly Victim[]): Promise<void> {
  for (let tries = 0; leftBy(victims).length > 0 && tries < 200; tries++) await sleep(100);
  assert.deepEqual(leftBy(victims), []);
}

for (const names of [['one'], ['one', 'two']]) {
  test(`60: whenever it is killed while it starts ${names.join(' and ')}, a few seconds later nothing is left`, async (t) => {
    const tool = tools(t);
    if (tool === undefined) return;
    const folder = tempFolder(t);
    const moments = [0, 10, 20, 30, 40, 60, 80, 120, 200, 300, ...names.map((name) => `${name} up`)];
    const victims: Victim[] = [];
    for (const moment of moments) {
      const own = join(folder, String(moment));
      mkdirSync(own);
      const victim = await started(t, tool, own, names);
      victims.push(victim);
      await (typeof moment === 'string' ? victim.until(moment) : sleep(moment));
      await victim.kill();
    }
    await leavesNothing(victims);
  });
}

test('60: a keeper that starts only after sconectl was killed still finds what it has to end', async (t) => {
  const tool = tools(t);
  if (tool === undefined) return;
  const victim = await started(t, tool, tempFolder(t), ['one', 'two']);
  const keeper = await keeperOf(victim.mark);
  process.kill(keeper, 'SIGSTOP');
  await victim.until('one up');
  await victim.until('two up');
  await victim.kill();
  assert.ok(leftBy([victim]).length > 0);
  process.kill(keeper, 'SIGCONT');
  await leavesNothing([victim]);
});

test('a keeper that is killed is missed: the service runs on, and the user is told', async (t) => {
  const tool = tools(t);
  if (tool === undefined) return;
  const script = 'trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.1; done';
  const killed = (line: string): void => {
    if (line !== 'up') return;
    for (const { pid } of processesWith(`keeper.ts sconectl-${process.pid}-`)) process.kill(pid, 'SIGKILL');
  };
  // It stops when it is told, and not before.
  const { code, lines, warnings } = await run(t, tool, { one: script }, undefined, 5000, killed);
  assert.deepEqual([code, lines], [0, ['one stdout up', 'one stdout bye']]);
  assert.deepEqual(
    warnings.map(({ code: name, causes }) => [name, causes]),
    [['E_TOOL', ['ended by SIGKILL']]],
  );
});

/** The keeper, as soon as there is one. */
async function keeperOf(mark: string): Promise<number> {
  for (;;) {
    const [keeper] = processesWith(`keeper.ts ${mark}`);
    if (keeper !== undefined) return keeper.pid;
    await sleep(5);
  }
}
