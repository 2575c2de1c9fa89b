import { hex } from '../core/bytes.ts';
import { sha256 } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import type { Certificate } from '../pki/certificate.ts';
import { chainExpiry } from '../pki/chain.ts';
import { FamiliarKeys } from '../pki/p384/familiar.ts';
import type { Allowance } from './allowance.ts';
import type { Claims, TeeClaims } from './claims.ts';
import { type Collateral, collateralExpiry, newestIssueDate, parseCollateral } from './collateral.ts';
import { Refusal, refusalOf } from './refusal.ts';
import { productionRoots, type TrustRoots } from './roots.ts';
import { AttestationKeys } from './sgx/attestation-key.ts';
import { collateralProblems, readPckChain } from './sgx/chains.ts';
import { checksInOrder, checksWithoutCollateral } from './sgx/checks.ts';
import { intelTcb, sgxClaims } from './sgx/claims.ts';
import { parseQuote, quoteVersion, type SgxQuote } from './sgx/quote.ts';
import type { CollateralProblems, PckChain, QuoteSubject, Subject } from './sgx/subject.ts';
import { readVekChain } from './snp/chain.ts';
import { snpChecksInOrder } from './snp/checks.ts';
import { snpClaims } from './snp/claims.ts';
import { parseSnpCollateral, type SnpCollateral } from './snp/collateral.ts';
import { looksLikeSnpReport, parseSnpReport, type SigningKey } from './snp/report.ts';
import type { VekChain } from './snp/subject.ts';
import { tdxClaims } from './tdx/claims.ts';
import { parseQuote4, type TdxQuote } from './tdx/quote.ts';

/** Evidence as a TEE makes it. */
export interface Evidence {
  /** The sender's word; where given, it must be what the evidence turns out to be (review M6). */
  tee?: string;
  /** A quote (SGX, TDX, sim) or an attestation report (SNP). */
  quote: Uint8Array;
  /**
   * Collateral in its JSON form, or for SNP also certificates as PEM or DER, from whoever sends the evidence. Untrusted
   * like the quote.
   */
  aux?: Uint8Array;
}

/** Evidence of SGX or the simulation that passed every check. */
export interface Verified {
  tee: Claims['tee'];
  claims: Claims;
  /** The collateral that was used. */
  collateral: Collateral;
  /** No clock that is earlier than this can be right. */
  newestIssueDate: Date;
  /** The first moment at which a certificate or document that was used expires. */
  expires: Date;
}

/** Evidence of any TEE that passed every check that could be made; what could not be made is told. */
export interface Verdict {
  tee: TeeClaims['tee'];
  claims: TeeClaims;
  /** `missing` only where `missing-collateral` was allowed. */
  collateral: 'verified' | 'missing';
  /** `unchecked` only where that was allowed. */
  revocation: 'checked' | 'unchecked';
  /** No clock that is earlier than this can be right. */
  newestIssueDate: Date;
  /** The first moment at which a certificate or document that was used expires. */
  expires: Date;
}

export interface VerifyOptions {
  roots: TrustRoots;
  /** Absent: taken from the evidence's `aux`. */
  collateral?: Collateral;
  now: Date;
}

export interface JudgeOptions {
  /** Absent: taken from the evidence's `aux`. */
  collateral?: Collateral | SnpCollateral;
  /** For quotes with certification data of type 3: the PCK certificate chain as PEM text, leaf first. */
  pckChain?: Uint8Array;
  /** What may be missing; nothing unless told. */
  allow?: readonly Allowance[];
  now: Date;
}

/** What a quote says about its platform, before anything is verified: only for choosing collateral. */
export interface PlatformHint {
  tee: 'sgx' | 'tdx';
  /** 12 lower-case hex digits. */
  fmspc: string;
  /** 4 lower-case hex digits. */
  pceid: string;
}

/** PCK chains a verifier remembers; each is about 10 KB, and a CAS sees as many as it has kinds of hosts. */
const rememberedChains = 512;

/**
 * Verifies evidence under fixed roots and remembers what time does not change: which PCK chains lead to the root, which
 * attestation keys they certify, which collateral is properly signed, and multiples of the SNP keys it sees often. Dates
 * are compared with `now` at every call. No I/O.
 */
