import { SconeError } from '../core/errors.ts';
import { suggest } from '../language/suggest.ts';
import { weaknesses } from '../language/vocabulary.ts';
import type { Tolerance } from './meshfile.ts';

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

/** Flags of the same command that cannot be honoured yet. */
const later: readonly string[] = ['--only_for_testing_allow-unprovisioned-cas', '--allow-cas-owner-secret-access'];
/** The same for flags with a value, in the next word or behind `=`. */
const laterWithValue: readonly string[] = ['--mrenclave', '--mrsigner', '--isvprodid', '--isvsvn', '-c', '-s'];

/** All that is a tolerance, for the published JSON Schema. */
export const tolerancePattern = (() => {
  const plain = [...Object.keys(flags), ...withoutEffect, ...later].join('|');
  const valued = `(?:${laterWithValue.join('|')})(?:=\\S*|\\s+[^\\s-]\\S*)`;
  const word = `(?:${plain}|-[CGS]{2,3}|${valued})`;
  return new RegExp(`^\\s*(?:${word}(?:\\s+${word})*)?\\s*$`);
})();

/**
 * The tolerance that flags ask for, as `cas[].tolerance` and `sconectl cas attest` write them. A flag that is not known
 * is `E_USAGE`, since nobody can say what its author expected to be refused; a known one that is not supported yet is
 * `E_NOT_YET`.
 */
export function parseTolerance(words: readonly string[]): Tolerance {
  const tolerance = { ...strict };
  let unsupported: SconeError | undefined;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (withoutEffect.includes(word)) continue;
    const [name = '', value] = word.split(/=(.*)/s, 2);
    if (later.includes(word) || laterWithValue.includes(name)) {
      unsupported ??= notYet(word, name);
      if (laterWithValue.includes(name) && value === undefined) {
        at++;
        if (words[at] === undefined || words[at]?.startsWith('-') === true) throw withoutValue(name);
      }
      continue;
    }
    // Short flags may stand together: `-CGS`.
    const single = /^-[CGS]{2,3}$/.test(word) ? Array.from(word.slice(1), (letter) => `-${letter}`) : [word];
    for (const flag of single) {
      const meaning = Object.hasOwn(flags, flag) ? flags[flag] : undefined;
      if (meaning === undefined) throw unknownFlag(flag);
      tolerance[meaning] = true;
    }
  }
  if (unsupported !== undefined) throw unsupported;
  return tolerance;
}

function notYet(word: string, name: string): SconeError {
  return new SconeError('E_NOT_YET', `the tolerance flag ${name} is not supported yet`, {
    found: word,
    hint: 'leave it out; the key hash of the CAS is given in cas_key',
  });
}

function withoutValue(name: string): SconeError {
  return new SconeError('E_USAGE', `the tolerance flag ${name} has no value`, {
    found: name,
    hint: `write ${name} and its value, or leave both out`,
  });
}

function unknownFlag(flag: string): SconeError {
  const meant = suggest(flag, Object.keys(flags));
  return new SconeError('E_USAGE', `${JSON.stringify(flag)} is no tolerance flag`, {
    expected: `some of ${Object.keys(flags).join(' ')}`,
    found: flag,
    hint: (weaknesses as readonly string[]).includes(flag.replace(/^-+/, ''))
      ? 'this is a weakness of services: they are tolerated in policy.tolerate'
      : meant === undefined
        ? 'remove it, or write the one that was meant'
        : `did you mean "${meant}"?`,
  });
}
