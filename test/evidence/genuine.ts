import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Collateral } from '../../src/evidence/collateral.ts';
import { parseCollateral } from '../../src/evidence/collateral.ts';
import { parseSnpCollateral, type SnpCollateral, snpCollateral } from '../../src/evidence/snp/collateral.ts';
import { need } from '../support/require.ts';

/** A time at which the collateral of the genuine samples is in force. */
export const inForce = new Date('2025-06-20T12:00:00Z');

/** Genuine TDX quotes; undefined, and the test skipped, where they are not at hand. */
export function genuineTdx(t: TestContext): { v4: Uint8Array; v5: Uint8Array; collateral: Collateral } | undefined {
  const folder = need(t, 'vectors');
  if (folder === undefined) return undefined;
  return {
    v4: readFileSync(join(folder, 'tdx/quote-v4.bin')),
    v5: readFileSync(join(folder, 'tdx/quote-v5.bin')),
    collateral: parseCollateral(readFileSync(join(folder, 'tdx/quote-v4.collateral.json'))),
  };
}

/** A genuine SNP report of a Milan processor, its VCEK and AMD's chain. */
export function genuineSnp(t: TestContext): { report: Uint8Array; collateral: SnpCollateral } | undefined {
  const folder = need(t, 'vectors');
  if (folder === undefined) return undefined;
  return {
    report: readFileSync(join(folder, 'snp/report-milan.bin')),
    collateral: snpCollateral({
      certificates: [
        readFileSync(join(folder, 'snp/report-milan.vcek.der')),
        ...amdChain(folder, 'milan').certificates.map(({ der }) => der),
      ],
    }),
  };
}

export function amdChain(folder: string, product: 'milan' | 'genoa' | 'turin'): SnpCollateral {
  return parseSnpCollateral(readFileSync(join(folder, `snp/amd-${product}.ask-ark-asvk.pem`)));
}
