import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import {
  makeWorld,
  newKey,
  random,
  refusedBy,
  refusedWith,
  verifyWorld,
  type World,
  type WorldOptions,
} from '../../../test/evidence/world.ts';
import { sha256 } from '../../core/digest.ts';
import { issueCertificate } from '../../pki/issue.ts';
import { pemChain } from '../../pki/pem.ts';
import { simHardware } from '../../sim/hardware.ts';
import { sgxExtensions, sgxExtensionsOid } from '../../sim/pck-extension.ts';
import { parseCollateral } from '../collateral.ts';

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
