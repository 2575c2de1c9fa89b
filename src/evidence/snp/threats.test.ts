import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import {
  judgeSnp,
  makeSnpWorld,
  only,
  snpKeys,
  snpRefusedBy,
  snpRoots,
  snpTcb,
} from '../../../test/evidence/snp-world.ts';
import { flip, newKey, patch, refusedWith } from '../../../test/evidence/world.ts';
import { fromHex, hex } from '../../core/bytes.ts';
import { strictPolicy } from '../../sim/snp-report.ts';
import { carriesInitData } from '../binding.ts';
import { verify } from '../verify.ts';

test('reports of every version and product line, signed by VCEK or VLEK, pass and say what they are', () => {
  for (const product of ['Milan', 'Genoa', 'Turin'] as const) {
    for (const version of [2, 3, 5]) {
      for (const key of ['vcek', 'vlek'] as const) {
        const verdict = judgeSnp(makeSnpWorld({ product, key, fields: { version } }));
        assert.deepEqual([verdict.tee, verdict.collateral, verdict.revocation], ['snp', 'verified', 'checked']);
        assert.ok(verdict.claims.tee === 'snp');
        assert.deepEqual(
          [verdict.claims.product, verdict.claims.version, verdict.claims.signingKey],
          [product, version, key],
        );
        assert.deepEqual(verdict.claims.tcb.reported, { ...snpTcb, fmc: product === 'Turin' ? 1 : 0 });
        assert.equal(verdict.claims.cspId, key === 'vlek' ? 'sconectl SIMULATION cloud' : undefined);
      }
    }
  }
});

test('19: a VLEK does not stand in for a VCEK, nor an ASVK for an ASK', () => {
  const world = makeSnpWorld();
  // The report says VCEK and is signed by the VLEK, and the reverse.
  snpRefusedBy(makeSnpWorld({ key: 'vlek', fields: { keyInfo: 0 } }), ['report-signature']);
  snpRefusedBy(makeSnpWorld({ key: 'vcek', fields: { keyInfo: 4 } }), ['report-signature']);
  assert.match(refusedWith(() => judgeSnp(only(world, 'vlek', 'asvk', 'ark'))).message, /no VCEK certificate/);
  snpRefusedBy(only(world, 'vcek', 'asvk', 'ark'), ['vek-chain', 'snp-crl-signature']);
  snpRefusedBy(only(world, 'vcek', 'ask'), ['vek-chain', 'snp-crl-signature']);
  // A VCEK that the ASVK issued, properly signed.
  const swapped = makeSnpWorld({
    keys: { ask: snpKeys.asvk },
    certificate: (role, spec) => {
      if (role === 'ask') return { ...spec, subject: 'SEV-VLEK-Milan' };
      return role === 'vcek' ? { ...spec, issuer: 'SEV-VLEK-Milan' } : spec;
    },
  });
  const error = snpRefusedBy(only(swapped, 'vcek', 'ask', 'ark'), ['vek-chain']);
  assert.match(error.message, /not one of a VCEK of Milan/);
});

test('19: the product line follows from the root and is the same in certificate and report', () => {
  const named = makeSnpWorld({
    certificate: (role, spec) =>
      role === 'vcek'
        ? {
            ...spec,
            extensions: (spec.extensions ?? []).map((one) =>
              one.oid.endsWith('.1.2') ? { ...one, value: Uint8Array.of(0x16, 8, ...Buffer.from('Genoa-B0')) } : one,
            ),
          }
        : spec,
  });
  snpRefusedBy(named, ['product']);
  snpRefusedBy(makeSnpWorld({ fields: { cpuid: [0x19, 0x11, 1] } }), ['product']);
  snpRefusedBy(makeSnpWorld({ product: 'Genoa', fields: { cpuid: [0x1a, 0x02, 1] } }), ['product']);
  for (const stepping of ['Milan-', 'Milan-B', 'Milan-B00', 'Milano', 'Milan-b0']) {
    const value = Uint8Array.of(0x16, stepping.length, ...Buffer.from(stepping));
    const odd = makeSnpWorld({
      certificate: (role, spec) => ({
        ...spec,
        extensions: (spec.extensions ?? []).map((one) =>
          role === 'vcek' && one.oid.endsWith('.1.2') ? { ...one, value } : one,
        ),
      }),
    });
    snpRefusedBy(odd, ['product']);
  }
});

