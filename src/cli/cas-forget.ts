import { addressText, parseAddress } from '../client/address.ts';
import { SconeError } from '../core/errors.ts';
import { memories } from './cas-memories.ts';
import type { Run } from './context.ts';

/** `sconectl cas forget`: in the home, and in the `cas.lock` of this folder. */
export const run: Run = async (context, { arguments: [host = ''] }) => {
  const address = addressText(parseAddress(host));
  const forgotten: { file: string; key: string; ledger: string }[] = [];
  for (const memory of await memories(context, context.folder)) {
    for (const { cas_key, ledger } of await memory.forget(address)) {
      forgotten.push({ file: memory.path, key: cas_key, ledger });
    }
  }
  if (forgotten.length === 0) {
    throw new SconeError('E_NOT_FOUND', `nothing is remembered of a CAS at ${address}`, {
      hint: 'sconectl cas list shows what is; run it in the folder of the Meshfile to reach its cas.lock',
    });
  }
  return {
    result: { cas: address, forgotten },
    text: forgotten.map(({ file, key }) => `forgot ${address} with key ${key} in ${file}`).join('\n'),
  };
};
