import type { Problems } from './problems.ts';
import type { ParsedSessionDocument } from './schema.ts';
import type { Session } from './types.ts';

const tolerable = [
  'debug-mode',
  'hyperthreading',
  'insecure-igpu',
  'software-hardening-needed',
  'aepic-leak',
  'insecure-configuration',
  'outdated-tcb',
  'maa-managed-tcb',
  'local-attestation-trust-cas-tcb',
];

export function normaliseSecurity(
  security: ParsedSessionDocument['security'],
  problems: Problems,
): Session['security'] {
  for (const field of ['freshness', 'service_access_token', 'singleton_enclaves'] as const) {
    if (security?.[field] !== undefined) problems.notYet(['security', field], `security.${field}`);
  }
  const attestation = security?.attestation;
  if (attestation === undefined) return undefined;
  const path = ['security', 'attestation'];
  for (const field of ['trusted_scone_qe_pubkeys', 'must_be_sgx_local', 'one_time_password_shared_secret'] as const) {
    if (attestation[field] !== undefined) problems.notYet([...path, field], `security.attestation.${field}`);
  }
  if (attestation.mode !== undefined && attestation.mode !== 'hardware') {
    problems.notYet([...path, 'mode'], `the attestation mode ${attestation.mode}`);
  }
  const { tolerate = [], ignore_advisories = [] } = attestation;
  tolerate.forEach((word, index) => {
    if (tolerable.includes(word)) return;
    problems.error([...path, 'tolerate', index], 'names something that cannot be tolerated', {
      expected: tolerable.join(', '),
      found: word,
    });
  });
  for (const advisory of ignore_advisories) {
    if (advisory === '*' ? ignore_advisories.length === 1 : /^INTEL-SA-[0-9]{5}$/.test(advisory)) continue;
    problems.error([...path, 'ignore_advisories'], 'names something that is no advisory', {
      expected: '"*" alone, or advisories such as INTEL-SA-00586',
      found: advisory,
    });
  }
  if (tolerate.length === 0 && ignore_advisories.length === 0) return undefined;
  return { attestation: { tolerate, ignore_advisories: ignore_advisories.includes('*') ? '*' : ignore_advisories } };
}
