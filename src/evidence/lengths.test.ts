import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSnpWorld } from '../../test/evidence/snp-world.ts';
import { makeTdxWorld } from '../../test/evidence/tdx-world.ts';
import { makeWorld, now, refusedWith } from '../../test/evidence/world.ts';
import { concat } from '../core/bytes.ts';
import { parseCollateral } from './collateral.ts';
import { Verifier } from './verify.ts';

const sgx = makeWorld();
const tdx4 = makeTdxWorld();
const tdx5 = makeTdxWorld({ version: 5 });
const snp = makeSnpWorld();
const kinds = [
  ['an SGX quote v3', sgx.quote, sgx.roots, parseCollateral(sgx.collateral)],
  ['a TDX quote v4', tdx4.quote, tdx4.roots, parseCollateral(tdx4.collateral)],
  ['a TDX quote v5', tdx5.quote, tdx5.roots, parseCollateral(tdx5.collateral)],
  ['an SNP report', snp.report, snp.roots, snp.collateral],
] as const;

for (const [name, whole, roots, collateral] of kinds) {
  const verifier = new Verifier(roots);
  const judge = (quote: Uint8Array) => verifier.judge({ quote }, { collateral, now });

  test(`11: ${name} cut off at any length is refused with E_EVIDENCE`, () => {
    judge(whole);
    for (let length = 0; length < whole.length; length++) {
      assert.equal(refusedWith(() => judge(whole.slice(0, length))).code, 'E_EVIDENCE', `length ${length}`);
    }
  });

  test(`11: ${name} with bytes behind its end is refused with E_EVIDENCE`, () => {
    for (const tail of [Uint8Array.of(1), Uint8Array.of(0, 0, 1), new Uint8Array(71), whole]) {
      assert.equal(refusedWith(() => judge(concat(whole, tail))).code, 'E_EVIDENCE');
    }
  });
}
