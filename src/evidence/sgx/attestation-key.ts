import { lpSequence } from '../../core/bytes.ts';
import { sha256Hex } from '../../core/digest.ts';
import type { SconeError } from '../../core/errors.ts';
import { type PublicKey, p256KeyOfPoint, verifyP256 } from '../../pki/algorithm.ts';
import { problemOf } from '../refusal.ts';
import type { EcdsaQuote } from './quote.ts';
import type { PckChain } from './subject.ts';

/** The key that signed a quote, with the outcome of the checks of it that time does not change. */
export interface AttestationKey {
  /** Absent where the quote holds no point of the curve; `problem` says so. */
  key: PublicKey | undefined;
  problem: SconeError | undefined;
  /** Whether the platform's PCK signed the quoting enclave's report. What that says of the key is another check. */
  reportSigned: boolean;
}

type Certified = Pick<EcdsaQuote, 'attestationKey' | 'qeReport' | 'qeReportSignature'>;

/** Keys that are remembered; a platform has one, for all its quotes. */
const rememberedKeys = 512;

/**
 * Reads attestation keys and remembers the good ones. A quoting enclave keeps its key, and shows the same report about
 * it with every quote (Intel SGX ECDSA QuoteLibReference DCAP API, A.4, "QE Report"), so that this part of the work is
 * the same for all services of a machine. What is remembered is a function of exactly the bytes it is found by.
 */
export class AttestationKeys {
  readonly #known = new Map<string, AttestationKey>();

  read(quote: Certified, { certificates: [leaf], problem }: PckChain): AttestationKey {
    if (leaf === undefined) return readKey(quote, undefined);
    const digest = sha256Hex(
      lpSequence(
        'sconectl attestation key v1',
        leaf.spki,
        quote.attestationKey,
        quote.qeReport,
        quote.qeReportSignature,
      ),
    );
    const known = this.#known.get(digest);
    if (known !== undefined) return known;
    const read = readKey(quote, leaf.publicKey);
    // What does not lead to the root costs an attacker nothing to make, so it pushes nothing out.
    if (problem === undefined && read.key !== undefined && read.reportSigned) {
      const oldest = this.#known.keys().next();
      if (this.#known.size >= rememberedKeys && oldest.done !== true) this.#known.delete(oldest.value);
      this.#known.set(digest, read);
    }
    return read;
  }
}

function readKey(
  { attestationKey, qeReport, qeReportSignature }: Certified,
  pck: PublicKey | undefined,
): AttestationKey {
  let key: PublicKey | undefined;
  const problem = problemOf(() => {
    key = p256KeyOfPoint(attestationKey, 'attestation key of the quote');
  });
  const reportSigned = pck !== undefined && verifyP256(pck, qeReport, qeReportSignature, 'ieee-p1363');
  return { key, problem, reportSigned };
}
