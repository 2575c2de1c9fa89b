import { equalBytes, fromHex, hex } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import type { Claims } from './claims.ts';
import { type Conditions, conditionsOf } from './tcb-status.ts';
import { strict, type Tolerance, toleranceRules } from './tolerance.ts';

/** What an SGX enclave must be: one of the measurements, or a signer with product and least version (threat model 17). */
export type SgxRequirement =
  | { mrenclave: readonly string[] }
  | {
      /** 64 lower-case hex digits. */
      mrsigner: string;
      /** Decimal, as a session writes it. */
      isvprodid: string;
      /** Decimal; the least ISVSVN that is enough. */
      isvsvn_min: string;
    };

/** One way to satisfy a session's `attestation`; it matches only evidence of the TEE it names. */
export type Requirement = { sim: { mrenclave: readonly string[] } } | { sgx: SgxRequirement };

/** Whether claims satisfy one requirement under this tolerance. Says why not through `appraise`. */
export function satisfies(claims: Claims, requirement: Requirement, tolerance: Tolerance = strict): boolean {
  return [...identityProblems(claims, requirement), ...platformProblems(claims, tolerance)].length === 0;
}

/**
 * Appraises claims against what a session asks for: any one of the requirements, and a platform that the tolerance
 * allows. Throws `E_ATTESTATION` with everything that is in the way, in the words users of SCONE know, and the exact
 * change that would allow it.
 */
export function appraise(claims: Claims, requirements: readonly Requirement[], tolerance: Tolerance = strict): void {
  const identity = requirements.map((requirement) => identityProblems(claims, requirement));
  const untrusted = platformProblems(claims, tolerance);
  const matches = identity.some((problems) => problems.length === 0);
  if (matches && untrusted.length === 0) return;
  const causes = matches ? [] : identityCauses(identity);
  throw new SconeError('E_ATTESTATION', 'The program enclave is not trustworthy', {
    ...(matches ? {} : { expected: describeAll(requirements), found: describe(claims) }),
    causes: [...causes, ...untrusted.map(({ message }) => message)],
    hint: [...new Set([...(matches ? [] : [identityHint(requirements)]), ...untrusted.map(({ hint }) => hint ?? '')])]
      .filter((hint) => hint !== '')
      .join('; '),
    errors: [...(matches ? [] : identity.flat()), ...untrusted],
  });
}

/** Why claims are not what one requirement asks for; empty when they are. */
function identityProblems(claims: Claims, requirement: Requirement): SconeError[] {
  const [name] = Object.keys(requirement);
  if (claims.tee === 'sim') {
    if ('sim' in requirement) return measurementProblems(claims, requirement.sim.mrenclave);
  } else if ('sgx' in requirement) {
    return 'mrenclave' in requirement.sgx
      ? measurementProblems(claims, requirement.sgx.mrenclave)
      : signerProblems(claims, requirement.sgx);
  }
  return [problem(`Unexpected TEE (${claims.tee}) - Expected ${name ?? 'none'}`)];
}

function measurementProblems(claims: Claims, allowed: readonly string[]): SconeError[] {
  // An empty list matches nothing (threat model 10), which `some` gives by itself.
  if (allowed.some((text) => equalBytes(fromHex(text, 32, 'MRENCLAVE of a session'), claims.mrenclave))) return [];
  const expected = allowed.length === 0 ? 'nothing: the list is empty' : allowed.join(' or ');
  return [problem(`Unexpected enclave measurement (MRENCLAVE, ${hex(claims.mrenclave)}) - Expected ${expected}`)];
}

function signerProblems(
  claims: Claims,
  { mrsigner, isvprodid, isvsvn_min }: Extract<SgxRequirement, { mrsigner: string }>,
): SconeError[] {
  const problems: SconeError[] = [];
  if (!equalBytes(fromHex(mrsigner, 32, 'MRSIGNER of a session'), claims.mrsigner)) {
    problems.push(problem(`Unexpected enclave signer (MRSIGNER, ${hex(claims.mrsigner)}) - Expected ${mrsigner}`));
  }
  if (decimal(isvprodid, 'isvprodid') !== claims.isvprodid) {
    problems.push(problem(`Unexpected product id (ISVPRODID, ${claims.isvprodid}) - Expected ${isvprodid}`));
  }
  const least = decimal(isvsvn_min, 'isvsvn_min');
  if (claims.isvsvn < least) {
    problems.push(problem(`Security version too low (ISVSVN, ${claims.isvsvn}) - Expected at least ${least}`));
  }
  return problems;
}

/** What is wrong with the platform, beyond the tolerance; empty when nothing is. */
function platformProblems({ attributes, tcb }: Claims, tolerance: Tolerance): SconeError[] {
  const problems: SconeError[] = [];
  const tolerated = (name: string): boolean => tolerance.tolerate.includes(name);
  if (attributes.debug && !tolerated('debug-mode')) {
    problems.push(problem('The enclave runs in debug mode: the host can read it', tolerateHint(['debug-mode'])));
  }
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

function describe(claims: Claims): string {
  return `${claims.tee} mrenclave ${hex(claims.mrenclave)}`;
}

function describeAll(requirements: readonly Requirement[]): string {
  const one = (requirement: Requirement): string => {
    if ('sim' in requirement) return `sim mrenclave ${requirement.sim.mrenclave.join(' or ')}`;
    if ('mrenclave' in requirement.sgx) return `sgx mrenclave ${requirement.sgx.mrenclave.join(' or ')}`;
    const { mrsigner, isvprodid, isvsvn_min } = requirement.sgx;
    return `sgx mrsigner ${mrsigner}, isvprodid ${isvprodid}, isvsvn at least ${isvsvn_min}`;
  };
  return requirements.length === 0 ? 'nothing' : requirements.map(one).join(', or ');
}

/** Takes anything: a requirement that a type did not guard must not become one without a bound. */
function decimal(text: unknown, what: string): number {
  if (typeof text !== 'string' || !/^(?:0|[1-9]\d{0,4})$/.test(text) || Number(text) > 0xffff) {
    throw new SconeError('E_FORMAT', `${what} of a session is not a number from 0 to 65535`);
  }
  return Number(text);
}

function problem(message: string, hint?: string): SconeError {
  return new SconeError('E_ATTESTATION', message, hint === undefined ? {} : { hint });
}
