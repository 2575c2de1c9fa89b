import { equalBytes, hex } from '../../core/bytes.ts';
import { SconeError } from '../../core/errors.ts';
import { FieldReader } from '../reader.ts';
import {
  type EcdsaQuote,
  intelQeVendorId,
  quoteHeaderSize,
  quoteSizeLimit,
  readCertification,
  type SgxQuote,
} from '../sgx/quote.ts';
import { parseReportBody, reportBodySize } from '../sgx/report-body.ts';
import { parseTdReport, type TdReport, tdReport10Size, tdReport15Size } from './td-report.ts';

/** Quote header of versions 4 and 5, offset and length: Intel TDX DCAP Quoting Library API, A.3.1 "Quote Header". */
export const tdxQuoteHeaderLayout = {
  VERSION: [0, 2],
  ATTESTATION_KEY_TYPE: [2, 2],
  TEE_TYPE: [4, 4],
  RESERVED: [8, 4],
  QE_VENDOR_ID: [12, 16],
  USER_DATA: [28, 20],
} as const satisfies Record<string, readonly [offset: number, length: number]>;

/** Behind the header of version 5: A.4.2 "Quote Body Descriptor". */
export const bodyDescriptorLayout = {
  TYPE: [48, 2],
  SIZE: [50, 4],
} as const satisfies Record<string, readonly [offset: number, length: number]>;

/** Signature data: A.3.8 "ECDSA 256-bit Quote Signature Data Structure – Version 4". */
export const signatureData4Layout = {
  QUOTE_SIGNATURE: [0, 64],
  ECDSA_ATTESTATION_KEY: [64, 64],
  QE_CERTIFICATION_DATA_TYPE: [128, 2],
  QE_CERTIFICATION_DATA_SIZE: [130, 4],
} as const satisfies Record<string, readonly [offset: number, length: number]>;

/** Certification data of type 6: A.3.11 "QE Report Certification Data". */
export const qeReportCertificationLayout = {
  QE_REPORT: [0, 384],
  QE_REPORT_SIGNATURE: [384, 64],
} as const satisfies Record<string, readonly [offset: number, length: number]>;

const teeTypes = { 0: 'SGX', 0x81: 'TDX' } as const;
const ecdsaP256 = 2;
const qeReportCertification = 6;

/** A quote of version 4 or 5 of a TD. Byte fields are views of the quote. */
export interface TdxQuote extends EcdsaQuote {
  tee: 'TDX';
  version: 4 | 5;
  body: TdReport;
}

type Body = Pick<TdxQuote, 'tee' | 'body'> | Pick<SgxQuote, 'tee' | 'body'>;

/**
 * Bytes of zero that may follow a quote of version 4. Quoting services size their buffer for the largest quote they
 * make, one of version 5 with a TD 1.5 report, which is longer by 6 bytes of descriptor and 64 of report; some hand out
 * the whole buffer (so does the genuine sample). Nothing there is signed or read, so it must be zero.
 */
export const quotePadding = 6 + tdReport15Size - tdReport10Size;

/** Parses a quote of version 4 or 5, of SGX or TDX, strictly to its last byte; checks no signature. Throws `E_EVIDENCE`. */
export function parseQuote4(bytes: Uint8Array): SgxQuote | TdxQuote {
  if (bytes.length > quoteSizeLimit) {
    throw new SconeError('E_EVIDENCE', 'the quote is larger than any quote is', {
      expected: `at most ${quoteSizeLimit} bytes`,
      found: `${bytes.length} bytes`,
    });
  }
  const reader = new FieldReader(bytes, 'quote');
  const { version, tee } = readHeader(reader);
  const body = version === 4 ? readBody4(reader, tee) : readBody5(reader, tee);
  const signedSize =
    version === 4 ? quoteHeaderSize + (tee === 'SGX' ? reportBodySize : tdReport10Size) : bytes.length - reader.left;
  const signatureData = reader.take(reader.uint32('QUOTE_SIGNATURE_DATA_LEN'), 'QUOTE_SIGNATURE_DATA');
  readPadding(reader, version === 4 && tee === 'TDX' ? quotePadding : 0);
  const common = { version, signed: bytes.subarray(0, signedSize), ...readSignatureData(signatureData) };
  return body.tee === 'SGX' ? { ...common, ...body } : { ...common, ...body };
}

