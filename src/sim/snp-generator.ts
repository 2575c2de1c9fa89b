import { createPublicKey, type KeyObject } from 'node:crypto';
import { utf8 } from '../core/bytes.ts';
import type { Random } from '../core/clock.ts';
import { type SnpCollateral, snpCollateral } from '../evidence/snp/collateral.ts';
import { type CertificateSpec, type CrlSpec, issueCertificate, issueCrl } from '../pki/issue.ts';
import type { Holder } from './generator.ts';

/** Keys of a simulated AMD hierarchy: three RSA-4096, two P-384. */
export type SnpRole = 'ark' | 'ask' | 'asvk' | 'vcek' | 'vlek';

/** A complete simulated AMD platform. */
export interface SnpPlatform extends Record<SnpRole, Holder> {
  product: 'Milan' | 'Genoa' | 'Turin';
  /** 64 bytes, of Turin 8. */
  chipId: Uint8Array;
  tcb: SnpLevels;
}

export interface SnpLevels {
  fmc: number;
  bootloader: number;
  tee: number;
  snp: number;
  microcode: number;
}

export interface SnpPlatformOptions {
  product: SnpPlatform['product'];
  keys: Record<SnpRole, KeyObject>;
  chipId: Uint8Array;
  tcb: SnpLevels;
  notBefore: Date;
  notAfter: Date;
  random: Random;
  /** Changes a certificate before it is issued; tests build wrong platforms with it. */
  change?: (role: SnpRole, spec: CertificateSpec) => CertificateSpec;
}

const arc = '1.3.6.1.4.1.3704.1';

/** Issues the certificates of a platform (57230, 1.5 and 3). */
export function makeSnpPlatform(options: SnpPlatformOptions): SnpPlatform {
  const { product, keys, tcb, chipId } = options;
  const names: Record<SnpRole, string> = {
    ark: `ARK-${product}`,
    ask: `SEV-${product}`,
    asvk: `SEV-VLEK-${product}`,
    vcek: 'SEV-VCEK',
    vlek: 'SEV-VLEK',
  };
  const issue = (
    role: SnpRole,
    issuer: SnpRole,
    rest: Pick<CertificateSpec, 'ca' | 'keyUsage' | 'extensions'>,
  ): Holder => {
    const spec: CertificateSpec = {
      serial: options.random(8),
      subject: names[role],
      issuer: names[issuer],
      notBefore: options.notBefore,
      notAfter: options.notAfter,
      publicKey: createPublicKey(keys[role]),
      ...rest,
    };
    const certificate = issueCertificate(options.change?.(role, spec) ?? spec, keys[issuer]);
    return { name: names[role], key: keys[role], certificate };
  };
  const extension = (suffix: string, value: Uint8Array) => ({ oid: `${arc}.${suffix}`, critical: false, value });
  const common = [
    extension('1', integer(product === 'Turin' ? 1 : 0)),
    extension('3.1', integer(tcb.bootloader)),
    extension('3.2', integer(tcb.tee)),
    extension('3.3', integer(tcb.snp)),
    extension('3.8', integer(tcb.microcode)),
    ...(product === 'Turin' ? [extension('3.9', integer(tcb.fmc))] : []),
  ];
  const vcek = [...common, extension('2', ia5String(`${product}-B0`)), extension('4', chipId)];
  const vlek = [...common, extension('2', ia5String(product)), extension('5', ia5String('sconectl SIMULATION cloud'))];
  return {
    product,
    chipId,
    tcb,
    ark: issue('ark', 'ark', { ca: {}, keyUsage: ['keyCertSign', 'cRLSign'] }),
    ask: issue('ask', 'ark', { ca: { pathLength: 0 }, keyUsage: ['keyCertSign'] }),
    asvk: issue('asvk', 'ark', { ca: { pathLength: 0 }, keyUsage: ['keyCertSign'] }),
    vcek: issue('vcek', 'ask', { keyUsage: [], extensions: vcek }),
    vlek: issue('vlek', 'asvk', { keyUsage: [], extensions: vlek }),
  };
}

export interface SnpCollateralOptions {
  issued: Date;
  expires: Date;
  /** Which certificates; all unless told. */
  roles?: readonly SnpRole[];
  /** Changes the revocation list before it is signed; undefined leaves it out. */
  crl?: (spec: CrlSpec) => CrlSpec | undefined;
}

/** Certificates and revocation list of a platform. */
export function makeSnpCollateral(platform: SnpPlatform, options: SnpCollateralOptions): SnpCollateral {
  const { issued, expires, roles = ['vcek', 'vlek', 'ask', 'asvk', 'ark'] } = options;
  const spec: CrlSpec = {
    issuer: platform.ark.name,
    thisUpdate: issued,
    nextUpdate: expires,
    number: 1,
    revoked: [],
  };
  const list = options.crl === undefined ? spec : options.crl(spec);
  return snpCollateral({
    certificates: roles.map((role) => platform[role].certificate),
    ...(list === undefined ? {} : { crl: issueCrl(list, platform.ark.key) }),
  });
}

/** DER INTEGER of 0 to 255. */
function integer(value: number): Uint8Array {
  return value < 0x80 ? Uint8Array.of(2, 1, value) : Uint8Array.of(2, 2, 0, value);
}

function ia5String(text: string): Uint8Array {
  return Uint8Array.of(0x16, text.length, ...utf8(text));
}
