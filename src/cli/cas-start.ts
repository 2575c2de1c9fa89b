import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SconeError } from '../core/errors.ts';
import { confinement } from './cas-confinement.ts';
import type { Run } from './context.ts';

const entryPoints = { production: 'cas.ts', simulation: 'cas-sim.ts' } as const;

/**
 * `sconectl cas start`: becomes the entry point of the mode. Not an import, since the production one must not even
 * contain the other's code; not a child, since a CAS that outlives a killed parent would keep its ledger and ports.
 */
export const run: Run = async ({ home, folder, outputs, reporter }, { options }) => {
  const mode = options['simulation'] === true ? 'simulation' : 'production';
  const code = join(import.meta.dirname, '..', '..');
  const program = join(import.meta.dirname, '..', 'cas', entryPoints[mode]);
  const data = typeof options['data'] === 'string' ? resolve(folder, options['data']) : join(home, 'cas');
  const flags = [
    ['--listen', options['listen']],
    ['--service-listen', options['serviceListen']],
  ].flatMap(([flag, value]) => (typeof flag === 'string' && typeof value === 'string' ? [flag, value] : []));
  // Whoever becomes another program answers through it.
  if (outputs.has('json')) flags.push('--json');
  try {
    await access(program, constants.R_OK);
  } catch (cause) {
    throw new SconeError('E_TOOL', `the program of the CAS is missing: ${program}`, {
      cause,
      hint: 'install sconectl again',
    });
  }
  await makeFolder(dirname(data));
  const node = [process.execPath, ...confinement(code, data)];
  reporter.pause();
  if (process.execve === undefined) throw new SconeError('E_TOOL', 'this Node cannot become another program');
  // No variable at all: a CAS reads none, and Node would load code and write down TLS keys where some say so (32).
  return process.execve(process.execPath, [...node, program, '--data', data, ...flags], {});
};

/** Here, since the CAS may not write beside its own folder. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new SconeError('E_STORE', `the folder ${folder} cannot be made`, {
      cause,
      hint: 'choose another place with --data, or set SCONECTL_HOME to a folder you may write',
    });
  }
}
