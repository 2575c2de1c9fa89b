import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  flip,
  makeWorld,
  newKey,
  now,
  random,
  refusedBy,
  refusedWith,
  verifyWorld,
  type World,
  type WorldOptions,
} from '../../../test/evidence/world.ts';
import { sha256 } from '../../core/digest.ts';
import { type SimDocument } from '../../sim/collateral.ts';
import { simHardware } from '../../sim/hardware.ts';
import { parseCollateral } from '../collateral.ts';
import { verifyEvidence } from '../verify.ts';

const tcbInfo = (change: (document: SimDocument) => SimDocument): WorldOptions => ({ collateral: { tcbInfo: change } });
const qeIdentity = (change: (document: SimDocument) => SimDocument): WorldOptions => ({
  collateral: { qeIdentity: change },
});

test('1: a QE Identity with a wrong signature, or by a key of another chain, is refused', () => {
  refusedBy(
    makeWorld({
      collateral: { finished: (form) => ({ ...form, qe_identity_signature: form.tcb_info_signature }) },
    }),
    ['qe-identity-signature'],
  );
  const stranger = makeWorld({ keys: { root: newKey(), tcbSigning: newKey() } });
  const foreign = JSON.parse(stranger.collateral);
  const error = refusedBy(
    makeWorld({
      collateral: {
        finished: (form) => ({
          ...form,
          qe_identity_issuer_chain: foreign.qe_identity_issuer_chain,
          qe_identity_signature: foreign.qe_identity_signature,
          qe_identity: foreign.qe_identity,
        }),
      },
    }),
    ['qe-identity-chain'],
  );
  assert.match(error.message, /does not lead to the pinned root/);
});

test('1: a quoting enclave that differs from the QE Identity in any field is refused, by the name of the field', () => {
  const change = (field: keyof typeof simHardware.qe, value: Uint8Array | number): World => {
    const base = makeWorld();
    const world = makeWorld({ hardware: { qe: { ...simHardware.qe, [field]: value } } });
    // The identity is the genuine one; only the enclave is another.
    return { ...world, collateral: base.collateral };
  };
  const attributes = simHardware.qe.attributes;
  for (const [world, field] of [
    [change('mrSigner', sha256(random(8))), /MRSIGNER/],
    [change('isvProdId', 2), /ISVPRODID/],
    [change('miscSelect', Uint8Array.of(1, 0, 0, 0)), /MISCSELECT/],
    [change('miscSelect', Uint8Array.of(0, 0, 0, 0x80)), /MISCSELECT/],
    [change('attributes', flip(attributes, 0, 0x20)), /ATTRIBUTES/],
    [change('attributes', flip(attributes, 7, 0x80)), /ATTRIBUTES/],
  ] as const) {
    // The platforms of two worlds have other certificates, but the same keys and names.
    const error = refusedBy(world, ['qe-identity-match']);
    assert.match(error.message, field);
    assert.ok(error.expected !== undefined && error.found !== undefined);
  }
});

test('1: what the masks leave open does not matter', () => {
  const base = makeWorld();
  const open = flip(flip(simHardware.qe.attributes, 0, 0x04), 8, 0xe0);
  const world = makeWorld({ hardware: { qe: { ...simHardware.qe, attributes: open } } });
  assert.equal(verifyWorld({ ...world, collateral: base.collateral }).tee, 'sim');
});

test('1: a quoting enclave below every level, of a level with an unknown status, or revoked is refused', () => {
  const levels = (isvsvn: number, tcbStatus: string): WorldOptions =>
    qeIdentity((document) => ({
      ...document,
      tcbLevels: [{ tcb: { isvsvn }, tcbDate: '2025-01-01T00:00:00Z', tcbStatus }],
    }));
  refusedBy(makeWorld(levels(9, 'UpToDate')), ['qe-level']);
  refusedBy(makeWorld(levels(8, 'Excellent')), ['qe-level']);
  refusedBy(makeWorld(levels(8, 'ConfigurationNeeded')), ['qe-level']);
  refusedBy(makeWorld(levels(8, 'Revoked')), ['tcb-revoked']);
});

