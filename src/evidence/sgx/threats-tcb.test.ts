import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  makeWorld,
  refusedBy,
  refusedWith,
  verifyWorld,
  type World,
  type WorldOptions,
} from '../../../test/evidence/world.ts';
import { type SimDocument } from '../../sim/collateral.ts';
import { simHardware } from '../../sim/hardware.ts';

const tcbInfo = (change: (document: SimDocument) => SimDocument): WorldOptions => ({ collateral: { tcbInfo: change } });
const level = (components: readonly number[], pcesvn: number, tcbStatus: string): SimDocument => ({
  tcb: { sgxtcbcomponents: components.map((svn) => ({ svn })), pcesvn },
  tcbDate: '2025-01-01T00:00:00Z',
  tcbStatus,
});
const svns = [...simHardware.tcbComponents];

test('8: SVNs are compared one by one, as numbers, in full length', () => {
  const withLevel = (components: number[], pcesvn: number): WorldOptions =>
    tcbInfo((document) => ({ ...document, tcbLevels: [level(components, pcesvn, 'UpToDate')] }));
  for (let index = 0; index < 16; index++) {
    if (svns[index] === 255) continue;
    const above = svns.map((svn, at) => (at === index ? svn + 1 : svn));
    refusedBy(makeWorld(withLevel(above, 13)), ['tcb-level']);
  }
  // 9 is below 10 although "9" sorts behind "10", and a higher component does not make up for a lower one.
  const ten = { tcbComponents: Uint8Array.from(svns, (svn, at) => (at === 0 ? 10 : svn)) };
  assert.equal(
    verifyWorld(
      makeWorld({
        hardware: ten,
        ...withLevel(
          svns.map((svn, at) => (at === 0 ? 9 : svn)),
          13,
        ),
      }),
    ).claims.tcb.status,
    'UpToDate',
  );
  refusedBy(
    makeWorld({
      hardware: ten,
      ...withLevel(
        svns.map((svn, at) => (at === 1 ? svn + 1 : 0)),
        13,
      ),
    }),
    ['tcb-level'],
  );
  refusedBy(makeWorld(withLevel(svns, 14)), ['tcb-level']);
  assert.equal(
    verifyWorld(
      makeWorld(
        withLevel(
          svns.map((svn) => Math.max(0, svn - 1)),
          12,
        ),
      ),
    ).tee,
    'sim',
  );
});

test('8: the first level that fits counts, and all levels above the platform count as nothing', () => {
  const world = makeWorld(
    tcbInfo((document) => ({
      ...document,
      tcbLevels: [
        level(
          svns.map((svn) => Math.min(255, svn + 1)),
          13,
          'UpToDate',
        ),
        { ...level(svns, 13, 'SWHardeningNeeded'), advisoryIDs: ['INTEL-SA-00615', 'INTEL-SA-00334'] },
        level(Array<number>(16).fill(0), 0, 'Revoked'),
      ],
    })),
  );
  const { tcb } = verifyWorld(world).claims;
  assert.equal(tcb.status, 'SWHardeningNeeded');
  assert.deepEqual(tcb.advisories, ['INTEL-SA-00334', 'INTEL-SA-00615']);
});

test('8: a TCB level that does not have 16 components, or numbers that are texts, is refused', () => {
  for (const components of [svns.slice(0, 15), [...svns, 0]]) {
    const world = makeWorld(tcbInfo((document) => ({ ...document, tcbLevels: [level(components, 13, 'UpToDate')] })));
    assert.equal(refusedWith(() => verifyWorld(world)).code, 'E_COLLATERAL');
  }
  const texts = makeWorld(
    tcbInfo((document) => ({
      ...document,
      tcbLevels: [
        {
          ...level(svns, 13, 'UpToDate'),
          tcb: { sgxtcbcomponents: svns.map((svn) => ({ svn: String(svn) })), pcesvn: 13 },
        },
      ],
    })),
  );
  assert.equal(refusedWith(() => verifyWorld(texts)).code, 'E_COLLATERAL');
});

test('9: an unknown tcbStatus is a refusal, and so is Revoked', () => {
  const status = (tcbStatus: string): World =>
    makeWorld(tcbInfo((document) => ({ ...document, tcbLevels: [level(svns, 13, tcbStatus)] })));
  for (const unknown of ['', 'uptodate', 'UpToDate ', 'TDRelaunchAdvised', '__proto__']) {
    assert.equal(refusedBy(status(unknown), ['tcb-level']).code, 'E_TCB');
  }
  assert.equal(refusedBy(status('Revoked'), ['tcb-revoked']).code, 'E_TCB');
});

test('9: an outdated quoting enclave makes the platform outdated', () => {
  const outdated = { isvsvn: 7 };
  const world = makeWorld();
  const old = makeWorld({ hardware: { qe: { ...simHardware.qe, isvSvn: outdated.isvsvn } } });
  const { tcb } = verifyWorld({ ...old, collateral: world.collateral }).claims;
  assert.equal(tcb.status, 'OutOfDate');
  assert.deepEqual(tcb.advisories, ['SCONECTL-SIM-00001']);
});
