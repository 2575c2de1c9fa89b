import assert from 'node:assert/strict';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { newKey } from '../../test/evidence/world.ts';
import { parseCertificate } from './certificate.ts';
import { issueCertificate, selfSigned } from './issue.ts';

const span = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2046-01-01T00:00:00Z') };

test('a self-signed identity is a strict certificate that OpenSSL verifies', () => {
  const privateKey = newKey();
  const { der, pem } = selfSigned({ privateKey, commonName: 'sconectl CAS', ...span });
  const theirs = new X509Certificate(pem);
  assert.ok(theirs.verify(createPublicKey(privateKey)));
  assert.equal(theirs.subject, 'CN=sconectl CAS');
  assert.deepEqual(theirs.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  const ours = parseCertificate(der, 'certificate');
  assert.equal(ours.ca, false);
  assert.equal(ours.keyUsage?.digitalSignature, true);
});

test('the serial number follows from the key', () => {
  const privateKey = newKey();
  const serial = (key = privateKey): string =>
    parseCertificate(selfSigned({ privateKey: key, commonName: 'x', ...span }).der, 'certificate').serial;
  assert.equal(serial(), serial());
  assert.notEqual(serial(), serial(newKey()));
});

test('only P-256 keys get an identity', () => {
  assert.throws(() => selfSigned({ privateKey: newKey('P-384'), commonName: 'x', ...span }), {
    code: 'E_FORMAT',
    expected: 'ec prime256v1',
    found: 'ec secp384r1',
  });
});

test('a serial number is positive and of at most 20 bytes', () => {
  const privateKey = newKey();
  const issue = (serial: Uint8Array): Uint8Array =>
    issueCertificate(
      {
        serial,
        subject: 'x',
        issuer: 'x',
        ...span,
        publicKey: createPublicKey(privateKey),
        keyUsage: ['digitalSignature'],
      },
      privateKey,
    );
  assert.equal(parseCertificate(issue(new Uint8Array(20).fill(0xff)), 'certificate').serial, 'ff'.repeat(20));
  for (const serial of [new Uint8Array(), new Uint8Array(3), new Uint8Array(21).fill(1)]) {
    assert.throws(() => issue(serial), { code: 'E_FORMAT' });
  }
});
