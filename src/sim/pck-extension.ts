import { Boolean as Asn1Boolean, Enumerated, Integer, ObjectIdentifier, OctetString, Sequence } from 'asn1js';
import type { Hardware } from './hardware.ts';

/** OID of the SGX extensions of a PCK certificate: Intel SGX PCK Certificate and CRL Profile Specification, 1.3.5. */
export const sgxExtensionsOid = '1.2.840.113741.1.13.1';

/** DER of the SGX extensions for a PCK of a platform CA: all fields of the profile, in its order. */
export function sgxExtensions(hardware: Hardware): Uint8Array<ArrayBuffer> {
  const tcb = new Sequence({
    value: [
      ...Array.from(hardware.tcbComponents, (svn, index) => field(`2.${index + 1}`, new Integer({ value: svn }))),
      field('2.17', new Integer({ value: hardware.pceSvn })),
      field('2.18', octets(hardware.tcbComponents)),
    ],
  });
  const configuration = new Sequence({
    value: [1, 2, 3].map((flag) => field(`7.${flag}`, new Asn1Boolean({ value: false }))),
  });
  const extensions = new Sequence({
    value: [
      field('1', octets(hardware.ppid)),
      field('2', tcb),
      field('3', octets(hardware.pceId)),
      field('4', octets(hardware.fmspc)),
      // SGX Type 1 = Scalable, the type of platforms with a platform CA.
      field('5', new Enumerated({ value: 1 })),
      field('6', octets(hardware.platformInstanceId)),
      field('7', configuration),
    ],
  });
  return new Uint8Array(extensions.toBER());
}

function field(suffix: string, value: Integer | OctetString | Sequence | Asn1Boolean | Enumerated): Sequence {
  return new Sequence({ value: [new ObjectIdentifier({ value: `${sgxExtensionsOid}.${suffix}` }), value] });
}

function octets(bytes: Uint8Array): OctetString {
  return new OctetString({ valueHex: new Uint8Array(bytes).buffer });
}
