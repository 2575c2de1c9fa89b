import { type AnyCollateral, platformsIn, type Supply } from '../collateral/supply.ts';
import { utf8 } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import type { Allowance } from '../evidence/allowance.ts';
import { type CheckName, Refusal } from '../evidence/refusal.ts';
import type { TrustRoots } from '../evidence/roots.ts';
import { type JudgeOptions, type Verdict, verify } from '../evidence/verify.ts';
import { pemChain } from '../pki/pem.ts';
import type { GivenEvidence } from './evidence-input.ts';

export interface Judging {
  supply: Supply;
  roots: TrustRoots;
  allow: readonly Allowance[];
  now: Date;
}

/**
 * Verifies evidence with whichever platform's collateral of a supply fits; without any, with what lies beside the
 * evidence. Throws as `verify` does; where nothing fits, for the collateral of this platform, and of what is left, for that
 * with which the fewest checks failed.
 */
export function judge({ evidence, kind }: GivenEvidence, { supply, roots, allow, now }: Judging): Verdict {
  const snp = kind === 'snp report';
  const platforms = snp ? platformsIn(supply) : supply.platforms;
  const candidates = platforms.filter((one) => 'kind' in one === snp);
  if (candidates.length === 0 && platforms.length > 0) {
    throw new SconeError('E_COLLATERAL', `the collateral is of no platform that makes ${snp ? 'reports' : 'quotes'}`, {
      expected: snp ? 'collateral of an AMD platform' : 'collateral of an Intel platform',
      hint: 'give the collateral of the platform that made the evidence',
    });
  }
  // Loose certificates beside a quote are its PCK chain, which some quotes only name.
  const loose = snp ? [] : supply.certificates;
  const options: JudgeOptions & { roots: TrustRoots } = {
    roots,
    allow,
    now,
    ...(loose.length === 0 ? {} : { pckChain: utf8(pemChain('CERTIFICATE', loose)) }),
  };
  const refusals: SconeError[] = [];
  for (const collateral of candidates.length === 0 ? [undefined] : candidates) {
    try {
      return verify(evidence, collateral === undefined ? options : { ...options, collateral });
    } catch (error) {
      if (!(error instanceof SconeError)) throw error;
      refusals.push(withWay(error, collateral));
    }
  }
  const [best] = refusals.toSorted(
    (a, b) => Number(isOfAnother(a)) - Number(isOfAnother(b)) || a.errors.length - b.errors.length,
  );
  throw best ?? new SconeError('E_INTERNAL', 'evidence was neither accepted nor refused');
}

/** The checks that say of a document that it is about another platform; much of it is then not judged. */
const ofAnother: readonly CheckName[] = ['tcb-info-kind', 'tcb-info-platform', 'qe-identity-kind'];

function isOfAnother({ errors }: SconeError): boolean {
  return errors.some((one) => one instanceof Refusal && ofAnother.includes(one.check));
}

/** Where there is no collateral at all, how to get it is more use than what it is. */
function withWay(error: SconeError, collateral: AnyCollateral | undefined): SconeError {
  if (error.code !== 'E_COLLATERAL' || collateral !== undefined || error.errors.length > 0) return error;
  const { expected } = error;
  return new SconeError(error.code, error.message, {
    ...(expected === undefined ? {} : { expected }),
    hint: 'fetch it with `sconectl collateral fetch <evidence> --file bundle.json`, then add `--collateral bundle.json`',
  });
}
