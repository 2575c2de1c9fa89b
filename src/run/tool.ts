import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { SconeError } from '../core/errors.ts';

/** The OCI runtimes that are looked for, in this order: crun refuses machines with hybrid cgroups. */
const names = ['runc', 'crun'] as const;

/**
 * The OCI runtime to start containers with: the one that is given, else the first of runc and crun on PATH that runs.
 * Throws `E_TOOL` with everything that was tried.
 */
export function findTool(given: string | undefined, path: string | undefined): string {
  const tried: string[] = [];
  for (const candidate of given === undefined ? candidates(path, tried) : [resolve(given)]) {
    const { status, error, stderr } = spawnSync(candidate, ['--version'], {
      encoding: 'utf8',
      timeout: 10_000,
      // As the keeper calls it, so that it can end what is started.
      env: {},
    });
    if (status === 0) return candidate;
    tried.push(`${candidate}: ${error?.message ?? (stderr.trim() || `ended with ${status}`)}`);
  }
  throw new SconeError('E_TOOL', 'there is no OCI runtime that could start containers', {
    expected: given ?? names.join(' or '),
    causes: tried,
    hint: 'install runc (on Debian: apt-get install runc), or say where it is with --runc',
  });
}

function candidates(path = '', tried: string[]): string[] {
  const found: string[] = [];
  for (const name of names) {
    const place = path
      .split(delimiter)
      .filter((folder) => folder !== '')
      .map((folder) => resolve(folder, name))
      .find(isProgram);
    if (place === undefined) tried.push(`${name}: not on PATH`);
    else found.push(place);
  }
  return found;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
