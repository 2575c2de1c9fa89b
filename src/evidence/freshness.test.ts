import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSnpWorld } from '../../test/evidence/snp-world.ts';
import { makeWorld, refusedWith } from '../../test/evidence/world.ts';
import type { CrlSpec } from '../pki/issue.ts';
import type { SimDocument } from '../sim/collateral.ts';
import { type Collateral, parseCollateral } from './collateral.ts';
import { documentsOf, refuseOlder, withNewest } from './freshness.ts';

interface Numbers {
  tcbInfo?: SimDocument;
  qeIdentity?: SimDocument;
  crl?: Partial<CrlSpec>;
}

function collateral({ tcbInfo, qeIdentity, crl }: Numbers = {}): Collateral {
  const { collateral: text } = makeWorld({
    collateral: {
      tcbInfo: (document) => ({ ...document, tcbEvaluationDataNumber: 17, ...tcbInfo }),
      qeIdentity: (document) => ({ ...document, tcbEvaluationDataNumber: 17, ...qeIdentity }),
      crl: (which, spec) => (which === 'pck' ? { ...spec, number: 300, ...crl } : spec),
    },
  });
  return parseCollateral(text);
}

test('67: collateral with a smaller evaluation number or CRL number than was seen is refused', () => {
  const seen = withNewest({}, collateral());
  refuseOlder(seen, collateral());
  for (const older of [
    { tcbInfo: { tcbEvaluationDataNumber: 16 } },
    { qeIdentity: { tcbEvaluationDataNumber: 9 } },
    { crl: { number: 299 } },
    { crl: { thisUpdate: new Date('2025-12-31T00:00:00Z') } },
  ]) {
    const error = refusedWith(() => refuseOlder(seen, collateral(older)));
    assert.equal(error.code, 'E_COLLATERAL');
    assert.ok(error.expected !== undefined && error.found !== undefined && error.hint !== undefined);
  }
});

test('67: newer collateral is taken, and what was seen never goes back', () => {
  const first = withNewest({}, collateral());
  const newer = collateral({ tcbInfo: { tcbEvaluationDataNumber: 100 }, crl: { number: 1000 } });
  refuseOlder(first, newer);
  const second = withNewest(first, newer);
  refusedWith(() => refuseOlder(second, collateral()));
  assert.deepEqual(withNewest(second, collateral()), second);
});

test('67: numbers are compared as numbers', () => {
  const seen = withNewest({}, collateral({ tcbInfo: { tcbEvaluationDataNumber: 9 } }));
  refuseOlder(seen, collateral({ tcbInfo: { tcbEvaluationDataNumber: 10 } }));
});

test('67: what was seen of one kind of platform says nothing about another', () => {
  const seen = withNewest({}, collateral());
  refuseOlder(seen, collateral({ tcbInfo: { fmspc: '53494D000009', tcbEvaluationDataNumber: 1 } }));
  assert.equal(Object.keys(documentsOf(collateral())).length, 4);
});

test('67: TCB Info of the same number that was issued earlier says the same', () => {
  const seen = withNewest({}, collateral());
  refuseOlder(seen, collateral({ tcbInfo: { issueDate: '2025-12-31T00:00:00Z' } }));
});

test('67: a revocation list of AMD that is older than the one that was seen is refused', () => {
  const list = (number: number, from: string) =>
    makeSnpWorld({ collateral: { crl: (spec) => ({ ...spec, number, thisUpdate: new Date(from) }) } }).collateral;
  const seen = withNewest({}, list(7, '2026-01-05T00:00:00Z'));
  refuseOlder(seen, list(7, '2026-01-05T00:00:00Z'));
  refuseOlder(seen, list(8, '2026-01-06T00:00:00Z'));
  assert.equal(refusedWith(() => refuseOlder(seen, list(6, '2026-01-06T00:00:00Z'))).code, 'E_COLLATERAL');
  assert.equal(refusedWith(() => refuseOlder(seen, list(7, '2026-01-04T00:00:00Z'))).code, 'E_COLLATERAL');
  // A list that is left out is another question: the verdict says that nothing was checked.
  refuseOlder(seen, makeSnpWorld({ collateral: { crl: () => undefined } }).collateral);
});
