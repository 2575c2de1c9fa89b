import type { KeyObject, X509Certificate } from 'node:crypto';
import { sha256 } from '../core/digest.ts';

/** The SubjectPublicKeyInfo (RFC 5280, 4.1.2.7) of a public key, DER. */
export function spkiDer(key: KeyObject): Uint8Array<ArrayBuffer> {
  return new Uint8Array(key.export({ type: 'spki', format: 'der' }));
}

/**
 * SHA-256 of the SubjectPublicKeyInfo, 32 bytes: what pins and key hashes are made of. Takes a public key, its
 * certificate, or the DER of the SubjectPublicKeyInfo.
 */
export function spkiSha256(source: KeyObject | X509Certificate | Uint8Array): Uint8Array<ArrayBuffer> {
  if (source instanceof Uint8Array) return sha256(source);
  return sha256(spkiDer('publicKey' in source ? source.publicKey : source));
}
