import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checksOf,
  judgeTdx,
  makeTdxWorld,
  type TdxWorld,
  type TdxWorldOptions,
  tdxRefusedBy,
} from '../../../test/evidence/tdx-world.ts';
import { flip, makeWorld, newKey, now, patch, refusedWith } from '../../../test/evidence/world.ts';
import { concat, hex, utf8 } from '../../core/bytes.ts';
import { pemChain } from '../../pki/pem.ts';
import type { SimDocument } from '../../sim/collateral.ts';
import { makeQuote } from '../../sim/quote.ts';
import { simTd } from '../../sim/tdx-quote.ts';
import { carriesInitData } from '../binding.ts';
import { parseCollateral } from '../collateral.ts';
import { verify } from '../verify.ts';

const tcbInfo = (change: (document: SimDocument) => SimDocument): TdxWorldOptions => ({
  collateral: { tcbInfo: change },
});
const svn = (...first: number[]): Uint8Array => Uint8Array.from({ length: 16 }, (_, index) => first[index] ?? 0);
const withSvn = (teeTcbSvn: Uint8Array, rest: TdxWorldOptions = {}): TdxWorld =>
  makeTdxWorld({ ...rest, fields: { teeTcbSvn } });

test('quotes v4 and v5 with TD 1.0 and TD 1.5 bodies pass and say what they are', () => {
  for (const options of [{ version: 4 }, { version: 5, body: 'TD 1.0' }, { version: 5, body: 'TD 1.5' }] as const) {
    const { tee, claims, collateral, revocation } = judgeTdx(makeTdxWorld(options));
    assert.deepEqual([tee, collateral, revocation], ['tdx', 'verified', 'checked']);
    assert.ok(claims.tee === 'tdx');
    assert.equal(hex(claims.mrtd), 'a1'.repeat(48));
    assert.deepEqual(
      [claims.rtmr0, claims.rtmr1, claims.rtmr2, claims.rtmr3].map((rtmr) => rtmr[0]),
      [0xd0, 0xd1, 0xd2, 0xd3],
    );
    assert.equal(claims.tcb?.status, 'UpToDate');
    assert.equal(claims.mrservicetd === undefined, !('body' in options) || options.body === 'TD 1.0');
  }
});

test('12: an SGX quote in version 4 or 5 passes as SGX, and collateral of TDX does not judge it', () => {
  const sgx = makeWorld();
  const world = makeTdxWorld();
  // Header, body, signature and key of version 3 in the order of version 4, signed anew.
  const quote = makeQuote4(world);
  const roots = { ...sgx.roots, mode: 'production' } as const;
  const options = { roots, now, collateral: parseCollateral(sgx.collateral) };
  const verdict = verify({ tee: 'sgx', quote }, options);
  assert.ok(verdict.claims.tee === 'sgx');
  assert.equal(hex(verdict.claims.mrenclave), 'a1'.repeat(32));
  const wrong = refusedWith(() => verify({ quote }, { ...options, collateral: parseCollateral(world.collateral) }));
  assert.deepEqual(checksOf(wrong), ['tcb-info-kind', 'qe-identity-kind']);
});

/** An SGX quote v3 taken apart and put together as version 4: the same signed enclave report, a header of its own. */
function makeQuote4({ platform }: TdxWorld): Uint8Array<ArrayBuffer> {
  let header = new Uint8Array();
  const fields = {
    mrenclave: new Uint8Array(32).fill(0xa1),
    configId: new Uint8Array(64),
    reportData: new Uint8Array(64),
  };
  const quote = makeQuote(platform, fields, (parts) => {
    header = patch(parts.header, 0, Uint8Array.of(4, 0));
    return { ...parts, header };
  });
  const data = quote.subarray(436);
  const nested = data.subarray(128);
  const length = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
  const signatureData = concat(data.subarray(0, 128), Uint8Array.of(6, 0), length(nested.length), nested);
  return concat(quote.subarray(0, 432), length(signatureData.length), signatureData);
}

test('4: a debug TD is told, and every bit of its group counts', () => {
  for (const bit of [0, 4, 5, 7]) {
    const { claims } = judgeTdx(makeTdxWorld({ fields: { tdAttributes: flip(simTd.tdAttributes, 0, 1 << bit) } }));
    assert.ok(claims.tee === 'tdx' && claims.attributes.debug);
  }
});

