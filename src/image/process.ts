import { spawn } from 'node:child_process';
import { SconeError, systemCode } from '../core/errors.ts';

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  /** The whole environment; nothing is inherited. */
  env: { [name: string]: string };
  /** Ends the program. */
  signal?: AbortSignal;
}

/** Names of this process's environment that programs of a build may see: how to find programs and the network. */
const inherited = ['PATH', 'HOME', 'http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];

/** An environment in which programs print untranslated text, whatever the user's locale. */
export function plainEnvironment(environment: NodeJS.ProcessEnv = process.env): { [name: string]: string } {
  const env: { [name: string]: string } = { LC_ALL: 'C' };
  for (const name of inherited) {
    const value = environment[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}

/** Runs a program to its end and collects what it says. A program that is not there is an `E_TOOL`. */
export async function run(program: string, args: readonly string[], options: RunOptions): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => stdout.push(part));
    child.stderr.on('data', (part: Buffer) => stderr.push(part));
    child.once('error', (error) => reject(missing(program, error)));
    child.once('close', (code, signal) =>
      resolve({
        code: code ?? 128,
        stdout: Buffer.concat(stdout).toString(),
        stderr: signal === null ? Buffer.concat(stderr).toString() : `ended by ${signal}`,
      }),
    );
  });
}

/** What a program writes, in parts; an exit code other than 0 is an `E_TOOL`, thrown at the end. */
export async function* output(
  program: string,
  args: readonly string[],
  options: RunOptions,
): AsyncGenerator<Uint8Array> {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const stderr: Buffer[] = [];
  child.stderr.on('data', (part: Buffer) => stderr.push(part));
  const closed = new Promise<number>((resolve, reject) => {
    child.once('error', (error) => reject(missing(program, error)));
    child.once('close', (code) => resolve(code ?? 128));
  });
  closed.catch(() => undefined);
  try {
    for await (const part of child.stdout as AsyncIterable<Buffer>) yield part;
    const code = await closed;
    if (code !== 0) {
      throw new SconeError('E_TOOL', `${program} ended with exit code ${code}`, {
        causes: lastLines(Buffer.concat(stderr).toString()),
      });
    }
  } finally {
    child.kill('SIGKILL');
  }
}

/** The last lines that a program said, for the causes of an error. */
export function lastLines(text: string, count = 4): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-count);
}

function missing(program: string, error: Error): SconeError {
  if (systemCode(error) !== 'ENOENT') {
    return new SconeError('E_TOOL', `${program} cannot be started`, { cause: error });
  }
  return new SconeError('E_TOOL', `${program} is not installed, and the build needs it`, {
    hint: `Install the package that holds ${program} and try again.`,
  });
}
