import { type KeyObject, sign } from 'node:crypto';
import { concat, zeroPad } from '../core/bytes.ts';
import { exactly, littleEndian } from './quote.ts';
import type { SnpLevels, SnpPlatform } from './snp-generator.ts';

/** Fields of a simulated report that tests vary. Byte fields have their full length. */
export interface SnpReportFields {
  version: number;
  guestSvn: number;
  /** 64 bits. */
  policy: bigint;
  vmpl: number;
  signatureAlgorithm: number;
  platformInfo: number;
  /** AUTHOR_KEY_EN, MASK_CHIP_KEY and SIGNING_KEY of offset 048h. */
  keyInfo: number;
  reportData: Uint8Array;
  measurement: Uint8Array;
  hostData: Uint8Array;
  idKeyDigest: Uint8Array;
  authorKeyDigest: Uint8Array;
  /** 64 bytes. */
  chipId: Uint8Array;
  current: SnpLevels;
  reported: SnpLevels;
  committed: SnpLevels;
  launch: SnpLevels;
  /** Family, model, stepping: of version 3 on. */
  cpuid: readonly [number, number, number];
  mitigations: readonly [bigint, bigint];
}

export interface SnpReportOptions {
  fields?: Partial<SnpReportFields>;
  /** Who signs; the VCEK unless told. */
  key?: 'vcek' | 'vlek';
  /** Changes the report before it is signed. */
  change?: (unsigned: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
}

/** Family, model and stepping of a processor of each line. */
export const snpCpuids: Record<SnpPlatform['product'], readonly [number, number, number]> = {
  Milan: [0x19, 0x01, 1],
  Genoa: [0x19, 0x11, 1],
  Turin: [0x1a, 0x02, 1],
};

/** ABI 1.55, bit 17 one, everything else zero. */
export const strictPolicy = 0x2_0137n;

/** A report of a platform: 56860, 7.3; written field after field, not from the verifier's table of offsets. */
export function makeSnpReport(platform: SnpPlatform, options: SnpReportOptions = {}): Uint8Array<ArrayBuffer> {
  const key = options.key ?? 'vcek';
  const { tcb, product } = platform;
  const f: SnpReportFields = {
    version: 3,
    guestSvn: 0,
    policy: strictPolicy,
    vmpl: 0,
    signatureAlgorithm: 1,
    platformInfo: 1,
    keyInfo: key === 'vcek' ? 0 : 1 << 2,
    reportData: new Uint8Array(64).fill(0xc3),
    measurement: new Uint8Array(48).fill(0xa1),
    hostData: new Uint8Array(32).fill(0xb2),
    idKeyDigest: new Uint8Array(48),
    authorKeyDigest: new Uint8Array(48),
    chipId: zeroPad(platform.chipId, 64),
    current: tcb,
    reported: tcb,
    committed: tcb,
    launch: tcb,
    cpuid: snpCpuids[product],
    mitigations: [1n, 1n],
    ...options.fields,
  };
  const level = (levels: SnpLevels): Uint8Array => tcbVersion(levels, product);
  const unsigned = concat(
    littleEndian(f.version, 4),
    littleEndian(f.guestSvn, 4),
    uint64(f.policy),
    new Uint8Array(32),
    littleEndian(f.vmpl, 4),
    littleEndian(f.signatureAlgorithm, 4),
    level(f.current),
    littleEndian(f.platformInfo, 4),
    new Uint8Array(4),
    littleEndian(f.keyInfo, 4),
    new Uint8Array(4),
    exactly(64, 'REPORT_DATA', f.reportData),
    exactly(48, 'MEASUREMENT', f.measurement),
    exactly(32, 'HOST_DATA', f.hostData),
    exactly(48, 'ID_KEY_DIGEST', f.idKeyDigest),
    exactly(48, 'AUTHOR_KEY_DIGEST', f.authorKeyDigest),
    new Uint8Array(32).fill(0x1d),
    new Uint8Array(32).fill(0xff),
    level(f.reported),
    f.version >= 3 ? Uint8Array.from(f.cpuid) : new Uint8Array(3),
    new Uint8Array(21),
    exactly(64, 'CHIP_ID', f.chipId),
    level(f.committed),
    // Firmware 1.55 build 4, current and committed.
    Uint8Array.of(4, 55, 1, 0, 4, 55, 1, 0),
    level(f.launch),
    ...(f.version >= 5 ? f.mitigations.map(uint64) : [new Uint8Array(16)]),
    new Uint8Array(152),
  );
  const changed = options.change?.(unsigned) ?? unsigned;
  return concat(changed, signatureOf(platform[key].key, changed));
}

/** TCB_VERSION; Turin has a structure of its own. */
function tcbVersion({ fmc, bootloader, tee, snp, microcode }: SnpLevels, product: SnpPlatform['product']): Uint8Array {
  if (product === 'Turin') return Uint8Array.of(fmc, bootloader, tee, snp, 0, 0, 0, microcode);
  return Uint8Array.of(bootloader, tee, 0, 0, 0, 0, snp, microcode);
}

function signatureOf(key: KeyObject, message: Uint8Array): Uint8Array {
  const raw = new Uint8Array(sign('sha384', message, { key, dsaEncoding: 'ieee-p1363' }));
  return concat(zeroPad(raw.slice(0, 48).reverse(), 72), zeroPad(raw.slice(48).reverse(), 72), new Uint8Array(368));
}

function uint64(value: bigint): Uint8Array {
  return concat(littleEndian(Number(value & 0xffff_ffffn), 4), littleEndian(Number(value >> 32n), 4));
}
