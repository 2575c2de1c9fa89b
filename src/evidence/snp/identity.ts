import { SconeError } from '../../core/errors.ts';
import type { SnpClaims } from '../claims.ts';
import { decimal, oneOf, oneOfTexts, problem } from '../problem.ts';
import type { SnpPolicyRequirement, SnpRequirement } from '../requirement.ts';
import type { Tolerance } from '../tolerance.ts';
import type { SnpPolicy } from './policy.ts';
import { reaches, type SnpTcb, tcbText } from './tcb-version.ts';

/** Why an SNP guest is not what a requirement asks for; empty when it is. */
export function snpProblems(claims: SnpClaims, requirement: SnpRequirement, tolerance: Tolerance): SconeError[] {
  demandKnownPolicy(requirement.policy);
  return [
    ...oneOf('launch digest (MEASUREMENT)', claims.measurement, requirement.measurement),
    ...tcbProblems(claims, requirement),
    ...forbiddenProblems(claims.policy, requirement.policy, tolerance),
    ...requiredProblems(claims.policy, requirement.policy),
    ...abiProblems(claims.policy, requirement.policy),
    ...keyProblems('ID key digest (ID_KEY_DIGEST)', claims.idKeyDigest, requirement.id_key_digest),
    ...keyProblems('author key digest (AUTHOR_KEY_DIGEST)', claims.authorKeyDigest, requirement.author_key_digest),
    ...oneOfTexts('chip (CHIP_ID)', claims.chipId, requirement.chip_id),
    ...oneOfTexts('cloud provider (cspID)', claims.cspId, requirement.csp_id),
  ];
}

/** What each member of a policy may say. A misspelt demand must not be none (threat model 48). */
const policyWords: Record<Exclude<keyof SnpPolicyRequirement, 'abi_min'>, 'allowed' | 'required'> = {
  smt: 'allowed',
  migrate_ma: 'allowed',
  cxl: 'allowed',
  single_socket: 'required',
  mem_aes_256_xts: 'required',
  rapl_dis: 'required',
  ciphertext_hiding: 'required',
  page_swap_disable: 'required',
};

function demandKnownPolicy(policy: SnpPolicyRequirement): void {
  const words: Readonly<Record<string, string>> = policyWords;
  for (const [name, value] of Object.entries(policy ?? { policy: 'missing' })) {
    if (name === 'abi_min' || (Object.hasOwn(words, name) && words[name] === value)) continue;
    throw new SconeError('E_FORMAT', `the policy of an SNP requirement has a member that is not known: ${name}`, {
      expected: Object.entries(policyWords)
        .map(([known, word]) => `${known}: ${word}`)
        .join(', '),
      found: String(value),
    });
  }
}

/** Reported for the key, committed against a downgrade, launch for what the guest was started under (threat model 20). */
function tcbProblems({ tcb }: SnpClaims, { min_tcb }: SnpRequirement): SconeError[] {
  const level = (part: keyof SnpTcb): number => decimal(min_tcb[part], `min_tcb.${part}`, 0xff);
  const least: SnpTcb = {
    fmc: min_tcb.fmc === undefined ? 0 : level('fmc'),
    bootloader: level('bootloader'),
    tee: level('tee'),
    snp: level('snp'),
    microcode: level('microcode'),
  };
  return (['reported', 'committed', 'launch'] as const)
    .filter((which) => !reaches(tcb[which], least))
    .map((which) =>
      problem(`The ${which} TCB is too low (${tcbText(tcb[which])}) - Expected each at least ${tcbText(least)}`),
    );
}

function forbiddenProblems(policy: SnpPolicy, required: SnpPolicyRequirement, { tolerate }: Tolerance): SconeError[] {
  const problems: SconeError[] = [];
  if (policy.smt && required.smt !== 'allowed' && !tolerate.includes('hyperthreading')) {
    const hint =
      "add `policy: {smt: allowed}` to the session's `snp`, or `tolerate: [hyperthreading]` to its `security.attestation`";
    problems.push(problem('The guest may run beside another one on a core (policy bit SMT)', hint));
  }
  for (const [name, present, why] of [
    ['migrate_ma', policy.migrateMa, 'A migration agent may read the guest (policy bit MIGRATE_MA)'],
    ['cxl', policy.cxlAllowed, 'CXL devices may hold memory of the guest (policy bit CXL_ALLOW)'],
  ] as const) {
    if (present && required[name] !== 'allowed') {
      problems.push(problem(why, `add \`policy: {${name}: allowed}\` to the session's \`snp\``));
    }
  }
  return problems;
}

function requiredProblems(policy: SnpPolicy, required: SnpPolicyRequirement): SconeError[] {
  const present = {
    single_socket: policy.singleSocket,
    mem_aes_256_xts: policy.memAes256Xts,
    rapl_dis: policy.raplDisabled,
    ciphertext_hiding: policy.ciphertextHiding,
    page_swap_disable: policy.pageSwapDisabled,
  };
  return (Object.keys(present) as (keyof typeof present)[])
    .filter((name) => required[name] === 'required' && !present[name])
    .map((name) => problem(`The guest policy does not demand ${name.toUpperCase()}, and the session does`));
}

function abiProblems({ abiMajor, abiMinor }: SnpPolicy, { abi_min }: SnpPolicyRequirement): SconeError[] {
  if (abi_min === undefined) return [];
  const match = /^(\d{1,3})\.(\d{1,3})$/.exec(abi_min);
  if (match === null) throw new SconeError('E_FORMAT', 'policy.abi_min of a session is not `major.minor`');
  const [major, minor] = match.slice(1).map(Number) as [number, number];
  if (abiMajor > major || (abiMajor === major && abiMinor >= minor)) return [];
  return [problem(`The guest policy allows firmware of ABI ${abiMajor}.${abiMinor} - Expected at least ${abi_min}`)];
}

/** No digest is no signature: it never matches, whatever the list holds (threat model 24). */
function keyProblems(
  what: string,
  found: Uint8Array | undefined,
  allowed: readonly string[] | undefined,
): SconeError[] {
  if (allowed === undefined) return [];
  return found === undefined ? [problem(`No ${what}: the guest has none`)] : oneOf(what, found, allowed);
}
