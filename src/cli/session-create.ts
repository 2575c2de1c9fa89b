import { saltOf } from '../client/sessions.ts';
import { SconeError } from '../core/errors.ts';
import { finishing, pinnedCas } from './cas-connection.ts';
import type { Run } from './context.ts';
import { readSessionFile, sendSession } from './session-file.ts';

/** For looking at the predecessor only. */
const anySalt = '00'.repeat(16);

/** `sconectl session create`: fails where the name is taken, unless the file names the current hash as predecessor. */
export const run: Run = async (context, input) => {
  const file = await readSessionFile(context, input);
  const cas = await pinnedCas(context, input.options['cas']);
  return finishing(cas, async () => {
    const known = await cas.session(file.name);
    const { predecessor } = file.parse(saltOf(known) ?? anySalt).session;
    if (known !== undefined && predecessor !== known.hash) {
      throw new SconeError('E_PREDECESSOR', `the session ${file.name} exists already`, {
        expected: predecessor ?? 'no session of this name',
        found: known.hash,
        hint: 'replace it with: sconectl session update',
      });
    }
    return sendSession(context, cas, file, input.options, known);
  });
};
