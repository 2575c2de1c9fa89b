import { spawn } from 'node:child_process';
import { root, toolEnvironment } from './environment.ts';

export interface Outcome {
  /** Exit code; 127 where the program does not exist, 128 + n where a signal ended it. */
  code: number;
  /** Standard output and error as they came. */
  output: string;
  seconds: number;
}

/** Runs a program in the project's folder without standard input and collects what it says. Never rejects. */
export function runCommand(program: string, args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  const began = performance.now();
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(program, args, {
      cwd: options.cwd ?? root,
      env: { ...toolEnvironment(), ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const take = (chunk: string) => {
      output += chunk;
      options.onOutput?.(chunk);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    const end = (code: number) => resolve({ code, output, seconds: (performance.now() - began) / 1000 });
    child.on('error', (error) => {
      output += `${error.message}\n`;
      end(127);
    });
    child.on('close', (code, signal) => end(code ?? 128 + (signal === 'SIGKILL' ? 9 : 15)));
  });
}

export interface CommandOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  onOutput?: (chunk: string) => void;
}
