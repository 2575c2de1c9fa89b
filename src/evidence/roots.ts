import type { Mode } from '../core/digest.ts';
import type { SnpProduct } from './snp/product.ts';

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
  /** The same of AMD's root (ARK) of each product line. Absent: no SNP report is accepted. */
  snpArkSpkiSha256?: Readonly<Record<SnpProduct, string>>;
}

/**
 * The vendors' roots, as pins of their public keys; the certificates travel with evidence and collateral. Intel SGX
 * Root CA, published at https://certificates.trustedservices.intel.com/IntelSGXRootCA.der; AMD's at
 * https://kdsintf.amd.com/vcek/v1/{Milan,Genoa,Turin}/cert_chain.
 */
export const productionRoots: TrustRoots = Object.freeze({
  mode: 'production',
  sgxRootSpkiSha256: 'a0af031289f5d5d4132f9186068a7fc13628633ba235777472e29b6b6c67a49e',
  sgxVendor: 'Intel',
  snpArkSpkiSha256: Object.freeze({
    Milan: '9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9',
    Genoa: '429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831',
    Turin: '4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08',
  }),
});
