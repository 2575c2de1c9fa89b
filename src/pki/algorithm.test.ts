import assert from 'node:assert/strict';
import { constants, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import { snpKeys } from '../../test/evidence/snp-world.ts';
import { refusedWith } from '../../test/evidence/world.ts';
import { fromHex } from '../core/bytes.ts';
import {
  amdProfile,
  p256Profile,
  publicKeyOf,
  requireSupported,
  verifyP256,
  verifyPss,
  verifyScheme,
} from './algorithm.ts';
import { parseCertificate } from './certificate.ts';
import { issueCertificate } from './issue.ts';
import { spkiDer } from './spki.ts';

const key = (type: string): KeyObject =>
  type === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    : generateKeyPairSync('ec', { namedCurve: type }).privateKey;
const spki = (from: KeyObject): Uint8Array => spkiDer(createPublicKey(from));
const p256 = key('P-256');
const p384 = key('P-384');
const rsa = snpKeys.ark;

test('a key is read only as one of the kinds asked for, in its one encoding', () => {
  assert.equal(publicKeyOf(spki(p256), 'key', ['p256']).kind, 'p256');
  assert.equal(publicKeyOf(spki(p384), 'key', ['rsa4096', 'p384']).kind, 'p384');
  assert.equal(publicKeyOf(spki(rsa), 'key', ['rsa4096', 'p384']).kind, 'rsa4096');
  for (const [from, kinds] of [
    [spki(p384), ['p256']],
    [spki(rsa), ['p256', 'p384']],
    [spki(p256), ['p384', 'rsa4096']],
    [spki(key('rsa')), ['rsa4096']],
    [spki(key('P-521')), ['p256', 'p384', 'rsa4096']],
  ] as const) {
    assert.equal(refusedWith(() => publicKeyOf(from, 'key', kinds)).code, 'E_DER');
  }
  const offCurve = new Uint8Array(spki(p384));
  offCurve.fill(1, offCurve.length - 48);
  assert.equal(refusedWith(() => publicKeyOf(offCurve, 'key', ['p384'])).code, 'E_DER');
  // An exponent of 3, and a modulus with its top bit clear.
  const exponent = new Uint8Array(spki(rsa));
  exponent[exponent.length - 1] = 3;
  const modulus = new Uint8Array(spki(rsa));
  modulus[33] = 0x01;
  for (const odd of [exponent, modulus]) {
    assert.equal(refusedWith(() => publicKeyOf(odd, 'key', ['rsa4096'])).code, 'E_DER');
  }
});

test('signature algorithms are those of the profile, byte for byte', () => {
  const ecdsa = fromHex('300a06082a8648ce3d040302');
  const amd = fromHex(
    '304606092a864886f70d01010a3039a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d060960864801650304' +
      '02020500a203020130a303020101',
  );
  requireSupported(ecdsa, 'it', p256Profile.scheme);
  requireSupported(amd, 'it', amdProfile.scheme);
  assert.equal(refusedWith(() => requireSupported(amd, 'it', p256Profile.scheme)).code, 'E_DER');
  assert.equal(refusedWith(() => requireSupported(ecdsa, 'it', amdProfile.scheme)).code, 'E_DER');
  // Another salt length, another hash, another trailer.
  for (const [at, by] of [
    [66, 0x20],
    [amd.length - 1, 2],
    [28, 1],
  ] as const) {
    const other = new Uint8Array(amd);
    other[at] = by;
    assert.equal(refusedWith(() => requireSupported(other, 'it', amdProfile.scheme)).code, 'E_DER');
  }
});

test('RSA-PSS demands SHA-384 and a salt of 48 bytes; PKCS #1 v1.5 is none', () => {
  const message = new Uint8Array(100).fill(7);
  const pss = { key: rsa, padding: constants.RSA_PKCS1_PSS_PADDING };
  const publicKey = createPublicKey(rsa);
  assert.equal(verifyPss(publicKey, message, sign('sha384', message, { ...pss, saltLength: 48 })), true);
  assert.equal(verifyPss(publicKey, message, sign('sha384', message, { ...pss, saltLength: 32 })), false);
  assert.equal(verifyPss(publicKey, message, sign('sha256', message, { ...pss, saltLength: 48 })), false);
  assert.equal(verifyPss(publicKey, message, sign('sha384', message, rsa)), false);
  assert.equal(verifyPss(publicKey, message, new Uint8Array(512)), false);
  assert.equal(verifyPss(publicKey, message, new Uint8Array()), false);
});

test('a key of another kind never verifies in a scheme', () => {
  const message = new Uint8Array(10);
  const signature = sign('sha256', message, { key: p256, dsaEncoding: 'der' });
  const publicKey = createPublicKey(p256);
  assert.equal(verifyScheme('ecdsa-p256-sha256', { publicKey, keyKind: 'p256' }, message, signature), true);
  assert.equal(verifyScheme('ecdsa-p256-sha256', { publicKey, keyKind: 'p384' }, message, signature), false);
  assert.equal(verifyScheme('rsa-pss-sha384', { publicKey, keyKind: 'p256' }, message, signature), false);
});

test('a certificate of one hierarchy is not read as one of another', () => {
  const spec = {
    serial: Uint8Array.of(1),
    subject: 'a',
    issuer: 'a',
    notBefore: new Date('2025-01-01T00:00:00Z'),
    notAfter: new Date('2030-01-01T00:00:00Z'),
    keyUsage: [],
  } as const;
  const amd = issueCertificate({ ...spec, publicKey: createPublicKey(rsa) }, rsa);
  const intel = issueCertificate({ ...spec, publicKey: createPublicKey(p256) }, p256);
  assert.equal(parseCertificate(amd, 'it', amdProfile).keyKind, 'rsa4096');
  assert.equal(parseCertificate(intel, 'it').keyKind, 'p256');
  assert.equal(refusedWith(() => parseCertificate(amd, 'it')).code, 'E_DER');
  assert.equal(refusedWith(() => parseCertificate(intel, 'it', amdProfile)).code, 'E_DER');
});

test('what only looks like a public key checks nothing', () => {
  const { type } = createPublicKey(p256);
  const message = new Uint8Array(32);
  for (const check of [
    () => verifyP256({ type }, message, new Uint8Array(64), 'ieee-p1363'),
    () => verifyPss({ type }, message, new Uint8Array(512)),
  ]) {
    assert.equal(refusedWith(check).code, 'E_INTERNAL');
  }
});
