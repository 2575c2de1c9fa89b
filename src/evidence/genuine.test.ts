import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import * as fc from 'fast-check';
import { flip, refusedWith } from '../../test/evidence/world.ts';
import { need } from '../../test/support/require.ts';
import { SconeError } from '../core/errors.ts';
import { simulationRoots } from '../sim/anchor.ts';
import { satisfies } from './appraise.ts';
import { parseCollateral } from './collateral.ts';
import { Refusal } from './refusal.ts';
import { productionRoots } from './roots.ts';
import { platformHint, Verifier, verifyEvidence } from './verify.ts';

/** A time at which the collateral of the samples is in force. */
const then = new Date('2025-06-20T12:00:00Z');

function sgx(t: TestContext): { quote: Uint8Array; collateral: string } | undefined {
  const folder = need(t, 'vectors');
  if (folder === undefined) return undefined;
  return {
    quote: readFileSync(join(folder, 'sgx/quote-v3.bin')),
    collateral: readFileSync(join(folder, 'sgx/quote-v3.collateral.json'), 'utf8'),
  };
}

test('genuine: an SGX quote v3 gets the verdict that is published with it', (t) => {
  const sample = sgx(t);
  if (sample === undefined) return;
  const collateral = parseCollateral(sample.collateral);
  const { tee, claims } = verifyEvidence({ quote: sample.quote }, { roots: productionRoots, collateral, now: then });
  assert.equal(tee, 'sgx');
  assert.equal(claims.fmspc, '00a067110000');
  assert.equal(claims.tcb.status, 'ConfigurationAndSWHardeningNeeded');
  assert.deepEqual(claims.tcb.advisories, ['INTEL-SA-00289', 'INTEL-SA-00615']);
  assert.equal(claims.tcb.evaluationDataNumber, 17);
  assert.equal(Buffer.from(claims.reportData).toString('latin1').replace(/\0+$/, ''), 'Hello, world!');
  assert.deepEqual(platformHint({ quote: sample.quote }, productionRoots), {
    tee: 'sgx',
    fmspc: '00a067110000',
    pceid: '0000',
  });
});

test('genuine: today the sample is refused as expired, and so is it before its collateral was issued', (t) => {
  const sample = sgx(t);
  if (sample === undefined) return;
  const options = { roots: productionRoots, collateral: parseCollateral(sample.collateral) };
  for (const now of [new Date(), new Date('2025-07-19T10:56:12Z'), new Date('2025-06-19T10:00:00Z')]) {
    const error = refusedWith(() => verifyEvidence({ quote: sample.quote }, { ...options, now }));
    assert.equal(error.code, 'E_COLLATERAL');
    assert.ok(error.errors.some((one) => one instanceof Refusal && one.check === 'tcb-info-dates'));
  }
});

test('genuine: the sample satisfies a session only with the tolerance it needs', (t) => {
  const sample = sgx(t);
  if (sample === undefined) return;
  const { claims } = verifyEvidence(
    { quote: sample.quote, aux: new TextEncoder().encode(sample.collateral) },
    { roots: productionRoots, now: then },
  );
  const requirement = { sgx: { mrenclave: [Buffer.from(claims.mrenclave).toString('hex')] } };
  const tolerate = ['software-hardening-needed', 'insecure-configuration'];
  assert.equal(satisfies(claims, requirement), false);
  assert.equal(satisfies(claims, requirement, { tolerate, ignore_advisories: [] }), false);
  assert.equal(satisfies(claims, requirement, { tolerate, ignore_advisories: ['INTEL-SA-00289'] }), true);
});

test('genuine: evidence of real hardware is refused under the simulation root', (t) => {
  const sample = sgx(t);
  if (sample === undefined) return;
  const options = { roots: simulationRoots, collateral: parseCollateral(sample.collateral), now: then };
  assert.equal(refusedWith(() => verifyEvidence({ quote: sample.quote }, options)).code, 'E_CHAIN');
});

test('genuine: no changed byte of the sample is accepted, except between the lines of its PEM text', (t) => {
  const sample = sgx(t);
  if (sample === undefined) return;
  const collateral = parseCollateral(sample.collateral);
  const verifier = new Verifier(productionRoots);
  const pemFrom = Buffer.from(sample.quote).indexOf('-----BEGIN');
  fc.assert(
    fc.property(fc.nat(sample.quote.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      try {
        verifier.verify({ quote: flip(sample.quote, at, mask) }, collateral, then);
      } catch (error) {
        assert.ok(error instanceof SconeError, String(error));
        return;
      }
      assert.ok(at >= pemFrom && '\n\0'.includes(String.fromCharCode(sample.quote[at] ?? 1)), `byte ${at} xor ${mask}`);
    }),
    { numRuns: 3000 },
  );
});

test('genuine: no changed character of the signed documents is accepted', (t) => {
  const sample = sgx(t);
  if (sample === undefined) return;
  const form = JSON.parse(sample.collateral);
  for (const part of ['tcb_info', 'qe_identity', 'pck_crl', 'root_ca_crl'] as const) {
    const text: string = form[part];
    // The signature of a list is part of it; changing its encoding is no change of what was signed.
    const signed = part.endsWith('crl') ? text.length - 160 : text.length;
    fc.assert(
      fc.property(fc.nat(signed - 1), fc.constantFrom('0', '1', 'a', 'f', ' ', '"'), (at, by) => {
        if (text[at] === by || (text[at] ?? '').toLowerCase() === by.toLowerCase()) return;
        const changed = { ...form, [part]: text.slice(0, at) + by + text.slice(at + 1) };
        const error = refusedWith(() =>
          verifyEvidence(
            { quote: sample.quote },
            { roots: productionRoots, collateral: parseCollateral(JSON.stringify(changed)), now: then },
          ),
        );
        assert.match(error.code, /^E_(COLLATERAL|CHAIN|TCB)$/);
      }),
      { numRuns: 100 },
    );
  }
});
