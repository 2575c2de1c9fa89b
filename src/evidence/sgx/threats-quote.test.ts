import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  flip,
  keys,
  makeWorld,
  patch,
  random,
  refusedBy,
  refusedWith,
  verifyWorld,
  type World,
  type WorldOptions,
} from '../../../test/evidence/world.ts';
import { concat, hex, zeroPad } from '../../core/bytes.ts';
import { sha256 } from '../../core/digest.ts';
import { type SimDocument } from '../../sim/collateral.ts';
import { simHardware } from '../../sim/hardware.ts';

const tcbInfo = (change: (document: SimDocument) => SimDocument): WorldOptions => ({ collateral: { tcbInfo: change } });
const qeIdentity = (change: (document: SimDocument) => SimDocument): WorldOptions => ({
  collateral: { qeIdentity: change },
});

test('evidence of a complete platform passes and says what it is', () => {
  const { tee, claims, expires } = verifyWorld(makeWorld());
  assert.equal(tee, 'sim');
  assert.equal(hex(claims.mrenclave), 'a1'.repeat(32));
  assert.equal(hex(claims.configid), 'b2'.repeat(64));
  assert.equal(hex(claims.reportData), 'c3'.repeat(64));
  assert.equal(hex(claims.mrsigner), hex(simHardware.enclave.mrSigner));
  assert.deepEqual(claims.tcb, {
    status: 'UpToDate',
    advisories: [],
    date: new Date('2020-01-01T00:00:00Z'),
    evaluationDataNumber: 1,
  });
  assert.equal(claims.attributes.kss, true);
  assert.equal(claims.attributes.debug, false);
  assert.equal(claims.fmspc, hex(simHardware.fmspc));
  assert.equal(expires.toISOString(), '2026-01-31T00:00:00.000Z');
});

test('4: a debug enclave is told, a debug quoting enclave is refused even where the mask would allow it', () => {
  assert.equal(verifyWorld(makeWorld({ fields: { debug: true } })).claims.attributes.debug, true);
  const attributes = flip(simHardware.qe.attributes, 0, 0x02);
  const world = makeWorld({ hardware: { qe: { ...simHardware.qe, attributes } } });
  // Such an identity would match; and the vendor's does not.
  refusedBy(world, ['qe-debug']);
  refusedBy({ ...world, collateral: makeWorld().collateral }, ['qe-identity-match', 'qe-debug']);
});

test('12: another quote version, attestation key type, vendor or certification data type is refused', () => {
  const header = (at: number, ...bytes: number[]): World =>
    makeWorld({ parts: (parts) => ({ ...parts, header: patch(parts.header, at, Uint8Array.from(bytes)) }) });
  for (const version of [0, 1, 2, 6, 0x103]) {
    const error = refusedWith(() => verifyWorld(header(0, version & 0xff, version >> 8)));
    assert.equal(error.code, 'E_EVIDENCE');
    assert.match(error.message, /version/);
  }
  // Behind a header of version 4, the certification data must be of type 6.
  assert.match(refusedWith(() => verifyWorld(header(0, 4, 0))).message, /certification data type/);
  assert.match(refusedWith(() => verifyWorld(header(2, 3, 0))).message, /attestation key type/);
  // The TEE type that a quote of version 4 has here (0x81 = TDX).
  assert.match(refusedWith(() => verifyWorld(header(4, 0x81))).message, /reserved/);
  assert.match(refusedWith(() => verifyWorld(header(12, 0))).message, /vendor/);
  for (const certificationType of [1, 2, 4, 6, 7]) {
    const world = makeWorld({ parts: (parts) => ({ ...parts, certificationType }) });
    const error = refusedWith(() => verifyWorld(world));
    assert.match(error.message, /certification data type/);
    assert.deepEqual([error.expected, error.found], ['3 or 5', String(certificationType)]);
  }
});

