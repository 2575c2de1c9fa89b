import { didYouMean } from '../language/suggest.ts';
import { weaknesses } from '../language/vocabulary.ts';
import type { CompleteSecret, CompleteSecurity, CompleteSession } from './complete.ts';
import { checkFragment, checkFragments, isFragment, structured } from './fragment.ts';
import type { Path, Problems } from './problems.ts';
import {
  advisoryPattern,
  attestationSchema,
  localTrust,
  oldWeakness,
  type ParsedRules,
  securitySchema,
} from './security-schema.ts';
import { checkPassword } from './service.ts';
import { withoutNothing } from './share.ts';

export function normaliseSecurity(
  given: unknown,
  secrets: readonly CompleteSecret[],
  problems: Problems,
): CompleteSession['security'] {
  if (given === undefined || given === null) return undefined;
  const path = ['security'];
  if (isFragment(given)) {
    checkFragment(given, path, secrets, problems, structured);
    return given;
  }
  const security = problems.check(securitySchema, given, path);
  if (security === undefined) return undefined;
  const { service_access_token, singleton_enclaves } = security;
  checkValues({ service_access_token, singleton_enclaves }, path, secrets, problems);
  const normal = withoutNothing({
    attestation: normaliseAttestationRules(security.attestation, secrets, problems),
    freshness: security.freshness,
    service_access_token,
    singleton_enclaves: singleton_enclaves === false ? undefined : singleton_enclaves,
  }) as CompleteSecurity;
  return Object.keys(normal).length === 0 ? undefined : normal;
}

/** Whether services need no attestation here, or nobody can tell because another session decides it. */
export function attestsNobody(security: CompleteSession['security']): boolean {
  if (typeof security !== 'object') return security !== undefined;
  const { attestation } = security;
  if (typeof attestation !== 'object') return attestation !== undefined;
  return attestation.mode === 'none' || isFragment(attestation.mode);
}

function normaliseAttestationRules(
  given: unknown,
  secrets: readonly CompleteSecret[],
  problems: Problems,
): CompleteSecurity['attestation'] {
  if (given === undefined || given === null) return undefined;
  const path = ['security', 'attestation'];
  if (isFragment(given)) {
    checkFragment(given, path, secrets, problems, structured);
    return given;
  }
  const rules = problems.check(attestationSchema, given, path);
  if (rules === undefined) return undefined;
  const { mode, url, certificates, must_be_sgx_local, one_time_password_shared_secret: password } = rules;
  checkValues({ mode, url, must_be_sgx_local }, path, secrets, problems);
  const tolerate = toleratedOf(rules, path, secrets, problems);
  const ignored = ignoredOf(rules, path, secrets, problems);
  if (!isFragment(mode) && (mode === 'maa' ? url === undefined : url !== undefined || certificates !== undefined)) {
    problems.error(path, mode === 'maa' ? 'lacks "url"' : 'has url or certificates without mode: maa', {
      hint: 'write mode: maa and url: https://<tenant>.<region>.attest.azure.net/, or none of them',
    });
  }
  if (rules.min_rsa_signing_key_size !== undefined) problems.ignored([...path, 'min_rsa_signing_key_size']);
  const keys = rules.trusted_scone_qe_pubkeys?.map((key) => (isFragment(key) ? key : key.toLowerCase()));
  checkFragments(keys ?? [], [...path, 'trusted_scone_qe_pubkeys'], secrets, problems);
  keys?.forEach((key, index) => {
    if (/^[0-9a-f]{64}$/.test(key) || isFragment(key)) return;
    problems.error([...path, 'trusted_scone_qe_pubkeys', index], 'must be 64 hex digits');
  });
  if (must_be_sgx_local === true && !tolerate.some((word) => word === localTrust || isFragment(word))) {
    problems.error([...path, 'must_be_sgx_local'], `needs ${localTrust} in tolerate`);
  }
  if (password !== undefined) {
    checkPassword(password, [...path, 'one_time_password_shared_secret'], secrets, problems);
  }
  const more = withoutNothing({
    mode: mode === 'hardware' ? undefined : mode,
    url,
    certificates,
    trusted_scone_qe_pubkeys: keys,
    must_be_sgx_local: must_be_sgx_local === false ? undefined : must_be_sgx_local,
    one_time_password_shared_secret: password,
  });
  if (tolerate.length === 0 && ignored.length === 0 && Object.keys(more).length === 0) return undefined;
  return { tolerate, ignore_advisories: ignored, ...more };
}

/** Single values that may be placeholders. */
function checkValues(
  values: { readonly [field: string]: unknown },
  path: Path,
  secrets: readonly CompleteSecret[],
  problems: Problems,
): void {
  for (const [field, value] of Object.entries(values)) {
    if (isFragment(value)) checkFragment(value, [...path, field], secrets, problems);
  }
}

function toleratedOf(
  { tolerate = [] }: ParsedRules,
  path: Path,
  secrets: readonly CompleteSecret[],
  problems: Problems,
): string[] {
  checkFragments(tolerate, [...path, 'tolerate'], secrets, problems);
  return tolerate.map((word, index) => {
    const at = [...path, 'tolerate', index];
    if (word === oldWeakness) {
      problems.alias(at, 'is read as debug-mode', 'write debug-mode');
      return 'debug-mode';
    }
    if (!(weaknesses as readonly string[]).includes(word) && !isFragment(word)) {
      problems.error(at, 'names something that cannot be tolerated', {
        expected: weaknesses.join(', '),
        found: word,
        hint: word.includes(',') ? `write a list: [${word}]` : didYouMean(word, weaknesses),
      });
    }
    return word;
  });
}

function ignoredOf(
  { ignore_advisories: given = [] }: ParsedRules,
  path: Path,
  secrets: readonly CompleteSecret[],
  problems: Problems,
): string[] | '*' {
  const at = [...path, 'ignore_advisories'];
  checkFragments(given, at, secrets, problems);
  const all = given.includes('*');
  if (all && given.length > 1) {
    problems.alias(at, 'has "*", beside which nothing else counts', 'write "*" alone');
  }
  const wrong = given.find((advisory) => advisory !== '*' && !isFragment(advisory) && !advisoryPattern.test(advisory));
  if (wrong !== undefined) {
    problems.error(at, 'names something that is no advisory', {
      expected: '"*" alone, or advisories such as INTEL-SA-00586',
      found: wrong,
    });
  }
  return all ? '*' : given;
}
