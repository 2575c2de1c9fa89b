import type { ReadAnswer } from '../api/answers.ts';
import { SconeError } from '../core/errors.ts';
import { type Lost, lostValues } from '../session/kept.ts';
import { normaliseSession } from '../session/parse.ts';
import type { Session } from '../session/types.ts';

const becomes: { readonly [instead in Lost['instead']]: string } = {
  anew: 'is made anew',
  given: 'is replaced',
  dropped: 'is dropped',
};

/**
 * A warning for each generated value that an update does away with: nobody ever sees such a value, so what it encrypts
 * or opens cannot be opened with anything else.
 *
 * @param known what the CAS has under the session's name; an update that it accepts replaces exactly this
 */
export function lostSecrets(known: ReadAnswer | undefined, next: Session): SconeError[] {
  // Redacted, it does not say which values were generated; whoever may not see that may not update it either.
  if (known === undefined || known.redacted) return [];
  return lostValues(normaliseSession(known.session), next).map(
    ({ secret, instead, why }) =>
      new SconeError('E_SESSION', `the value of the secret ${secret} of ${next.name} ${becomes[instead]}: ${why}`, {
        hint: 'the generated value is lost with this update, for ever; to keep it, leave its name, kind and size as they were',
      }),
  );
}
