import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type ListenAddress, parseListen } from '../../src/cas/listen.ts';
import { confinement } from '../../src/cli/cas-confinement.ts';

const project = join(import.meta.dirname, '..', '..');

/** A CAS that runs in a process of its own. */
export interface CasProcess {
  folder: string;
  client: ListenAddress;
  service: ListenAddress;
  /** Key hash. */
  key: string;
  ledger: string;
  /** What it wrote on stderr so far. */
  log(): string;
  child: ChildProcess;
  /** Ends it with a signal and waits for its end. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts the simulated CAS on free loopback ports; it is killed when the test ends. */
export async function startCas(t: Pick<TestContext, 'after'>, folder: string): Promise<CasProcess> {
  const listen = ['--listen', '127.0.0.1:0', '--service-listen', '127.0.0.1:0'];
  const { child, log } = spawnCas(t, 'cas-sim', ['--data', folder, ...listen]);
  const line = await Promise.race([firstLine(child), once(child, 'exit').then(() => undefined)]);
  if (line === undefined) throw new Error(`the CAS did not start: ${log()}`);
  const ready = JSON.parse(line) as { client: string; service: string; key: string; ledger: string };
  return {
    folder,
    client: parseListen(ready.client, 'client'),
    service: parseListen(ready.service, 'service'),
    key: ready.key,
    ledger: ready.ledger,
    log,
    child,
    end: async (signal = 'SIGKILL') => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
      return child.exitCode;
    },
  };
}

/** Runs an entry point until it ends by itself. */
export async function runCas(
  t: Pick<TestContext, 'after'>,
  entry: 'cas' | 'cas-sim',
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ code: number | null; stderr: string; stdout: string }> {
  const { child, log, out } = spawnCas(t, entry, args, env);
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  return { code: child.exitCode, stderr: log(), stdout: out() };
}

function spawnCas(
  t: Pick<TestContext, 'after'>,
  entry: 'cas' | 'cas-sim',
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): { child: ChildProcess; log: () => string; out: () => string } {
  const data = args.includes('--data') ? args[args.indexOf('--data') + 1] : undefined;
  // As `sconectl cas start` does.
  const confined = data === undefined ? [] : confinement(project, data);
  const child = spawn(process.execPath, [...confined, join(project, 'src', 'cas', `${entry}.ts`), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  t.after(() => void child.kill('SIGKILL'));
  let stderr = '';
  let stdout = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  return { child, log: () => stderr, out: () => stdout };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    child.stdout?.on('data', (piece: string) => {
      text += piece;
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
  });
}