test('19: a certificate of a chip without a chip, of a provider without a provider, or of both is refused', () => {
  for (const [role, change] of [
    ['vcek', (oids: string[]) => oids.filter((oid) => !oid.endsWith('.1.4'))],
    ['vlek', (oids: string[]) => oids.filter((oid) => !oid.endsWith('.1.5'))],
    ['vcek', (oids: string[]) => oids.filter((oid) => !oid.endsWith('.3.8'))],
    ['vcek', (oids: string[]) => oids.filter((oid) => !oid.endsWith('.1.2'))],
  ] as const) {
    const world = makeSnpWorld({
      key: role,
      certificate: (each, spec) => {
        const kept = change((spec.extensions ?? []).map(({ oid }) => oid));
        return each === role
          ? { ...spec, extensions: (spec.extensions ?? []).filter(({ oid }) => kept.includes(oid)) }
          : spec;
      },
    });
    assert.equal(refusedWith(() => judgeSnp(world)).code, 'E_DER');
  }
  const both = makeSnpWorld({
    certificate: (role, spec) =>
      role === 'vcek'
        ? {
            ...spec,
            extensions: [
              ...(spec.extensions ?? []),
              { oid: '1.3.6.1.4.1.3704.1.5', critical: false, value: Uint8Array.of(0x16, 1, 0x61) },
            ],
          }
        : spec,
  });
  assert.equal(refusedWith(() => judgeSnp(both)).code, 'E_DER');
});

test('20: the reported TCB must be the one of the certificate, in every part', () => {
  for (const part of ['bootloader', 'tee', 'snp', 'microcode'] as const) {
    const lower = { ...snpTcb, [part]: snpTcb[part] - 1 };
    const error = snpRefusedBy(makeSnpWorld({ fields: { reported: lower } }), ['reported-tcb']);
    assert.match(error.expected ?? '', new RegExp(`${part} ${snpTcb[part]}`));
    const higher = { ...snpTcb, [part]: snpTcb[part] + 1 };
    snpRefusedBy(makeSnpWorld({ fields: { reported: higher, committed: higher, current: higher } }), ['reported-tcb']);
  }
  const fmc = { ...snpTcb, fmc: 2 };
  snpRefusedBy(makeSnpWorld({ product: 'Turin', fields: { reported: fmc, committed: fmc, current: fmc } }), [
    'reported-tcb',
  ]);
});

test('20: a committed TCB below the reported one, or a current one below the committed, is refused', () => {
  const lower = { ...snpTcb, snp: 21 };
  snpRefusedBy(makeSnpWorld({ fields: { committed: lower } }), ['tcb-order']);
  snpRefusedBy(makeSnpWorld({ fields: { current: lower } }), ['tcb-order']);
});

test('21: a root that is not pinned, also under the right name, is refused', () => {
  const world = makeSnpWorld();
  snpRefusedBy({ ...world, roots: snpRoots('Genoa') }, ['vek-chain', 'product']);
  // Another key, all names right: the ASK's key in the place of the ARK's.
  const forged = makeSnpWorld({ keys: { ark: snpKeys.ask, ask: snpKeys.ark } });
  const error = snpRefusedBy(forged, ['vek-chain']);
  assert.match(error.message, /does not lead to a pinned root/);
});

test('21: an absent revocation list is a refusal unless a policy allows it, and the verdict says so', () => {
  const world = makeSnpWorld({ collateral: { crl: () => undefined } });
  snpRefusedBy(world, ['revocation-unchecked']);
  assert.equal(judgeSnp(world, { allow: ['unchecked-revocation'] }).revocation, 'unchecked');
  assert.equal(refusedWith(() => judgeSnp(world, { allow: ['missing-collateral'] })).code, 'E_COLLATERAL');
});

