import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Random } from '../core/clock.ts';
import { type CertificateSpec, issueCertificate } from '../pki/issue.ts';
import type { Hardware } from './hardware.ts';
import { sgxExtensions, sgxExtensionsOid } from './pck-extension.ts';

/** A key with its certificate (DER). */
export interface Holder {
  /** Common name. */
  name: string;
  key: KeyObject;
  certificate: Uint8Array;
}

/** A complete simulated platform: Intel's hierarchy with our own keys. */
export interface Platform {
  hardware: Hardware;
  root: Holder;
  /** The intermediate that issues PCK certificates and their CRL. */
  platformCa: Holder;
  pck: Holder;
  /** Signs TCB Info and QE Identity. */
  tcbSigning: Holder;
}

export type Role = 'root' | 'platformCa' | 'pck' | 'tcbSigning';

/** The first words of every subject; stands in the place of "Intel". */
export const simVendor = 'sconectl SIMULATION';

const roleNames: Record<Role, string> = {
  root: `${simVendor} SGX Root CA`,
  platformCa: `${simVendor} SGX PCK Platform CA`,
  pck: `${simVendor} SGX PCK Certificate`,
  tcbSigning: `${simVendor} SGX TCB Signing`,
};

export interface PlatformOptions {
  keys: Record<Role, KeyObject>;
  hardware: Hardware;
  notBefore: Date;
  notAfter: Date;
  random: Random;
  /** Changes a certificate before it is issued; tests build wrong platforms with it. */
  change?: (role: Role, spec: CertificateSpec) => CertificateSpec;
}

/** Issues the certificates of a platform for given P-256 keys. */
export function makePlatform(options: PlatformOptions): Platform {
  const issue = (role: Role, issuer: Role, rest: Pick<CertificateSpec, 'ca' | 'keyUsage' | 'extensions'>): Holder => {
    const serial = options.random(16);
    const spec: CertificateSpec = {
      serial,
      subject: roleNames[role],
      issuer: roleNames[issuer],
      notBefore: options.notBefore,
      notAfter: options.notAfter,
      publicKey: createPublicKey(options.keys[role]),
      ...rest,
    };
    const certificate = issueCertificate(options.change?.(role, spec) ?? spec, options.keys[issuer]);
    return { name: roleNames[role], key: options.keys[role], certificate };
  };
  return {
    hardware: options.hardware,
    root: issue('root', 'root', { ca: { pathLength: 1 }, keyUsage: ['keyCertSign', 'cRLSign'] }),
    platformCa: issue('platformCa', 'root', { ca: { pathLength: 0 }, keyUsage: ['keyCertSign', 'cRLSign'] }),
    pck: issue('pck', 'platformCa', {
      keyUsage: ['digitalSignature', 'nonRepudiation'],
      extensions: [{ oid: sgxExtensionsOid, critical: false, value: sgxExtensions(options.hardware) }],
    }),
    tcbSigning: issue('tcbSigning', 'root', { keyUsage: ['digitalSignature', 'nonRepudiation'] }),
  };
}
