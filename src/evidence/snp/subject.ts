import type { SconeError } from '../../core/errors.ts';
import type { Certificate } from '../../pki/certificate.ts';
import type { FamiliarKeys } from '../../pki/p384/familiar.ts';
import type { Allowance } from '../allowance.ts';
import type { TrustRoots } from '../roots.ts';
import type { SnpCollateral } from './collateral.ts';
import type { SnpProduct } from './product.ts';
import type { SnpReport } from './report.ts';
import type { Vek } from './vek.ts';

/** The chain of an endorsement key, with the outcome of the checks that time does not change. */
export interface VekChain {
  vek: Vek;
  /** Endorsement key, authority, root: as far as they are there. */
  certificates: readonly Certificate[];
  /** The product line whose pinned root the chain leads to; undefined when it leads to none. */
  product: SnpProduct | undefined;
  problem: SconeError | undefined;
  /** Of the revocation list; undefined also when there is none. */
  crlProblem: SconeError | undefined;
}

/** All that the checks look at. */
export interface SnpSubject {
  report: SnpReport;
  chain: VekChain;
  collateral: SnpCollateral;
  /** The verifier's memory of keys. */
  keys: FamiliarKeys;
  roots: TrustRoots;
  allow: readonly Allowance[];
  now: Date;
}
