import assert from 'node:assert/strict';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { flip, newKey } from '../../test/evidence/world.ts';
import { concat } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { parseCertificate } from './certificate.ts';
import { verifyChain } from './chain.ts';
import { type CertificateSpec, issueCertificate } from './issue.ts';
import { spkiDer, spkiSha256 } from './spki.ts';

const key = newKey();
const spec: CertificateSpec = {
  serial: Uint8Array.of(0x81, 0x02),
  subject: 'leaf',
  issuer: 'root',
  notBefore: new Date('2025-01-01T00:00:00Z'),
  notAfter: new Date('2051-06-30T12:00:00Z'),
  publicKey: createPublicKey(key),
  keyUsage: ['digitalSignature'],
};
const rootKey = newKey();
const root = issueCertificate(
  {
    ...spec,
    subject: 'root',
    publicKey: createPublicKey(rootKey),
    ca: { pathLength: 1 },
    keyUsage: ['keyCertSign', 'cRLSign'],
  },
  rootKey,
);
const leaf = issueCertificate(spec, rootKey);

test('our reader and OpenSSL say the same about a certificate', () => {
  for (const der of [leaf, root]) {
    const ours = parseCertificate(der, 'certificate');
    const theirs = new X509Certificate(der);
    assert.equal(ours.serial, theirs.serialNumber.toLowerCase());
    assert.equal(`CN=${ours.commonName}`, theirs.subject);
    assert.equal(ours.notBefore.getTime(), theirs.validFromDate.getTime());
    assert.equal(ours.notAfter.getTime(), theirs.validToDate.getTime());
    assert.equal(ours.ca, theirs.ca);
    assert.deepEqual(Buffer.from(ours.spki), Buffer.from(spkiDer(theirs.publicKey)));
    assert.ok(theirs.verify(createPublicKey(rootKey)));
  }
  assert.equal(parseCertificate(root, 'certificate').pathLength, 1);
  assert.deepEqual(parseCertificate(root, 'certificate').keyUsage, {
    digitalSignature: false,
    keyCertSign: true,
    cRLSign: true,
  });
});

test('a certificate cut off anywhere, or with something behind it, is refused', () => {
  for (let length = 0; length < leaf.length; length++) {
    assert.throws(() => parseCertificate(leaf.subarray(0, length), 'certificate'), { code: 'E_DER' });
  }
  assert.throws(() => parseCertificate(concat(leaf, Uint8Array.of(0)), 'certificate'), { code: 'E_DER' });
});

test('another key type, curve or signature algorithm is refused', () => {
  const p384 = newKey('P-384');
  assert.throws(
    () => parseCertificate(issueCertificate({ ...spec, publicKey: createPublicKey(p384) }, rootKey), 'certificate'),
    /no P-256 key/,
  );
  // ecdsa-with-SHA384 in both places: the last byte of the OID.
  const der = Buffer.from(leaf);
  const oid = Buffer.from('06082a8648ce3d040302', 'hex');
  const changed = Buffer.from(der);
  for (let at = der.indexOf(oid); at >= 0; at = der.indexOf(oid, at + 1)) changed[at + 9] = 3;
  assert.throws(() => parseCertificate(changed, 'certificate'), /algorithm that is not supported/);
  // And in one place only.
  const one = Buffer.from(der);
  one[der.indexOf(oid) + 9] = 3;
  assert.throws(() => parseCertificate(one, 'certificate'), /two signature algorithms/);
});

test('a point that is not on the curve is refused', () => {
  const at = Buffer.from(leaf).indexOf(Buffer.from(spkiDer(createPublicKey(key)).subarray(27)));
  assert.throws(() => parseCertificate(flip(leaf, at + 40), 'certificate'), /no P-256 key/);
});

test('no changed byte of the signed part of a certificate survives its chain', () => {
  const rules = {
    pin: Buffer.from(spkiSha256(createPublicKey(rootKey))).toString('hex'),
    length: 2,
    leaf: 'signer',
    what: 'chain',
  } as const;
  const parsedRoot = parseCertificate(root, 'root');
  verifyChain([parseCertificate(leaf, 'leaf'), parsedRoot], rules);
  const tbsFrom = 4;
  const tbsTo = tbsFrom + parseCertificate(leaf, 'leaf').tbs.length;
  fc.assert(
    fc.property(fc.integer({ min: tbsFrom, max: tbsTo - 1 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      assert.throws(
        () => verifyChain([parseCertificate(flip(leaf, at, mask), 'leaf'), parsedRoot], rules),
        SconeError,
        `byte ${at} xor ${mask}`,
      );
    }),
    { numRuns: 1500 },
  );
});

test('an extension that comes twice, or a critical one that nobody understands, is refused', () => {
  const extra = { oid: '1.2.3.4', critical: false, value: Uint8Array.of(5, 0) };
  const with2 = (...extensions: (typeof extra)[]): Uint8Array => issueCertificate({ ...spec, extensions }, rootKey);
  assert.equal(parseCertificate(with2(extra), 'certificate').extensions.get('1.2.3.4')?.critical, false);
  assert.throws(() => parseCertificate(with2(extra, extra), 'certificate'), /extension twice/);
  assert.throws(() => parseCertificate(with2({ ...extra, critical: true }), 'certificate'), /critical extension/);
});

test('names of key and certificate give one SPKI hash', () => {
  const certificate = new X509Certificate(leaf);
  const expected = Buffer.from(spkiSha256(spkiDer(createPublicKey(key))));
  assert.deepEqual(Buffer.from(spkiSha256(certificate)), expected);
  assert.deepEqual(Buffer.from(spkiSha256(certificate.publicKey)), expected);
  assert.deepEqual(Buffer.from(spkiSha256(parseCertificate(leaf, 'leaf').spki)), expected);
});
