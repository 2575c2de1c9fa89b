import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { SconeError } from '../core/errors.ts';

/** Where a TEE shows itself to what runs in it; `cas/cas.ts` looks there. */
const teePlaces = [
  '/dev/attestation/*',
  '/dev/sgx_enclave',
  '/dev/tdx_guest',
  '/dev/sev-guest',
  '/sys/kernel/config/tsm/report',
  '/sys/kernel/config/tsm/report/*',
];

/** What the program of a CAS consists of, and what its evidence speaks of. */
const program = ['src', 'package.json', 'package-lock.json', 'node_modules'];

/**
 * How Node runs the program of a CAS: it may read its code, its libraries and its data folder, write the data folder, and
 * use the network; it can start no process or thread, load no native code, and open no database. A mistake in the server,
 * or in a library, is then not yet a way to the files of its machine. It is no sandbox: UNIX sockets count as network,
 * signals reach processes of the same user, and code can still be made of text where somebody imports a `data:` URL.
 *
 * A full collection of the heap takes longer than ten releases; with this initial size (megabytes) none is made before
 * there is something to collect.
 *
 * @param code root of the package, absolute
 * @param data data folder, absolute; it need not exist, but the folder it will be in
 */
export function confinement(code: string, data: string): string[] {
  if (/[*]/.test(`${code}${data}`)) {
    throw new SconeError('E_USAGE', 'the folders of a CAS may have no * in their names', {
      found: data,
      hint: 'Node would read it as a pattern, and permit more than this folder: choose another one with --data',
    });
  }
  const own = program.map((name) => join(code, name));
  const readable = [...own, librariesOf(code), data, `${data}/*`, ...teePlaces];
  return [
    '--permission',
    '--allow-net',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    // The folder itself, and what will be in it when it has been made.
    `--allow-fs-write=${data}`,
    `--allow-fs-write=${data}/*`,
    '--disallow-code-generation-from-strings',
    // Its files are opened past the permissions.
    '--no-experimental-sqlite',
    '--initial-heap-size=128',
    // Says that --allow-net is new.
    '--disable-warning=ExperimentalWarning',
  ];
}

/** Where the libraries lie: beside the program, unless an installer keeps them elsewhere and leaves links. */
function librariesOf(code: string): string {
  const library = realpathSync(createRequire(join(code, 'package.json')).resolve('zod'));
  const end = library.indexOf('/node_modules/');
  if (end >= 0) return library.slice(0, end + '/node_modules'.length);
  throw new SconeError('E_TOOL', 'the libraries of sconectl are in no folder node_modules', {
    found: library,
    hint: 'install sconectl with npm or pnpm',
  });
}
