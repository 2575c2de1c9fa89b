import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checksOf, makeTdxWorld } from '../../test/evidence/tdx-world.ts';
import { now, refusedWith } from '../../test/evidence/world.ts';
import { parseCollateral } from '../evidence/collateral.ts';
import { judge } from './evidence-judge.ts';

test('of the collateral of several platforms, none of which fits, that of this platform says why', () => {
  const world = makeTdxWorld();
  const ours = parseCollateral(world.collateral);
  const other = parseCollateral(
    makeTdxWorld({
      collateral: {
        expires: new Date('2026-12-31T00:00:00Z'),
        tcbInfo: (document) => ({ ...document, fmspc: '000000000000' }),
      },
    }).collateral,
  );
  const at = new Date(now.getTime() + 30 * 24 * 60 * 60 * 1000);
  for (const platforms of [
    [ours, other],
    [other, ours],
  ]) {
    const error = refusedWith(() =>
      judge(
        { evidence: { quote: world.quote }, kind: 'quote', form: 'binary' },
        { supply: { platforms, certificates: [], crls: [] }, roots: world.roots, allow: [], now: at },
      ),
    );
    // More checks than with the other, which is only of another platform.
    assert.deepEqual(checksOf(error), ['crl-dates', 'tcb-info-dates', 'qe-identity-dates']);
  }
});
