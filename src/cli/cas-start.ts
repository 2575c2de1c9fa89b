import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { SconeError } from '../core/errors.ts';
import type { Run } from './context.ts';

const entryPoints = { production: 'cas.ts', simulation: 'cas-sim.ts' } as const;
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * `sconectl cas start`: runs the entry point of the mode in the foreground, as a process of its own, since the
 * production one must not even contain the other's code. Its output and its end are the command's.
 */
export const run: Run = async ({ home, reporter }, { options }) => {
  const mode = options['simulation'] === true ? 'simulation' : 'production';
  const flags = [
    ['--data', options['data'] ?? join(home, 'cas')],
    ['--listen', options['listen']],
    ['--service-listen', options['serviceListen']],
  ].flatMap(([flag, value]) => (typeof flag === 'string' && typeof value === 'string' ? [flag, value] : []));
  reporter.pause();
  const program = join(import.meta.dirname, '..', 'cas', entryPoints[mode]);
  // In a process group of its own: the terminal's Ctrl-C reaches only us, so the CAS gets each signal once.
  const child = spawn(process.execPath, [program, ...flags], { stdio: 'inherit', detached: true });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of forwarded) process.on(signal, forward);
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once('error', (error) => {
        reject(new SconeError('E_TOOL', `the CAS could not be started: ${program}`, { cause: error }));
      });
      child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    });
    return { result: { exit_code: exitCode }, text: '', exitCode, streamed: true };
  } finally {
    for (const signal of forwarded) process.off(signal, forward);
  }
};
