import { weaknesses } from '../language/vocabulary.ts';
import type { CompleteSecret, CompleteSecurity, CompleteSession } from './complete.ts';
import { checkFragment, checkFragments, isFragment } from './fragment.ts';
import type { Problems } from './problems.ts';
import { attestationSchema, securitySchema } from './schema.ts';
import { checkPassword } from './service.ts';
import { withoutNothing } from './share.ts';

export function normaliseSecurity(
  given: unknown,
  secrets: readonly CompleteSecret[],
  problems: Problems,
): CompleteSession['security'] {
  if (given === undefined || given === null) return undefined;
  if (isFragment(given)) {
    checkFragment(given, ['security'], secrets, problems);
    return given;
  }
  const security = problems.check(securitySchema, given, ['security']);
  if (security === undefined) return undefined;
  const normal = withoutNothing({
    attestation: normaliseAttestationRules(security.attestation, secrets, problems),
    freshness: security.freshness,
    service_access_token: security.service_access_token,
    singleton_enclaves: security.singleton_enclaves === true ? (true as const) : undefined,
  }) as CompleteSecurity;
  return Object.keys(normal).length === 0 ? undefined : normal;
}

function normaliseAttestationRules(
  given: unknown,
  secrets: readonly CompleteSecret[],
  problems: Problems,
): CompleteSecurity['attestation'] {
  if (given === undefined || given === null) return undefined;
  const path = ['security', 'attestation'];
  if (isFragment(given)) {
    checkFragment(given, path, secrets, problems);
    return given;
  }
  const rules = problems.check(attestationSchema, given, path);
  if (rules === undefined) return undefined;
  const { tolerate = [], ignore_advisories = [], trusted_scone_qe_pubkeys: keys } = rules;
  checkFragments(tolerate, [...path, 'tolerate'], secrets, problems);
  checkFragments(ignore_advisories, [...path, 'ignore_advisories'], secrets, problems);
  tolerate.forEach((word, index) => {
    if ((weaknesses as readonly string[]).includes(word) || isFragment(word)) return;
    problems.error([...path, 'tolerate', index], 'names something that cannot be tolerated', {
      expected: weaknesses.join(', '),
      found: word,
    });
  });
  for (const advisory of ignore_advisories) {
    if (isFragment(advisory)) continue;
    if (advisory === '*' ? ignore_advisories.length === 1 : /^INTEL-SA-[0-9]{5}$/.test(advisory)) continue;
    problems.error([...path, 'ignore_advisories'], 'names something that is no advisory', {
      expected: '"*" alone, or advisories such as INTEL-SA-00586',
      found: advisory,
    });
  }
  if (rules.mode === 'maa' ? rules.url === undefined : rules.url !== undefined || rules.certificates !== undefined) {
    problems.error(path, rules.mode === 'maa' ? 'lacks "url"' : 'has url or certificates without mode: maa', {
      hint: 'write mode: maa and url: https://<tenant>.<region>.attest.azure.net/, or none of them',
    });
  }
  keys?.forEach((key, index) => {
    if (/^[0-9a-fA-F]{64}$/.test(key) || isFragment(key)) return;
    problems.error([...path, 'trusted_scone_qe_pubkeys', index], 'must be 64 hex digits');
  });
  if (rules.must_be_sgx_local === true && !tolerate.includes('local-attestation-trust-cas-tcb')) {
    problems.error([...path, 'must_be_sgx_local'], 'needs local-attestation-trust-cas-tcb in tolerate');
  }
  const password = rules.one_time_password_shared_secret;
  if (password !== undefined) {
    const surroundings = { secrets, unattested: false };
    checkPassword(password, [...path, 'one_time_password_shared_secret'], surroundings, problems);
  }
  const more = withoutNothing({
    mode: rules.mode === 'hardware' ? undefined : rules.mode,
    url: rules.url,
    certificates: rules.certificates,
    trusted_scone_qe_pubkeys: keys,
    must_be_sgx_local: rules.must_be_sgx_local === true ? (true as const) : undefined,
    one_time_password_shared_secret: password,
  });
  if (tolerate.length === 0 && ignore_advisories.length === 0 && Object.keys(more).length === 0) return undefined;
  return { tolerate, ignore_advisories: ignore_advisories.includes('*') ? '*' : ignore_advisories, ...more };
}
