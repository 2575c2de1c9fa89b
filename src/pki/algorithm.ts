import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { concat, equalBytes, fromHex } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';

/** AlgorithmIdentifier of ecdsa-with-SHA256, whole DER; its parameters must be absent (RFC 5758, 3.2). */
const ecdsaWithSha256 = fromHex('300a06082a8648ce3d040302');

/** A SubjectPublicKeyInfo up to the point: id-ecPublicKey, prime256v1, BIT STRING of 66 bytes, no unused bits. */
const p256Prefix = fromHex('3059301306072a8648ce3d020106082a8648ce3d030107034200');

/** Throws `E_DER` unless the algorithm (whole AlgorithmIdentifier, DER) is one that is verified here. */
export function requireSupported(algorithm: Uint8Array, what: string): void {
  if (!equalBytes(algorithm, ecdsaWithSha256)) {
    throw new SconeError('E_DER', `the ${what} is signed with an algorithm that is not supported`, {
      expected: 'ecdsa-with-SHA256',
    });
  }
}

/** The key of a SubjectPublicKeyInfo: P-256, named curve, uncompressed point on the curve. Throws `E_DER`. */
export function p256Key(spki: Uint8Array, what: string): KeyObject {
  const prefix = spki.subarray(0, p256Prefix.length);
  if (spki.length === p256Prefix.length + 65 && equalBytes(prefix, p256Prefix) && spki[p256Prefix.length] === 4) {
    try {
      return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    } catch {
      // Falls through to the refusal: the point is not on the curve.
    }
  }
  throw new SconeError('E_DER', `the ${what} has no P-256 key with an uncompressed point on the curve`);
}

/** The key of a raw point, x ‖ y, 64 bytes, as quotes carry it. Throws `E_DER`. */
export function p256KeyOfPoint(point: Uint8Array, what: string): KeyObject {
  return p256Key(concat(p256Prefix, Uint8Array.of(4), point), what);
}

/** ECDSA over P-256 with SHA-256; signature as DER (certificates, CRLs) or r ‖ s, 64 bytes (quotes, Intel's JSON). */
export function verifyP256(
  key: KeyObject,
  message: Uint8Array,
  signature: Uint8Array,
  encoding: 'der' | 'ieee-p1363',
): boolean {
  return verify('sha256', message, { key, dsaEncoding: encoding }, signature);
}
