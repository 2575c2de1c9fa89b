import { equalBytes, fromHex, hex } from '../core/bytes.ts';
import type { SconeError } from '../core/errors.ts';
import type { SgxClaims, TeeClaims } from './claims.ts';
import { decimal, oneOfTexts, problem } from './problem.ts';
import type { Requirement, SgxRequirement } from './requirement.ts';
import { snpProblems } from './snp/identity.ts';
import { tdxProblems } from './tdx/identity.ts';
import type { Tolerance } from './tolerance.ts';

/** Why claims are not what one requirement asks for; empty when they are. */
export function identityProblems(claims: TeeClaims, requirement: Requirement, tolerance: Tolerance): SconeError[] {
  if (claims.tee === 'sim' && 'sim' in requirement) return measurementProblems(claims, requirement.sim.mrenclave);
  if (claims.tee === 'sgx' && 'sgx' in requirement) return sgxProblems(claims, requirement.sgx);
  if (claims.tee === 'tdx' && 'tdx' in requirement) return tdxProblems(claims, requirement.tdx);
  if (claims.tee === 'snp' && 'snp' in requirement) return snpProblems(claims, requirement.snp, tolerance);
  const [name] = Object.keys(requirement);
  return [problem(`Unexpected TEE (${claims.tee}) - Expected ${name ?? 'none'}`)];
}

/** Claims in one line, by what identifies them. */
export function describeClaims(claims: TeeClaims): string {
  if (claims.tee === 'snp') return `snp measurement ${hex(claims.measurement)}`;
  if (claims.tee === 'tdx') return `tdx mrtd ${hex(claims.mrtd)}`;
  return `${claims.tee} mrenclave ${hex(claims.mrenclave)}`;
}

/** A requirement in one line. */
export function describeRequirement(requirement: Requirement): string {
  const any = (list: readonly string[]): string => list.join(' or ') || 'of an empty list';
  if ('sim' in requirement) return `sim mrenclave ${any(requirement.sim.mrenclave)}`;
  if ('tdx' in requirement) return `tdx mrtd ${any(requirement.tdx.mrtd)}`;
  if ('snp' in requirement) return `snp measurement ${any(requirement.snp.measurement)}`;
  if ('mrenclave' in requirement.sgx) return `sgx mrenclave ${any(requirement.sgx.mrenclave)}`;
  const { mrsigner, isvprodid, isvsvn_min } = requirement.sgx;
  return `sgx mrsigner ${mrsigner}, isvprodid ${isvprodid}, isvsvn at least ${isvsvn_min}`;
}

function sgxProblems(claims: SgxClaims, requirement: SgxRequirement): SconeError[] {
  return [
    ...('mrenclave' in requirement
      ? measurementProblems(claims, requirement.mrenclave)
      : signerProblems(claims, requirement)),
    ...oneOfTexts('platform (PPID)', claims.ppid, requirement.ppid),
  ];
}

function measurementProblems(claims: SgxClaims, allowed: readonly string[]): SconeError[] {
  if (allowed.some((text) => equalBytes(fromHex(text, 32, 'MRENCLAVE of a session'), claims.mrenclave))) return [];
  const expected = allowed.length === 0 ? 'nothing: the list is empty' : allowed.join(' or ');
  return [problem(`Unexpected enclave measurement (MRENCLAVE, ${hex(claims.mrenclave)}) - Expected ${expected}`)];
}

function signerProblems(
  claims: SgxClaims,
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
