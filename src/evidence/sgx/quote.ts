import { equalBytes, fromHex, hex } from '../../core/bytes.ts';
import { SconeError } from '../../core/errors.ts';
import { FieldReader } from '../reader.ts';
import { parseReportBody, type ReportBody, reportBodySize } from './report-body.ts';

/**
 * Quote header, offset and length in bytes: Intel SGX ECDSA QuoteLibReference DCAP API, A.3 "Quote Header" (version 3).
 */
export const quoteHeaderLayout = {
  VERSION: [0, 2],
  ATTESTATION_KEY_TYPE: [2, 2],
  RESERVED: [4, 4],
  QE_SVN: [8, 2],
  PCE_SVN: [10, 2],
  QE_VENDOR_ID: [12, 16],
  USER_DATA: [28, 20],
} as const satisfies Record<string, readonly [offset: number, length: number]>;

export const quoteHeaderSize = 48;

/** Header and report body: what the attestation key signs. */
export const signedSize = quoteHeaderSize + reportBodySize;

/**
 * Parts of the signature data in front of those of variable length, offset and length within it: A.4 "ECDSA 256-bit
 * Quote Signature Data Structure". Behind them: QE authentication data, certification data, each with a length.
 */
export const signatureDataLayout = {
  ISV_ENCLAVE_REPORT_SIGNATURE: [0, 64],
  ECDSA_ATTESTATION_KEY: [64, 64],
  QE_REPORT: [128, 384],
  QE_REPORT_SIGNATURE: [512, 64],
} as const satisfies Record<string, readonly [offset: number, length: number]>;

/** ECDSA-256-with-P-256. */
const ecdsaP256 = 2;
/** The vendor id of Intel's quoting enclaves. */
export const intelQeVendorId = fromHex('939a7233f79c4ca9940a0db3957f0607');
/** A quote is 4 to 6 KB; a limit far above that keeps hostile lengths cheap. */
export const quoteSizeLimit = 32_768;

/** An SGX quote of version 3 with an ECDSA P-256 signature. Byte fields are views of the quote. */
export interface SgxQuote {
  header: { version: 3; qeSvn: number; pceSvn: number; userData: Uint8Array };
  /** Header and report body, as signed. */
  signed: Uint8Array;
  body: ReportBody;
  /** r ‖ s by the attestation key over `signed`. */
  signature: Uint8Array;
  /** x ‖ y. */
  attestationKey: Uint8Array;
  /** The quoting enclave's report, as signed by the PCK. */
  qeReport: Uint8Array;
  qeBody: ReportBody;
  /** r ‖ s by the PCK over `qeReport`. */
  qeReportSignature: Uint8Array;
  qeAuthenticationData: Uint8Array;
  /** Type 5: PCK certificate chain, PEM text. */
  certificationData: Uint8Array;
}

/** The version field of a quote of any version; undefined for fewer than two bytes. */
export function quoteVersion(bytes: Uint8Array): number | undefined {
  const [low, high] = bytes;
  return low === undefined || high === undefined ? undefined : low + 256 * high;
}

/** Parses a quote strictly, to its last byte; checks no signature. Throws `E_EVIDENCE`. */
export function parseQuote(bytes: Uint8Array): SgxQuote {
  if (bytes.length > quoteSizeLimit) {
    throw new SconeError('E_EVIDENCE', 'the quote is larger than any quote is', {
      expected: `at most ${quoteSizeLimit} bytes`,
      found: `${bytes.length} bytes`,
    });
  }
  const reader = new FieldReader(bytes, 'quote');
  const header = parseHeader(reader);
  const body = parseReportBody(reader.take(reportBodySize, 'ISV_ENCLAVE_REPORT'), 'report body of the quote');
  const signatureData = reader.take(reader.uint32('QUOTE_SIGNATURE_DATA_LEN'), 'QUOTE_SIGNATURE_DATA');
  reader.end();
  return { header, signed: bytes.subarray(0, signedSize), body, ...parseSignatureData(signatureData) };
}

function parseHeader(reader: FieldReader): SgxQuote['header'] {
  expectValue('version', reader.uint16('VERSION'), 3);
  expectValue('attestation key type', reader.uint16('ATTESTATION_KEY_TYPE'), ecdsaP256);
  // In version 4 this is the TEE type; here, zero says nothing but "reserved".
  reader.zero(4, 'RESERVED');
  const qeSvn = reader.uint16('QE_SVN');
  const pceSvn = reader.uint16('PCE_SVN');
  const vendor = reader.take(16, 'QE_VENDOR_ID');
  if (!equalBytes(vendor, intelQeVendorId)) {
    throw new SconeError('E_EVIDENCE', 'the quote was made by a quoting enclave of another vendor', {
      expected: hex(intelQeVendorId),
      found: hex(vendor),
    });
  }
  return { version: 3, qeSvn, pceSvn, userData: reader.take(20, 'USER_DATA') };
}

function parseSignatureData(bytes: Uint8Array): Omit<SgxQuote, 'header' | 'signed' | 'body'> {
  const reader = new FieldReader(bytes, 'signature data of the quote');
  const take = (field: keyof typeof signatureDataLayout): Uint8Array =>
    reader.take(signatureDataLayout[field][1], field);
  const signature = take('ISV_ENCLAVE_REPORT_SIGNATURE');
  const attestationKey = take('ECDSA_ATTESTATION_KEY');
  const qeReport = take('QE_REPORT');
  const qeReportSignature = take('QE_REPORT_SIGNATURE');
  const qeAuthenticationData = reader.take(reader.uint16('QE_AUTHENTICATION_DATA_SIZE'), 'QE_AUTHENTICATION_DATA');
  const type = reader.uint16('CERTIFICATION_DATA_TYPE');
  const certificationData = reader.take(reader.uint32('CERTIFICATION_DATA_SIZE'), 'CERTIFICATION_DATA');
  reader.end();
  // Types 1 to 4 hold identifiers of a PCK, encrypted or not; its certificate would have to come from elsewhere.
  expectValue('certification data type', type, 5);
  return {
    signature,
    attestationKey,
    qeReport,
    qeBody: parseReportBody(qeReport, "quoting enclave's report"),
    qeReportSignature,
    qeAuthenticationData,
    certificationData,
  };
}

function expectValue(field: string, found: number, expected: number): void {
  if (found !== expected) {
    throw new SconeError('E_EVIDENCE', `the quote's ${field} is not one that is supported`, {
      expected: String(expected),
      found: String(found),
    });
  }
}
