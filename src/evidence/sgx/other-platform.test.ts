import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checksOf, judgeTdx, makeTdxWorld } from '../../../test/evidence/tdx-world.ts';
import { refusedWith } from '../../../test/evidence/world.ts';
import type { SimDocument } from '../../sim/collateral.ts';

const outOfReach = [{ tcb: { isvsvn: 0xffff }, tcbDate: '2025-01-01T00:00:00Z', tcbStatus: 'UpToDate' }];
const revoked = (document: SimDocument): SimDocument => ({
  ...document,
  tcbLevels: (document['tcbLevels'] as SimDocument[]).map((level) => ({ ...level, tcbStatus: 'Revoked' })),
});

/** What makes each document one about something else, with the check that says so. */
const otherTcbInfo = {
  'tcb-info-kind': [{ id: 'SGX' }, { version: 2 }, { tcbType: 1 }],
  'tcb-info-platform': [{ fmspc: '000000000000' }, { pceId: '0001' }],
};
const otherQeIdentity = { 'qe-identity-kind': [{ id: 'QE' }, { id: 'QVE' }, { version: 1 }] };

/** What is wrong with each document where it is about this platform, with the checks that say so. */
const badTcbInfo: [checks: string[], change: (document: SimDocument) => SimDocument][] = [
  [['tcb-level'], (document) => ({ ...document, tcbLevels: [] })],
  [['tcb-revoked'], revoked],
  [['tdx-module'], (document) => ({ ...document, tdxModuleIdentities: [] })],
  [['tdx-module'], ({ tdxModule, tdxModuleIdentities, ...document }) => document],
];
const badQeIdentity: [checks: string[], change: (document: SimDocument) => SimDocument][] = [
  [['qe-identity-match'], (document) => ({ ...document, mrsigner: '00'.repeat(32) })],
  [['qe-identity-match'], (document) => ({ ...document, isvprodid: 77 })],
  [['qe-identity-match'], (document) => ({ ...document, miscselect: 'FFFFFFFF' })],
  [['qe-identity-match'], (document) => ({ ...document, attributes: 'FF'.repeat(16) })],
  [['qe-level'], (document) => ({ ...document, tcbLevels: outOfReach })],
  [['tcb-revoked'], revoked],
];

for (const [what, bad, other] of [
  ['tcbInfo', badTcbInfo, otherTcbInfo],
  ['qeIdentity', badQeIdentity, otherQeIdentity],
] as const) {
  test(`6, 12: what is not judged by the ${what} of another platform is refused for being of another platform`, () => {
    const refusals = (change: (document: SimDocument) => SimDocument): string[] =>
      checksOf(refusedWith(() => judgeTdx(makeTdxWorld({ collateral: { [what]: change } }))));
    for (const [checks, change] of bad) {
      // About this platform, it is judged.
      assert.deepEqual(refusals(change), checks);
      for (const [check, differences] of Object.entries(other)) {
        for (const difference of differences) {
          assert.deepEqual(
            refusals((document) => ({ ...change(document), ...difference })),
            [check],
            `${checks.join()} ${JSON.stringify(difference)}`,
          );
        }
      }
    }
  });
}

test('6, 12: collateral of another platform is no reason to advise an update, nor to say that the enclave is not the vendor’s', () => {
  const world = makeTdxWorld({
    collateral: {
      tcbInfo: (document) => ({ ...document, fmspc: '000000000000', tcbLevels: [] }),
      qeIdentity: (document) => ({ ...document, id: 'QE', mrsigner: '00'.repeat(32) }),
    },
  });
  const error = refusedWith(() => judgeTdx(world));
  assert.deepEqual(checksOf(error), ['tcb-info-platform', 'qe-identity-kind']);
  assert.doesNotMatch([error.hint, ...error.errors.map(({ hint }) => hint)].join(), /update/);
});

test('12: a quoting enclave in debug mode is told whatever the QE Identity is about', () => {
  const { hardware } = makeTdxWorld().platform;
  const attributes = Uint8Array.from(hardware.qe.attributes, (byte, at) => (at === 0 ? byte | 2 : byte));
  const world = makeTdxWorld({
    hardware: { qe: { ...hardware.qe, attributes } },
    collateral: { qeIdentity: (document) => ({ ...document, version: 1 }) },
  });
  assert.ok(checksOf(refusedWith(() => judgeTdx(world))).includes('qe-debug'));
});
