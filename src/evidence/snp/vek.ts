import { hex, utf8Text } from '../../core/bytes.ts';
import { SconeError } from '../../core/errors.ts';
import type { Certificate } from '../../pki/certificate.ts';
import { readDer, tags } from '../../pki/der.ts';
import { extensionValue } from '../../pki/extension.ts';
import type { SigningKey } from './report.ts';
import type { SnpTcb } from './tcb-version.ts';

/** Arc of AMD's extensions: VCEK Certificate and KDS Interface Specification (57230), 3, tables 8 to 11. */
export const amdArc = '1.3.6.1.4.1.3704.1';

/** Suffixes of the arc. spl4 to spl7 (3.4 to 3.7) are reserved. */
export const vekExtensions = {
  structVersion: '1',
  productName: '2',
  bootloader: '3.1',
  tee: '3.2',
  snp: '3.3',
  microcode: '3.8',
  fmc: '3.9',
  hwId: '4',
  cspId: '5',
} as const;

/** Subjects of endorsement key certificates. */
export const vekNames: Record<SigningKey, string> = { vcek: 'SEV-VCEK', vlek: 'SEV-VLEK' };

/** What the certificate of an endorsement key says: of one chip (VCEK), or of a cloud provider's machines (VLEK). */
export interface Vek {
  key: SigningKey;
  certificate: Certificate;
  /** Such as `Milan-B0`. */
  productName: string;
  /** The TCB that the key was derived for. */
  tcb: SnpTcb;
  /** VCEK: 128 hex digits, or 16 of Turin. */
  hwId: string | undefined;
  /** VLEK: the cloud provider. */
  cspId: string | undefined;
}

/** Which endorsement key a certificate is of, by its subject; undefined for another certificate. */
export function vekKind({ commonName }: Certificate): SigningKey | undefined {
  if (commonName === vekNames.vcek) return 'vcek';
  return commonName === vekNames.vlek ? 'vlek' : undefined;
}

/** Reads the extensions. Throws `E_CHAIN` for a certificate of another role, `E_DER` for malformed extensions. */
export function readVek(certificate: Certificate): Vek {
  const key = vekKind(certificate);
  if (key === undefined || certificate.keyKind !== 'p384') {
    throw new SconeError('E_CHAIN', 'the certificate is not one of an SNP endorsement key', {
      expected: 'SEV-VCEK or SEV-VLEK, P-384',
      found: `${certificate.commonName ?? 'no name'}, ${certificate.keyKind}`,
    });
  }
  const value = (name: keyof typeof vekExtensions): Uint8Array | undefined =>
    extensionValue(certificate.extensions, `${amdArc}.${vekExtensions[name]}`);
  const level = (name: 'bootloader' | 'tee' | 'snp' | 'microcode' | 'fmc'): number => {
    const found = value(name);
    if (found === undefined && name === 'fmc') return 0;
    const read = readDer(found ?? malformed(name), what, (reader) => reader.smallInteger());
    return read > 0xff ? malformed(name) : read;
  };
  const text = (name: 'productName' | 'cspId'): string | undefined => {
    const found = value(name);
    if (found === undefined) return undefined;
    return readDer(found, what, (reader) => utf8Text(reader.take(tags.ia5String).value, what));
  };
  const hwId = value('hwId');
  const cspId = text('cspId');
  // One names a chip, the other a provider; a certificate with both or neither would be of two kinds at once (item 19).
  if ((key === 'vcek') !== (hwId !== undefined)) malformed('hwId');
  if ((key === 'vlek') !== (cspId !== undefined)) malformed('cspId');
  return {
    key,
    certificate,
    productName: text('productName') ?? malformed('productName'),
    tcb: {
      fmc: level('fmc'),
      bootloader: level('bootloader'),
      tee: level('tee'),
      snp: level('snp'),
      microcode: level('microcode'),
    },
    hwId: hwId === undefined ? undefined : hex(chipIdOf(hwId)),
    cspId,
  };
}

const what = 'extensions of the SNP endorsement key certificate';

/** AMD puts the bare bytes into the extension, newer certificates an OCTET STRING; of 64 bytes, or 8 of Turin. */
function chipIdOf(value: Uint8Array): Uint8Array {
  if (value.length === 64 || value.length === 8) return value;
  const inner = readDer(value, what, (reader) => reader.octets());
  return inner.length === 64 || inner.length === 8 ? inner : malformed('hwId');
}

function malformed(name: keyof typeof vekExtensions): never {
  throw new SconeError('E_DER', `the ${what} lack one, or have one malformed or of another kind of key`, {
    found: `${name}, ${amdArc}.${vekExtensions[name]}`,
  });
}
