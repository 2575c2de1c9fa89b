import type { SnpProduct } from './product.ts';

/** Security patch levels of the parts of a platform, 0 to 255 each: what AMD calls a TCB version. */
export interface SnpTcb {
  /** Firmware of the manageability controller; Turin only, elsewhere 0. */
  fmc: number;
  bootloader: number;
  tee: number;
  snp: number;
  microcode: number;
}

/** In the order in which they are told. */
export const snpTcbParts = [
  'fmc',
  'bootloader',
  'tee',
  'snp',
  'microcode',
] as const satisfies readonly (keyof SnpTcb)[];

/** Which byte holds which part (56860, 2.2, table TCB_VERSION; Turin has a structure of its own); others must be zero. */
const places: Record<'old' | 'turin', readonly (keyof SnpTcb | undefined)[]> = {
  old: ['bootloader', 'tee', undefined, undefined, undefined, undefined, 'snp', 'microcode'],
  turin: ['fmc', 'bootloader', 'tee', 'snp', undefined, undefined, undefined, 'microcode'],
};

/** The parts of 8 bytes; undefined when a reserved byte is not zero. */
export function readTcbVersion(bytes: Uint8Array, product: SnpProduct): SnpTcb | undefined {
  const tcb: SnpTcb = { fmc: 0, bootloader: 0, tee: 0, snp: 0, microcode: 0 };
  for (const [index, part] of places[product === 'Turin' ? 'turin' : 'old'].entries()) {
    const level = bytes[index] ?? 0;
    if (part !== undefined) tcb[part] = level;
    else if (level !== 0) return undefined;
  }
  return tcb;
}

/** Whether every part is at or above the least; one that is higher does not make up for another. */
export function reaches(tcb: SnpTcb, least: SnpTcb): boolean {
  return snpTcbParts.every((part) => tcb[part] >= least[part]);
}

export function tcbText(tcb: SnpTcb): string {
  return snpTcbParts.map((part) => `${part} ${tcb[part]}`).join(', ');
}
