import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

/** Above this, other programs' work is a part of every number. */
const quiet = 0.5;

/** What the numbers were measured under. */
export function conditions(): string[] {
  const model = cpus()[0]?.model ?? 'unknown processor';
  return [
    `${model}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `Linux ${release()}, Node ${process.version}, OpenSSL ${process.versions.openssl}, ${said('go', ['env', 'GOVERSION'])}`,
    ...loadLines(),
  ];
}

/** The load now, and a warning where it spoils the numbers. */
export function loadLines(): string[] {
  const load = loadavg()[0] ?? 0;
  return [
    `load average ${load.toFixed(2)}`,
    ...(load > quiet ? ['WARNING: the machine is busy: wall times are too long and rates too low'] : []),
  ];
}

function said(program: string, args: readonly string[]): string {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : `no ${program}`;
}