test('5: reserved bits of the TD attributes are refused, whatever a policy says', () => {
  const known = [0, 1, 2, 3, 4, 5, 6, 7, 27, 28, 29, 30, 31, 63];
  for (let bit = 0; bit < 64; bit++) {
    if (known.includes(bit)) continue;
    const world = makeTdxWorld({ fields: { tdAttributes: flip(simTd.tdAttributes, bit >> 3, 1 << (bit & 7)) } });
    const error = tdxRefusedBy(world, ['td-attributes']);
    assert.match(error.hint ?? '', /no policy can allow this/);
  }
});

test('8: TEE_TCB_SVN is compared by component from index 2, and 0 and 1 choose the identity of the module', () => {
  assert.equal(judgeTdx(withSvn(svn(6, 1, 3))).tee, 'tdx');
  assert.equal(judgeTdx(withSvn(svn(255, 1, 255, 9))).tee, 'tdx');
  tdxRefusedBy(withSvn(svn(5, 1, 3)), ['tdx-module']);
  tdxRefusedBy(withSvn(svn(6, 2, 3)), ['tdx-module']);
  // One below: the next level, which asks for nothing, is the platform's.
  const lower = judgeTdx(withSvn(svn(6, 1, 2)));
  assert.ok(lower.claims.tee === 'tdx');
  assert.equal(lower.claims.tcb?.status, 'OutOfDate');
  // A module SVN in the platform's levels does not count when the version is above 0.
  const level = (tdx: Uint8Array): TdxWorldOptions =>
    tcbInfo((document) => {
      const [first] = document['tcbLevels'] as SimDocument[];
      const tcb = { ...(first?.['tcb'] as SimDocument), tdxtcbcomponents: Array.from(tdx, (one) => ({ svn: one })) };
      return { ...document, tcbLevels: [{ ...first, tcb }] };
    });
  assert.equal(judgeTdx(withSvn(svn(6, 1, 3), level(svn(200, 200, 3)))).tee, 'tdx');
  tdxRefusedBy(withSvn(svn(6, 1, 3), level(svn(0, 0, 4))), ['tcb-level']);
  for (let index = 2; index < 16; index++) {
    const above = svn(6, 1, 3);
    above[index] = (above[index] ?? 0) + 1;
    tdxRefusedBy(withSvn(svn(6, 1, 3), level(above)), ['tcb-level']);
  }
});

test('8: for modules of version 0 all 16 components are compared, and the first identity counts', () => {
  const world = (teeTcbSvn: Uint8Array, least: Uint8Array): TdxWorld =>
    withSvn(
      teeTcbSvn,
      tcbInfo((document) => {
        const [first] = document['tcbLevels'] as SimDocument[];
        const tcb = {
          ...(first?.['tcb'] as SimDocument),
          tdxtcbcomponents: Array.from(least, (one) => ({ svn: one })),
        };
        return { ...document, tdxModuleIdentities: [], tcbLevels: [{ ...first, tcb }] };
      }),
    );
  assert.equal(judgeTdx(world(svn(5, 0, 3), svn(5, 0, 3))).tee, 'tdx');
  tdxRefusedBy(world(svn(4, 0, 3), svn(5, 0, 3)), ['tcb-level']);
  tdxRefusedBy(world(svn(5, 0, 2), svn(5, 0, 3)), ['tcb-level']);
});

test('8: a TDX module with another signer or other attributes is refused', () => {
  tdxRefusedBy(makeTdxWorld({ fields: { mrsignerseam: new Uint8Array(48).fill(1) } }), ['tdx-module']);
  tdxRefusedBy(makeTdxWorld({ fields: { seamAttributes: flip(simTd.seamAttributes, 0) } }), ['tdx-module']);
});

test('8: the status of the TDX module joins that of the platform', () => {
  const module = (tcbStatus: string): TdxWorld =>
    makeTdxWorld(
      tcbInfo((document) => ({
        ...document,
        tdxModuleIdentities: (document['tdxModuleIdentities'] as SimDocument[]).map((identity) => ({
          ...identity,
          tcbLevels: [
            { tcb: { isvsvn: 6 }, tcbDate: '2025-01-01T00:00:00Z', tcbStatus, advisoryIDs: ['INTEL-SA-01036'] },
          ],
        })),
      })),
    );
  const { claims } = judgeTdx(module('OutOfDate'));
  assert.ok(claims.tee === 'tdx');
  assert.deepEqual([claims.tcb?.status, claims.tcb?.advisories], ['OutOfDate', ['INTEL-SA-01036']]);
  tdxRefusedBy(module('Revoked'), ['tcb-revoked']);
  tdxRefusedBy(module('Good'), ['tdx-module']);
});

