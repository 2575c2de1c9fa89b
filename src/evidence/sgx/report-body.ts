import type { SgxAttributes } from '../claims.ts';
import { FieldReader, littleEndian, littleEndianBig } from '../reader.ts';

/**
 * Fields of the enclave report body: offset and length in bytes. Intel SGX ECDSA QuoteLibReference DCAP API, A.4
 * "Enclave Report Body", with the fields of key separation and sharing as Intel SDM volume 3D, 35.15 (REPORT) has them.
 */
export const reportBodyLayout = {
  CPUSVN: [0, 16],
  MISCSELECT: [16, 4],
  RESERVED1: [20, 12],
  ISVEXTPRODID: [32, 16],
  ATTRIBUTES: [48, 16],
  MRENCLAVE: [64, 32],
  RESERVED2: [96, 32],
  MRSIGNER: [128, 32],
  RESERVED3: [160, 32],
  CONFIGID: [192, 64],
  ISVPRODID: [256, 2],
  ISVSVN: [258, 2],
  CONFIGSVN: [260, 2],
  RESERVED4: [262, 42],
  ISVFAMILYID: [304, 16],
  REPORTDATA: [320, 64],
} as const satisfies Record<string, readonly [offset: number, length: number]>;

export const reportBodySize = 384;

/** Byte fields are views of the report. */
export interface ReportBody {
  cpusvn: Uint8Array;
  /** 4 bytes, as they lie in memory. */
  miscselect: Uint8Array;
  isvextprodid: Uint8Array;
  /** 16 bytes: FLAGS, XFRM. */
  attributes: Uint8Array;
  mrenclave: Uint8Array;
  mrsigner: Uint8Array;
  configid: Uint8Array;
  isvprodid: number;
  isvsvn: number;
  configsvn: number;
  isvfamilyid: Uint8Array;
  reportdata: Uint8Array;
}

/** Parses 384 bytes; reserved fields must be zero. `what` names the report in errors. Throws `E_EVIDENCE`. */
export function parseReportBody(bytes: Uint8Array, what: string): ReportBody {
  const reader = new FieldReader(bytes, what);
  const take = (field: keyof typeof reportBodyLayout): Uint8Array => reader.take(reportBodyLayout[field][1], field);
  const reserved = (field: keyof typeof reportBodyLayout): void => reader.zero(reportBodyLayout[field][1], field);
  const cpusvn = take('CPUSVN');
  const miscselect = take('MISCSELECT');
  reserved('RESERVED1');
  const isvextprodid = take('ISVEXTPRODID');
  const attributes = take('ATTRIBUTES');
  const mrenclave = take('MRENCLAVE');
  reserved('RESERVED2');
  const mrsigner = take('MRSIGNER');
  reserved('RESERVED3');
  const configid = take('CONFIGID');
  const isvprodid = littleEndian(take('ISVPRODID'));
  const isvsvn = littleEndian(take('ISVSVN'));
  const configsvn = littleEndian(take('CONFIGSVN'));
  reserved('RESERVED4');
  const isvfamilyid = take('ISVFAMILYID');
  const reportdata = take('REPORTDATA');
  reader.end();
  return {
    cpusvn,
    miscselect,
    isvextprodid,
    attributes,
    mrenclave,
    mrsigner,
    configid,
    isvprodid,
    isvsvn,
    configsvn,
    isvfamilyid,
    reportdata,
  };
}

/** The bits of ATTRIBUTES by their names (Intel SDM volume 3D, 35.7.1). */
export function attributesOf(bytes: Uint8Array): SgxAttributes {
  const flags = littleEndianBig(bytes.subarray(0, 8));
  const bit = (number: bigint): boolean => ((flags >> number) & 1n) === 1n;
  return {
    init: bit(0n),
    debug: bit(1n),
    mode64bit: bit(2n),
    provisionKey: bit(4n),
    einitTokenKey: bit(5n),
    cet: bit(6n),
    kss: bit(7n),
    aexNotify: bit(10n),
    flags,
    xfrm: littleEndianBig(bytes.subarray(8, 16)),
  };
}
