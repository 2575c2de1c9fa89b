import { equalBytes, fromHex, hex } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import type { SgxClaims, TeeClaims } from './claims.ts';
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

/** A problem that a policy would have to allow; the hint says how. */
export function problem(message: string, hint?: string): SconeError {
  return new SconeError('E_ATTESTATION', message, hint === undefined ? {} : { hint });
}

/** Demands that a field is one of a list of hex; an empty list matches nothing (threat model 10). */
export function oneOf(what: string, found: Uint8Array, allowed: readonly string[]): SconeError[] {
  if (allowed.some((text) => equalBytes(fromHex(text, found.length, `${what} of a session`), found))) return [];
  const expected = allowed.length === 0 ? 'nothing: the list is empty' : allowed.join(' or ');
  return [problem(`Unexpected ${what} (${hex(found)}) - Expected ${expected}`)];
}

/** Demands that a text is one of a list; what is not known matches nothing. */
export function oneOfTexts(what: string, found: string | undefined, allowed: readonly string[] | undefined) {
  if (allowed === undefined || (found !== undefined && allowed.includes(found))) return [];
  const expected = allowed.length === 0 ? 'nothing: the list is empty' : allowed.join(' or ');
  return [problem(`Unexpected ${what} (${found ?? 'none'}) - Expected ${expected}`)];
}

/** Takes anything: a requirement that a type did not guard must not become one without a bound. */
export function decimal(text: unknown, what: string, most = 0xffff): number {
  if (typeof text !== 'string' || !/^(?:0|[1-9]\d{0,4})$/.test(text) || Number(text) > most) {
    throw new SconeError('E_FORMAT', `${what} of a session is not a number from 0 to ${most}`);
  }
  return Number(text);
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
