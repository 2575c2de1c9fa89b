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

/** What quotes with an ECDSA P-256 signature have in common, of every version and TEE. Byte fields are views. */
export interface EcdsaQuote {
  tee: 'SGX' | 'TDX';
  version: 3 | 4 | 5;
  /** Header and body, as signed. */
  signed: Uint8Array;
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
  /** 5: PCK certificate chain, PEM text. 3: identifiers of a PCK whose chain must come from elsewhere. */
  certificationType: 3 | 5;
  certificationData: Uint8Array;
}

/** An SGX quote. */
export interface SgxQuote extends EcdsaQuote {
  tee: 'SGX';
  body: ReportBody;
}

/** The version field of a quote of any version; undefined for fewer than two bytes. */
export function quoteVersion(bytes: Uint8Array): number | undefined {
  const [low, high] = bytes;
  return low === undefined || high === undefined ? undefined : low + 256 * high;
}

/** Parses a quote of version 3 strictly, to its last byte; checks no signature. Throws `E_EVIDENCE`. */
export function parseQuote(bytes: Uint8Array): SgxQuote {
  if (bytes.length > quoteSizeLimit) {
    throw new SconeError('E_EVIDENCE', 'the quote is larger than any quote is', {
      expected: `at most ${quoteSizeLimit} bytes`,
      found: `${bytes.length} bytes`,
    });
  }
  const reader = new FieldReader(bytes, 'quote');
  readHeader(reader);
  const body = parseReportBody(reader.take(reportBodySize, 'ISV_ENCLAVE_REPORT'), 'report body of the quote');
  const signatureData = reader.take(reader.uint32('QUOTE_SIGNATURE_DATA_LEN'), 'QUOTE_SIGNATURE_DATA');
  reader.end();
  return {
    tee: 'SGX',
    version: 3,
    signed: bytes.subarray(0, signedSize),
    body,
    ...parseSignatureData(signatureData),
  };
}

function readHeader(reader: FieldReader): void {
  expectValue('version', reader.uint16('VERSION'), 3);
  expectValue('attestation key type', reader.uint16('ATTESTATION_KEY_TYPE'), ecdsaP256);
  // In version 4 this is the TEE type; here, zero says nothing but "reserved".
  reader.zero(4, 'RESERVED');
  // The SVNs say which TCB the quoting enclave's key is of; the PCK certificate says it, too, and is what counts.
  reader.uint16('QE_SVN');
  reader.uint16('PCE_SVN');
  const vendor = reader.take(16, 'QE_VENDOR_ID');
  if (!equalBytes(vendor, intelQeVendorId)) {
    throw new SconeError('E_EVIDENCE', 'the quote was made by a quoting enclave of another vendor', {
      expected: hex(intelQeVendorId),
      found: hex(vendor),
    });
  }
  reader.take(20, 'USER_DATA');
}

function parseSignatureData(bytes: Uint8Array): Omit<EcdsaQuote, 'tee' | 'version' | 'signed'> {
  const reader = new FieldReader(bytes, 'signature data of the quote');
  const take = (field: keyof typeof signatureDataLayout): Uint8Array =>
    reader.take(signatureDataLayout[field][1], field);
  const signature = take('ISV_ENCLAVE_REPORT_SIGNATURE');
  const attestationKey = take('ECDSA_ATTESTATION_KEY');
  const qeReport = take('QE_REPORT');
  const qeReportSignature = take('QE_REPORT_SIGNATURE');
  const rest = readCertification(reader);
  return {
    signature,
    attestationKey,
    qeReport,
    qeBody: parseReportBody(qeReport, "quoting enclave's report"),
    qeReportSignature,
    ...rest,
  };
}

/** PPID encrypted (384 bytes), CPUSVN (16), PCESVN (2), PCE-ID (2): A.4, certification data type 3. */
export const pckIdentifierSize = 404;

/** Reads what every quote ends with: QE authentication data and the certification data of the PCK. */
export function readCertification(
  reader: FieldReader,
): Pick<EcdsaQuote, 'qeAuthenticationData' | 'certificationType' | 'certificationData'> {
  const qeAuthenticationData = reader.take(reader.uint16('QE_AUTHENTICATION_DATA_SIZE'), 'QE_AUTHENTICATION_DATA');
  const type = reader.uint16('CERTIFICATION_DATA_TYPE');
  const certificationData = reader.take(reader.uint32('CERTIFICATION_DATA_SIZE'), 'CERTIFICATION_DATA');
  reader.end();
  if (type === 5) return { qeAuthenticationData, certificationType: 5, certificationData };
  // Types 1, 2 and 4 name a PCK in ways that no quoting enclave of today uses; 7 belongs to relaunch of other kinds.
  if (type !== 3) {
    throw new SconeError('E_EVIDENCE', "the quote's certification data type is not one that is supported", {
      expected: '3 or 5',
      found: String(type),
    });
  }
  expectValue('certification data size', certificationData.length, pckIdentifierSize);
  return { qeAuthenticationData, certificationType: 3, certificationData };
}

function expectValue(field: string, found: number, expected: number): void {
  if (found !== expected) {
    throw new SconeError('E_EVIDENCE', `the quote's ${field} is not one that is supported`, {
      expected: String(expected),
      found: String(found),
    });
  }
}
