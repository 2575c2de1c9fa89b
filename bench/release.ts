import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { sha256, sha256Hex } from '../src/core/digest.ts';
import { tempFolder } from '../test/support/temp.ts';
import { benchCas, initDataFor, pin, uploadService } from './cas.ts';
import { compileLoad, type Load } from './load.ts';
import type { Scope } from './scope.ts';
import type { Subject } from './subject.ts';
import { median, percentile, processCpu } from './timing.ts';

const configId = 'bench/release/program';
const rootfs = sha256Hex(new Uint8Array());
/** Enough that the server always has work, and few enough to wait for the disk together. */
const clients = 32;

interface LoadResult {
  seconds: number;
  milliseconds: number[];
  failed: number;
  failure?: string;
}

interface Target {
  pid: number;
  port: number;
  initData: Uint8Array;
}

interface Measured {
  serial: number[];
  /** Per second, with many clients. */
  rate: number;
  /** Milliseconds of the server's processor time for each, in the same run. */
  cpu: number;
  /** Part of its core that the server had: below 1 it waited for something else. */
  busy: number;
}

/**
 * Attestation by a runtime until it has its configuration: TCP and TLS, evidence, verification, a durable record, the
 * answer. The CAS has the first core, the load the last one. The floor is the same load on a server that does nothing.
 */
export const release: Subject = async ({ scope, row, say }) => {
  if (availableParallelism() < 2) throw new Error('one core for the CAS and one for its load are needed');
  const folder = tempFolder(scope);
  const load = compileLoad(folder);
  const bench = await benchCas(scope);
  const runtimeSha256 = sha256(readFileSync(load.path));
  const initData = await uploadService(bench, { configId, runtimeSha256, rootfs });
  const cas = { pid: bench.cas.child.pid ?? 0, port: bench.cas.service.port, initData };
  const empty = await emptyServer(scope);

  const floor = await measure(load, folder, empty, true);
  const found = await measure(load, folder, cas, false);
  const p50 = { name: 'empty TLS server', value: median(floor.serial) };
  const p99 = { name: 'empty TLS server', value: percentile(floor.serial, 0.99) };
  row({ name: 'one client, p50', value: median(found.serial), unit: 'ms', target: { atMost: 5 }, floor: p50 });
  row({ name: 'one client, p99', value: percentile(found.serial, 0.99), unit: 'ms', floor: p99 });
  row({
    name: `releases, ${clients} clients`,
    value: found.rate,
    unit: '/s',
    target: { atLeast: 700 },
    floor: { name: 'empty TLS server', value: floor.rate },
    note: `core ${(100 * found.busy).toFixed(0)} % its own`,
  });
  row({
    name: 'processor time of the CAS for each',
    value: found.cpu,
    unit: 'ms',
    floor: { name: 'empty TLS server', value: floor.cpu },
    note: `so ${(1000 / found.cpu).toFixed(0)}/s on a core of its own`,
  });
  say(`durable write of 1 KiB: p50 ${median(durableWrites(folder)).toFixed(2)} ms`);
};

async function measure(load: Load, folder: string, { pid, port, initData }: Target, raw: boolean): Promise<Measured> {
  pin(pid, 0);
  const core = availableParallelism() - 1;
  const initdata = join(folder, `${port}.toml`);
  writeFileSync(initdata, initData);
  const attest = (count: number, clients: number): Promise<LoadResult> =>
    load
      .run<LoadResult>('attest', { port, initdata, count, clients, seconds: 10, ...(raw ? { raw } : {}) }, core)
      .then(demandAll);
  // So that what is compiled when it is hot is compiled.
  await attest(1000, clients);
  const { milliseconds: serial } = await attest(500, 1);
  const before = processCpu(pid);
  const { seconds, milliseconds } = await attest(4000, clients);
  const cpu = processCpu(pid) - before;
  return { serial, rate: milliseconds.length / seconds, cpu: cpu / milliseconds.length, busy: cpu / 1000 / seconds };
}

function demandAll(result: LoadResult): LoadResult {
  if (result.failed > 0) throw new Error(`${result.failed} attestations failed: ${result.failure}`);
  return result;
}

async function emptyServer(scope: Scope): Promise<Target> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'empty-server.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  scope.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { port, key } = JSON.parse(line) as { port: number; key: string };
  return { pid: child.pid ?? 0, port, initData: initDataFor(key, { configId, rootfs }) };
}

/** What the disk takes to confirm a write of the size of a record. */
function durableWrites(folder: string): number[] {
  const file = openSync(join(folder, 'durable'), constants.O_WRONLY | constants.O_CREAT | constants.O_DSYNC);
  try {
    const content = new Uint8Array(1024);
    return Array.from({ length: 100 }, () => {
      const began = performance.now();
      writeSync(file, content);
      return performance.now() - began;
    });
  } finally {
    closeSync(file);
  }
}
