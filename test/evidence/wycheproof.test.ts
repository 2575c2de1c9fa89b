import assert from 'node:assert/strict';
import { createDecipheriv } from 'node:crypto';
import { test } from 'node:test';
import { SconeError } from '../../src/core/errors.ts';
import { publicKeyOf, verifyP256, verifyP384, verifyPss } from '../../src/pki/algorithm.ts';
import { type VectorGroup, vectorsOf } from './wycheproof.ts';

const bytes = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'hex');

type Verify = (group: VectorGroup, message: Uint8Array, signature: Uint8Array) => boolean;

/** Every vector must come out as it says; the count shows that there were any. */
function demandAll(groups: VectorGroup[], verify: Verify, least: number): void {
  let count = 0;
  for (const group of groups) {
    for (const { tcId, comment, result, msg, sig } of group.tests) {
      const expected = result === 'valid';
      assert.equal(verify(group, bytes(msg), bytes(sig)), expected, `vector ${tcId}: ${comment}`);
      count++;
    }
  }
  assert.ok(count >= least, `${count} vectors`);
}

test('Wycheproof: ECDSA P-256 with signatures as DER, as in certificates', (t) => {
  const groups = vectorsOf(t, 'ecdsa_secp256r1_sha256_test');
  if (groups === undefined) return;
  const verify: Verify = (group, message, signature) =>
    verifyP256(publicKeyOf(bytes(group.publicKeyDer), 'vector', ['p256']).key, message, signature, 'der');
  demandAll(groups, verify, 400);
});

test('Wycheproof: ECDSA P-256 with signatures as r and s, as in quotes', (t) => {
  const groups = vectorsOf(t, 'ecdsa_secp256r1_sha256_p1363_test');
  if (groups === undefined) return;
  const verify: Verify = (group, message, signature) =>
    verifyP256(publicKeyOf(bytes(group.publicKeyDer), 'vector', ['p256']).key, message, signature, 'ieee-p1363');
  demandAll(groups, verify, 200);
});

test('Wycheproof: ECDSA P-384 with signatures as r and s, as in SNP reports, and as DER', (t) => {
  const raw = vectorsOf(t, 'ecdsa_secp384r1_sha384_p1363_test');
  const der = vectorsOf(t, 'ecdsa_secp384r1_sha384_test');
  if (raw === undefined || der === undefined) return;
  const verify =
    (encoding: 'der' | 'ieee-p1363'): Verify =>
    (group, message, signature) =>
      verifyP384(publicKeyOf(bytes(group.publicKeyDer), 'vector', ['p384']).key, message, signature, encoding);
  demandAll(raw, verify('ieee-p1363'), 200);
  demandAll(der, verify('der'), 400);
});

test('Wycheproof: RSA-PSS with SHA-384, as in the certificates of AMD', (t) => {
  const groups = vectorsOf(t, 'rsa_pss_4096_sha384_mgf1_48_test');
  if (groups === undefined) return;
  const verify: Verify = (group, message, signature) =>
    verifyPss(publicKeyOf(bytes(group.publicKeyDer), 'vector', ['rsa4096']).key, message, signature);
  demandAll(groups, verify, 100);
});

test('Wycheproof: AES-256-GCM with the options of the ledger and of sealing: nonce of 12, tag of 16 bytes', (t) => {
  const groups = vectorsOf(t, 'aes_gcm_test');
  if (groups === undefined) return;
  const ours = groups.filter(({ keySize, ivSize }) => keySize === 256 && ivSize === 96);
  let count = 0;
  for (const { tests } of ours) {
    for (const { tcId, comment, result, key, iv, aad, ct, tag, msg } of tests) {
      let opened: Buffer | undefined;
      try {
        const decipher = createDecipheriv('aes-256-gcm', bytes(key), bytes(iv), { authTagLength: 16 });
        decipher.setAAD(bytes(aad));
        decipher.setAuthTag(bytes(tag));
        opened = Buffer.concat([decipher.update(bytes(ct)), decipher.final()]);
      } catch (error) {
        assert.ok(!(error instanceof SconeError));
      }
      assert.equal(opened?.toString('hex'), result === 'valid' ? msg : undefined, `vector ${tcId}: ${comment}`);
      count++;
    }
  }
  assert.ok(count >= 50, `${count} vectors`);
});
