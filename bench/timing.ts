import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Value below which a part (0 to 1) of the samples lies. */
export function percentile(samples: readonly number[], part: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.round(part * (sorted.length - 1))] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

/** A program that was run several times. */
export interface Timed {
  /** Milliseconds from start to end, one for each run. */
  wall: number[];
  /** Milliseconds of processor time per run, user and system together: says more than `wall` on a busy machine. */
  cpu: number;
}

export interface Program {
  command: string;
  args: readonly string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

/** Runs a program to its end; throws what it said when it fails. Returns milliseconds. */
export function runOnce({ command, args, cwd, env }: Program): number {
  const began = performance.now();
  const { status, error, stderr } = spawnSync(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: env ?? process.env,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: 300_000,
  });
  const milliseconds = performance.now() - began;
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stderr}`);
  return milliseconds;
}

/** Runs programs in turns, so that what else the machine does meets all of them alike. One run of each goes before. */
export function runInTurns<Name extends string>(
  runs: number,
  programs: { [name in Name]: Program },
  before: () => void = () => {},
): { [name in Name]: Timed } {
  const names = Object.keys(programs) as Name[];
  const timed = {} as { [name in Name]: Timed };
  for (const name of names) timed[name] = { wall: [], cpu: 0 };
  for (const name of names) runOnce(programs[name]);
  for (let run = 0; run < runs; run++) {
    for (const name of names) {
      before();
      const cpu = childrenCpu();
      timed[name].wall.push(runOnce(programs[name]));
      timed[name].cpu += (childrenCpu() - cpu) / runs;
    }
  }
  return timed;
}

/** Milliseconds per tick of the counters in /proc; 100 a second on every Linux that Node runs on. */
const tick = 10;

/** Processor time of the children of this process that have ended, in milliseconds. */
function childrenCpu(): number {
  const fields = statFields('self');
  return (Number(fields[13]) + Number(fields[14])) * tick;
}

/** Processor time of a process that runs, all its threads, in milliseconds. */
export function processCpu(pid: number): number {
  const fields = statFields(String(pid));
  return (Number(fields[11]) + Number(fields[12])) * tick;
}

/** The fields of proc(5) `stat` behind the name, which may hold blanks: index 0 is the state. */
function statFields(pid: string): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}
