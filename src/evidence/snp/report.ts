import { SconeError } from '../../core/errors.ts';
import { FieldReader, littleEndianBig } from '../reader.ts';

/**
 * Fields of an attestation report, offset and length in bytes: AMD SEV Secure Nested Paging Firmware ABI Specification
 * (56860), 7.3, table ATTESTATION_REPORT. The last column of version 5; what older versions reserve is read as zero.
 */
export const reportLayout = {
  VERSION: [0x000, 4],
  GUEST_SVN: [0x004, 4],
  POLICY: [0x008, 8],
  FAMILY_ID: [0x010, 16],
  IMAGE_ID: [0x020, 16],
  VMPL: [0x030, 4],
  SIGNATURE_ALGO: [0x034, 4],
  CURRENT_TCB: [0x038, 8],
  PLATFORM_INFO: [0x040, 8],
  KEY_INFO: [0x048, 4],
  RESERVED1: [0x04c, 4],
  REPORT_DATA: [0x050, 64],
  MEASUREMENT: [0x090, 48],
  HOST_DATA: [0x0c0, 32],
  ID_KEY_DIGEST: [0x0e0, 48],
  AUTHOR_KEY_DIGEST: [0x110, 48],
  REPORT_ID: [0x140, 32],
  REPORT_ID_MA: [0x160, 32],
  REPORTED_TCB: [0x180, 8],
  CPUID_FAM_ID: [0x188, 1],
  CPUID_MOD_ID: [0x189, 1],
  CPUID_STEP: [0x18a, 1],
  RESERVED2: [0x18b, 21],
  CHIP_ID: [0x1a0, 64],
  COMMITTED_TCB: [0x1e0, 8],
  CURRENT_BUILD: [0x1e8, 1],
  CURRENT_MINOR: [0x1e9, 1],
  CURRENT_MAJOR: [0x1ea, 1],
  RESERVED3: [0x1eb, 1],
  COMMITTED_BUILD: [0x1ec, 1],
  COMMITTED_MINOR: [0x1ed, 1],
  COMMITTED_MAJOR: [0x1ee, 1],
  RESERVED4: [0x1ef, 1],
  LAUNCH_TCB: [0x1f0, 8],
  LAUNCH_MIT_VECTOR: [0x1f8, 8],
  CURRENT_MIT_VECTOR: [0x200, 8],
  RESERVED5: [0x208, 152],
  SIGNATURE: [0x2a0, 512],
} as const satisfies Record<string, readonly [offset: number, length: number]>;

export const snpReportSize = 0x4a0;
/** What the signature covers: everything in front of it. */
export const snpSignedSize = 0x2a0;

/** Table "Format of ECDSA P-384 Signature": R and S little-endian in 72 bytes each, the rest reserved. */
export const signatureLayout = {
  R: [0, 72],
  S: [72, 72],
  RESERVED: [144, 368],
} as const satisfies Record<string, readonly [offset: number, length: number]>;

const versions = [2, 3, 5] as const;
export type SnpReportVersion = (typeof versions)[number];

/** SIGNATURE_ALGO: ECDSA P-384 with SHA-384. */
const ecdsaP384 = 1;

/** Which key signed a report (SIGNING_KEY of offset 048h). */
export type SigningKey = 'vcek' | 'vlek';

/** Byte fields are views of the report. */
export interface SnpReport {
  version: SnpReportVersion;
  /** As signed. */
  signed: Uint8Array;
  guestSvn: number;
  policy: bigint;
  familyId: Uint8Array;
  imageId: Uint8Array;
  vmpl: number;
  /** TCB versions, 8 bytes as they lie in memory; what they mean depends on the product line. */
  currentTcb: Uint8Array;
  reportedTcb: Uint8Array;
  committedTcb: Uint8Array;
  launchTcb: Uint8Array;
  platformInfo: bigint;
  /** AUTHOR_KEY_EN: an author key signed the ID key. */
  authorKeyEnabled: boolean;
  signingKey: SigningKey;
  reportData: Uint8Array;
  measurement: Uint8Array;
  hostData: Uint8Array;
  idKeyDigest: Uint8Array;
  authorKeyDigest: Uint8Array;
  reportId: Uint8Array;
  reportIdMa: Uint8Array;
  /** Of version 3 on. */
  cpuid: { family: number; model: number; stepping: number } | undefined;
  chipId: Uint8Array;
  currentFirmware: { major: number; minor: number; build: number };
  committedFirmware: { major: number; minor: number; build: number };
  /** Of version 5. */
  mitigations: { launch: bigint; current: bigint } | undefined;
  /** r ‖ s, 96 bytes, big-endian. */
  signature: Uint8Array;
}

/** Whether the bytes begin like a report: a version of 32 bits, where a quote has its attestation key type. */
export function looksLikeSnpReport(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[2] === 0 && bytes[3] === 0;
}

