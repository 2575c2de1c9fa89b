import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import {
  flip,
  keys,
  makeWorld,
  newKey,
  now,
  patch,
  random,
  refusedBy,
  refusedWith,
  rootsOf,
  verifyWorld,
  type World,
  type WorldOptions,
} from '../../../test/evidence/world.ts';
import { concat, hex, zeroPad } from '../../core/bytes.ts';
import { sha256 } from '../../core/digest.ts';
import { issueCertificate } from '../../pki/issue.ts';
import { pemChain } from '../../pki/pem.ts';
import { simulationRoots } from '../../sim/anchor.ts';
import { type SimDocument, simCollateral } from '../../sim/collateral.ts';
import { simHardware } from '../../sim/hardware.ts';
import { sgxExtensions, sgxExtensionsOid } from '../../sim/pck-extension.ts';
import { simQuote } from '../../sim/quote.ts';
import { parseCollateral } from '../collateral.ts';
import { productionRoots } from '../roots.ts';
import { verifyEvidence } from '../verify.ts';

const tcbInfo = (change: (document: SimDocument) => SimDocument): WorldOptions => ({ collateral: { tcbInfo: change } });
const qeIdentity = (change: (document: SimDocument) => SimDocument): WorldOptions => ({
  collateral: { qeIdentity: change },
});
const level = (components: readonly number[], pcesvn: number, tcbStatus: string): SimDocument => ({
  tcb: { sgxtcbcomponents: components.map((svn) => ({ svn })), pcesvn },
  tcbDate: '2025-01-01T00:00:00Z',
  tcbStatus,
});
const svns = [...simHardware.tcbComponents];

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

test('3: a revoked PCK, intermediate or TCB signing certificate is refused', () => {
  const revoking = (role: 'pck' | 'platformCa' | 'tcbSigning', which: 'pck' | 'root'): World => {
    const serial = sha256(random(8)).slice(0, 16);
    serial[0] = 0x23;
    return makeWorld({
      certificate: (each, spec) => (each === role ? { ...spec, serial } : spec),
      collateral: {
        crl: (list, spec) => (list === which ? { ...spec, revoked: [{ serial, date: spec.thisUpdate }] } : spec),
      },
    });
  };
  for (const world of [revoking('pck', 'pck'), revoking('platformCa', 'root'), revoking('tcbSigning', 'root')]) {
    const error = refusedBy(world, ['revocation']);
    assert.match(error.found ?? '', /serial number 23/);
  }
});

test('3: the same serial number under another issuer revokes nothing', () => {
  const serial = Uint8Array.from({ length: 16 }, (_, index) => index + 1);
  for (const [role, which] of [
    ['pck', 'root'],
    ['platformCa', 'pck'],
    ['tcbSigning', 'pck'],
  ] as const) {
    const world = makeWorld({
      certificate: (each, spec) => (each === role ? { ...spec, serial } : spec),
      collateral: {
        crl: (list, spec) => (list === which ? { ...spec, revoked: [{ serial, date: spec.thisUpdate }] } : spec),
      },
    });
    assert.equal(verifyWorld(world).tee, 'sim', `${role} in the list of ${which}`);
  }
});

test('3: a CRL that is stale, not valid yet, forged or of another issuer is refused', () => {
  for (const list of ['pck', 'root'] as const) {
    for (const [from, to] of [
      ['2025-11-01T00:00:00Z', '2025-12-01T00:00:00Z'],
      ['2026-01-16T00:00:00Z', '2026-02-16T00:00:00Z'],
    ] as const) {
      const world = makeWorld({
        collateral: {
          crl: (which, spec) =>
            which === list ? { ...spec, thisUpdate: new Date(from), nextUpdate: new Date(to) } : spec,
        },
      });
      const error = refusedBy(world, ['crl-dates']);
      assert.match(error.message, list === 'pck' ? /PCK CRL/ : /root CA CRL/);
    }
  }
  const finished = (change: (form: Record<string, string>) => Record<string, string>): World =>
    makeWorld({ collateral: { finished: (form) => ({ ...form, ...change(form) }) } });
  // The root's list in the place of the intermediate's, and the reverse.
  refusedBy(
    finished((form) => ({ pck_crl: form['root_ca_crl'] ?? '' })),
    ['crl-signature'],
  );
  refusedBy(
    finished((form) => ({ root_ca_crl: form['pck_crl'] ?? '' })),
    ['crl-signature'],
  );
  // Signed with another key under the right name.
  const forger = makeWorld({ keys: { platformCa: newKey() } });
  refusedBy(
    finished(() => ({ pck_crl: JSON.parse(forger.collateral).pck_crl })),
    ['crl-signature'],
  );
  // A list of an honest CA of the same root that is not the issuer of this PCK.
  const otherCa = makeWorld({ keys: { platformCa: newKey() } });
  refusedBy(
    finished(() => ({
      pck_crl: JSON.parse(otherCa.collateral).pck_crl,
      pck_crl_issuer_chain: JSON.parse(otherCa.collateral).pck_crl_issuer_chain,
    })),
    ['crl-signature'],
  );
});

