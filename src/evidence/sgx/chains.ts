import { equalBytes, utf8Text } from '../../core/bytes.ts';
import { SconeError } from '../../core/errors.ts';
import { verifyP256 } from '../../pki/algorithm.ts';
import { type Certificate, parseCertificate } from '../../pki/certificate.ts';
import { verifyChain } from '../../pki/chain.ts';
import { verifyCrlSignature } from '../../pki/crl.ts';
import { readPem } from '../../pki/pem.ts';
import type { Collateral, Signed } from '../collateral.ts';
import { problemOf } from '../refusal.ts';
import type { TrustRoots } from '../roots.ts';
import { pckPlatform } from './pck.ts';
import type { CollateralProblems, PckChain } from './subject.ts';

/** Names of the parts in errors. */
export const names = {
  pckChain: 'PCK certificate chain',
  crlChain: 'certificate chain of the PCK CRL',
  tcbInfoChain: 'certificate chain of the TCB Info',
  qeIdentityChain: 'certificate chain of the QE Identity',
  pckCrl: 'PCK CRL',
  rootCrl: 'root CA CRL',
} as const;

/** What a verifier knows when it reads a PCK chain. */
export interface KnownCertificates {
  /** Parsed before: those with the same bytes in the chain become these objects. */
  parsed: readonly Certificate[];
  /** Signatures that were checked before, certificate to issuer. */
  checked: WeakMap<Certificate, Certificate>;
}

/**
 * Parses certification data of type 5, or a chain that a caller gave in its form, and checks the chain; most chains share
 * all but their first certificate with the collateral. Throws when it cannot be parsed at all.
 */
export function readPckChain(
  certificationData: Uint8Array,
  roots: TrustRoots,
  { parsed, checked }: KnownCertificates = { parsed: [], checked: new WeakMap() },
): PckChain {
  // Intel's library writes the text with the zero byte that ends it in C.
  const text = utf8Text(certificationData, names.pckChain).replace(/\0$/, '');
  const certificates = readPem('CERTIFICATE', text, names.pckChain).map(
    (der) =>
      parsed.find((known) => equalBytes(known.der, der)) ??
      parseCertificate(der, 'certificate in the PCK certificate chain'),
  );
  const [pck] = certificates;
  if (pck === undefined) throw new SconeError('E_CHAIN', `the ${names.pckChain} is empty`);
  return {
    certificates,
    platform: pckPlatform(pck),
    problem: problemOf(() =>
      verifyChain(certificates, {
        pin: roots.sgxRootSpkiSha256,
        length: 3,
        leaf: 'signer',
        what: names.pckChain,
        checked,
      }),
    ),
  };
}

/** Checks what time does not change about collateral; `checked` as in `KnownCertificates`. */
export function collateralProblems(
  collateral: Collateral,
  roots: TrustRoots,
  checked = new WeakMap<Certificate, Certificate>(),
): CollateralProblems {
  const pin = roots.sgxRootSpkiSha256;
  const { tcbInfo, qeIdentity, pckCrl, pckCrlIssuerChain, rootCrl } = collateral;
  const [pckCa, root] = pckCrlIssuerChain;
  return {
    crlChain: problemOf(() =>
      verifyChain(pckCrlIssuerChain, { pin, length: 2, leaf: 'ca', what: names.crlChain, checked }),
    ),
    pckCrl: problemOf(() => verifyCrlSignature(pckCrl, present(pckCa), names.pckCrl)),
    rootCrl: problemOf(() => verifyCrlSignature(rootCrl, present(root), names.rootCrl)),
    tcbInfoChain: problemOf(() => verifySigningChain(tcbInfo.chain, names.tcbInfoChain, roots, checked)),
    tcbInfoSignature: problemOf(() => verifySigned(tcbInfo, 'TCB Info')),
    qeIdentityChain: problemOf(() => verifySigningChain(qeIdentity.chain, names.qeIdentityChain, roots, checked)),
    qeIdentitySignature: problemOf(() => verifySigned(qeIdentity, 'QE Identity')),
  };
}

/** Only the TCB signing certificate may speak about TCBs, though the root has issued other certificates too. */
function verifySigningChain(
  chain: readonly Certificate[],
  what: string,
  roots: TrustRoots,
  checked: WeakMap<Certificate, Certificate>,
): void {
  verifyChain(chain, { pin: roots.sgxRootSpkiSha256, length: 2, leaf: 'signer', what, checked });
  const expected = `${roots.sgxVendor} SGX TCB Signing`;
  const found = chain[0].commonName;
  if (found !== expected) {
    throw new SconeError('E_CHAIN', `the ${what} does not begin with the TCB signing certificate`, {
      expected,
      found: found ?? 'no name',
    });
  }
}

function verifySigned(signed: Signed<unknown>, what: string): void {
  if (!verifyP256(present(signed.chain[0]).publicKey, signed.bytes, signed.signature, 'ieee-p1363')) {
    throw new SconeError('E_COLLATERAL', `the signature of the ${what} is wrong`);
  }
}

function present(certificate: Certificate | undefined): Certificate {
  if (certificate === undefined) throw new SconeError('E_CHAIN', 'a certificate chain is too short');
  return certificate;
}
