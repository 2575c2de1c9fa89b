import { existsSync } from 'node:fs';
import { SconeError } from '../core/errors.ts';
import { main, readArguments } from './main.ts';
import { demandMode } from './root-file.ts';

/**
 * The production CAS. It and everything it imports know nothing of the simulated platform (C6); a test searches the
 * bundle for the simulation root. What seals its root key and makes its evidence is the TEE it runs in, so without one
 * there is nothing to start.
 */
const devices = [
  { tee: 'SGX', path: '/dev/attestation/quote' },
  { tee: 'SGX', path: '/dev/sgx_enclave' },
  { tee: 'TDX', path: '/dev/tdx_guest' },
  { tee: 'SEV-SNP', path: '/dev/sev-guest' },
  { tee: 'TDX or SEV-SNP', path: '/sys/kernel/config/tsm/report' },
];

await main(async () => {
  const { data } = readArguments(process.argv.slice(2));
  await demandMode(data, 'production');
  const found = devices.find(({ path }) => existsSync(path));
  if (found === undefined) {
    throw new SconeError('E_TEE', 'a production CAS runs in a TEE only, and this machine has none', {
      expected: `one of ${devices.map(({ path }) => path).join(', ')}`,
      found: 'none of them',
      hint: 'start it in a TEE; to try everything out without one: sconectl cas start --simulation (NOT CONFIDENTIAL)',
    });
  }
  throw new SconeError('E_NOT_YET', `a production CAS in ${found.tee} is not supported yet`, {
    found: found.path,
    hint: 'its root key would have to be sealed by the TEE, which no version does so far; nothing was started',
  });
});
