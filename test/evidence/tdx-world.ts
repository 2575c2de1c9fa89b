import assert from 'node:assert/strict';
import type { SconeError } from '../../src/core/errors.ts';
import { parseCollateral } from '../../src/evidence/collateral.ts';
import { type CheckName, Refusal } from '../../src/evidence/refusal.ts';
import type { TrustRoots } from '../../src/evidence/roots.ts';
import { type JudgeOptions, type Verdict, verify } from '../../src/evidence/verify.ts';
import { type CollateralOptions, makeCollateral } from '../../src/sim/collateral.ts';
import type { Platform } from '../../src/sim/generator.ts';
import { makeTdxQuote, type TdFields, type TdxQuoteOptions } from '../../src/sim/tdx-quote.ts';
import { makeWorld, now, refusedWith, rootsOf, type WorldOptions } from './world.ts';

export interface TdxWorldOptions extends Pick<WorldOptions, 'keys' | 'hardware' | 'certificate' | 'platform'> {
  version?: 4 | 5;
  body?: 'TD 1.0' | 'TD 1.5';
  fields?: Partial<TdFields>;
  parts?: TdxQuoteOptions['change'];
  quote?: (quote: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  collateral?: Partial<Omit<CollateralOptions, 'platform'>>;
}

/** A TDX quote and its collateral, everything about them under control. */
export interface TdxWorld {
  platform: Platform;
  quote: Uint8Array<ArrayBuffer>;
  /** JSON form. */
  collateral: string;
  /** Of a vendor of its own, as production. */
  roots: TrustRoots;
}

export function makeTdxWorld(options: TdxWorldOptions = {}): TdxWorld {
  const { version = 4, body, fields = {}, parts, quote: changeQuote, collateral, ...shared } = options;
  const { platform } = makeWorld(shared);
  const quote = makeTdxQuote(platform, {
    version,
    fields,
    ...(body === undefined ? {} : { body }),
    ...(parts === undefined ? {} : { change: parts }),
  });
  return {
    platform,
    quote: changeQuote?.(quote) ?? quote,
    collateral: makeCollateral({
      platform,
      tee: 'TDX',
      issued: new Date('2026-01-01T00:00:00Z'),
      expires: new Date('2026-01-31T00:00:00Z'),
      ...collateral,
    }),
    roots: { ...rootsOf(platform), mode: 'production' },
  };
}

export function judgeTdx(world: TdxWorld, options: Partial<JudgeOptions> = {}): Verdict {
  const collateral = parseCollateral(world.collateral);
  return verify({ quote: world.quote }, { roots: world.roots, collateral, now, ...options });
}

/** Demands that exactly these checks fail, in this order; returns the error. */
export function tdxRefusedBy(world: TdxWorld, checks: readonly CheckName[]): SconeError {
  const error = refusedWith(() => judgeTdx(world));
  assert.deepEqual(checksOf(error), checks, error.stack ?? error.message);
  return error;
}

/** The names of the checks that failed, each once, in order. */
export function checksOf(error: SconeError): string[] {
  return [...new Set(error.errors.map((one) => (one instanceof Refusal ? one.check : String(one))))];
}