/** Parses a report strictly: known version, exact size, reserved fields zero. Checks no signature. Throws `E_EVIDENCE`. */
export function parseSnpReport(bytes: Uint8Array): SnpReport {
  const reader = new FieldReader(bytes, 'SNP report');
  const take = (field: keyof typeof reportLayout): Uint8Array => reader.take(reportLayout[field][1], field);
  const reserved = (field: keyof typeof reportLayout): void => reader.zero(reportLayout[field][1], field);
  const number = (field: keyof typeof reportLayout): number => Number(littleEndianBig(take(field)));
  const version = versionOf(number('VERSION'));
  const since = <T>(least: SnpReportVersion, fields: readonly (keyof typeof reportLayout)[], read: () => T) => {
    if (version >= least) return read();
    for (const field of fields) reserved(field);
    return undefined;
  };
  const firmware = (part: 'CURRENT' | 'COMMITTED') => {
    const build = number(`${part}_BUILD`);
    const minor = number(`${part}_MINOR`);
    return { major: number(`${part}_MAJOR`), minor, build };
  };
  const guestSvn = number('GUEST_SVN');
  const policy = littleEndianBig(take('POLICY'));
  const familyId = take('FAMILY_ID');
  const imageId = take('IMAGE_ID');
  const vmpl = number('VMPL');
  const algorithm = number('SIGNATURE_ALGO');
  if (algorithm !== ecdsaP384) throw unsupported('SIGNATURE_ALGO', String(ecdsaP384), String(algorithm));
  const currentTcb = take('CURRENT_TCB');
  const platformInfo = littleEndianBig(take('PLATFORM_INFO'));
  const keyInfo = readKeyInfo(number('KEY_INFO'));
  reserved('RESERVED1');
  const reportData = take('REPORT_DATA');
  const measurement = take('MEASUREMENT');
  const hostData = take('HOST_DATA');
  const idKeyDigest = take('ID_KEY_DIGEST');
  const authorKeyDigest = take('AUTHOR_KEY_DIGEST');
  const reportId = take('REPORT_ID');
  const reportIdMa = take('REPORT_ID_MA');
  const reportedTcb = take('REPORTED_TCB');
  const cpuid = since(3, ['CPUID_FAM_ID', 'CPUID_MOD_ID', 'CPUID_STEP'], () => {
    const family = number('CPUID_FAM_ID');
    const model = number('CPUID_MOD_ID');
    return { family, model, stepping: number('CPUID_STEP') };
  });
  reserved('RESERVED2');
  const chipId = take('CHIP_ID');
  const committedTcb = take('COMMITTED_TCB');
  const currentFirmware = firmware('CURRENT');
  reserved('RESERVED3');
  const committedFirmware = firmware('COMMITTED');
  reserved('RESERVED4');
  const launchTcb = take('LAUNCH_TCB');
  const mitigations = since(5, ['LAUNCH_MIT_VECTOR', 'CURRENT_MIT_VECTOR'], () => {
    const launch = littleEndianBig(take('LAUNCH_MIT_VECTOR'));
    return { launch, current: littleEndianBig(take('CURRENT_MIT_VECTOR')) };
  });
  reserved('RESERVED5');
  const signature = readSignature(take('SIGNATURE'));
  reader.end();
  return {
    version,
    signed: bytes.subarray(0, snpSignedSize),
    guestSvn,
    policy,
    familyId,
    imageId,
    vmpl,
    currentTcb,
    reportedTcb,
    committedTcb,
    launchTcb,
    platformInfo,
    ...keyInfo,
    reportData,
    measurement,
    hostData,
    idKeyDigest,
    authorKeyDigest,
    reportId,
    reportIdMa,
    cpuid,
    chipId,
    currentFirmware,
    committedFirmware,
    mitigations,
    signature,
  };
}

function versionOf(found: number): SnpReportVersion {
  const version = versions.find((one) => one === found);
  if (version === undefined) throw unsupported('VERSION', versions.join(', '), String(found));
  return version;
}

/** Offset 048h: bit 0 AUTHOR_KEY_EN, 1 MASK_CHIP_KEY, 4:2 SIGNING_KEY, the rest reserved. */
function readKeyInfo(bits: number): Pick<SnpReport, 'authorKeyEnabled' | 'signingKey'> {
  if (bits > 0x1f) {
    throw new SconeError('E_EVIDENCE', 'the SNP report has bytes other than zero in the reserved field KEY_INFO[31:5]');
  }
  // With MASK_CHIP_KEY the firmware leaves the signature zero: such a report proves nothing.
  if ((bits & 2) !== 0) throw unsupported('MASK_CHIP_KEY', '0', '1');
  const key = bits >> 2;
  if (key > 1) throw unsupported('SIGNING_KEY', '0 (VCEK) or 1 (VLEK)', String(key));
  return { authorKeyEnabled: (bits & 1) === 1, signingKey: key === 0 ? 'vcek' : 'vlek' };
}

/** Numbers of 384 bits: what is above must be zero, or two byte strings would be one signature. */
function readSignature(bytes: Uint8Array): Uint8Array {
  const reader = new FieldReader(bytes, 'signature of the SNP report');
  const signature = new Uint8Array(96);
  for (const [field, at] of [
    ['R', 0],
    ['S', 48],
  ] as const) {
    signature.set(reader.take(48, field).toReversed(), at);
    reader.zero(signatureLayout[field][1] - 48, `${field}[71:48]`);
  }
  reader.zero(signatureLayout.RESERVED[1], 'RESERVED');
  reader.end();
  return signature;
}

function unsupported(field: string, expected: string, found: string): SconeError {
  return new SconeError('E_EVIDENCE', `the SNP report's ${field} is not one that is supported`, { expected, found });
}