test('3: garbage in the place of a CRL is refused when the collateral is read', () => {
  const form = JSON.parse(makeWorld().collateral);
  for (const pck_crl of ['', '00', 'zz', form.pck_crl.slice(0, -2), `${form.pck_crl}00`]) {
    assert.equal(refusedWith(() => parseCollateral(JSON.stringify({ ...form, pck_crl }))).code, 'E_COLLATERAL');
  }
});

test('4: a debug enclave is told, a debug quoting enclave is refused even where the mask would allow it', () => {
  assert.equal(verifyWorld(makeWorld({ fields: { debug: true } })).claims.attributes.debug, true);
  const attributes = flip(simHardware.qe.attributes, 0, 0x02);
  const world = makeWorld({ hardware: { qe: { ...simHardware.qe, attributes } } });
  // Such an identity would match; and the vendor's does not.
  refusedBy(world, ['qe-debug']);
  refusedBy({ ...world, collateral: makeWorld().collateral }, ['qe-identity-match', 'qe-debug']);
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

test('13: a CA as PCK or as TCB signing certificate is refused', () => {
  const asCa = (role: string): World =>
    makeWorld({ certificate: (each, spec) => (each === role ? { ...spec, ca: {} } : spec) });
  refusedBy(asCa('pck'), ['pck-chain']);
  refusedBy(asCa('tcbSigning'), ['tcb-info-chain', 'qe-identity-chain']);
});

test('13: an intermediate that is no CA, may not sign, or stands too deep is refused', () => {
  const changed = (change: WorldOptions['certificate']): World =>
    makeWorld(change === undefined ? {} : { certificate: change });
  refusedBy(
    changed((role, { ca, ...spec }) => (role === 'platformCa' || ca === undefined ? spec : { ...spec, ca })),
    ['pck-chain', 'crl-chain'],
  );
  refusedBy(
    changed((role, spec) => (role === 'platformCa' ? { ...spec, keyUsage: ['digitalSignature', 'cRLSign'] } : spec)),
    ['pck-chain'],
  );
  refusedBy(
    changed((role, spec) => (role === 'platformCa' ? { ...spec, keyUsage: ['keyCertSign'] } : spec)),
    ['crl-signature'],
  );
  // The root's path length 0 leaves no room for an intermediate, but does for the TCB signing certificate.
  refusedBy(
    changed((role, spec) => (role === 'root' ? { ...spec, ca: { pathLength: 0 } } : spec)),
    ['pck-chain'],
  );
});

test('13: chains whose names or keys do not meet are refused', () => {
  refusedBy(
    makeWorld({
      certificate: (role, spec) => (role === 'pck' ? { ...spec, issuer: 'sconectl SIMULATION SGX Root CA' } : spec),
    }),
    ['pck-chain'],
  );
  // The PCK of a stranger's CA behind our intermediate, of the same name.
  const stranger = makeWorld({ keys: { platformCa: newKey() } });
  const world = makeWorld({
    platform: (platform) => ({ ...platform, pck: stranger.platform.pck }),
  });
  refusedBy(world, ['pck-chain']);
});

test('13: a leaf that is no PCK is refused: without SGX extensions, or of another role', () => {
  const bare = makeWorld({
    certificate: (role, { extensions, ...spec }) =>
      role === 'pck' || extensions === undefined ? spec : { ...spec, extensions },
  });
  assert.match(refusedWith(() => verifyWorld(bare)).message, /no PCK certificate/);
  const named = makeWorld({
    certificate: (role, spec) => (role === 'pck' ? { ...spec, subject: 'sconectl SIMULATION SGX TCB Signing' } : spec),
  });
  refusedBy(named, ['pck-role']);
});

test('13: a chain that is short, long, in another order or not PEM is refused', () => {
  const chain = (make: (ders: Uint8Array[]) => string): World =>
    makeWorld({
      parts: (parts) => {
        const { platform } = makeWorld();
        const ders = [platform.pck.certificate, platform.platformCa.certificate, platform.root.certificate];
        return { ...parts, certificationData: new TextEncoder().encode(make(ders)) };
      },
    });
  const pem = (ders: Uint8Array[]): string => pemChain('CERTIFICATE', ders);
  refusedBy(
    chain((ders) => pem(ders.slice(0, 2))),
    ['pck-chain', 'crl-signature'],
  );
  refusedBy(
    chain((ders) => pem(ders.slice(0, 1))),
    ['pck-chain', 'pck-role', 'crl-signature'],
  );
  refusedBy(
    chain((ders) => pem([...ders, ...ders.slice(2)])),
    ['pck-chain'],
  );
  for (const text of [
    chain((ders) => pem(ders.toReversed())),
    chain(() => ''),
    chain(() => 'MIIB'),
    chain((ders) => `${pem(ders)}x`),
    chain((ders) => pem(ders).replace('CERTIFICATE', 'CERTIFICATF')),
    chain((ders) => `${pem(ders)}\0\0`),
  ]) {
    assert.match(refusedWith(() => verifyWorld(text)).code, /^E_(CHAIN|DER|FORMAT)$/);
  }
  assert.equal(verifyWorld(chain((ders) => `${pem(ders)}\0`)).tee, 'sim');
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

test('47: simulated evidence is refused under production roots, whatever it says about itself', () => {
  const at = new Date();
  const quote = simQuote({
    mrenclave: new Uint8Array(32),
    configId: new Uint8Array(64),
    reportData: new Uint8Array(64),
  });
  const collateral = simCollateral(at);
  for (const tee of ['sgx', 'sim', undefined] as const) {
    const evidence = { quote, ...(tee === undefined ? {} : { tee }) };
    const error = refusedWith(() => verifyEvidence(evidence, { roots: productionRoots, collateral, now: at }));
    assert.equal(error.code, 'E_CHAIN');
    assert.match(error.message, /pinned root/);
    assert.equal(error.found, simulationRoots.sgxRootSpkiSha256);
  }
  assert.equal(verifyEvidence({ quote }, { roots: simulationRoots, collateral, now: at }).tee, 'sim');
});

test('47: a simulated vendor that calls itself Intel is refused under production roots', () => {
  const world = makeWorld({
    certificate: (_role, spec) => ({
      ...spec,
      subject: spec.subject.replace('sconectl SIMULATION', 'Intel'),
      issuer: spec.issuer.replace('sconectl SIMULATION', 'Intel'),
    }),
    collateral: { crl: (_which, spec) => ({ ...spec, issuer: spec.issuer.replace('sconectl SIMULATION', 'Intel') }) },
  });
  refusedBy({ ...world, roots: productionRoots }, ['pck-chain', 'crl-chain', 'tcb-info-chain', 'qe-identity-chain']);
  // It is only the pin: under its own root it would pass.
  assert.equal(verifyWorld({ ...world, roots: { ...rootsOf(world.platform), sgxVendor: 'Intel' } }).tee, 'sim');
});

test('47: the TEE follows from the roots, and what the sender says must equal it', () => {
  const world = makeWorld();
  const options = { roots: world.roots, collateral: parseCollateral(world.collateral), now };
  assert.equal(verifyEvidence({ tee: 'sim', quote: world.quote }, options).tee, 'sim');
  for (const tee of ['sgx', 'tdx', 'SIM', '']) {
    assert.equal(refusedWith(() => verifyEvidence({ tee, quote: world.quote }, options)).code, 'E_TEE');
  }
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

test('a PCK certificate whose SGX extensions are malformed is refused', () => {
  const good = makeWorld();
  for (const value of [Uint8Array.of(0x30, 0), Uint8Array.of(0x05, 0), Uint8Array.of(0x30, 0x80, 0, 0)]) {
    const world = makeWorld({
      certificate: (role, spec) =>
        role === 'pck' ? { ...spec, extensions: [{ oid: '1.2.840.113741.1.13.1', critical: false, value }] } : spec,
    });
    assert.equal(refusedWith(() => verifyWorld(world)).code, 'E_DER');
  }
  // A critical extension that nobody here understands.
  const critical = makeWorld({
    certificate: (role, spec) =>
      role === 'pck'
        ? {
            ...spec,
            extensions: [...(spec.extensions ?? []), { oid: '1.2.3.4', critical: true, value: Uint8Array.of(5, 0) }],
          }
        : spec,
  });
  assert.match(refusedWith(() => verifyWorld(critical)).message, /critical extension/);
  assert.equal(verifyWorld(good).tee, 'sim');
});

test('13: a PCK certificate that the TCB signing key issued is refused', () => {
  const { collateral } = makeWorld();
  const world = makeWorld({
    platform: (platform) => ({
      ...platform,
      platformCa: platform.tcbSigning,
      pck: {
        ...platform.pck,
        certificate: issueCertificate(
          {
            serial: random(16),
            subject: platform.pck.name,
            issuer: platform.tcbSigning.name,
            notBefore: new Date('2025-01-01T00:00:00Z'),
            notAfter: new Date('2030-01-01T00:00:00Z'),
            publicKey: createPublicKey(platform.pck.key),
            keyUsage: ['digitalSignature'],
            extensions: [{ oid: sgxExtensionsOid, critical: false, value: sgxExtensions(simHardware) }],
          },
          platform.tcbSigning.key,
        ),
      },
    }),
  });
  const error = refusedBy({ ...world, collateral }, ['pck-chain', 'pck-role', 'crl-signature']);
  assert.match(error.message, /may not issue any/);
});
