import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { hex } from '../../src/core/bytes.ts';
import type { SconeError } from '../../src/core/errors.ts';
import type { CheckName } from '../../src/evidence/refusal.ts';
import { productionRoots, type TrustRoots } from '../../src/evidence/roots.ts';
import type { SnpCollateral } from '../../src/evidence/snp/collateral.ts';
import { type JudgeOptions, type Verdict, verify } from '../../src/evidence/verify.ts';
import { spkiSha256 } from '../../src/pki/spki.ts';
import {
  makeSnpCollateral,
  makeSnpPlatform,
  type SnpCollateralOptions,
  type SnpPlatform,
  type SnpPlatformOptions,
  type SnpRole,
} from '../../src/sim/snp-generator.ts';
import { makeSnpReport, type SnpReportOptions } from '../../src/sim/snp-report.ts';
import pems from './snp-keys.json' with { type: 'json' };
import { checksOf } from './tdx-world.ts';
import { now, random, refusedWith } from './world.ts';

/** Keys of the make-believe vendor of all SNP tests. */
export const snpKeys: SnpPlatformOptions['keys'] = {
  ark: createPrivateKey(pems.ark),
  ask: createPrivateKey(pems.ask),
  asvk: createPrivateKey(pems.asvk),
  vcek: createPrivateKey(pems.vcek),
  vlek: createPrivateKey(pems.vlek),
};

export interface SnpWorldOptions extends SnpReportOptions {
  product?: SnpPlatform['product'];
  chipId?: Uint8Array;
  keys?: Partial<SnpPlatformOptions['keys']>;
  certificate?: NonNullable<SnpPlatformOptions['change']>;
  collateral?: Partial<SnpCollateralOptions>;
  report?: (report: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
}

/** An SNP report and its collateral, everything about them under control. */
export interface SnpWorld {
  platform: SnpPlatform;
  report: Uint8Array<ArrayBuffer>;
  collateral: SnpCollateral;
  roots: TrustRoots;
}

export const snpTcb = { fmc: 0, bootloader: 4, tee: 1, snp: 22, microcode: 213 };

export function makeSnpWorld(options: SnpWorldOptions = {}): SnpWorld {
  const { product = 'Milan', chipId, keys, certificate, collateral, report: changeReport, ...report } = options;
  const platform = makeSnpPlatform({
    product,
    keys: { ...snpKeys, ...keys },
    chipId: chipId ?? new Uint8Array(product === 'Turin' ? 8 : 64).fill(0x77),
    tcb: { ...snpTcb, fmc: product === 'Turin' ? 1 : 0 },
    notBefore: new Date('2025-01-01T00:00:00Z'),
    notAfter: new Date('2030-01-01T00:00:00Z'),
    random,
    ...(certificate === undefined ? {} : { change: certificate }),
  });
  const made = makeSnpReport(platform, report);
  return {
    platform,
    report: changeReport?.(made) ?? made,
    collateral: makeSnpCollateral(platform, {
      issued: new Date('2026-01-01T00:00:00Z'),
      expires: new Date('2026-01-31T00:00:00Z'),
      ...collateral,
    }),
    roots: snpRoots(product),
  };
}

/** Roots of a vendor whose ARK of this line is the tests', and of no other line. */
export function snpRoots(product: SnpPlatform['product']): TrustRoots {
  const none = { Milan: '00'.repeat(32), Genoa: '00'.repeat(32), Turin: '00'.repeat(32) };
  return {
    ...productionRoots,
    snpArkSpkiSha256: { ...none, [product]: hex(spkiSha256(createPublicKey(snpKeys.ark))) },
  };
}

/** The collateral of a world with only these certificates. */
export function only(world: SnpWorld, ...roles: SnpRole[]): SnpWorld {
  const dates = { issued: new Date('2026-01-01T00:00:00Z'), expires: new Date('2026-01-31T00:00:00Z') };
  return { ...world, collateral: makeSnpCollateral(world.platform, { ...dates, roles }) };
}

export function judgeSnp(world: SnpWorld, options: Partial<JudgeOptions> = {}): Verdict {
  return verify({ quote: world.report }, { roots: world.roots, collateral: world.collateral, now, ...options });
}

/** Demands that exactly these checks fail, in this order; returns the error. */
export function snpRefusedBy(world: SnpWorld, checks: readonly CheckName[], at = now): SconeError {
  const error = refusedWith(() => judgeSnp(world, { now: at }));
  assert.deepEqual(checksOf(error), checks, error.stack ?? error.message);
  for (const one of error.errors) assert.ok(one.hint, `${one.message} has no hint`);
  return error;
}
