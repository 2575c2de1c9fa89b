import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { SconeError } from '../core/errors.ts';
import type { Run } from './context.ts';

const entryPoints = { production: 'cas.ts', simulation: 'cas-sim.ts' } as const;

/**
 * `sconectl cas start`: becomes the entry point of the mode. Not an import, since the production one must not even
 * contain the other's code; not a child, since a CAS that outlives a killed parent would keep its ledger and ports.
 */
export const run: Run = async ({ home, folder, reporter }, { options }) => {
  const mode = options['simulation'] === true ? 'simulation' : 'production';
  const program = join(import.meta.dirname, '..', 'cas', entryPoints[mode]);
  const flags = [
    ['--data', options['data'] ?? join(home, 'cas')],
    ['--listen', options['listen']],
    ['--service-listen', options['serviceListen']],
  ].flatMap(([flag, value]) => (typeof flag === 'string' && typeof value === 'string' ? [flag, value] : []));
  try {
    await access(program, constants.R_OK);
  } catch (cause) {
    throw new SconeError('E_TOOL', `the program of the CAS is missing: ${program}`, {
      cause,
      hint: 'install sconectl again',
    });
  }
  reporter.pause();
  if (process.execve === undefined) throw new SconeError('E_TOOL', 'this Node cannot become another program');
  process.chdir(folder);
  // No variable at all: a CAS reads none, and Node would load code and write down TLS keys where some say so (32).
  return process.execve(process.execPath, [process.execPath, program, ...flags], {});
};
