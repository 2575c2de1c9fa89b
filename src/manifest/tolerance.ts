import { SconeError } from '../core/errors.ts';
import type { Tolerance } from './meshfile.ts';
import { didYouMean } from './suggest.ts';

/** What is accepted where nothing is said: nothing. */
export const strict: Tolerance = {
  configurationNeeded: false,
  groupOutOfDate: false,
  swHardeningNeeded: false,
  debug: false,
  ignoreSigner: false,
  trustAny: false,
};

const flags: { readonly [flag: string]: keyof Tolerance } = {
  '-C': 'configurationNeeded',
  '--accept-configuration-needed': 'configurationNeeded',
  '-G': 'groupOutOfDate',
  '--accept-group-out-of-date': 'groupOutOfDate',
  '-S': 'swHardeningNeeded',
  '--accept-sw-hardening-needed': 'swHardeningNeeded',
  '--only_for_testing-debug': 'debug',
  '--only_for_testing-ignore-signer': 'ignoreSigner',
  '--only_for_testing-trust-any': 'trustAny',
};

/**
 * What tutorials write and no command line has ever had. Without them less is tolerated, so that nothing is lost by not
 * knowing them.
 */
export const withoutEffect: readonly string[] = ['--software-hardening-needed', '--insecure-configuration'];

/** Flags of the same command that say something else, or that cannot be honoured. */
const later: readonly string[] = [
  '--only_for_testing_allow-unprovisioned-cas',
  '--allow-cas-owner-secret-access',
  '--mrenclave',
  '--mrsigner',
  '--isvprodid',
  '--isvsvn',
  '-c',
  '-s',
];

/**
 * The tolerance that flags ask for, as `cas[].tolerance` and `sconectl cas attest` write them. A flag that is not known
 * is `E_USAGE`, since nobody can say what its author expected to be refused; a known one that is not supported yet is
 * `E_NOT_YET`.
 */
export function parseTolerance(words: readonly string[]): Tolerance {
  const tolerance = { ...strict };
  for (const word of words) {
    if (withoutEffect.includes(word)) continue;
    const name = Object.hasOwn(flags, word) ? flags[word] : undefined;
    if (name === undefined) throw unknownFlag(word);
    tolerance[name] = true;
  }
  return tolerance;
}

function unknownFlag(flag: string): SconeError {
  const name = flag.split('=', 1)[0] ?? flag;
  if (later.includes(name)) {
    return new SconeError('E_NOT_YET', `the tolerance flag ${name} is not supported yet`, {
      found: flag,
      hint: 'leave it out; the key hash of the CAS is given in cas_key',
    });
  }
  return new SconeError('E_USAGE', `${JSON.stringify(flag)} is no tolerance flag`, {
    expected: `some of ${Object.keys(flags).join(' ')}`,
    found: flag,
    hint: didYouMean(flag, Object.keys(flags)),
  });
}
