import { SconeError } from '../core/errors.ts';
import { normaliseSession } from '../session/parse.ts';
import { renderSessionYaml } from '../session/render.ts';
import { finishing, pinnedCas } from './cas-connection.ts';
import type { Run } from './context.ts';

/** `sconectl session read`: what is in force, as YAML; explicit values only with `--reveal`, which is recorded. */
export const run: Run = async (context, { arguments: [name = ''], options }) => {
  const cas = await pinnedCas(context, options['cas']);
  return finishing(cas, async () => {
    const answer = await cas.session(name, options['reveal'] === true);
    if (answer === undefined) {
      throw new SconeError('E_NOT_FOUND', `there is no session ${name} on the CAS at ${cas.address}`, {
        hint: 'names have the form <namespace>/<service>; was it applied to this CAS?',
      });
    }
    const { session, values = {}, hash, index, redacted } = answer;
    const shown = Object.entries(values).map(([secret, value]) => `# value of ${secret}: ${JSON.stringify(value)}`);
    return {
      result: { session, hash, index, redacted, ...(answer.values === undefined ? {} : { values }) },
      text: [`# hash ${hash}`, ...shown, renderSessionYaml(normaliseSession(session)).trimEnd()].join('\n'),
    };
  });
};
