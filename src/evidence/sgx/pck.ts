import { hex } from '../../core/bytes.ts';
import { SconeError } from '../../core/errors.ts';
import type { Certificate } from '../../pki/certificate.ts';
import { type DerReader, readDer, tags } from '../../pki/der.ts';
import { extensionValue } from '../../pki/extension.ts';

/** OID of the SGX extensions: Intel SGX PCK Certificate and CRL Profile Specification, 1.3.5. */
const sgxExtensions = '1.2.840.113741.1.13.1';

/** What a PCK certificate says about its platform. */
export interface PckPlatform {
  /** 32 lower-case hex digits. */
  ppid: string;
  /** 16 SVNs, 0 to 255. */
  components: readonly number[];
  pcesvn: number;
  /** 16 bytes. */
  cpusvn: Uint8Array;
  /** 4 lower-case hex digits. */
  pceid: string;
  /** 12 lower-case hex digits. */
  fmspc: string;
  /** 0 standard, 1 scalable, 2 scalable with integrity. */
  sgxType: number;
}

/** The SGX extensions of a PCK certificate; a certificate without them is no PCK. Throws `E_CHAIN` or `E_DER`. */
export function pckPlatform(certificate: Certificate): PckPlatform {
  const value = extensionValue(certificate.extensions, sgxExtensions);
  if (value === undefined) {
    throw new SconeError('E_CHAIN', 'the certificate of the platform is no PCK certificate', {
      expected: `the SGX extensions, ${sgxExtensions}`,
      found: certificate.commonName ?? 'no name',
    });
  }
  const what = 'SGX extensions of the PCK certificate';
  const fields = readFields(value, what, sgxExtensions);
  const tcb = readFields(required(fields, '2', what).whole, what, `${sgxExtensions}.2`);
  const octets = (number: string, length: number, from = fields): Uint8Array => {
    const { tag, value: bytes } = required(from, number, what);
    if (tag !== tags.octetString || bytes.length !== length) throw malformed(what, number);
    return bytes;
  };
  const svn = (number: number, most: number): number => {
    const read = readDer(required(tcb, String(number), what).whole, what, (reader) => reader.smallInteger());
    if (read > most) throw malformed(what, `2.${number}`);
    return read;
  };
  return {
    ppid: hex(octets('1', 16)),
    components: Array.from({ length: 16 }, (_, index) => svn(index + 1, 0xff)),
    pcesvn: svn(17, 0xffff),
    cpusvn: octets('18', 16, tcb),
    pceid: hex(octets('3', 2)),
    fmspc: hex(octets('4', 6)),
    sgxType: readDer(required(fields, '5', what).whole, what, (reader) => reader.smallInteger(tags.enumerated)),
  };
}

type Fields = ReadonlyMap<string, { tag: number; value: Uint8Array; whole: Uint8Array }>;

/** `SEQUENCE OF SEQUENCE { OBJECT IDENTIFIER <arc>.<n>, ANY }` by n. Fields of later profiles are left alone. */
function readFields(bytes: Uint8Array, what: string, arc: string): Fields {
  return readDer(bytes, what, (reader) => {
    const fields = new Map<string, ReturnType<DerReader['next']>>();
    const list = reader.enter();
    while (!list.empty) {
      const item = list.enter();
      const oid = item.oid();
      const element = item.next();
      item.end();
      const number = oid.startsWith(`${arc}.`) ? oid.slice(arc.length + 1) : oid;
      if (fields.has(number)) throw malformed(what, number);
      fields.set(number, element);
    }
    return fields;
  });
}

function required(fields: Fields, number: string, what: string): ReturnType<DerReader['next']> {
  const field = fields.get(number);
  if (field === undefined) throw malformed(what, number);
  return field;
}

function malformed(what: string, field: string): SconeError {
  return new SconeError('E_DER', `the ${what} lack a field, or have it twice or malformed`, {
    found: `field ${field}`,
  });
}
