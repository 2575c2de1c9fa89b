/**
 * `sconectl/verify`: verifies evidence of TEEs and says what it proves. It has no dependency beyond Node, does no input
 * or output, reads no clock and no environment.
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
import { type Collateral, parseCollateral } from './evidence/collateral.ts';
import { productionRoots, type TrustRoots } from './evidence/roots.ts';
import { type Evidence, type Verified, verifyEvidence } from './evidence/verify.ts';

/** What evidence is judged by. */
export interface Options {
  /**
   * The collateral of the platform, parsed once for many quotes, or its JSON form. Absent: taken from the evidence's
   * `aux`. Verified with the evidence, wherever it comes from.
   */
  collateral?: Collateral | string | Uint8Array;
  /** The time at which everything has to be in force. Now, or a time in the past with the collateral of then. */
  now: Date;
  /** Whom to believe: the vendors' pinned keys unless told. */
  roots?: TrustRoots;
}

/**
 * Verifies evidence, the bytes of a quote or report or those with what came beside them: every signature, chain, date
 * and TCB level. That it is evidence of *your* program, `satisfies` says; that it was made for *your* question, only a
 * comparison with `claims.reportData` can say.
 *
 * Throws a `SconeError` of code `E_EVIDENCE`, `E_CHAIN`, `E_COLLATERAL`, `E_TCB` or `E_TEE`, with every check that failed
 * in `errors`, and nothing else whatever the bytes are.
 */
export function verify(
  evidence: Evidence | Uint8Array,
  { collateral, now, roots = productionRoots }: Options,
): Verified {
  const parsed =
    typeof collateral === 'string' || collateral instanceof Uint8Array ? parseCollateral(collateral) : collateral;
  return verifyEvidence(evidence instanceof Uint8Array ? { quote: evidence } : evidence, {
    roots,
    now,
    ...(parsed === undefined ? {} : { collateral: parsed }),
  });
}

export { type ErrorCode, SconeError } from './core/errors.ts';
export { appraise, type Requirement, satisfies } from './evidence/appraise.ts';
export { carriesConfigId, carriesReportData } from './evidence/binding.ts';
export type { Claims } from './evidence/claims.ts';
export { type Collateral, parseBundle, parseCollateral } from './evidence/collateral.ts';
export { productionRoots, type TrustRoots } from './evidence/roots.ts';
export type { Tolerance } from './evidence/tolerance.ts';
export { type Evidence, type Verified, Verifier } from './evidence/verify.ts';
