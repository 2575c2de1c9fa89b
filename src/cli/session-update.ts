import { SconeError } from '../core/errors.ts';
import { finishing, pinnedCas } from './cas-connection.ts';
import type { Run } from './context.ts';
import { readSessionFile, sendSession } from './session-file.ts';

/** `sconectl session update`: the current hash is the predecessor; fails where the session does not exist. */
export const run: Run = async (context, input) => {
  const file = await readSessionFile(context, input);
  const cas = await pinnedCas(context, input.options['cas']);
  return finishing(cas, async () => {
    const known = await cas.session(file.name);
    if (known === undefined) {
      throw new SconeError('E_NOT_FOUND', `there is no session ${file.name} on the CAS at ${cas.address}`, {
        hint: 'create it with: sconectl session create',
      });
    }
    return sendSession(context, cas, file, input.options, known);
  });
};
