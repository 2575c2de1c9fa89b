import { hex } from '../core/bytes.ts';
import { sha256 } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { chainExpiry } from '../pki/chain.ts';
import type { Claims } from './claims.ts';
import { type Collateral, collateralExpiry, newestIssueDate, parseCollateral } from './collateral.ts';
import { Refusal, refusalOf } from './refusal.ts';
import type { TrustRoots } from './roots.ts';
import { collateralProblems, readPckChain } from './sgx/chains.ts';
import { checksInOrder } from './sgx/checks.ts';
import { sgxClaims } from './sgx/claims.ts';
import { parseQuote, quoteVersion, type SgxQuote } from './sgx/quote.ts';
import type { CollateralProblems, PckChain } from './sgx/subject.ts';

/** Evidence as a TEE makes it. */
export interface Evidence {
  /** The sender's word; where given, it must be what the evidence turns out to be (review M6). */
  tee?: string;
  quote: Uint8Array;
  /** For SGX and sim: collateral in its JSON form, from whoever sends the evidence. Untrusted like the quote. */
  aux?: Uint8Array;
}

/** Evidence that passed every check. */
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

export interface VerifyOptions {
  roots: TrustRoots;
  /** Absent: taken from the evidence's `aux`. */
  collateral?: Collateral;
  now: Date;
}

/** What a quote says about its platform, before anything is verified: only for choosing collateral. */
export interface PlatformHint {
  /** 12 lower-case hex digits. */
  fmspc: string;
  /** 4 lower-case hex digits. */
  pceid: string;
}

/** PCK chains a verifier remembers; each is about 10 KB, and a CAS sees as many as it has kinds of hosts. */
const rememberedChains = 512;

/**
 * Verifies evidence under fixed roots and remembers what time does not change: which PCK chains lead to the root, and
 * which collateral is properly signed. Dates are compared with `now` at every call. No I/O.
 */
export class Verifier {
  readonly #roots: TrustRoots;
  readonly #chains = new Map<string, PckChain>();
  readonly #problems = new WeakMap<Collateral, CollateralProblems>();

  constructor(roots: TrustRoots) {
    this.#roots = roots;
  }

  /** Throws `E_EVIDENCE`, `E_CHAIN`, `E_COLLATERAL`, `E_TCB` or `E_TEE` with every failed check in `errors`. */
  verify(evidence: Evidence, collateral: Collateral, now: Date): Verified {
    const quote = parse(evidence.quote);
    const pck = this.#chainOf(quote);
    const subject = { quote, pck, collateral, problems: this.#problemsOf(collateral), roots: this.#roots, now };
    const tee = this.#roots.mode === 'simulation' ? 'sim' : 'sgx';
    const [first, ...others] = [...checksInOrder.map((check) => check(subject)), claimedTee(evidence, tee)].filter(
      (refusal) => refusal !== undefined,
    );
    if (first !== undefined) throw refusalOf([first, ...others]);
    const certificates = [
      ...pck.certificates,
      ...collateral.pckCrlIssuerChain,
      ...collateral.tcbInfo.chain,
      ...collateral.qeIdentity.chain,
    ];
    return {
      tee,
      claims: sgxClaims(tee, subject),
      collateral,
      newestIssueDate: newestIssueDate(collateral),
      expires: new Date(Math.min(chainExpiry(certificates).getTime(), collateralExpiry(collateral).getTime())),
    };
  }

  #chainOf(quote: SgxQuote): PckChain {
    const digest = hex(sha256(quote.certificationData));
    const known = this.#chains.get(digest);
    if (known !== undefined) return known;
    const chain = readPckChain(quote.certificationData, this.#roots);
    // Chains that lead nowhere cost an attacker nothing to make, so they push no other out.
    if (chain.problem === undefined) {
      const oldest = this.#chains.keys().next();
      if (this.#chains.size >= rememberedChains && oldest.done !== true) this.#chains.delete(oldest.value);
      this.#chains.set(digest, chain);
    }
    return chain;
  }

  #problemsOf(collateral: Collateral): CollateralProblems {
    const known = this.#problems.get(collateral) ?? collateralProblems(collateral, this.#roots);
    this.#problems.set(collateral, known);
    return known;
  }
}

/** Verifies one piece of evidence; who verifies many keeps a `Verifier`. Throws as it does. */
export function verifyEvidence(evidence: Evidence, options: VerifyOptions): Verified {
  const verifier = new Verifier(options.roots);
  return verifier.verify(evidence, options.collateral ?? suppliedCollateral(evidence), options.now);
}

/** The collateral that came with evidence as `aux`. Throws `E_COLLATERAL` when there is none. */
export function suppliedCollateral(evidence: Evidence): Collateral {
  if (evidence.aux === undefined) {
    throw new SconeError('E_COLLATERAL', 'there is no collateral for this evidence', {
      expected: 'TCB Info, QE Identity and CRLs, given or beside the evidence',
      hint: 'give the collateral of this platform',
    });
  }
  return parseCollateral(evidence.aux);
}

/** Which platform a quote says it is from; nothing is verified. Throws as `Verifier.verify` does. */
export function platformHint(evidence: Evidence, roots: TrustRoots): PlatformHint {
  const { fmspc, pceid } = readPckChain(parse(evidence.quote).certificationData, roots).platform;
  return { fmspc, pceid };
}

/** One parser per structure, chosen by the structure itself. */
function parse(quote: Uint8Array): SgxQuote {
  const version = quoteVersion(quote);
  if (version === 3) return parseQuote(quote);
  if (version === 4 || version === 5) {
    throw new SconeError('E_NOT_YET', `quotes of version ${version} (TDX) are not verified yet`, {
      expected: 'version 3',
      found: String(version),
    });
  }
  throw new SconeError('E_EVIDENCE', 'the evidence is not a quote of a known version', {
    expected: 'version 3',
    found: version === undefined ? 'fewer than two bytes' : String(version),
  });
}

function claimedTee(evidence: Evidence, found: string): Refusal | undefined {
  if (evidence.tee === undefined || evidence.tee === found) return undefined;
  return new Refusal('tee', 'the evidence is of another TEE than its sender says', {
    expected: evidence.tee.slice(0, 16),
    found,
  });
}