test('21: a revocation list that is forged, stale, not valid yet, or of another issuer is refused', () => {
  const dates = (from: string, to: string) =>
    makeSnpWorld({
      collateral: { crl: (spec) => ({ ...spec, thisUpdate: new Date(from), nextUpdate: new Date(to) }) },
    });
  snpRefusedBy(dates('2025-11-01T00:00:00Z', '2025-12-01T00:00:00Z'), ['snp-crl-dates']);
  snpRefusedBy(dates('2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'), ['snp-crl-dates']);
  const forged = makeSnpWorld();
  const other = makeSnpWorld({ keys: { ark: snpKeys.ask } });
  snpRefusedBy({ ...forged, collateral: { ...forged.collateral, crl: other.collateral.crl } }, ['snp-crl-signature']);
  snpRefusedBy(makeSnpWorld({ collateral: { crl: (spec) => ({ ...spec, issuer: 'ARK-Genoa' }) } }), [
    'snp-crl-signature',
  ]);
  // With an unpinned list nothing is revoked by accident, and a policy that allows absence allows no forgery.
  const error = refusedWith(() =>
    judgeSnp(
      { ...forged, collateral: { ...forged.collateral, crl: other.collateral.crl } },
      { allow: ['unchecked-revocation'] },
    ),
  );
  assert.equal(error.code, 'E_COLLATERAL');
});

test('3: a revoked authority is refused, the same serial under another issuer is not', () => {
  const serial = fromHex('2300000000000001');
  const revoking = (role: string) =>
    makeSnpWorld({
      certificate: (each, spec) => (each === role ? { ...spec, serial } : spec),
      collateral: { crl: (spec) => ({ ...spec, revoked: [{ serial, date: spec.thisUpdate }] }) },
    });
  const error = snpRefusedBy(revoking('ask'), ['snp-revocation']);
  assert.match(error.found ?? '', /2300000000000001/);
  // The VCEK is the ASK's; a list of the ARK says nothing about its serial numbers.
  assert.equal(judgeSnp(revoking('vcek')).tee, 'snp');
});

test('7: expired and future certificates are refused', () => {
  const dated = (role: string, from: string, to: string) =>
    makeSnpWorld({
      certificate: (each, spec) =>
        each === role ? { ...spec, notBefore: new Date(from), notAfter: new Date(to) } : spec,
    });
  for (const role of ['vcek', 'ask', 'ark']) {
    snpRefusedBy(dated(role, '2024-01-01T00:00:00Z', '2026-01-15T11:59:59Z'), ['vek-dates']);
    snpRefusedBy(dated(role, '2026-01-15T12:00:01Z', '2030-01-01T00:00:00Z'), ['vek-dates']);
  }
});

test('13: an authority that is no CA or may not issue, and a chip that is a CA, are refused', () => {
  const changed = (role: string, change: object) =>
    makeSnpWorld({ certificate: (each, spec) => (each === role ? { ...spec, ...change } : spec) });
  snpRefusedBy(changed('ask', { keyUsage: ['cRLSign'] }), ['vek-chain']);
  snpRefusedBy(changed('vcek', { ca: {} }), ['vek-chain']);
  snpRefusedBy(changed('vcek', { keyUsage: ['keyCertSign'] }), ['vek-chain']);
  snpRefusedBy(
    makeSnpWorld({
      certificate: (role, { ca, ...spec }) => (role === 'ask' || ca === undefined ? spec : { ...spec, ca }),
    }),
    ['vek-chain'],
  );
});

test('13: a key of another kind in a certificate of AMD is refused', () => {
  const world = () =>
    makeSnpWorld({ certificate: (role, spec) => (role === 'vcek' ? { ...spec, publicKey: p256 } : spec) });
  const p256 = createPublicKey(newKey('P-256'));
  assert.equal(refusedWith(world).code, 'E_COLLATERAL');
  // An authority's key cannot be a chip's.
  const rsa = createPublicKey(snpKeys.ask);
  const chip = makeSnpWorld({ certificate: (role, spec) => (role === 'vcek' ? { ...spec, publicKey: rsa } : spec) });
  assert.equal(refusedWith(() => judgeSnp(chip)).code, 'E_CHAIN');
});

