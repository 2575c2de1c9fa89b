import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { SconeError, systemCode } from '../core/errors.ts';

/** Where a TEE shows itself to what runs in it; `cas/cas.ts` looks there. */
const teePlaces = [
  '/dev/attestation/*',
  '/dev/sgx_enclave',
  '/dev/tdx_guest',
  '/dev/sev-guest',
  '/sys/kernel/config/tsm/report',
  '/sys/kernel/config/tsm/report/*',
];

/**
 * How Node runs the program of a CAS: it may read its own code and its data folder, write the data folder, and use the
 * network; it can start no process, load no native code, and make no code out of text. A mistake in the server, or in a
 * library, is then not yet a way to anything else on its machine.
 *
 * A full collection of the heap takes longer than ten releases; with this initial size (megabytes) none is made before
 * there is something to collect.
 *
 * @param code folder of the program and its libraries, absolute
 * @param data data folder, absolute; it need not exist, but the folder it will be in
 */
export function confinement(code: string, data: string): string[] {
  const readable = [code, ...librariesOf(code), data, `${data}/*`, ...teePlaces];
  if (/[*]/.test(`${code}${data}`)) {
    throw new SconeError('E_USAGE', 'the folders of a CAS may have no * in their names', {
      found: data,
      hint: 'Node would read it as a pattern, and permit more than this folder: choose another one with --data',
    });
  }
  return [
    '--permission',
    '--allow-net',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    // The folder itself, and what will be in it when it has been made.
    `--allow-fs-write=${data}`,
    `--allow-fs-write=${data}/*`,
    '--disallow-code-generation-from-strings',
    '--initial-heap-size=128',
    // Says that --allow-net is new.
    '--disable-warning=ExperimentalWarning',
  ];
}

/** Where the libraries lie: in the folder of the program, unless an installer keeps them elsewhere. */
function librariesOf(code: string): string[] {
  try {
    const library = realpathSync(createRequire(join(code, 'package.json')).resolve('zod'));
    const folder = library.slice(0, library.lastIndexOf('/node_modules/') + '/node_modules'.length);
    return folder.startsWith(`${code}/`) ? [] : [folder];
  } catch (error) {
    // A bundle has none.
    if (systemCode(error) === 'MODULE_NOT_FOUND') return [];
    throw error;
  }
}
