import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { hex } from '../../src/core/bytes.ts';
import { SconeError } from '../../src/core/errors.ts';
import { parseCollateral } from '../../src/evidence/collateral.ts';
import { Refusal, type SgxCheck } from '../../src/evidence/refusal.ts';
import type { TrustRoots } from '../../src/evidence/roots.ts';
import { type Verified, verifyEvidence } from '../../src/evidence/verify.ts';
import type { CertificateSpec } from '../../src/pki/issue.ts';
import { spkiSha256 } from '../../src/pki/spki.ts';
import { type CollateralOptions, makeCollateral } from '../../src/sim/collateral.ts';
import { makePlatform, type Platform, type Role, simVendor } from '../../src/sim/generator.ts';
import { type Hardware, simHardware } from '../../src/sim/hardware.ts';
import { makeQuote, type QuoteParts, type SimQuoteFields } from '../../src/sim/quote.ts';

/** The time at which the tests of evidence take place. */
export const now = new Date('2026-01-15T12:00:00Z');

export function newKey(namedCurve = 'P-256'): KeyObject {
  return generateKeyPairSync('ec', { namedCurve }).privateKey;
}

export function random(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(randomBytes(length));
  // A serial number is positive and, here, of one length.
  bytes[0] = 0x41;
  return bytes;
}

/** Keys of one vendor; all worlds of a test file share them, so that only what a test changes is different. */
export const keys: Record<Role, KeyObject> = {
  root: newKey(),
  platformCa: newKey(),
  pck: newKey(),
  tcbSigning: newKey(),
};

export interface WorldOptions {
  keys?: Partial<Record<Role, KeyObject>>;
  hardware?: Partial<Hardware>;
  /** Changes a certificate before it is issued. */
  certificate?: (role: Role, spec: CertificateSpec) => CertificateSpec;
  /** Changes the platform after it was made. */
  platform?: (platform: Platform) => Platform;
  fields?: Partial<SimQuoteFields>;
  /** Changes the quote before it is signed. */
  parts?: (parts: QuoteParts) => QuoteParts;
  /** Changes the finished quote. */
  quote?: (quote: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  collateral?: Partial<Omit<CollateralOptions, 'platform'>>;
}

/** A quote and its collateral, everything about them under control. */
export interface World {
  platform: Platform;
  quote: Uint8Array<ArrayBuffer>;
  /** JSON form. */
  collateral: string;
  roots: TrustRoots;
}

export function makeWorld(options: WorldOptions = {}): World {
  const made = makePlatform({
    keys: { ...keys, ...options.keys },
    hardware: { ...simHardware, ...options.hardware },
    notBefore: new Date('2025-01-01T00:00:00Z'),
    notAfter: new Date('2030-01-01T00:00:00Z'),
    random,
    ...(options.certificate === undefined ? {} : { change: options.certificate }),
  });
  const platform = options.platform?.(made) ?? made;
  const fields = {
    mrenclave: new Uint8Array(32).fill(0xa1),
    configId: new Uint8Array(64).fill(0xb2),
    reportData: new Uint8Array(64).fill(0xc3),
    ...options.fields,
  };
  const quote = makeQuote(platform, fields, options.parts);
  return {
    platform,
    quote: options.quote?.(quote) ?? quote,
    collateral: makeCollateral({
      platform,
      issued: new Date('2026-01-01T00:00:00Z'),
      expires: new Date('2026-01-31T00:00:00Z'),
      ...options.collateral,
    }),
    roots: rootsOf(platform),
  };
}

export function rootsOf(platform: Platform): TrustRoots {
  return {
    mode: 'simulation',
    sgxRootSpkiSha256: hex(spkiSha256(createPublicKey(platform.root.key))),
    sgxVendor: simVendor,
  };
}

export function verifyWorld(world: World, at = now): Verified {
  return verifyEvidence(
    { quote: world.quote },
    { roots: world.roots, collateral: parseCollateral(world.collateral), now: at },
  );
}

/** The error of a call that must be refused with our own error class. */
export function refusedWith(run: () => unknown): SconeError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof SconeError, `another error class: ${String(error)}`);
    return error;
  }
  return assert.fail('it was accepted');
}

/** Demands that exactly these checks fail, in this order; returns the error. */
export function refusedBy(world: World, checks: readonly SgxCheck[], at = now): SconeError {
  const error = refusedWith(() => verifyWorld(world, at));
  const failed = error.errors.map((one) => (one instanceof Refusal ? one.check : String(one)));
  assert.deepEqual([...new Set(failed)], checks, error.stack ?? error.message);
  for (const one of error.errors) assert.ok(one.hint, `${one.message} has no hint`);
  return error;
}

/** A copy with one byte changed. */
export function flip(bytes: Uint8Array, at: number, mask = 0x01): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  copy[at] = (copy[at] ?? 0) ^ mask;
  return copy;
}

/** A copy with some bytes replaced. */
export function patch(bytes: Uint8Array, at: number, by: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  copy.set(by, at);
  return copy;
}
