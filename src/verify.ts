/**
 * `sconectl/verify`: verifies evidence of SGX, TDX and SEV-SNP and says what it proves. It has no dependency beyond Node,
 * does no input or output, reads no clock and no environment.
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { satisfies, verify } from 'sconectl/verify';
 *
 * const { claims } = verify(readFileSync('quote.bin'), {
 *   collateral: readFileSync('collateral.json'),
 *   now: new Date(),
 * });
 * if (!satisfies(claims, { sgx: { mrenclave: ['5c…'] } })) throw new Error('another program');
 * ```
 *
 * @module
 */
import { type AnyCollateral, parseSupply, platformsIn } from './collateral/supply.ts';
import { utf8 } from './core/bytes.ts';
import { SconeError } from './core/errors.ts';
import type { TrustRoots } from './evidence/roots.ts';
import { type Evidence, type JudgeOptions, type Verdict, verify as verifyParsed } from './evidence/verify.ts';

/** What evidence is judged by. */
export interface Options extends Omit<JudgeOptions, 'collateral'> {
  /**
   * The collateral of the platform, parsed once for many quotes, or as `parseCollateral` takes it. Absent: taken from the
   * evidence's `aux`. Verified with the evidence, wherever it comes from.
   */
  collateral?: AnyCollateral | string | Uint8Array;
  /** Whom to believe: the vendors' pinned keys unless told. */
  roots?: TrustRoots;
}

/**
 * Verifies evidence, the bytes of a quote or report or those with what came beside them: every signature, chain, date
 * and TCB level at the time `now`. That it is evidence of *your* program on a platform that is good enough, `satisfies`
 * says; that it was made for *your* question, only a comparison with `claims.reportData` can say.
 *
 * Throws a `SconeError` of code `E_EVIDENCE`, `E_CHAIN`, `E_COLLATERAL`, `E_TCB` or `E_TEE`, with every check that failed
 * in `errors`, and nothing else whatever the bytes are.
 */
export function verify(evidence: Evidence | Uint8Array, { collateral, ...options }: Options): Verdict {
  const parsed =
    typeof collateral === 'string' || collateral instanceof Uint8Array ? parseCollateral(collateral) : collateral;
  return verifyParsed(evidence instanceof Uint8Array ? { quote: evidence } : evidence, {
    ...options,
    ...(parsed === undefined ? {} : { collateral: parsed }),
  });
}

/**
 * Parses the collateral of one platform: its JSON form, a bundle of one, or certificates of AMD as PEM or DER. A verifier
 * of many quotes keeps the result: what was checked of it is remembered with the object. Throws `E_COLLATERAL`.
 */
export function parseCollateral(input: string | Uint8Array): AnyCollateral {
  const [only, ...others] = parseBundle(input);
  if (only !== undefined && others.length === 0) return only;
  throw new SconeError('E_COLLATERAL', 'the collateral is not of exactly one platform', {
    expected: '1 platform',
    found: `${only === undefined ? 0 : others.length + 1} platforms`,
    hint: 'take the one that made the evidence out of what parseBundle gives',
  });
}

/** Parses a bundle of several platforms, or anything `parseCollateral` takes. Throws `E_COLLATERAL`. */
export function parseBundle(input: string | Uint8Array): AnyCollateral[] {
  return platformsIn(parseSupply(typeof input === 'string' ? utf8(input) : input, 'collateral'));
}

export type { AnyCollateral } from './collateral/supply.ts';
export { type ErrorCode, SconeError } from './core/errors.ts';
export type { Allowance } from './evidence/allowance.ts';
export { appraise, type Requirement, satisfies } from './evidence/appraise.ts';
export { carriesInitData, carriesReportData } from './evidence/binding.ts';
export type { SgxClaims, SnpClaims, TdxClaims, TeeClaims } from './evidence/claims.ts';
export { type CheckName, Refusal } from './evidence/refusal.ts';
export { productionRoots, type TrustRoots } from './evidence/roots.ts';
export type { Tolerance } from './evidence/tolerance.ts';
export { type Evidence, type Verdict, Verifier } from './evidence/verify.ts';
