import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { flip, makeWorld, now, patch, refusedWith, verifyWorld } from '../../../test/evidence/world.ts';
import { concat } from '../../core/bytes.ts';
import { SconeError } from '../../core/errors.ts';
import { parseCollateral } from '../collateral.ts';
import { Verifier } from '../verify.ts';
import { parseQuote, quoteSizeLimit } from './quote.ts';

const world = makeWorld();
const { quote } = world;

test('11: a quote cut off at any length is refused with our own error', () => {
  for (let length = 0; length < quote.length; length++) {
    const error = refusedWith(() => parseQuote(quote.subarray(0, length)));
    assert.equal(error.code, 'E_EVIDENCE', `${length} bytes`);
  }
});

test('11: trailing bytes are refused, zeros as well', () => {
  for (const tail of [Uint8Array.of(0), Uint8Array.of(0xff), new Uint8Array(64), new Uint8Array(quoteSizeLimit)]) {
    assert.equal(refusedWith(() => parseQuote(concat(quote, tail))).code, 'E_EVIDENCE');
  }
});

test('11: lengths that point outside of the quote are refused, whichever it is', () => {
  const signatureData = 432;
  const authenticationSize = signatureData + 4 + 576;
  const certificationSize = authenticationSize + 2 + 32 + 2;
  for (const [at, width] of [
    [signatureData, 4],
    [authenticationSize, 2],
    [certificationSize, 4],
  ] as const) {
    for (const value of [0, 1, 0x7f, 0xff]) {
      const error = refusedWith(() => parseQuote(patch(quote, at, new Uint8Array(width).fill(value))));
      assert.equal(error.code, 'E_EVIDENCE', `${width} bytes of ${value} at ${at}`);
    }
  }
});

test('11: reserved bytes other than zero are refused in the report of the enclave and of the quoting enclave', () => {
  for (const report of [48, 432 + 4 + 128]) {
    for (const at of [20, 31, 96, 127, 160, 191, 262, 303]) {
      const error = refusedWith(() => parseQuote(flip(quote, report + at)));
      assert.match(error.message, /reserved field RESERVED\d/);
    }
  }
});

test('11: any bytes give a refusal of our own error class', () => {
  const verifier = new Verifier(world.roots);
  const collateral = parseCollateral(world.collateral);
  const refuses = (bytes: Uint8Array): void => {
    assert.throws(() => verifier.verify({ quote: bytes }, collateral, now), SconeError);
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2048 }), refuses), { numRuns: 500 });
  // Random bytes that begin as a quote does.
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4096 }), fc.nat(quote.length), (bytes, keep) =>
      refuses(concat(quote.subarray(0, keep), bytes, Uint8Array.of(1))),
    ),
    { numRuns: 500 },
  );
});

test('no changed byte of a quote is accepted, except where a text says the same', () => {
  const verifier = new Verifier(world.roots);
  const collateral = parseCollateral(world.collateral);
  const certificationData = 432 + 4 + 576 + 2 + 32 + 2 + 4;
  fc.assert(
    fc.property(fc.nat(quote.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const mutated = flip(quote, at, mask);
      let verified: ReturnType<Verifier['verify']>;
      try {
        verified = verifier.verify({ quote: mutated }, collateral, now);
      } catch (error) {
        assert.ok(error instanceof SconeError, String(error));
        return;
      }
      // Blanks between the lines of the PEM text are in no signature; base64 and everything in front of it is.
      assert.ok(at >= certificationData && /\s/.test(String.fromCharCode(quote[at] ?? 0)), `byte ${at} xor ${mask}`);
      assert.deepEqual(verified.claims, verifyWorld(world).claims);
    }),
    { numRuns: 3000 },
  );
});

test('every byte that the attestation key or the PCK signs is covered', () => {
  const verifier = new Verifier(world.roots);
  const collateral = parseCollateral(world.collateral);
  const qeReport = 432 + 4 + 128;
  const authenticationData = 432 + 4 + 576 + 2;
  for (const [from, length] of [
    [0, 432],
    [qeReport, 384],
    [432 + 4 + 64, 64],
    [authenticationData, 32],
  ] as const) {
    for (let at = from; at < from + length; at++) {
      assert.throws(() => verifier.verify({ quote: flip(quote, at) }, collateral, now), SconeError, `byte ${at}`);
    }
  }
});
