import type { SconeError } from '../../core/errors.ts';
import type { Certificate } from '../../pki/certificate.ts';
import type { Collateral } from '../collateral.ts';
import type { TrustRoots } from '../roots.ts';
import type { TdxQuote } from '../tdx/quote.ts';
import type { AttestationKey } from './attestation-key.ts';
import type { PckPlatform } from './pck.ts';
import type { SgxQuote } from './quote.ts';

/** A PCK certificate chain with the outcome of the checks that time does not change. */
export interface PckChain {
  certificates: readonly Certificate[];
  platform: PckPlatform;
  /** What `verifyChain` threw, if it did. */
  problem: SconeError | undefined;
}

/** Signatures and chains of collateral, checked once: what each check threw, if it did. */
export interface CollateralProblems {
  crlChain: SconeError | undefined;
  pckCrl: SconeError | undefined;
  rootCrl: SconeError | undefined;
  tcbInfoChain: SconeError | undefined;
  tcbInfoSignature: SconeError | undefined;
  qeIdentityChain: SconeError | undefined;
  qeIdentitySignature: SconeError | undefined;
}

/** What the checks without collateral look at. */
export interface QuoteSubject<Quote extends SgxQuote | TdxQuote = SgxQuote | TdxQuote> {
  quote: Quote;
  pck: PckChain;
  attestationKey: AttestationKey;
  roots: TrustRoots;
  now: Date;
}

/** All that the checks look at. */
export interface Subject<Quote extends SgxQuote | TdxQuote = SgxQuote | TdxQuote> extends QuoteSubject<Quote> {
  collateral: Collateral;
  problems: CollateralProblems;
}
