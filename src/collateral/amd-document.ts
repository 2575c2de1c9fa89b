import { utf8 } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import type { TrustRoots } from '../evidence/roots.ts';
import { readVekChain } from '../evidence/snp/chain.ts';
import { parseSnpCollateral, type SnpCollateral, snpCollateral } from '../evidence/snp/collateral.ts';
import { verifyChain } from '../pki/chain.ts';
import { verifyCrlSignature } from '../pki/crl.ts';
import { type AmdOptions, type AmdPlatform, amdBase, fetchAmd, vcekPath } from './amd.ts';
import type { Document, Validity } from './renew.ts';

/** The certificates never change; the list is made anew a few times a year, and the service answers only so often. */
const refreshAfter = 7 * 24 * 60 * 60 * 1000;

/** Collateral of an AMD platform as something to be fetched, kept and renewed. */
export function amdDocument(
  platform: AmdPlatform,
  options: AmdOptions & { roots: TrustRoots },
): Document<SnpCollateral> {
  const { base = amdBase, roots } = options;
  const name = platform.key === 'vcek' ? vcekPath(platform) : `/vlek/v1/${platform.product}`;
  return {
    name: `amd ${base} ${name}`,
    what: `collateral of this ${platform.product} platform`,
    refreshAfter,
    async fetch() {
      const { vcek, chain, crl } = await fetchAmd(platform, options);
      const certificates = [...(vcek === undefined ? [] : [vcek]), ...chain];
      return utf8(snpCollateral({ certificates, crl }).text);
    },
    read(bytes) {
      const value = parseSnpCollateral(bytes);
      try {
        if (platform.key === 'vcek') checkVcek(value, platform, roots);
        else checkVlekAuthority(value, platform.product, roots);
      } catch (error) {
        if (!(error instanceof SconeError)) throw error;
        throw new SconeError('E_COLLATERAL', 'what the service answered is not signed as it must be', {
          cause: error,
          hint: 'name another service: this one serves something else than what the vendor signed',
        });
      }
      return { value, validity: validityOf(value) };
    },
    refuseOlder(known, next) {
      if (known.crl === undefined || next.crl === undefined || next.crl.number >= known.crl.number) return;
      throw new SconeError('E_COLLATERAL', 'the service has an older revocation list than was seen before', {
        expected: `number ${known.crl.number} or newer`,
        found: `number ${next.crl.number}`,
      });
    },
  };
}

function checkVcek(
  collateral: SnpCollateral,
  { product, chipId }: Extract<AmdPlatform, { key: 'vcek' }>,
  roots: TrustRoots,
): void {
  const chain = readVekChain(collateral, 'vcek', roots);
  const problem = chain.problem ?? chain.crlProblem;
  if (problem !== undefined) throw problem;
  const { hwId = '' } = chain.vek;
  if (chain.product === product && hwId !== '' && chipId.startsWith(hwId)) return;
  throw new SconeError('E_CHAIN', 'the certificate is of another chip', {
    expected: `${product}, chip ${chipId}`,
    found: `${chain.product ?? 'no product'}, chip ${hwId}`,
  });
}

/** The certificate of a VLEK is with the cloud provider; the authority that issued it is here. */
function checkVlekAuthority(
  { certificates, crl }: SnpCollateral,
  product: AmdPlatform['product'],
  { snpArkSpkiSha256 }: TrustRoots,
): void {
  const pin = snpArkSpkiSha256?.[product];
  const root = certificates.at(-1);
  if (pin === undefined || root === undefined) throw new SconeError('E_CHAIN', `no root of ${product} is known here`);
  verifyChain(certificates, { pin, length: 2, leaf: 'ca', what: `certificate chain of ${product}` });
  if (crl !== undefined) verifyCrlSignature(crl, root, `revocation list of ${product}`);
}

function validityOf({ certificates, crl }: SnpCollateral): Validity {
  const starts = [...certificates.map(({ notBefore }) => notBefore), ...(crl === undefined ? [] : [crl.thisUpdate])];
  const ends = [...certificates.map(({ notAfter }) => notAfter), ...(crl === undefined ? [] : [crl.nextUpdate])];
  return {
    from: new Date(Math.max(...starts.map((date) => date.getTime()))),
    until: new Date(Math.min(...ends.map((date) => date.getTime()))),
  };
}
