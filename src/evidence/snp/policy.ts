/** A guest policy: what the launcher allowed the platform to do with the guest. */
export interface SnpPolicy {
  /** Least firmware ABI that may run it. */
  abiMinor: number;
  abiMajor: number;
  smt: boolean;
  /** Association with a migration agent, which then can read the guest. */
  migrateMa: boolean;
  debug: boolean;
  singleSocket: boolean;
  cxlAllowed: boolean;
  memAes256Xts: boolean;
  raplDisabled: boolean;
  ciphertextHiding: boolean;
  pageSwapDisabled: boolean;
  bits: bigint;
}

/** Bits of the guest policy: 56860, 4.3, table "Guest Policy Structure". */
export const policyBits = {
  smt: 16,
  migrateMa: 18,
  debug: 19,
  singleSocket: 20,
  cxlAllowed: 21,
  memAes256Xts: 22,
  raplDisabled: 23,
  ciphertextHiding: 24,
  pageSwapDisabled: 25,
} as const satisfies Partial<Record<keyof SnpPolicy, number>>;

/** Bit 17 must be one, 63:26 must be zero. */
export const policyOneBit = 17n;
const policyReserved = ~((1n << 26n) - 1n) & 0xffff_ffff_ffff_ffffn;

export function readPolicy(bits: bigint): SnpPolicy {
  const bit = (name: keyof typeof policyBits): boolean => ((bits >> BigInt(policyBits[name])) & 1n) === 1n;
  return {
    abiMinor: Number(bits & 0xffn),
    abiMajor: Number((bits >> 8n) & 0xffn),
    smt: bit('smt'),
    migrateMa: bit('migrateMa'),
    debug: bit('debug'),
    singleSocket: bit('singleSocket'),
    cxlAllowed: bit('cxlAllowed'),
    memAes256Xts: bit('memAes256Xts'),
    raplDisabled: bit('raplDisabled'),
    ciphertextHiding: bit('ciphertextHiding'),
    pageSwapDisabled: bit('pageSwapDisabled'),
    bits,
  };
}

/** Whether the reserved bits have their values. A bit that nobody knows may open what nobody thought of. */
export function policyIsWellFormed(bits: bigint): boolean {
  return ((bits >> policyOneBit) & 1n) === 1n && (bits & policyReserved) === 0n;
}
