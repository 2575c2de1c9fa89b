import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { genuineTdx, inForce } from '../../../test/evidence/genuine.ts';
import { flip, refusedWith } from '../../../test/evidence/world.ts';
import { concat, hex } from '../../core/bytes.ts';
import { SconeError } from '../../core/errors.ts';
import { simulationRoots } from '../../sim/anchor.ts';
import { Refusal } from '../refusal.ts';
import { productionRoots } from '../roots.ts';
import { Verifier, verify } from '../verify.ts';
import { parseQuote4 } from './quote.ts';

const failed = (error: SconeError): string[] => error.errors.map((one) => (one instanceof Refusal ? one.check : '?'));

test('genuine: a TDX quote v4 is UpToDate at the time of its collateral', (t) => {
  const sample = genuineTdx(t);
  if (sample === undefined) return;
  const verdict = verify({ tee: 'tdx', quote: sample.v4 }, { collateral: sample.collateral, now: inForce });
  assert.deepEqual([verdict.tee, verdict.collateral, verdict.revocation], ['tdx', 'verified', 'checked']);
  assert.ok(verdict.claims.tee === 'tdx');
  assert.equal(verdict.claims.tcb?.status, 'UpToDate');
  assert.deepEqual(verdict.claims.tcb?.advisories, []);
  assert.equal(verdict.claims.fmspc, 'b0c06f000000');
  assert.equal(hex(verdict.claims.teeTcbSvn), '06010300000000000000000000000000');
  assert.equal(verdict.claims.attributes.septVeDisable, true);
  assert.match(hex(verdict.claims.mrtd), /^91eb2b44d141d4ec/);
  assert.match(hex(verdict.claims.reportData), /^9a9d48e7f6799642/);
});

test('genuine: today the TDX sample is refused as expired', (t) => {
  const sample = genuineTdx(t);
  if (sample === undefined) return;
  const { v4, collateral } = sample;
  const error = refusedWith(() => verify({ quote: v4 }, { collateral, now: new Date() }));
  assert.equal(error.code, 'E_COLLATERAL');
  assert.ok(failed(error).includes('tcb-info-dates') && failed(error).includes('qe-identity-dates'));
});

test('genuine: a TDX quote v5 with a TD 1.5 body passes as far as its collateral is there, and a policy must allow that', (t) => {
  const sample = genuineTdx(t);
  if (sample === undefined) return;
  const error = refusedWith(() => verify({ quote: sample.v5 }, { now: inForce }));
  assert.deepEqual(failed(error), ['collateral-missing']);
  assert.match(error.message, /collateral: missing/);
  assert.match(error.hint ?? '', /missing-collateral/);
  const verdict = verify({ quote: sample.v5 }, { now: inForce, allow: ['missing-collateral'] });
  assert.deepEqual([verdict.collateral, verdict.revocation], ['missing', 'unchecked']);
  assert.ok(verdict.claims.tee === 'tdx');
  assert.equal(verdict.claims.tcb, undefined);
  assert.equal(hex(verdict.claims.teeTcbSvn2 ?? new Uint8Array()), '05010200000000000000000000000000');
  assert.match(hex(verdict.claims.mrservicetd ?? new Uint8Array()), /^383c87d3bbb047b2/);
});

test('genuine: a changed byte of the body is found without collateral, too', (t) => {
  const sample = genuineTdx(t);
  if (sample === undefined) return;
  const broken = flip(sample.v5, 60);
  const error = refusedWith(() => verify({ quote: broken }, { now: inForce, allow: ['missing-collateral'] }));
  assert.deepEqual(failed(error), ['quote-signature']);
});

test('47: genuine evidence of a TD is refused under the simulation root', (t) => {
  const sample = genuineTdx(t);
  if (sample === undefined) return;
  const { v4, collateral } = sample;
  const error = refusedWith(() => verify({ quote: v4 }, { roots: simulationRoots, collateral, now: inForce }));
  assert.ok(failed(error).includes('pck-chain') && failed(error).includes('tee'));
});

test('11: behind the genuine quote v4 lie 70 bytes of zero, the unused end of its buffer, and nothing else may', (t) => {
  const sample = genuineTdx(t);
  if (sample === undefined) return;
  const { v4, v5 } = sample;
  assert.equal(v4.length, v5.length);
  const end = v4.length - 70;
  assert.ok(v4.subarray(end).every((byte) => byte === 0));
  assert.equal(parseQuote4(v4.subarray(0, end)).tee, 'TDX');
  assert.equal(parseQuote4(v4.subarray(0, end + 1)).tee, 'TDX');
  for (let at = end; at < v4.length; at++) {
    assert.equal(refusedWith(() => parseQuote4(flip(v4, at))).code, 'E_EVIDENCE');
  }
  assert.equal(refusedWith(() => parseQuote4(concat(v4, Uint8Array.of(0)))).code, 'E_EVIDENCE');
  // A quote v5 with a TD 1.5 body fills its buffer.
  assert.equal(refusedWith(() => parseQuote4(concat(v5, Uint8Array.of(0)))).code, 'E_EVIDENCE');
});

test('11: the genuine quotes cut off at any length are refused with our own error', (t) => {
  const sample = genuineTdx(t);
  if (sample === undefined) return;
  for (const [quote, whole] of [
    [sample.v4, sample.v4.length - 70],
    [sample.v5, sample.v5.length],
  ] as const) {
    for (let length = 0; length < whole; length++) {
      const error = refusedWith(() => verify({ quote: quote.subarray(0, length) }, { now: inForce }));
      assert.equal(error.code, 'E_EVIDENCE', `length ${length}`);
    }
  }
});

test('genuine: no changed byte of the TDX samples is accepted, except between the lines of their PEM text', (t) => {
  const sample = genuineTdx(t);
  if (sample === undefined) return;
  const verifier = new Verifier(productionRoots);
  for (const quote of [sample.v4, sample.v5]) {
    const pem = Buffer.from(quote).indexOf('-----BEGIN');
    const options =
      quote === sample.v4
        ? { collateral: sample.collateral, now: inForce }
        : { allow: ['missing-collateral'] as const, now: inForce };
    fc.assert(
      fc.property(fc.nat(quote.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        try {
          verifier.judge({ quote: flip(quote, at, mask) }, options);
        } catch (error) {
          assert.ok(error instanceof SconeError, String(error));
          return;
        }
        assert.ok(at >= pem && '\n\0'.includes(String.fromCharCode(quote[at] ?? 1)), `byte ${at} xor ${mask}`);
      }),
      { numRuns: 1000 },
    );
  }
});