test('22: a VMPL other than 0 is refused', () => {
  for (const vmpl of [1, 2, 3, 0xffff_ffff]) snpRefusedBy(makeSnpWorld({ fields: { vmpl } }), ['vmpl']);
});

test('22: reserved bits of the guest policy are refused', () => {
  snpRefusedBy(makeSnpWorld({ fields: { policy: strictPolicy & ~(1n << 17n) } }), ['policy-reserved']);
  for (const bit of [26n, 31n, 32n, 63n]) {
    snpRefusedBy(makeSnpWorld({ fields: { policy: strictPolicy | (1n << bit) } }), ['policy-reserved']);
  }
});

test('22: unsupported versions, signature algorithms and signing keys are refused', () => {
  for (const version of [0, 1, 4, 6, 0xffff]) {
    const error = refusedWith(() => judgeSnp(makeSnpWorld({ fields: { version } })));
    assert.equal(error.code, 'E_EVIDENCE');
    assert.match(error.message, /VERSION/);
    assert.equal(error.expected, '2, 3, 5');
  }
  for (const signatureAlgorithm of [0, 2]) {
    assert.match(
      refusedWith(() => judgeSnp(makeSnpWorld({ fields: { signatureAlgorithm } }))).message,
      /SIGNATURE_ALGO/,
    );
  }
  // MASK_CHIP_KEY leaves reports unsigned; 7 is "none".
  for (const keyInfo of [2, 2 << 2, 7 << 2, 1 << 5]) {
    assert.equal(refusedWith(() => judgeSnp(makeSnpWorld({ fields: { keyInfo } }))).code, 'E_EVIDENCE');
  }
});

test('22: must-be-zero fields are zero, also those that only older versions reserve', () => {
  for (const [version, offsets] of [
    [2, [0x4c, 0x188, 0x189, 0x18a, 0x18b, 0x19f, 0x1eb, 0x1ef, 0x1f8, 0x200, 0x207, 0x208, 0x29f]],
    [3, [0x4f, 0x18b, 0x1eb, 0x1ef, 0x1f8, 0x207, 0x29f]],
    [5, [0x4c, 0x18b, 0x1eb, 0x1ef, 0x208, 0x29f]],
  ] as const) {
    for (const at of offsets) {
      const world = makeSnpWorld({ fields: { version }, change: (unsigned) => flip(unsigned, at) });
      const error = refusedWith(() => judgeSnp(world));
      assert.match(error.message, /other than zero in the reserved field/, `version ${version}, byte ${at}`);
    }
  }
  // Reserved bytes of a TCB version.
  snpRefusedBy(makeSnpWorld({ change: (unsigned) => flip(unsigned, 0x1f0 + 3) }), ['tcb-version']);
});

test('22: the parts of a signature above 384 bits, and behind it, must be zero', () => {
  for (const at of [0x2a0 + 48, 0x2a0 + 71, 0x2a0 + 72 + 48, 0x2a0 + 144, 0x49f]) {
    const error = refusedWith(() => judgeSnp(makeSnpWorld({ report: (report) => flip(report, at) })));
    assert.match(error.message, /reserved field/);
  }
  for (const at of [0x2a0, 0x2a0 + 72]) {
    snpRefusedBy(makeSnpWorld({ report: (report) => flip(report, at) }), ['report-signature']);
    snpRefusedBy(makeSnpWorld({ report: (report) => patch(report, at, new Uint8Array(48)) }), ['report-signature']);
  }
});

