import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** A container to end when sconectl is killed. */
export interface Kept {
  /** Path of runc or crun, absolute. */
  tool: string;
  /** Where the tool keeps what it knows of it. */
  state: string;
  id: string;
  /** Everything of it; removed with it. */
  folder: string;
}

/** A line of JSON that the keeper is told: of a container before it is made, and when it is over. */
export type Told = { kept: Kept } | { over: string };

/** Milliseconds between SIGTERM and SIGKILL where nobody is left who could say. */
const grace = 2000;
/** Milliseconds that the tool has for making a container. Killed before, it would leave its cgroups behind. */
const making = 5000;
/** Milliseconds that a call of the tool may take; it tries for ten seconds to kill what does not die. */
const calling = 30_000;

// Entry point: a process beside `sconectl run`, which is told on its standard input, a pipe, about the containers. However
// sconectl ends, even by SIGKILL, the pipe ends with it; those that are not over then have nobody else who ends them.
// What a service manager sends to all processes is meant for sconectl, which ends its containers in order.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
const left = new Map<string, Kept>();
// A line that was cut off is about a container that nobody has begun to make: sconectl waits until it is written.
for (const line of (await text(process.stdin)).split('\n').slice(0, -1)) {
  const told = JSON.parse(line) as Told;
  if ('kept' in told) left.set(told.kept.id, told.kept);
  else left.delete(told.over);
}
const ends = await Promise.allSettled([...left.values()].map(end));
// Nobody listens any more; the next run sees what could not be removed, and tries again.
if (ends.some(({ status }) => status === 'rejected')) process.exitCode = 1;

async function end(kept: Kept): Promise<void> {
  if (await ask(kept)) {
    await sleep(grace);
    await call(kept, 'delete', '--force', kept.id);
    // Who waits for the end of a container ends after it, and tidies up.
    const last = performance.now() + grace;
    while (runners(kept).length > 0 && performance.now() < last) await sleep(100);
  }
  for (const pid of runners(kept)) kill(pid);
  await call(kept, 'delete', '--force', kept.id);
  await rm(kept.folder, { recursive: true, force: true });
}

/** Asks the program to end, as soon as there is one. `false` when there is none, and none is being made. */
async function ask(kept: Kept): Promise<boolean> {
  const last = performance.now() + making;
  // A first look may come between the fork that sconectl began and the tool.
  for (let absent = 0; absent < 2 && performance.now() < last; await sleep(100)) {
    absent = runners(kept).length > 0 ? 0 : absent + 1;
    if (await call(kept, 'kill', kept.id, 'TERM')) return true;
  }
  return false;
}

/** Whether the tool did as it was told. */
function call({ tool, state }: Kept, ...words: string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { env: {}, stdio: 'ignore', timeout: calling, killSignal: 'SIGKILL' } as const;
    const child = spawn(tool, ['--root', state, ...words], options);
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile; we are root, as the tool is.
  }
}

/** Processes of the tool that make the container, or wait for its end: `… run … <id>`. No other's line has that id. */
function runners({ id }: Kept): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return words.at(-2) === id && words.includes('run');
      } catch {
        // It has ended meanwhile.
        return false;
      }
    })
    .map(Number);
}
