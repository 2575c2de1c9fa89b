import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { tempFolder } from '../../test/support/temp.ts';
import type { Kept, Told } from './keeper.ts';

/** A tool whose containers are files: `made` in its folder says that there is one. It writes down how it is called. */
function toolWith(folder: string, run: string): string {
  const tool = join(folder, 'tool');
  const script = `
    state=$2 folder=\${2%/state} word=$3 id=$4
    shift 2
    [ "$1" = run ] || echo "$*" >>${folder}/calls
    case $word in
      kill) [ -e "$folder/made" ] ;;
      delete) rm -f "$folder/made" ;;
      run) ${run} ;;
    esac`;
  writeFileSync(tool, `#!/bin/sh\n${script}\n`);
  chmodSync(tool, 0o755);
  return tool;
}

function container(folder: string, tool: string, id: string): Kept {
  const own = join(folder, id);
  mkdirSync(own);
  return { tool, state: join(own, 'state'), id, folder: own };
}

/** Tells a keeper, and then is no more; answers what the keeper ended with. */
async function keeper(...lines: readonly (Told | string)[]): Promise<number | null> {
  const child = start();
  for (const line of lines) child.stdin?.write(typeof line === 'string' ? line : `${JSON.stringify(line)}\n`);
  child.stdin?.end();
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

function start(): ChildProcess {
  const stdio = ['pipe', 'ignore', 'inherit'] as const;
  return spawn(process.execPath, [join(import.meta.dirname, 'keeper.ts')], { env: {}, cwd: '/', stdio: [...stdio] });
}

function calls(folder: string): string[] {
  return readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n');
}

/** The tool as sconectl would have started it. */
function making(t: TestContext, { tool, state, id, folder }: Kept): ChildProcess {
  const child = spawn(tool, ['--root', state, 'run', '--bundle', folder, id], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

suite('the keeper', { concurrency: true }, () => {
  test('it asks what is left to end, removes it two seconds later, and touches nothing that is over', async (t) => {
    const folder = tempFolder(t);
    const tool = toolWith(folder, 'exit 0');
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((id) => container(folder, tool, id));
    assert.ok(a && b && c && d);
    for (const { folder: own } of [b, c]) writeFileSync(join(own, 'made'), '');
    const began = performance.now();
    // Sconectl is killed while it writes about the last one.
    const cut = JSON.stringify({ kept: d }).slice(0, -1);
    assert.equal(await keeper({ kept: a }, { kept: b }, { over: 'a' }, { kept: c }, cut), 0);
    assert.ok(performance.now() - began >= 2000);
    for (const id of ['b', 'c']) {
      const about = calls(folder).filter((line) => line.split(' ').includes(id));
      assert.deepEqual(about.slice(0, 2), [`kill ${id} TERM`, `delete --force ${id}`]);
    }
    assert.deepEqual(
      calls(folder).filter((line) => / [ad]\b/.test(line)),
      [],
    );
    assert.deepEqual(readdirSync(folder).toSorted(), ['a', 'calls', 'd', 'tool']);
  });

  test('it waits for a container that is being made, and for the tool to end by itself', async (t) => {
    const folder = tempFolder(t);
    // Makes it when the keeper has asked for the first time. As runc does, it stays until its container is no more.
    const asked = `until [ -e ${folder}/calls ]; do sleep 0.1; done; sleep 0.5`;
    const run = `${asked}; : >"$folder/made"; while [ -e "$folder/made" ]; do sleep 0.1; done`;
    const kept = container(folder, toolWith(folder, run), 'sconectl-1-a');
    const child = making(t, kept);
    const ended = once(child, 'exit');
    assert.equal(await keeper({ kept }), 0);
    assert.deepEqual(await ended, [0, null]);
    assert.ok(calls(folder).filter((line) => line === 'kill sconectl-1-a TERM').length > 1);
    assert.deepEqual(readdirSync(folder).toSorted(), ['calls', 'tool']);
  });

  test('a tool that makes nothing for five seconds is killed, then its container removed', async (t) => {
    const folder = tempFolder(t);
    const kept = container(folder, toolWith(folder, 'while :; do sleep 0.1; done'), 'sconectl-1-b');
    const child = making(t, kept);
    const ended = once(child, 'exit');
    const began = performance.now();
    assert.equal(await keeper({ kept }), 0);
    assert.ok(performance.now() - began >= 5000);
    assert.deepEqual(await ended, [null, 'SIGKILL']);
    assert.equal(calls(folder).at(-1), 'delete --force sconectl-1-b');
    assert.deepEqual(readdirSync(folder).toSorted(), ['calls', 'tool']);
  });

  test('a container that cannot be ended keeps no other from that', async (t) => {
    const folder = tempFolder(t);
    const kept = container(folder, toolWith(folder, 'exit 0'), 'b');
    // No path can be like that, so removing it fails.
    const stuck: Kept = { ...kept, id: 'a', tool: '/not/there', folder: '\0' };
    assert.equal(await keeper({ kept: stuck }, { kept }), 1);
    assert.deepEqual(readdirSync(folder).toSorted(), ['calls', 'tool']);
  });

  test('with nothing left it ends at once, but not for a signal that is meant for sconectl', async (t) => {
    const child = start();
    t.after(() => child.kill('SIGKILL'));
    const exit = once(child, 'exit');
    const caught = (): bigint => {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      return BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
    };
    const bits = [1n, 2n, 15n].map((signal) => 1n << (signal - 1n));
    while (bits.some((bit) => (caught() & bit) === 0n)) await sleep(20);
    for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) child.kill(signal);
    await sleep(200);
    assert.deepEqual([child.exitCode, child.signalCode], [null, null]);
    child.stdin?.end();
    assert.deepEqual(await exit, [0, null]);
  });
});
