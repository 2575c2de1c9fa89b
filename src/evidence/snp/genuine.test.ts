import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { amdChain, genuineSnp, inForce } from '../../../test/evidence/genuine.ts';
import { flip, refusedWith } from '../../../test/evidence/world.ts';
import { need } from '../../../test/support/require.ts';
import { concat, hex } from '../../core/bytes.ts';
import { SconeError } from '../../core/errors.ts';
import { verifyChain, verifyChainDates } from '../../pki/chain.ts';
import { simulationRoots } from '../../sim/anchor.ts';
import { Refusal } from '../refusal.ts';
import { productionRoots } from '../roots.ts';
import { Verifier, verify } from '../verify.ts';
import { snpCollateral } from './collateral.ts';
import { parseSnpReport } from './report.ts';

const failed = (error: SconeError): string[] => error.errors.map((one) => (one instanceof Refusal ? one.check : '?'));
const allow = ['unchecked-revocation'] as const;

test('genuine: a Milan report is signed by its VCEK, and that leads to the pinned root', (t) => {
  const sample = genuineSnp(t);
  if (sample === undefined) return;
  const { report, collateral } = sample;
  const verdict = verify({ tee: 'snp', quote: report }, { collateral, allow, now: inForce });
  assert.deepEqual([verdict.tee, verdict.collateral, verdict.revocation], ['snp', 'verified', 'unchecked']);
  const { claims } = verdict;
  assert.ok(claims.tee === 'snp');
  assert.deepEqual([claims.version, claims.product, claims.signingKey, claims.vmpl], [2, 'Milan', 'vcek', 0]);
  assert.match(hex(claims.measurement), /^a1f3930413247bb3/);
  assert.match(claims.chipId ?? '', /^c38427a30d4c7af9/);
  assert.deepEqual(claims.tcb.reported, { fmc: 0, bootloader: 3, tee: 0, snp: 8, microcode: 0x73 });
  assert.equal(claims.tcb.current.microcode, 0xce);
  assert.deepEqual([claims.policy.smt, claims.policy.debug, claims.policy.migrateMa], [true, false, false]);
  assert.deepEqual([claims.policy.abiMajor, claims.policy.abiMinor], [0, 31]);
  assert.match(hex(claims.idKeyDigest ?? new Uint8Array()), /^0356215882a82527/);
  assert.equal(claims.authorKeyDigest, undefined);
  assert.deepEqual(claims.currentFirmware, { major: 1, minor: 52, build: 4 });
});

test('21: genuine: without a revocation list the verdict is a refusal that says so, unless a policy allows it', (t) => {
  const sample = genuineSnp(t);
  if (sample === undefined) return;
  const { report, collateral } = sample;
  const error = refusedWith(() => verify({ quote: report }, { collateral, now: inForce }));
  assert.deepEqual(failed(error), ['revocation-unchecked']);
  assert.match(error.message, /revocation: unchecked/);
  assert.match(error.hint ?? '', /unchecked-revocation/);
});

test('7: genuine: the certificates are compared with the clock', (t) => {
  const sample = genuineSnp(t);
  if (sample === undefined) return;
  const { report, collateral } = sample;
  for (const now of ['2023-01-24T17:58:25Z', '2030-01-24T17:58:27Z']) {
    const error = refusedWith(() => verify({ quote: report }, { collateral, allow, now: new Date(now) }));
    assert.deepEqual(failed(error), ['vek-dates']);
  }
});

test('19: genuine: the VCEK without its ASK, or with the ASVK in its place, is refused', (t) => {
  const sample = genuineSnp(t);
  if (sample === undefined) return;
  const of = (...names: string[]) =>
    snpCollateral({
      certificates: sample.collateral.certificates.flatMap(({ commonName, der }) =>
        names.includes(commonName ?? '') ? [der] : [],
      ),
    });
  for (const collateral of [
    of('SEV-VCEK'),
    of('SEV-VCEK', 'ARK-Milan'),
    of('SEV-VCEK', 'SEV-VLEK-Milan', 'ARK-Milan'),
  ]) {
    const error = refusedWith(() => verify({ quote: sample.report }, { collateral, allow, now: inForce }));
    assert.ok(failed(error).includes('vek-chain'), error.message);
  }
  const none = refusedWith(() =>
    verify({ quote: sample.report }, { collateral: of('SEV-Milan'), allow, now: inForce }),
  );
  assert.match(none.message, /no VCEK certificate/);
  assert.equal(
    verify({ quote: sample.report }, { collateral: of('SEV-VCEK', 'SEV-Milan', 'ARK-Milan'), allow, now: inForce }).tee,
    'snp',
  );
});

test("21: genuine: AMD's chains of all product lines lead to their pins, each to its own", (t) => {
  const folder = need(t, 'vectors');
  const pins = productionRoots.snpArkSpkiSha256;
  if (folder === undefined || pins === undefined) return;
  for (const [file, line] of [
    ['milan', 'Milan'],
    ['genoa', 'Genoa'],
    ['turin', 'Turin'],
  ] as const) {
    const { certificates } = amdChain(folder, file);
    const [ask, ark, asvk] = certificates;
    assert.deepEqual(
      certificates.map(({ commonName }) => commonName),
      [`SEV-${line}`, `ARK-${line}`, `SEV-VLEK-${line}`],
    );
    for (const authority of [ask, asvk]) {
      assert.ok(ark !== undefined && authority !== undefined);
      const rules = { length: 2, leaf: 'ca', what: 'chain' } as const;
      verifyChain([authority, ark], { ...rules, pin: pins[line] });
      verifyChainDates([authority, ark], inForce, 'chain');
      const other: string = line === 'Milan' ? pins.Genoa : pins.Milan;
      assert.equal(refusedWith(() => verifyChain([authority, ark], { ...rules, pin: other })).code, 'E_CHAIN');
    }
  }
});

test('47: genuine: an SNP report is refused under the simulation root', (t) => {
  const sample = genuineSnp(t);
  if (sample === undefined) return;
  const { report, collateral } = sample;
  const error = refusedWith(() =>
    verify({ quote: report }, { roots: simulationRoots, collateral, allow, now: inForce }),
  );
  assert.deepEqual(failed(error), ['vek-chain', 'tee']);
});

test('11: genuine: the report cut off at any length, or with bytes behind it, is refused with our own error', (t) => {
  const sample = genuineSnp(t);
  if (sample === undefined) return;
  for (let length = 0; length < sample.report.length; length++) {
    assert.equal(refusedWith(() => parseSnpReport(sample.report.subarray(0, length))).code, 'E_EVIDENCE');
  }
  assert.equal(refusedWith(() => parseSnpReport(concat(sample.report, Uint8Array.of(0)))).code, 'E_EVIDENCE');
});

test('genuine: no changed byte of the report is accepted', (t) => {
  const sample = genuineSnp(t);
  if (sample === undefined) return;
  const { report, collateral } = sample;
  const verifier = new Verifier(productionRoots);
  fc.assert(
    fc.property(fc.nat(report.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const error = refusedWith(() =>
        verifier.judge({ quote: flip(report, at, mask) }, { collateral, allow, now: inForce }),
      );
      assert.ok(error instanceof SconeError);
    }),
    { numRuns: 500 },
  );
});
