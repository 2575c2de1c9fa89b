import { concat, utf8, zeroPad } from '../core/bytes.ts';
import { sha256, sha256Lp } from '../core/digest.ts';
import { intelQeVendorId } from '../evidence/sgx/quote.ts';
import { pemChain } from '../pki/pem.ts';
import type { Platform } from './generator.ts';
import type { Enclave, Hardware } from './hardware.ts';
import { exactly, littleEndian, newAttestationKey, p1363, reportBody } from './quote.ts';

/** Fields of a simulated TD report, in the order of the specification; byte fields have their full length. */
export interface TdFields {
  teeTcbSvn: Uint8Array;
  mrseam: Uint8Array;
  mrsignerseam: Uint8Array;
  seamAttributes: Uint8Array;
  tdAttributes: Uint8Array;
  xfam: Uint8Array;
  mrtd: Uint8Array;
  mrconfigid: Uint8Array;
  mrowner: Uint8Array;
  mrownerconfig: Uint8Array;
  rtmrs: readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  reportData: Uint8Array;
  teeTcbSvn2: Uint8Array;
  mrservicetd: Uint8Array;
}

const filled = (value: number, length = 48): Uint8Array => new Uint8Array(length).fill(value);

/** A TD as it should be: SEPT_VE_DISABLE (bit 28) and nothing else; module version 1, SVN 6. */
export const simTd: TdFields = {
  teeTcbSvn: Uint8Array.of(6, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  mrseam: filled(0x51),
  mrsignerseam: filled(0),
  seamAttributes: filled(0, 8),
  tdAttributes: Uint8Array.of(0, 0, 0, 0x10, 0, 0, 0, 0),
  xfam: Uint8Array.of(0xe7, 2, 6, 0, 0, 0, 0, 0),
  mrtd: filled(0xa1),
  mrconfigid: filled(0xb2),
  mrowner: filled(0),
  mrownerconfig: filled(0),
  rtmrs: [filled(0xd0), filled(0xd1), filled(0xd2), filled(0xd3)],
  reportData: filled(0xc3, 64),
  teeTcbSvn2: Uint8Array.of(6, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  mrservicetd: filled(0),
};

/** Parts of a quote of version 4 or 5, before anything is signed. */
export interface TdxQuoteParts {
  /** 48 bytes. */
  header: Uint8Array;
  /** Version 5: type and size of the body, 6 bytes; version 4: empty. */
  descriptor: Uint8Array;
  body: Uint8Array;
  qeReport: Uint8Array;
  authenticationData: Uint8Array;
  /** Of the quote (6) and of the PCK inside it (5). */
  outerType: number;
  certificationType: number;
  certificationData: Uint8Array;
}

export interface TdxQuoteOptions {
  version: 4 | 5;
  /** Body of version 5: TD 1.0 has no TEE_TCB_SVN_2 and no MRSERVICETD. Version 4 has TD 1.0 only. */
  body?: 'TD 1.0' | 'TD 1.5';
  fields?: Partial<TdFields>;
  /** Changes the parts before they are signed. */
  change?: (parts: TdxQuoteParts) => TdxQuoteParts;
}

/** The TD quoting enclave of a platform: product 2 of the same vendor. */
export function tdQe(hardware: Hardware): Enclave {
  return {
    ...hardware.qe,
    mrEnclave: sha256Lp('sconectl SIMULATION TD quoting enclave'),
    isvProdId: hardware.qe.isvProdId + 1,
  };
}

/** A TDX quote of a platform: Intel TDX DCAP Quoting Library API, A.3 and A.4; written field after field. */
export function makeTdxQuote(platform: Platform, options: TdxQuoteOptions): Uint8Array<ArrayBuffer> {
  const { version } = options;
  const kind = version === 4 ? 'TD 1.0' : (options.body ?? 'TD 1.5');
  const attestation = newAttestationKey();
  const authenticationData = Uint8Array.from({ length: 32 }, (_, index) => index);
  const body = tdReport({ ...simTd, ...options.fields }, kind);
  const { pck, platformCa, root, hardware } = platform;
  const made: TdxQuoteParts = {
    header: concat(
      littleEndian(version, 2),
      littleEndian(2, 2),
      littleEndian(0x81, 4),
      new Uint8Array(4),
      intelQeVendorId,
      new Uint8Array(20),
    ),
    descriptor:
      version === 4
        ? new Uint8Array()
        : concat(littleEndian(kind === 'TD 1.0' ? 2 : 3, 2), littleEndian(body.length, 4)),
    body,
    qeReport: reportBody(
      hardware.tcbComponents,
      tdQe(hardware),
      new Uint8Array(64),
      zeroPad(sha256(attestation.point, authenticationData), 64),
    ),
    authenticationData,
    outerType: 6,
    certificationType: 5,
    certificationData: utf8(pemChain('CERTIFICATE', [pck.certificate, platformCa.certificate, root.certificate])),
  };
  const parts = options.change?.(made) ?? made;
  const signed = concat(parts.header, parts.descriptor, parts.body);
  const nested = concat(
    parts.qeReport,
    p1363(pck.key, parts.qeReport),
    littleEndian(parts.authenticationData.length, 2),
    parts.authenticationData,
    littleEndian(parts.certificationType, 2),
    littleEndian(parts.certificationData.length, 4),
    parts.certificationData,
  );
  const signatureData = concat(
    p1363(attestation.key, signed),
    attestation.point,
    littleEndian(parts.outerType, 2),
    littleEndian(nested.length, 4),
    nested,
  );
  return concat(signed, littleEndian(signatureData.length, 4), signatureData);
}

function tdReport(td: TdFields, kind: 'TD 1.0' | 'TD 1.5'): Uint8Array<ArrayBuffer> {
  return concat(
    exactly(16, 'TEE_TCB_SVN', td.teeTcbSvn),
    exactly(48, 'MRSEAM', td.mrseam),
    exactly(48, 'MRSIGNERSEAM', td.mrsignerseam),
    exactly(8, 'SEAMATTRIBUTES', td.seamAttributes),
    exactly(8, 'TDATTRIBUTES', td.tdAttributes),
    exactly(8, 'XFAM', td.xfam),
    exactly(48, 'MRTD', td.mrtd),
    exactly(48, 'MRCONFIGID', td.mrconfigid),
    exactly(48, 'MROWNER', td.mrowner),
    exactly(48, 'MROWNERCONFIG', td.mrownerconfig),
    ...td.rtmrs.map((rtmr, index) => exactly(48, `RTMR${index}`, rtmr)),
    exactly(64, 'REPORTDATA', td.reportData),
    ...(kind === 'TD 1.0'
      ? []
      : [exactly(16, 'TEE_TCB_SVN_2', td.teeTcbSvn2), exactly(48, 'MRSERVICETD', td.mrservicetd)]),
  );
}
