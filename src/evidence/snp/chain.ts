import { equalBytes, hex } from '../../core/bytes.ts';
import { SconeError } from '../../core/errors.ts';
import type { Certificate } from '../../pki/certificate.ts';
import { verifyChain } from '../../pki/chain.ts';
import { verifyCrlSignature } from '../../pki/crl.ts';
import { spkiSha256 } from '../../pki/spki.ts';
import { problemOf } from '../refusal.ts';
import type { TrustRoots } from '../roots.ts';
import type { SnpCollateral } from './collateral.ts';
import { authorityNames, type SnpProduct, snpProducts } from './product.ts';
import type { SigningKey } from './report.ts';
import type { VekChain } from './subject.ts';
import { readVek, vekKind, vekNames } from './vek.ts';

/** Names of the parts in errors. */
export const snpNames = { chain: 'certificate chain of the endorsement key', crl: 'revocation list of AMD' } as const;

/**
 * Puts the certificates of a platform into a chain for this kind of endorsement key and checks what time does not
 * change. Throws when there is no endorsement key certificate at all, or a malformed one.
 */
export function readVekChain(collateral: SnpCollateral, key: SigningKey, roots: TrustRoots): VekChain {
  const leaf = collateral.certificates.find((certificate) => vekKind(certificate) === key);
  if (leaf === undefined) {
    throw new SconeError('E_COLLATERAL', `the collateral has no ${key.toUpperCase()} certificate`, {
      expected: vekNames[key],
      found: collateral.certificates.map(({ commonName }) => commonName ?? 'no name').join(', ') || 'nothing',
      hint: 'give the certificate of the key that signed the report',
    });
  }
  const vek = readVek(leaf);
  const authority = issuerOf(leaf, collateral);
  const root = authority === undefined ? undefined : issuerOf(authority, collateral);
  const certificates = [leaf, authority, root].filter((one) => one !== undefined);
  const product = root === undefined ? undefined : pinnedProduct(root, roots);
  return {
    vek,
    certificates,
    product,
    problem: problemOf(() => verifyVekChain(certificates, key, product, roots)),
    crlProblem: problemOf(() => verifyCrl(collateral, root)),
  };
}

function issuerOf(certificate: Certificate, { certificates }: SnpCollateral): Certificate | undefined {
  return certificates.find((one) => equalBytes(one.subject, certificate.issuer));
}

function pinnedProduct(root: Certificate, { snpArkSpkiSha256 }: TrustRoots): SnpProduct | undefined {
  const found = hex(spkiSha256(root.spki));
  return snpProducts.find((product) => snpArkSpkiSha256?.[product] === found);
}

/** ARK, then ASK for a VCEK or ASVK for a VLEK, by their names: the two never stand for each other (threat model 19). */
function verifyVekChain(
  certificates: readonly Certificate[],
  key: SigningKey,
  product: SnpProduct | undefined,
  { snpArkSpkiSha256 }: TrustRoots,
): void {
  const [, authority, root] = certificates;
  if (product === undefined || snpArkSpkiSha256 === undefined) {
    throw new SconeError('E_CHAIN', `the ${snpNames.chain} does not lead to a pinned root`, {
      expected: `the key of ${snpProducts.map((one) => authorityNames(one).ark).join(', ')}`,
      found: root === undefined ? `${certificates.length} certificates` : `key SHA-256 ${hex(spkiSha256(root.spki))}`,
    });
  }
  verifyChain(certificates, { pin: snpArkSpkiSha256[product], length: 3, leaf: 'chip', what: snpNames.chain });
  const names = authorityNames(product);
  if (root?.commonName !== names.ark || authority?.commonName !== names[key]) {
    throw new SconeError('E_CHAIN', `the ${snpNames.chain} is not one of a ${key.toUpperCase()} of ${product}`, {
      expected: `${names[key]}, ${names.ark}`,
      found: `${authority?.commonName ?? 'no name'}, ${root?.commonName ?? 'no name'}`,
    });
  }
}

function verifyCrl({ crl }: SnpCollateral, root: Certificate | undefined): void {
  if (crl === undefined) return;
  if (root === undefined) throw new SconeError('E_COLLATERAL', `the issuer of the ${snpNames.crl} is not there`);
  verifyCrlSignature(crl, root, snpNames.crl);
}
