import { SconeError } from '../core/errors.ts';
import type { IntelTcb, TeeClaims } from './claims.ts';
import { describeClaims, describeRequirement, identityProblems } from './identity.ts';
import { problem } from './problem.ts';
import type { Requirement } from './requirement.ts';
import { type Conditions, conditionsOf } from './tcb-status.ts';
import { strict, type Tolerance, toleranceRules } from './tolerance.ts';

export type { Requirement, SgxRequirement, SnpRequirement, TdxRequirement } from './requirement.ts';

/** Whether claims satisfy one requirement under this tolerance. Says why not through `appraise`. */
export function satisfies(claims: TeeClaims, requirement: Requirement, tolerance: Tolerance = strict): boolean {
  return [...identityProblems(claims, requirement, tolerance), ...platformProblems(claims, tolerance)].length === 0;
}

/**
 * Appraises claims against what a session asks for: any one of the requirements, and a platform that the tolerance
 * allows. Throws `E_ATTESTATION` with everything that is in the way, in the words users of SCONE know, and the exact
 * change that would allow it.
 */
export function appraise(claims: TeeClaims, requirements: readonly Requirement[], tolerance: Tolerance = strict): void {
  const identity = requirements.map((requirement) => identityProblems(claims, requirement, tolerance));
  const untrusted = platformProblems(claims, tolerance);
  const matches = identity.some((problems) => problems.length === 0);
  if (matches && untrusted.length === 0) return;
  const causes = matches ? [] : identityCauses(identity);
  throw new SconeError('E_ATTESTATION', 'The program enclave is not trustworthy', {
    ...(matches
      ? {}
      : { expected: requirements.map(describeRequirement).join(', or ') || 'nothing', found: describeClaims(claims) }),
    causes: [...causes, ...untrusted.map(({ message }) => message)],
    hint: [...new Set([...(matches ? [] : [identityHint(requirements)]), ...untrusted.map(({ hint }) => hint ?? '')])]
      .filter((hint) => hint !== '')
      .join('; '),
    errors: [...(matches ? [] : identity.flat()), ...untrusted],
  });
}

/** What is wrong with the platform, beyond the tolerance; empty when nothing is. */
function platformProblems(claims: TeeClaims, tolerance: Tolerance): SconeError[] {
  const debug = claims.tee === 'snp' ? claims.policy.debug : claims.attributes.debug;
  const problems: SconeError[] = [];
  if (debug && !tolerance.tolerate.includes('debug-mode')) {
    problems.push(
      problem(`The ${nouns[claims.tee]} runs in debug mode: the host can read it`, tolerateHint(['debug-mode'])),
    );
  }
  // The least TCB of an SNP platform is part of each requirement: AMD publishes no status.
  return claims.tee === 'snp' ? problems : [...problems, ...tcbProblems(claims.tcb, tolerance)];
}

const nouns: Record<TeeClaims['tee'], string> = { sgx: 'enclave', sim: 'enclave', tdx: 'TD', snp: 'guest' };

function tcbProblems(tcb: IntelTcb | undefined, tolerance: Tolerance): SconeError[] {
  if (tcb === undefined) {
    if (tolerance.allow?.includes('missing-collateral') === true) return [];
    return [
      problem("The platform's TCB is not known: there was no collateral", 'give the collateral of this platform'),
    ];
  }
  const problems: SconeError[] = [];
  const tolerated = (name: string): boolean => tolerance.tolerate.includes(name);
  const conditions = conditionsOf(tcb.status);
  if (conditions === undefined) {
    problems.push(problem(`The platform is revoked (${tcb.status})`, 'no policy can allow this'));
    return problems;
  }
  for (const condition of Object.keys(conditions) as (keyof Conditions)[]) {
    if (conditions[condition] && !conditionAllowed(condition, tcb.advisories, tolerated)) {
      problems.push(problem(`The platform's TCB status is ${tcb.status}`, tolerateHint([plainRule[condition]])));
    }
  }
  const open = tcb.advisories.filter((id) => !advisoryAllowed(id, tolerance, tolerated));
  if (open.length > 0) {
    problems.push(
      problem(
        `The platform is affected by ${open.join(', ')}`,
        `add \`ignore_advisories: [${open.join(', ')}]\` to the session's \`security.attestation\``,
      ),
    );
  }
  return problems;
}

const plainRule: Record<keyof Conditions, string> = {
  outdated: 'outdated-tcb',
  configuration: 'insecure-configuration',
  hardening: 'software-hardening-needed',
};

/** Advisories that are about configuration and have a shortcut in the table. */
const configurationShortcuts = Object.entries(toleranceRules).filter(([, rule]) => rule.onlyBecauseOfAdvisories);

function conditionAllowed(
  condition: keyof Conditions,
  advisories: readonly string[],
  tolerated: (name: string) => boolean,
): boolean {
  if (tolerated(plainRule[condition])) return true;
  // A shortcut says "because of this and nothing else": one must be the reason, and every other advisory must be one
  // that has nothing to do with configuration.
  const hardening = toleranceRules['software-hardening-needed']?.advisories ?? [];
  const reasons = advisories.filter((id) => !hardening.includes(id));
  return (
    condition === 'configuration' &&
    reasons.length > 0 &&
    reasons.every((id) =>
      configurationShortcuts.some(([name, rule]) => tolerated(name) && rule.advisories.includes(id)),
    )
  );
}

function advisoryAllowed(id: string, tolerance: Tolerance, tolerated: (name: string) => boolean): boolean {
  if (tolerance.ignore_advisories === '*' || tolerance.ignore_advisories.includes(id)) return true;
  return Object.entries(toleranceRules).some(([name, rule]) => tolerated(name) && rule.advisories.includes(id));
}

/** The lines of SCONE: all ways failed, then each way. */
function identityCauses(identity: readonly (readonly SconeError[])[]): string[] {
  const none = 'None of the required enclave properties are met by the enclave';
  if (identity.length === 0) return [none, 'The session lists no enclave: nobody may start'];
  return [
    none,
    ...identity.map(
      (problems, index) =>
        `Error ${index + 1} of ${identity.length}: ${problems.map(({ message }) => message).join('; ')}`,
    ),
  ];
}

function identityHint(requirements: readonly Requirement[]): string {
  return requirements.length === 0
    ? "list an enclave in the service's `attestation`"
    : 'if this image was built on purpose, apply the mesh again so that the session lists its measurement';
}

function tolerateHint(names: readonly string[]): string {
  return `add \`tolerate: [${names.join(', ')}]\` to the session's \`security.attestation\``;
}
