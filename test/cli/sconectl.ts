import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export const project = join(import.meta.dirname, '..', '..');

/** The flags with which a simulated CAS is accepted. */
export const testing = [
  '--only_for_testing-trust-any',
  '--only_for_testing-debug',
  '--only_for_testing-ignore-signer',
] as const;

/** Where a command of sconectl runs. */
export interface Place {
  /** `SCONECTL_HOME`. */
  home: string;
  /** Working directory. */
  folder: string;
  env?: NodeJS.ProcessEnv;
  /** Whose sources run; this project's unless told. */
  root?: string;
}

export interface Done {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command of sconectl in a process of its own until it ends. */
export async function sconectl(place: Place, ...args: readonly string[]): Promise<Done> {
  const { child, output } = launch(place, args);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? -1, ...output };
}

/** The result of a command with `--output json`; throws what it said when it failed. */
export async function result<T>(place: Place, ...args: readonly string[]): Promise<T> {
  const { stdout, stderr } = await sconectl(place, ...args, '--output', 'json');
  const document = JSON.parse(stdout) as { ok: boolean; result: T };
  if (!document.ok) throw new Error(`sconectl ${args.join(' ')} failed:\n${stdout}\n${stderr}`);
  return document.result;
}

export interface Failure {
  code: string;
  message: string;
  expected?: string;
  found?: string;
  at?: { file: string; line?: number; column?: number };
  causes: string[];
  hint?: string;
}

/** The errors of a command with `--output json`; throws when it succeeded, or ended with another exit code. */
export async function failures(place: Place, exitCode: number, ...args: readonly string[]): Promise<Failure[]> {
  const { code, stdout, stderr } = await sconectl(place, ...args, '--output', 'json');
  const document = JSON.parse(stdout) as { ok: boolean; errors: Failure[] };
  if (document.ok || code !== exitCode)
    throw new Error(`ended with ${code} and not ${exitCode}:\n${stdout}\n${stderr}`);
  return document.errors;
}

/** The only error of a command that ends with 1. */
export async function failure(place: Place, ...args: readonly string[]): Promise<Failure> {
  const [only, ...others] = await failures(place, 1, ...args);
  if (only === undefined || others.length > 0) throw new Error(`not one error: ${JSON.stringify([only, ...others])}`);
  return only;
}

export interface RunningCas {
  /** `127.0.0.1:<port>` for clients. */
  address: string;
  service: string;
  key: string;
  ledger: string;
  pid: number;
  /** What it wrote on standard error so far. */
  log: () => string;
  /** Ends it and waits for that; answers its exit code, -1 for a signal. */
  stop: (signal?: NodeJS.Signals) => Promise<number>;
}

/** `sconectl cas start --simulation` on free ports (or the given one for clients); ended when the test ends. */
export async function startCas(
  t: Pick<TestContext, 'after'>,
  place: Place,
  data: string,
  listen = '127.0.0.1:0',
): Promise<RunningCas> {
  const args = ['cas', 'start', '--simulation', '--data', data, '--listen', listen, '--service-listen', '127.0.0.1:0'];
  const { child, output } = launch(place, args);
  t.after(() => void child.kill('SIGKILL'));
  const line = await firstLine(child, output);
  const { client, service, key, ledger } = JSON.parse(line) as {
    client: string;
    service: string;
    key: string;
    ledger: string;
  };
  return {
    address: client,
    service,
    key,
    ledger,
    pid: child.pid ?? 0,
    log: () => output.stderr,
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) {
        const closed = once(child, 'close');
        child.kill(signal);
        await closed;
      }
      return child.exitCode ?? -1;
    },
  };
}

/** Starts sconectl without waiting for its end. */
export function launch(
  { home, folder, env = process.env, root = project }: Place,
  args: readonly string[],
): { child: ChildProcess; output: { stdout: string; stderr: string } } {
  const child = spawn(process.execPath, [join(root, 'src', 'cli', 'main.ts'), ...args], {
    cwd: folder,
    env: { ...env, SCONECTL_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  return { child, output };
}

async function firstLine(child: ChildProcess, output: { stdout: string; stderr: string }): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', () => {
      if (output.stdout.includes('\n')) resolve();
    });
    child.once('close', (code) => reject(new Error(`the CAS ended with ${code}: ${output.stderr}`)));
  });
  return output.stdout.slice(0, output.stdout.indexOf('\n'));
}