export class Verifier {
  readonly #roots: TrustRoots;
  readonly #chains = new Map<string, PckChain>();
  readonly #attestationKeys = new AttestationKeys();
  readonly #problems = new WeakMap<Collateral, CollateralProblems>();
  readonly #checked = new WeakMap<Certificate, Certificate>();
  readonly #veks = new WeakMap<SnpCollateral, Map<SigningKey, VekChain>>();
  readonly #vekKeys = new FamiliarKeys();

  constructor(roots: TrustRoots) {
    this.#roots = roots;
  }

  /**
   * Verifies evidence of SGX, or of the simulation under its root. Throws `E_EVIDENCE`, `E_CHAIN`, `E_COLLATERAL`,
   * `E_TCB` or `E_TEE` with every failed check in `errors`.
   */
  verify(evidence: Evidence, collateral: Collateral, now: Date): Verified {
    const quote = parse(evidence.quote);
    if (quote.tee !== 'SGX') throw refusalOf([otherTee('sgx', 'tdx')]);
    const pck = this.#chainOf(quote, pckChainOf(quote, collateral, undefined), collateral);
    const subject = { ...this.#quoteSubject(quote, pck, now), ...this.#collateralOf(collateral) };
    const tee = this.#sgxTee();
    refuseFailed([...checksInOrder.map((check) => check(subject)), claimedTee(evidence, tee)]);
    return { tee, claims: sgxClaims(tee, subject), collateral, ...validityOf(subject) };
  }

  /**
   * Verifies evidence of any TEE. Throws `E_EVIDENCE`, `E_CHAIN`, `E_COLLATERAL`, `E_TCB` or `E_TEE` with every failed
   * check in `errors`. Whether the claims are the wanted ones is another question: `appraise`.
   */
  judge(evidence: Evidence, options: JudgeOptions): Verdict {
    if (looksLikeSnpReport(evidence.quote)) return this.#judgeSnp(evidence, options);
    const quote = parse(evidence.quote);
    const collateral = intelCollateral(evidence, options);
    if (quote.tee === 'TDX') return this.#judgeTdx(evidence, quote, collateral, options);
    if (collateral === undefined) throw noCollateral();
    const pck = this.#chainOf(quote, pckChainOf(quote, collateral, options.pckChain), collateral);
    const subject = { ...this.#quoteSubject(quote, pck, options.now), ...this.#collateralOf(collateral) };
    const tee = this.#sgxTee();
    refuseFailed([...checksInOrder.map((check) => check(subject)), claimedTee(evidence, tee)]);
    return { tee, claims: sgxClaims(tee, subject), ...complete, ...validityOf(subject) };
  }

  #judgeTdx(evidence: Evidence, quote: TdxQuote, collateral: Collateral | undefined, options: JudgeOptions): Verdict {
    const pck = this.#chainOf(quote, pckChainOf(quote, collateral, options.pckChain), collateral);
    const bare = this.#quoteSubject(quote, pck, options.now);
    const ending = [this.#onlySgx('tdx'), claimedTee(evidence, 'tdx')];
    if (collateral !== undefined) {
      const subject = { ...bare, ...this.#collateralOf(collateral) };
      refuseFailed([...checksInOrder.map((check) => check(subject)), ...ending]);
      return { tee: 'tdx', claims: tdxClaims(bare, intelTcb(subject)), ...complete, ...validityOf(subject) };
    }
    const allowed = options.allow?.includes('missing-collateral') === true;
    const missing = allowed ? undefined : new Refusal('collateral-missing', 'collateral: missing');
    refuseFailed([...checksWithoutCollateral.map((check) => check(bare)), missing, ...ending]);
    return {
      tee: 'tdx',
      claims: tdxClaims(bare, undefined),
      collateral: 'missing',
      revocation: 'unchecked',
      newestIssueDate: latestStart(pck.certificates),
      expires: chainExpiry(pck.certificates),
    };
  }

  #judgeSnp(evidence: Evidence, { collateral: given, allow = [], now }: JudgeOptions): Verdict {
    const report = parseSnpReport(evidence.quote);
    const collateral = given ?? (evidence.aux === undefined ? undefined : parseSnpCollateral(evidence.aux));
    if (collateral === undefined || !('kind' in collateral)) throw noCollateral('the certificates of AMD');
    const chain = this.#vekChainOf(collateral, report.signingKey);
    const subject = { report, chain, collateral, keys: this.#vekKeys, roots: this.#roots, allow, now };
    const checks = snpChecksInOrder.map((check) => check(subject));
    refuseFailed([...checks, this.#onlySgx('snp'), claimedTee(evidence, 'snp')]);
    const { crl } = collateral;
    const dates = [chainExpiry(chain.certificates), ...(crl === undefined ? [] : [crl.nextUpdate])];
    const starts = [latestStart(chain.certificates), ...(crl === undefined ? [] : [crl.thisUpdate])];
    return {
      tee: 'snp',
      claims: snpClaims(subject),
      collateral: 'verified',
      revocation: crl === undefined ? 'unchecked' : 'checked',
      newestIssueDate: new Date(Math.max(...starts.map((date) => date.getTime()))),
      expires: new Date(Math.min(...dates.map((date) => date.getTime()))),
    };
  }

  #quoteSubject<Quote extends SgxQuote | TdxQuote>(quote: Quote, pck: PckChain, now: Date): QuoteSubject<Quote> {
    return { quote, pck, attestationKey: this.#attestationKeys.read(quote, pck), roots: this.#roots, now };
  }

  #sgxTee(): 'sgx' | 'sim' {
    return this.#roots.mode === 'simulation' ? 'sim' : 'sgx';
  }

  /** The simulated platform is of the shape of SGX; nothing else may pass under its root (threat model 47). */
  #onlySgx(found: 'tdx' | 'snp'): Refusal | undefined {
    return this.#roots.mode === 'simulation' ? otherTee('sim', found) : undefined;
  }

  #collateralOf(collateral: Collateral): Pick<Subject, 'collateral' | 'problems'> {
    const problems = this.#problems.get(collateral) ?? collateralProblems(collateral, this.#roots, this.#checked);
    this.#problems.set(collateral, problems);
    return { collateral, problems };
  }

  #chainOf({ certificationType }: SgxQuote | TdxQuote, text: Uint8Array, collateral: Collateral | undefined): PckChain {
    const digest = `${certificationType} ${hex(sha256(text))}`;
    const known = this.#chains.get(digest);
    if (known !== undefined) return known;
    const parsed = collateral?.pckCrlIssuerChain ?? [];
    const chain = readPckChain(text, this.#roots, { parsed, checked: this.#checked });
    // Chains that lead nowhere cost an attacker nothing to make, so they push no other out.
    if (chain.problem === undefined) {
      const oldest = this.#chains.keys().next();
      if (this.#chains.size >= rememberedChains && oldest.done !== true) this.#chains.delete(oldest.value);
      this.#chains.set(digest, chain);
    }
    return chain;
  }

  #vekChainOf(collateral: SnpCollateral, key: SigningKey): VekChain {
    const known = this.#veks.get(collateral) ?? new Map<SigningKey, VekChain>();
    const chain = known.get(key) ?? readVekChain(collateral, key, this.#roots);
    this.#veks.set(collateral, known.set(key, chain));
    return chain;
  }
}

/** Verifies evidence of SGX or the simulation; who verifies many keeps a `Verifier`. Throws as it does. */
export function verifyEvidence(evidence: Evidence, options: VerifyOptions): Verified {
  const verifier = new Verifier(options.roots);
  return verifier.verify(evidence, options.collateral ?? suppliedCollateral(evidence), options.now);
}

/**
 * Verifies evidence of any TEE under the vendors' roots, or those given. Who verifies many keeps a `Verifier`. Throws as
 * `Verifier.judge` does.
 */
export function verify(evidence: Evidence, options: JudgeOptions & { roots?: TrustRoots }): Verdict {
  return new Verifier(options.roots ?? productionRoots).judge(evidence, options);
}

/** The collateral that came with evidence as `aux`. Throws `E_COLLATERAL` when there is none. */
export function suppliedCollateral(evidence: Evidence): Collateral {
  if (evidence.aux === undefined) throw noCollateral();
  return parseCollateral(evidence.aux);
}

/** Which platform a quote says it is from; nothing is verified. Throws as `Verifier.verify` does. */
export function platformHint(evidence: Evidence, roots: TrustRoots): PlatformHint {
  const quote = parse(evidence.quote);
  const { fmspc, pceid } = readPckChain(pckChainOf(quote, undefined, undefined), roots).platform;
  return { tee: quote.tee === 'TDX' ? 'tdx' : 'sgx', fmspc, pceid };
}

const complete = { collateral: 'verified', revocation: 'checked' } as const;

/** One parser per structure, chosen by the structure itself. */
function parse(quote: Uint8Array): SgxQuote | TdxQuote {
  const version = quoteVersion(quote);
  if (version === 3) return parseQuote(quote);
  if (version === 4 || version === 5) return parseQuote4(quote);
  throw new SconeError('E_EVIDENCE', 'the evidence is not a quote of a known version', {
    expected: 'version 3, 4 or 5',
    found: version === undefined ? 'fewer than two bytes' : String(version),
  });
}

/** The PCK chain is in the quote, or (type 3) comes from the caller or with the collateral (threat model 12). */
function pckChainOf(
  quote: SgxQuote | TdxQuote,
  collateral: Collateral | undefined,
  given: Uint8Array | undefined,
): Uint8Array {
  const chain = quote.certificationType === 5 ? quote.certificationData : (given ?? collateral?.pckChain);
  if (chain !== undefined) return chain;
  throw new SconeError(
    'E_COLLATERAL',
    'the quote names its PCK (certification data of type 3), and no chain was given',
    {
      expected: 'the PCK certificate chain of this platform',
      hint: 'give the PCK certificate chain (`pck_certificate_chain` of the collateral)',
    },
  );
}

function intelCollateral({ aux }: Evidence, { collateral }: JudgeOptions): Collateral | undefined {
  const found = collateral ?? (aux === undefined ? undefined : parseCollateral(aux));
  if (found === undefined || !('kind' in found)) return found;
  throw new SconeError('E_COLLATERAL', 'the collateral is of an AMD platform, the evidence of an Intel one', {
    hint: 'give the collateral of this platform',
  });
}

function noCollateral(expected = 'TCB Info, QE Identity and CRLs'): SconeError {
  return new SconeError('E_COLLATERAL', 'there is no collateral for this evidence', {
    expected: `${expected}, given or beside the evidence`,
    hint: 'give the collateral of this platform',
  });
}

function validityOf({ pck, collateral }: Subject): Pick<Verified, 'newestIssueDate' | 'expires'> {
  const certificates = [
    ...pck.certificates,
    ...collateral.pckCrlIssuerChain,
    ...collateral.tcbInfo.chain,
    ...collateral.qeIdentity.chain,
  ];
  return {
    newestIssueDate: newestIssueDate(collateral),
    expires: new Date(Math.min(chainExpiry(certificates).getTime(), collateralExpiry(collateral).getTime())),
  };
}

function latestStart(certificates: PckChain['certificates']): Date {
  return new Date(Math.max(...certificates.map(({ notBefore }) => notBefore.getTime())));
}

function refuseFailed(outcomes: readonly (Refusal | undefined)[]): void {
  const [first, ...others] = outcomes.filter((refusal) => refusal !== undefined);
  if (first !== undefined) throw refusalOf([first, ...others]);
}

function claimedTee(evidence: Evidence, found: string): Refusal | undefined {
  if (evidence.tee === undefined || evidence.tee === found) return undefined;
  return new Refusal('tee', 'the evidence is of another TEE than its sender says', {
    expected: evidence.tee.slice(0, 16),
    found,
  });
}

function otherTee(expected: string, found: string): Refusal {
  return new Refusal('tee', 'the evidence is of a TEE that is not accepted here', { expected, found });
}