test('12: TCB Info for TDX or of another version, and a QE Identity for TDX or of another version, are refused', () => {
  refusedBy(makeWorld(tcbInfo((document) => ({ ...document, id: 'TDX' }))), ['tcb-info-kind']);
  refusedBy(makeWorld(tcbInfo((document) => ({ ...document, version: 2 }))), ['tcb-info-kind']);
  refusedBy(makeWorld(tcbInfo((document) => ({ ...document, tcbType: 1 }))), ['tcb-info-kind']);
  refusedBy(makeWorld(qeIdentity((document) => ({ ...document, id: 'TD_QE' }))), ['qe-identity-kind']);
  refusedBy(makeWorld(qeIdentity((document) => ({ ...document, id: 'QVE' }))), ['qe-identity-kind']);
  refusedBy(makeWorld(qeIdentity((document) => ({ ...document, version: 1 }))), ['qe-identity-kind']);
});

test('14: report data of the quoting enclave that binds another key, other data or nothing is refused', () => {
  const reportData = 320;
  for (const change of [
    (bytes: Uint8Array) => patch(bytes, reportData, new Uint8Array(64)),
    (bytes: Uint8Array) => patch(bytes, reportData, zeroPad(sha256(random(64)), 64)),
    (bytes: Uint8Array) => flip(bytes, reportData + 63),
    (bytes: Uint8Array) => flip(bytes, reportData),
  ]) {
    const world = makeWorld({ parts: (parts) => ({ ...parts, qeReport: change(parts.qeReport) }) });
    refusedBy(world, ['attestation-key']);
  }
  refusedBy(
    makeWorld({
      parts: (parts) => ({ ...parts, authenticationData: concat(parts.authenticationData, Uint8Array.of(0)) }),
    }),
    ['attestation-key'],
  );
  refusedBy(makeWorld({ parts: (parts) => ({ ...parts, authenticationData: new Uint8Array() }) }), ['attestation-key']);
});

test('14: an attestation key that the attacker put in is refused', () => {
  // Header and body of a genuine quote, signed again by a key of his own that he puts beside it.
  const genuine = makeWorld();
  const other = makeWorld({ fields: { mrenclave: new Uint8Array(32).fill(0xee) } });
  // Header, body, signature (64) and key (64) of the other quote in front of the genuine QE report.
  const signatureData = 432 + 4;
  const quote = patch(
    patch(genuine.quote, 0, other.quote.subarray(0, 432)),
    signatureData,
    other.quote.subarray(signatureData, signatureData + 128),
  );
  refusedBy({ ...genuine, quote }, ['attestation-key']);
});

test('a wrong signature of each signed object is refused, each by its own check', () => {
  const signed = 432;
  for (const [at, check] of [
    [48 + 64, ['quote-signature']],
    [signed + 4 + 10, ['quote-signature']],
    [signed + 4 + 128 + 64, ['qe-report-signature']],
    [signed + 4 + 512 + 10, ['qe-report-signature']],
  ] as const) {
    refusedBy(makeWorld({ quote: (quote) => flip(quote, at) }), check);
  }
  // An attestation key that is no point of the curve.
  refusedBy(makeWorld({ quote: (quote) => patch(quote, signed + 4 + 64, new Uint8Array(64).fill(1)) }), [
    'quote-signature',
    'attestation-key',
  ]);
  // The quoting enclave's report signed with the platform CA's key.
  refusedBy(makeWorld({ platform: (platform) => ({ ...platform, pck: { ...platform.pck, key: keys.platformCa } }) }), [
    'qe-report-signature',
  ]);
});

test('all failed checks are told at once, led by the first', () => {
  const error = refusedBy(
    makeWorld({
      ...tcbInfo((document) => ({ ...document, fmspc: '000000000000', nextUpdate: '2026-01-02T00:00:00Z' })),
      quote: (quote) => flip(quote, 100),
    }),
    ['quote-signature', 'tcb-info-dates', 'tcb-info-platform'],
  );
  assert.equal(error.code, 'E_EVIDENCE');
  assert.match(error.causes.join('\n'), /also failed, tcb-info-dates/);
  assert.match(error.causes.join('\n'), /check quote-signature: QL A\.4/);
  assert.match(error.hint ?? '', /no policy can allow this/);
});
