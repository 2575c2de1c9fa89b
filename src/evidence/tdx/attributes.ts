import { littleEndianBig } from '../reader.ts';

/** TD attributes by their names. */
export interface TdAttributes {
  /** Any bit of the first group (TUD): the host can look into the TD or profile it. */
  debug: boolean;
  /** Intel LASS is enforced. */
  lass: boolean;
  /** Without it the host can inject exceptions for pages that it takes away. */
  septVeDisable: boolean;
  /** A migration TD may move it to another platform. */
  migratable: boolean;
  /** May use supervisor protection keys. */
  pks: boolean;
  /** May use the key locker. */
  kl: boolean;
  /** May use performance monitoring, which leaks between TDs that share a core. */
  perfmon: boolean;
  bits: bigint;
}

/**
 * Bits of ATTRIBUTES: Intel TDX Module Base Architecture Specification, "ATTRIBUTES (TD-scope)". Bit 0 is DEBUG, 7:1 are
 * the rest of the group that makes a TD untrusted.
 */
export const tdAttributeBits = {
  lass: 27,
  septVeDisable: 28,
  migratable: 29,
  pks: 30,
  kl: 31,
  perfmon: 63,
} as const satisfies Partial<Record<keyof TdAttributes, number>>;

const known = Object.values(tdAttributeBits).reduce((mask, bit) => mask | (1n << BigInt(bit)), 0xffn);

/** Reads 8 bytes. */
export function tdAttributesOf(bytes: Uint8Array): TdAttributes {
  const bits = littleEndianBig(bytes);
  const bit = (name: keyof typeof tdAttributeBits): boolean => ((bits >> BigInt(tdAttributeBits[name])) & 1n) === 1n;
  return {
    debug: (bits & 0xffn) !== 0n,
    lass: bit('lass'),
    septVeDisable: bit('septVeDisable'),
    migratable: bit('migratable'),
    pks: bit('pks'),
    kl: bit('kl'),
    perfmon: bit('perfmon'),
    bits,
  };
}

/** Whether a bit is set whose meaning nobody here knows. */
export function hasReservedTdAttributes(bytes: Uint8Array): boolean {
  return (littleEndianBig(bytes) & ~known) !== 0n;
}