function readHeader(reader: FieldReader): { version: 4 | 5; tee: 'SGX' | 'TDX' } {
  const version = reader.uint16('VERSION');
  if (version !== 4 && version !== 5) throw unsupported('version', '4 or 5', version);
  const keyType = reader.uint16('ATTESTATION_KEY_TYPE');
  if (keyType !== ecdsaP256) throw unsupported('attestation key type', String(ecdsaP256), keyType);
  const type = reader.uint32('TEE_TYPE');
  if (type !== 0 && type !== 0x81) throw unsupported('TEE type', '0 (SGX) or 129 (TDX)', type);
  const tee = teeTypes[type];
  // Where version 3 has the SVNs of QE and PCE. An SGX quoting enclave may go on writing them; they are not used.
  if (tee === 'TDX') reader.zero(4, 'RESERVED');
  else reader.take(4, 'RESERVED');
  const vendor = reader.take(16, 'QE_VENDOR_ID');
  if (!equalBytes(vendor, intelQeVendorId)) {
    throw new SconeError('E_EVIDENCE', 'the quote was made by a quoting enclave of another vendor', {
      expected: hex(intelQeVendorId),
      found: hex(vendor),
    });
  }
  reader.take(20, 'USER_DATA');
  return { version, tee };
}

function readBody4(reader: FieldReader, tee: 'SGX' | 'TDX'): Body {
  if (tee === 'SGX') return sgxBody(reader.take(reportBodySize, 'ISV_ENCLAVE_REPORT'));
  return { tee, body: parseTdReport(reader.take(tdReport10Size, 'TD_REPORT'), 'TD 1.0') };
}

/** Types 1, 2 and 3; each has one size, and the TEE type of the header must be the same (threat model 12). */
function readBody5(reader: FieldReader, tee: 'SGX' | 'TDX'): Body {
  const type = reader.uint16('TYPE');
  const size = reader.uint32('SIZE');
  const expected = [undefined, reportBodySize, tdReport10Size, tdReport15Size][type];
  if (expected === undefined) throw unsupported('body type', '1, 2 or 3', type);
  if (size !== expected) throw unsupported('body size', String(expected), size);
  if ((type === 1) !== (tee === 'SGX')) throw unsupported('body type', `one of ${tee}`, type);
  const bytes = reader.take(size, 'BODY');
  if (type === 1) return sgxBody(bytes);
  return { tee: 'TDX', body: parseTdReport(bytes, type === 2 ? 'TD 1.0' : 'TD 1.5') };
}

function sgxBody(bytes: Uint8Array): Pick<SgxQuote, 'tee' | 'body'> {
  return { tee: 'SGX', body: parseReportBody(bytes, 'report body of the quote') };
}

function readSignatureData(bytes: Uint8Array): Omit<EcdsaQuote, 'tee' | 'version' | 'signed'> {
  const reader = new FieldReader(bytes, 'signature data of the quote');
  const signature = reader.take(64, 'QUOTE_SIGNATURE');
  const attestationKey = reader.take(64, 'ECDSA_ATTESTATION_KEY');
  const type = reader.uint16('QE_CERTIFICATION_DATA_TYPE');
  if (type !== qeReportCertification) throw unsupported('certification data type', String(qeReportCertification), type);
  const nested = reader.take(reader.uint32('QE_CERTIFICATION_DATA_SIZE'), 'QE_CERTIFICATION_DATA');
  reader.end();
  const inner = new FieldReader(nested, 'QE report certification data of the quote');
  const qeReport = inner.take(384, 'QE_REPORT');
  const qeReportSignature = inner.take(64, 'QE_REPORT_SIGNATURE');
  const rest = readCertification(inner);
  return {
    signature,
    attestationKey,
    qeReport,
    qeBody: parseReportBody(qeReport, "quoting enclave's report"),
    qeReportSignature,
    ...rest,
  };
}

function readPadding(reader: FieldReader, most: number): void {
  if (reader.left > 0 && reader.left <= most) reader.zero(reader.left, 'padding');
  reader.end();
}

function unsupported(field: string, expected: string, found: number): SconeError {
  return new SconeError('E_EVIDENCE', `the quote's ${field} is not one that is supported`, {
    expected,
    found: String(found),
  });
}