test('8: TCB Info of TDX without components or modules of TDX judges no TD', () => {
  const bare = makeTdxWorld(
    tcbInfo(({ tdxModule, tdxModuleIdentities, ...document }) => {
      assert.ok(tdxModule !== undefined && tdxModuleIdentities !== undefined);
      return document;
    }),
  );
  tdxRefusedBy(bare, ['tdx-module']);
  const short = makeTdxWorld(
    tcbInfo((document) => ({
      ...document,
      tcbLevels: (document['tcbLevels'] as SimDocument[]).map((level) => {
        const { tdxtcbcomponents, ...tcb } = level['tcb'] as SimDocument;
        assert.ok(tdxtcbcomponents !== undefined);
        return { ...level, tcb };
      }),
    })),
  );
  tdxRefusedBy(short, ['tcb-level']);
});

test('9: an unknown status is a refusal, and so is Revoked', () => {
  const status = (tcbStatus: string): TdxWorld =>
    makeTdxWorld(
      tcbInfo((document) => ({
        ...document,
        tcbLevels: (document['tcbLevels'] as SimDocument[]).map((level) => ({ ...level, tcbStatus })),
      })),
    );
  tdxRefusedBy(status('Excellent'), ['tcb-level']);
  tdxRefusedBy(status('Revoked'), ['tcb-revoked']);
});

test('12: collateral of SGX does not judge a TD, neither whole nor in part', () => {
  const world = makeTdxWorld();
  const sgx = JSON.parse(makeWorld().collateral);
  const form = JSON.parse(world.collateral);
  const mixed = (part: 'tcb_info' | 'qe_identity'): TdxWorld => ({
    ...world,
    collateral: JSON.stringify({
      ...form,
      [part]: sgx[part],
      [`${part}_signature`]: sgx[`${part}_signature`],
    }),
  });
  tdxRefusedBy(mixed('tcb_info'), ['tcb-info-kind']);
  tdxRefusedBy(mixed('qe_identity'), ['qe-identity-kind']);
  tdxRefusedBy(makeTdxWorld(tcbInfo((document) => ({ ...document, id: 'SGX' }))), ['tcb-info-kind']);
  tdxRefusedBy(makeTdxWorld({ collateral: { qeIdentity: (document) => ({ ...document, id: 'QE' }) } }), [
    'qe-identity-kind',
  ]);
});

test('12: wrong versions, TEE types, body types, key types and certification data types are refused', () => {
  const header = (at: number, ...bytes: number[]): TdxWorld =>
    makeTdxWorld({ parts: (parts) => ({ ...parts, header: patch(parts.header, at, Uint8Array.from(bytes)) }) });
  const message = (world: TdxWorld): string => refusedWith(() => judgeTdx(world)).message;
  for (const version of [1, 2, 6]) assert.match(message(header(0, version)), /known version/);
  assert.match(message(header(2, 3)), /attestation key type/);
  assert.match(message(header(4, 0x82)), /TEE type/);
  assert.match(message(header(4, 0x81, 1)), /TEE type/);
  // The TEE type of SGX in front of a TD: the lengths do not fit.
  assert.equal(refusedWith(() => judgeTdx(header(4, 0))).code, 'E_EVIDENCE');
  assert.match(message(header(8, 1)), /reserved/);
  assert.match(message(header(12, 0)), /another vendor/);
  const descriptor = (...bytes: number[]): TdxWorld =>
    makeTdxWorld({ version: 5, parts: (parts) => ({ ...parts, descriptor: Uint8Array.from(bytes) }) });
  assert.match(message(descriptor(0, 0, 0x88, 2, 0, 0)), /body type/);
  assert.match(message(descriptor(4, 0, 0x88, 2, 0, 0)), /body type/);
  assert.match(message(descriptor(1, 0, 0x80, 1, 0, 0)), /body type/);
  assert.match(message(descriptor(3, 0, 0x48, 2, 0, 0)), /body size/);
  assert.match(message(descriptor(2, 0, 0x88, 2, 0, 0)), /body size/);
  for (const outerType of [1, 3, 5, 7]) {
    assert.match(message(makeTdxWorld({ parts: (parts) => ({ ...parts, outerType }) })), /certification data type/);
  }
  for (const certificationType of [1, 2, 4, 6]) {
    assert.match(
      message(makeTdxWorld({ parts: (parts) => ({ ...parts, certificationType }) })),
      /certification data type/,
    );
  }
});

