import type { Mode } from '../core/digest.ts';

/**
 * Whom a verifier believes. Follows from the mode of the process; what evidence says about itself has no part in it.
 * A production root list and a simulation root are never in one value (threat model 47, 63).
 */
export interface TrustRoots {
  mode: Mode;
  /** SHA-256 of the SubjectPublicKeyInfo of the root CA of SGX-shaped evidence, 64 lower-case hex digits. */
  sgxRootSpkiSha256: string;
  /** First words of the subjects below that root: `<vendor> SGX PCK Certificate`, `<vendor> SGX TCB Signing`. */
  sgxVendor: string;
}

/**
 * The vendors' roots, as pins of their public keys; the certificates travel with evidence and collateral. Intel SGX
 * Root CA, published at https://certificates.trustedservices.intel.com/IntelSGXRootCA.der.
 */
export const productionRoots: TrustRoots = Object.freeze({
  mode: 'production',
  sgxRootSpkiSha256: 'a0af031289f5d5d4132f9186068a7fc13628633ba235777472e29b6b6c67a49e',
  sgxVendor: 'Intel',
});