test('2: TCB Info is believed only under the pinned root, not under the root that came with it', () => {
  const stranger = makeWorld({ keys: { root: newKey(), tcbSigning: newKey() } });
  const foreign = JSON.parse(stranger.collateral);
  const world = makeWorld({
    collateral: {
      finished: (form) => ({
        ...form,
        tcb_info: foreign.tcb_info,
        tcb_info_signature: foreign.tcb_info_signature,
        tcb_info_issuer_chain: foreign.tcb_info_issuer_chain,
      }),
    },
  });
  refusedBy(world, ['tcb-info-chain']);
  // And a complete foreign platform that is consistent in itself.
  refusedBy({ ...stranger, roots: makeWorld().roots }, [
    'pck-chain',
    'crl-chain',
    'tcb-info-chain',
    'qe-identity-chain',
  ]);
});

test('2: TCB Info changed after signing is refused', () => {
  refusedBy(
    makeWorld({
      collateral: {
        finished: (form) => ({ ...form, tcb_info: form.tcb_info.replace('"UpToDate"', '"UpToDate" ') }),
      },
    }),
    ['tcb-info-signature'],
  );
});

test('2: a certificate of the root for another purpose may not sign TCB Info', () => {
  const error = refusedBy(
    makeWorld({
      certificate: (role, spec) =>
        role === 'tcbSigning' ? { ...spec, subject: 'sconectl SIMULATION SGX Something Else' } : spec,
    }),
    ['tcb-info-chain', 'qe-identity-chain'],
  );
  assert.match(error.message, /TCB signing certificate/);
});

test('6: TCB Info of another FMSPC or PCE-ID is refused', () => {
  const error = refusedBy(makeWorld(tcbInfo((document) => ({ ...document, fmspc: '53494D000001' }))), [
    'tcb-info-platform',
  ]);
  assert.match(error.expected ?? '', /FMSPC 53494d000000/);
  assert.match(error.found ?? '', /FMSPC 53494d000001/);
  refusedBy(makeWorld(tcbInfo((document) => ({ ...document, pceId: '0001' }))), ['tcb-info-platform']);
});

test('7: expired and future TCB Info, QE Identity and certificates are refused, and the clock is a parameter', () => {
  const span = { issueDate: '2025-11-01T00:00:00Z', nextUpdate: '2025-12-01T00:00:00Z' };
  const future = { issueDate: '2026-02-01T00:00:00Z', nextUpdate: '2026-03-01T00:00:00Z' };
  refusedBy(makeWorld(tcbInfo((document) => ({ ...document, ...span }))), ['tcb-info-dates']);
  refusedBy(makeWorld(tcbInfo((document) => ({ ...document, ...future }))), ['tcb-info-dates']);
  refusedBy(makeWorld(qeIdentity((document) => ({ ...document, ...span }))), ['qe-identity-dates']);
  refusedBy(makeWorld(qeIdentity((document) => ({ ...document, ...future }))), ['qe-identity-dates']);
  const dated = (roles: readonly string[], notBefore: string, notAfter: string): World =>
    makeWorld({
      certificate: (role, spec) =>
        roles.includes(role) ? { ...spec, notBefore: new Date(notBefore), notAfter: new Date(notAfter) } : spec,
    });
  for (const [from, to] of [
    ['2024-01-01T00:00:00Z', '2026-01-15T11:59:59Z'],
    ['2026-01-15T12:00:01Z', '2030-01-01T00:00:00Z'],
  ] as const) {
    refusedBy(dated(['pck'], from, to), ['pck-dates']);
    refusedBy(dated(['platformCa'], from, to), ['pck-dates', 'crl-chain']);
    refusedBy(dated(['tcbSigning'], from, to), ['tcb-info-chain', 'qe-identity-chain']);
    refusedBy(dated(['root'], from, to), ['pck-dates', 'crl-chain', 'tcb-info-chain', 'qe-identity-chain']);
  }
  const world = makeWorld();
  assert.equal(verifyWorld(world, new Date('2026-01-31T00:00:00Z')).tee, 'sim');
  refusedBy(world, ['crl-dates', 'tcb-info-dates', 'qe-identity-dates'], new Date('2026-01-31T00:00:01Z'));
});

test('7: a verifier that has seen a chain and collateral still compares their dates each time', () => {
  const world = makeWorld();
  const collateral = parseCollateral(world.collateral);
  const options = { roots: world.roots, collateral };
  assert.equal(verifyEvidence({ quote: world.quote }, { ...options, now }).tee, 'sim');
  refusedWith(() => verifyEvidence({ quote: world.quote }, { ...options, now: new Date('2031-01-01T00:00:00Z') }));
});
