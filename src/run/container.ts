import { spawn, spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SconeError } from '../core/errors.ts';
import { bundleConfig } from './bundle.ts';
import { stateOf } from './leftovers.ts';
import { eachLine } from './lines.ts';

/** Milliseconds that the tool has for making a container. Killed before, it would leave its cgroups behind. */
const making = 5000;
/** Milliseconds after which SIGTERM is sent again: what has no handler for it yet, as the first process, misses it. */
const askAgain = 1000;

export interface ContainerOptions {
  /** Path of runc or crun. */
  tool: string;
  /** A new folder for everything of this container; it is removed at the end. */
  folder: string;
  /** Unique on this machine, of letters, digits and `-`. */
  id: string;
  rootfs: string;
  entrypoint: readonly string[];
  user: { uid: number; gid: number };
  hostname: string;
  environment: { readonly [name: string]: string };
  /** What the container finds in /etc/hosts and /etc/resolv.conf. */
  hosts: string;
  resolvConf: string;
  onLine: (stream: 'stdout' | 'stderr', line: string) => void;
}

/** A container that is running, or about to. */
export interface Container {
  /** Exit code of the program, 128 + n where a signal ended it. Rejects with `E_RUN` when it never started. */
  ended: Promise<number>;
  /** Asks it to end with SIGTERM, again every second; after the grace it is killed. */
  stop: (graceMilliseconds: number) => Promise<void>;
}

/**
 * Starts a container in the foreground of a process of its own. When `ended` settles, nothing of it is left. Who calls
 * this has told a keeper: container and process outlive us when we are killed.
 */
export async function startContainer(options: ContainerOptions): Promise<Container> {
  const { tool, folder, id, onLine } = options;
  const log = join(folder, 'log.json');
  const state = stateOf(folder);
  await writeBundle(options);
  // Not in our process group: Ctrl-C reaches us only, and we stop the program in order.
  const child = spawn(tool, ['--root', state, '--log', log, '--log-format', 'json', 'run', '--bundle', folder, id], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const command = (...words: string[]): boolean =>
    spawnSync(tool, ['--root', state, ...words], { stdio: 'ignore' }).status === 0;
  const closed = new Promise<number>((resolve, reject) => {
    child.once('error', (error) => reject(failed(options, error.message)));
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
  const output = Promise.all([
    eachLine(child.stdout, (line) => onLine('stdout', line)),
    eachLine(child.stderr, (line) => onLine('stderr', line)),
  ]);
  const ended = (async () => {
    try {
      const code = await closed;
      // A grandchild that was moved elsewhere could hold the pipe open; what it says comes too late.
      await Promise.race([output, sleep(2000, undefined, { ref: false })]);
      const problem = await lastError(log);
      if (code !== 0 && problem !== undefined) throw failed(options, problem);
      return code;
    } finally {
      command('delete', '--force', id);
      await rm(folder, { recursive: true, force: true });
    }
  })();
  const over = ended.then(
    () => true,
    () => true,
  );
  // Asked about a container that is gone, the tool would make its folder again.
  const hasEnded = (): boolean => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  const within = (milliseconds: number): Promise<boolean> =>
    Promise.race([over, sleep(milliseconds, false, { ref: false })]);
  return {
    ended,
    stop: async (graceMilliseconds) => {
      const end = performance.now() + graceMilliseconds;
      // To the program itself, as soon as there is one: the tool would not pass the signal on before.
      while (!hasEnded()) {
        const pause = command('kill', id, 'TERM') ? askAgain : 50;
        const left = end - performance.now();
        if (left <= 0) break;
        if (await within(Math.min(pause, left))) return;
      }
      if (await within(Math.max(0, end - performance.now()))) return;
      const last = performance.now() + making;
      while (!hasEnded() && !command('kill', id, 'KILL') && performance.now() < last) await within(50);
      if (await within(2000)) return;
      // It has not even become a container.
      child.kill('SIGKILL');
      await over;
    },
  };
}

async function writeBundle(options: ContainerOptions): Promise<void> {
  const { folder, id, hostname, hosts, resolvConf } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files = {
    hosts,
    hostname: `${hostname}\n`,
    'resolv.conf': resolvConf,
    // Init data in it is no secret, but nobody else's business either.
    'config.json': JSON.stringify(bundleConfig({ ...options, files: folder, cgroup: id })),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o644 });
}

/** What the tool said went wrong: the last error in its log; a program that fails leaves none. */
async function lastError(log: string): Promise<string | undefined> {
  const text = await readFile(log, 'utf8').catch(() => '');
  const errors = text.split('\n').flatMap((line) => {
    try {
      const { level, msg } = JSON.parse(line) as { level?: unknown; msg?: unknown };
      return (level === 'error' || level === 'fatal') && typeof msg === 'string' ? [msg] : [];
    } catch {
      return [];
    }
  });
  return errors.at(-1);
}

function failed({ tool, hostname }: ContainerOptions, why: string): SconeError {
  return new SconeError('E_RUN', `the container of ${hostname} could not be started`, {
    causes: [`${tool}: ${why}`],
    hint: 'sconectl run needs root and an OCI runtime that works on this machine; another one is given with --runc',
  });
}
