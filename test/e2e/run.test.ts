import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startContainer } from '../../src/run/container.ts';
import { sweep } from '../../src/run/leftovers.ts';
import { runServices } from '../../src/run/services.ts';
import { need } from '../support/require.ts';
import { tempFolder } from '../support/temp.ts';
import { initData, makeRootfs, storeOf } from './shell-service.ts';

/** Runs services of the given scripts by name; answers the exit code and what was seen. */
async function run(
  t: TestContext,
  tool: string,
  scripts: { [name: string]: string },
  stopAfter?: string,
  grace = 5000,
) {
  const folder = tempFolder(t);
  const stopper = new AbortController();
  const lines: string[] = [];
  const exits: string[] = [];
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
    },
    onExit: (service, exit) => exits.push(`${service} ${exit}`),
  });
  assert.deepEqual(readdirSync(folder), ['images']);
  assert.deepEqual(
    readdirSync('/sys/fs/cgroup', { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.includes(`sconectl-${process.pid}-`),
    ),
    [],
  );
  return { code, lines, exits };
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
  const { code, exits, lines } = await run(t, tool, { waits, fails: 'sleep 0.3; exit 3' });
  assert.equal(code, 3);
  assert.deepEqual(exits.sort(), ['fails 3', 'waits 0']);
  assert.ok(lines.includes('waits stdout bye'));
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

test('a container that cannot start says what the tool said, and leaves nothing', async (t) => {
  const tool = tools(t);
  if (tool === undefined) return;
  const folder = tempFolder(t);
  makeRootfs(join(folder, 'rootfs'));
  const container = await startContainer({
    tool,
    folder: join(folder, 'one'),
    id: `sconectl-${process.pid}-none-0`,
    rootfs: join(folder, 'rootfs'),
    entrypoint: ['/not/there'],
    user: { uid: 65532, gid: 65532 },
    hostname: 'one',
    environment: {},
    hosts: '',
    resolvConf: '',
    onLine: () => undefined,
  });
  await assert.rejects(container.ended, (error: Error & { code: string; causes: string[] }) => {
    assert.equal(error.code, 'E_RUN');
    assert.match(error.causes.join('\n'), /not\/there/);
    return true;
  });
  await container.stop(0);
  assert.deepEqual(readdirSync(folder), ['rootfs']);
});

test('60: containers of a sconectl that was killed are ended by the next one', async (t) => {
  const tool = tools(t);
  if (tool === undefined) return;
  const folder = tempFolder(t);
  makeRootfs(join(folder, 'rootfs'));
  const gone = spawnSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }).stdout.trim();
  const id = `sconectl-${gone}-abcdef-0`;
  const container = await startContainer({
    tool,
    folder: join(folder, id),
    id,
    rootfs: join(folder, 'rootfs'),
    entrypoint: ['/bin/sh', '-c', 'trap "" TERM; echo up; while :; do sleep 0.1; done'],
    user: { uid: 65532, gid: 65532 },
    hostname: 'one',
    environment: {},
    hosts: '',
    resolvConf: '',
    onLine: (_stream, line) => {
      if (line === 'up') up();
    },
  });
  let up: () => void = () => undefined;
  await new Promise<void>((resolve) => (up = resolve));
  await sweep(folder, tool);
  assert.equal(await container.ended, 137);
  assert.deepEqual(readdirSync(folder), ['rootfs']);
});

test('60: whenever it is killed, even while it starts a container, nothing runs a few seconds later', async (t) => {
  const tool = tools(t);
  if (tool === undefined) return;
  const folder = tempFolder(t);
  const killed = async (milliseconds: number): Promise<number> => {
    const own = join(folder, String(milliseconds));
    mkdirSync(own);
    const program = join(import.meta.dirname, 'shell-service.ts');
    const child = spawn(process.execPath, [program, own, tool], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await sleep(milliseconds);
    child.kill('SIGKILL');
    await once(child, 'exit');
    return child.pid ?? 0;
  };
  const pids: number[] = [];
  for (const moment of [0, 10, 20, 30, 40, 60, 80, 120, 200]) pids.push(await killed(moment));
  const ours = (text: string): boolean => pids.some((pid) => text.includes(`sconectl-${pid}-`));
  // A keeper, or the tool, names its container; what runs in it has a cgroup of its own.
  const commands = (): string[] =>
    readdirSync('/proc').flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
      } catch {
        return [];
      }
    });
  const left = (): string[] => [
    ...commands().filter(ours),
    ...readdirSync('/sys/fs/cgroup', { recursive: true, encoding: 'utf8' }).filter(ours),
  ];
  for (let tries = 0; left().length > 0 && tries < 80; tries++) await sleep(100);
  assert.deepEqual(left(), []);
});
