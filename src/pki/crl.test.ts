import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { flip, newKey } from '../../test/evidence/world.ts';
import { need } from '../../test/support/require.ts';
import { concat, hex } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { parseCertificate } from './certificate.ts';
import { isRevoked, parseCrl, verifyCrlDates, verifyCrlSignature } from './crl.ts';
import { type CertificateSpec, type CrlSpec, issueCertificate, issueCrl } from './issue.ts';

const key = newKey();
const caSpec: CertificateSpec = {
  serial: Uint8Array.of(1),
  subject: 'ca',
  issuer: 'ca',
  notBefore: new Date('2025-01-01T00:00:00Z'),
  notAfter: new Date('2035-01-01T00:00:00Z'),
  publicKey: createPublicKey(key),
  ca: {},
  keyUsage: ['keyCertSign', 'cRLSign'],
};
const ca = parseCertificate(issueCertificate(caSpec, key), 'CA');
const spec: CrlSpec = {
  issuer: 'ca',
  thisUpdate: new Date('2026-01-01T00:00:00Z'),
  nextUpdate: new Date('2026-02-01T00:00:00Z'),
  number: 300,
  revoked: [
    { serial: Uint8Array.of(0x81, 0x02), date: new Date('2025-12-01T00:00:00Z') },
    { serial: Uint8Array.of(0x05), date: new Date('2025-12-01T00:00:00Z') },
  ],
};
const der = issueCrl(spec, key);
const certificate = (serial: Uint8Array, issuer: string): ReturnType<typeof parseCertificate> =>
  parseCertificate(issueCertificate({ ...caSpec, serial, issuer, subject: 'somebody' }, key), 'certificate');

test('a list says what was put in', () => {
  const crl = parseCrl(der, 'CRL');
  assert.equal(crl.number, 300n);
  assert.deepEqual(crl.thisUpdate, spec.thisUpdate);
  assert.deepEqual(crl.nextUpdate, spec.nextUpdate);
  assert.deepEqual([...crl.revoked], ['8102', '05']);
  verifyCrlSignature(crl, ca, 'CRL');
});

test('OpenSSL reads the list that we issue', (t) => {
  const openssl = need(t, 'openssl');
  if (openssl === undefined) return;
  const text = execFileSync(openssl, ['crl', '-inform', 'DER', '-noout', '-text'], { input: der, encoding: 'utf8' });
  assert.match(text, /Issuer: CN = ca/);
  assert.match(text, /Serial Number: 8102/);
  assert.match(text, /X509v3 CRL Number:\s+300/);
});

test('3: a serial number revokes only together with its issuer', () => {
  const crl = parseCrl(der, 'CRL');
  assert.equal(isRevoked(crl, certificate(Uint8Array.of(5), 'ca')), true);
  assert.equal(isRevoked(crl, certificate(Uint8Array.of(0x81, 0x02), 'ca')), true);
  assert.equal(isRevoked(crl, certificate(Uint8Array.of(6), 'ca')), false);
  assert.equal(isRevoked(crl, certificate(Uint8Array.of(5), 'another ca')), false);
});

test('3: a list is in force from its first to its last moment', () => {
  const crl = parseCrl(der, 'CRL');
  verifyCrlDates(crl, spec.thisUpdate, 'CRL');
  verifyCrlDates(crl, spec.nextUpdate, 'CRL');
  for (const time of ['2025-12-31T23:59:59Z', '2026-02-01T00:00:01Z']) {
    assert.throws(() => verifyCrlDates(crl, new Date(time), 'CRL'), { code: 'E_COLLATERAL', found: time });
  }
});

test('3: a list by a forger, of another name, or by a certificate that may not sign lists is refused', () => {
  const forger = newKey();
  const byForger = parseCrl(issueCrl(spec, forger), 'CRL');
  assert.throws(() => verifyCrlSignature(byForger, ca, 'CRL'), { code: 'E_COLLATERAL' });
  const named = parseCrl(issueCrl({ ...spec, issuer: 'cb' }, key), 'CRL');
  assert.throws(() => verifyCrlSignature(named, ca, 'CRL'), /another CA/);
  const noLists = parseCertificate(issueCertificate({ ...caSpec, keyUsage: ['keyCertSign'] }, key), 'CA');
  assert.throws(() => verifyCrlSignature(parseCrl(der, 'CRL'), noLists, 'CRL'), /may not sign/);
});

test('3: no changed byte of a list is accepted, and garbage is refused with our own error', () => {
  const signed = parseCrl(der, 'CRL').tbs.length + 4;
  for (let at = 0; at < signed; at++) {
    assert.throws(() => verifyCrlSignature(parseCrl(flip(der, at, 0x10), 'CRL'), ca, 'CRL'), SconeError, `byte ${at}`);
  }
  for (let length = 0; length < der.length; length++) {
    assert.throws(() => parseCrl(der.subarray(0, length), 'CRL'), { code: 'E_DER' });
  }
  assert.throws(() => parseCrl(concat(der, Uint8Array.of(0)), 'CRL'), { code: 'E_DER' });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => assert.throws(() => parseCrl(bytes, 'CRL'), SconeError)),
  );
});

test('an empty list revokes nothing', () => {
  const crl = parseCrl(issueCrl({ ...spec, revoked: [] }, key), 'CRL');
  verifyCrlSignature(crl, ca, 'CRL');
  assert.equal(crl.revoked.size, 0);
});

test('serial numbers are compared by value, whatever zeros stand in front', () => {
  const crl = parseCrl(
    issueCrl({ ...spec, revoked: [{ serial: Uint8Array.of(0, 0, 0xff), date: spec.thisUpdate }] }, key),
    'CRL',
  );
  assert.deepEqual([...crl.revoked], [hex(Uint8Array.of(0xff))]);
  assert.equal(isRevoked(crl, certificate(Uint8Array.of(0, 0xff), 'ca')), true);
});