test('23: an all-zero CHIP_ID is no identity: it matches no VCEK and is not told as one', () => {
  const zero = new Uint8Array(64);
  snpRefusedBy(makeSnpWorld({ fields: { chipId: zero } }), ['chip-id']);
  // Also where the certificate says zero, too.
  snpRefusedBy(makeSnpWorld({ chipId: zero, fields: { chipId: zero } }), ['chip-id']);
  snpRefusedBy(makeSnpWorld({ fields: { chipId: new Uint8Array(64).fill(0x78) } }), ['chip-id']);
  const verdict = judgeSnp(makeSnpWorld({ key: 'vlek', fields: { chipId: zero } }));
  assert.ok(verdict.claims.tee === 'snp');
  assert.equal(verdict.claims.chipId, undefined);
});

test('23: the short chip ids of Turin are padded with zeros, and nothing else', () => {
  const chipId = fromHex('0102030405060708');
  assert.equal(judgeSnp(makeSnpWorld({ product: 'Turin', chipId })).tee, 'snp');
  const longer = new Uint8Array(64);
  longer.set(chipId);
  longer[8] = 1;
  snpRefusedBy(makeSnpWorld({ product: 'Turin', chipId, fields: { chipId: longer } }), ['chip-id']);
});

test('24: HOST_DATA is compared in full, and zeros are no init data', () => {
  const { claims } = judgeSnp(makeSnpWorld());
  const hash = new Uint8Array(32).fill(0xb2);
  assert.equal(carriesInitData(claims, hash), true);
  for (let at = 0; at < 32; at++) assert.equal(carriesInitData(claims, flip(hash, at)), false);
  assert.equal(carriesInitData(claims, hash.subarray(0, 31)), false);
  const unset = judgeSnp(makeSnpWorld({ fields: { hostData: new Uint8Array(32) } })).claims;
  assert.equal(carriesInitData(unset, new Uint8Array(32)), false);
});

test('24: an author key is there exactly when it is enabled, and only with an ID key', () => {
  const idKeyDigest = new Uint8Array(48).fill(0x1d);
  const authorKeyDigest = new Uint8Array(48).fill(0xa0);
  snpRefusedBy(makeSnpWorld({ fields: { idKeyDigest, authorKeyDigest } }), ['id-block']);
  snpRefusedBy(makeSnpWorld({ fields: { idKeyDigest, keyInfo: 1 } }), ['id-block']);
  snpRefusedBy(makeSnpWorld({ fields: { authorKeyDigest, keyInfo: 1 } }), ['id-block']);
  const verdict = judgeSnp(makeSnpWorld({ fields: { idKeyDigest, authorKeyDigest, keyInfo: 1 } }));
  assert.ok(verdict.claims.tee === 'snp');
  assert.equal(hex(verdict.claims.idKeyDigest ?? new Uint8Array()), '1d'.repeat(48));
  assert.equal(hex(verdict.claims.authorKeyDigest ?? new Uint8Array()), 'a0'.repeat(48));
});

test('the sender must name the TEE that it is, and collateral of another vendor is refused', () => {
  const world = makeSnpWorld();
  const options = { roots: world.roots, collateral: world.collateral, now: new Date('2026-01-15T12:00:00Z') };
  assert.equal(verify({ tee: 'snp', quote: world.report }, options).tee, 'snp');
  assert.equal(refusedWith(() => verify({ tee: 'tdx', quote: world.report }, options)).code, 'E_TEE');
  const aux = Buffer.from(world.collateral.text);
  assert.equal(verify({ quote: world.report, aux }, { roots: world.roots, now: options.now }).tee, 'snp');
  assert.equal(
    refusedWith(() => verify({ quote: world.report }, { roots: world.roots, now: options.now })).code,
    'E_COLLATERAL',
  );
});

test('all failed checks of a report are told at once', () => {
  const error = snpRefusedBy(
    makeSnpWorld({ fields: { vmpl: 1, policy: 0n }, report: (report) => flip(report, 0x50) }),
    ['report-signature', 'vmpl', 'policy-reserved'],
  );
  assert.match(error.causes.join('\n'), /also failed, vmpl/);
  assert.match(error.hint ?? '', /no policy can allow this/);
});