test('12: certification data of type 3 needs a chain from the caller, of the PCE that the quote names', () => {
  const identifier = (pceId: number): TdxWorld =>
    makeTdxWorld({
      parts: (parts) => ({
        ...parts,
        certificationType: 3,
        certificationData: patch(new Uint8Array(404), 402, Uint8Array.of(pceId, 0)),
      }),
    });
  const world = identifier(0);
  const chain = ({ platform }: TdxWorld): Uint8Array =>
    utf8(
      pemChain('CERTIFICATE', [platform.pck.certificate, platform.platformCa.certificate, platform.root.certificate]),
    );
  assert.match(refusedWith(() => judgeTdx(world)).message, /no chain was given/);
  assert.equal(judgeTdx(world, { pckChain: chain(world) }).tee, 'tdx');
  // Also from the collateral.
  const form = { ...JSON.parse(world.collateral), pck_certificate_chain: Buffer.from(chain(world)).toString() };
  assert.equal(judgeTdx({ ...world, collateral: JSON.stringify(form) }).tee, 'tdx');
  // A chain of another platform, of the same vendor.
  const other = makeTdxWorld({ keys: { pck: newKey() } });
  assert.deepEqual(checksOf(refusedWith(() => judgeTdx(world, { pckChain: chain(other) }))), ['qe-report-signature']);
  const wrong = identifier(7);
  assert.deepEqual(checksOf(refusedWith(() => judgeTdx(wrong, { pckChain: chain(wrong) }))), ['pck-role']);
  const short = makeTdxWorld({
    parts: (parts) => ({ ...parts, certificationType: 3, certificationData: new Uint8Array(403) }),
  });
  assert.match(refusedWith(() => judgeTdx(short, { pckChain: chain(short) })).message, /certification data size/);
  // A chain that is given beside a quote with its own is not used.
  assert.equal(judgeTdx(makeTdxWorld(), { pckChain: utf8('nonsense') }).tee, 'tdx');
});

test('14: report data of the TD quoting enclave that binds another key is refused', () => {
  tdxRefusedBy(makeTdxWorld({ parts: (parts) => ({ ...parts, qeReport: flip(parts.qeReport, 320) }) }), [
    'attestation-key',
  ]);
});

test('a wrong signature over each signed part is refused, each by its own check', () => {
  const signatureData = 48 + 584 + 4;
  tdxRefusedBy(makeTdxWorld({ quote: (quote) => flip(quote, 48 + 136) }), ['quote-signature']);
  tdxRefusedBy(makeTdxWorld({ quote: (quote) => flip(quote, signatureData + 3) }), ['quote-signature']);
  tdxRefusedBy(makeTdxWorld({ quote: (quote) => flip(quote, signatureData + 134 + 64) }), ['qe-report-signature']);
  tdxRefusedBy(makeTdxWorld({ quote: (quote) => flip(quote, signatureData + 134 + 384 + 5) }), ['qe-report-signature']);
  // In version 5, type and size of the body are signed, too.
  const world = makeTdxWorld({ version: 5, body: 'TD 1.0' });
  assert.equal(judgeTdx(world).tee, 'tdx');
});

test('16: MRCONFIGID is compared in full, and zeros are never init data', () => {
  const hash = new Uint8Array(32).fill(0x5a);
  const carrying = (mrconfigid: Uint8Array) => judgeTdx(makeTdxWorld({ fields: { mrconfigid } })).claims;
  const padded = concat(hash, new Uint8Array(16));
  assert.equal(carriesInitData(carrying(padded), hash), true);
  assert.equal(carriesInitData(carrying(flip(padded, 47)), hash), false);
  assert.equal(carriesInitData(carrying(flip(padded, 0)), hash), false);
  assert.equal(carriesInitData(carrying(new Uint8Array(48)), new Uint8Array(32)), false);
});

test('47: evidence of a TD under the root of the simulation is refused, though it would be genuine there', () => {
  const world = makeTdxWorld();
  const error = refusedWith(() => judgeTdx({ ...world, roots: { ...world.roots, mode: 'simulation' } }));
  assert.deepEqual(checksOf(error), ['tee']);
  assert.equal(error.code, 'E_TEE');
});

test('an absent part of the verdict is told: collateral missing, with everything else still checked', () => {
  const world = makeTdxWorld({ quote: (quote) => flip(quote, 60) });
  const without = (allow: readonly 'missing-collateral'[]) => () =>
    verify({ quote: world.quote }, { roots: world.roots, now, allow });
  assert.deepEqual(checksOf(refusedWith(without([]))), ['quote-signature', 'collateral-missing']);
  assert.deepEqual(checksOf(refusedWith(without(['missing-collateral']))), ['quote-signature']);
});
