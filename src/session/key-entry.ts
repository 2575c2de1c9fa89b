import { createPublicKey, X509Certificate } from 'node:crypto';
import { fromBase64 } from '../core/bytes.ts';
import { isForeignKeyHash, keyHash, parseKeyHash, sha256 } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';

/**
 * A client as its key hash: a key hash as it is, a certificate or public key in PEM as the hash of its key, since
 * certificates are compared by their keys (language, c.7) and a renewed one is the same client.
 */
export function clientKeyHash(text: string, what: string): string {
  if (text.includes('-----BEGIN')) return keyHash(sha256(spki(text, what)), 'production');
  // What SCONE's own tools print has another version byte, and no public description: it is kept, and not supported.
  if (!isForeignKeyHash(text)) parseKeyHash(text, what);
  return text;
}

/** A public key that signs sessions, in PEM, in one form; or its text of CAS 5.8, which is no PEM. */
export function signerKey(text: string, what: string): string {
  if (!text.includes('-----BEGIN')) {
    if (/^[1-9A-HJ-NP-Za-km-z]{30,120}$/.test(text)) return text;
    throw new SconeError('E_FORMAT', `${what} is no public key`, {
      expected: 'a public key in PEM (Ed25519 or P-384)',
      hint: 'write what `scone self show-session-signing-key` prints',
    });
  }
  const key = createPublicKey({ key: Buffer.from(spki(text, what)), format: 'der', type: 'spki' });
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType !== 'ed25519' && curve !== 'secp384r1') {
    throw new SconeError('E_FORMAT', `${what} is a key that cannot sign sessions`, {
      expected: 'Ed25519 or P-384',
      found: curve ?? key.asymmetricKeyType ?? 'another key',
    });
  }
  return key.export({ type: 'spki', format: 'pem' });
}

/** The SubjectPublicKeyInfo in a certificate or public key; the line breaks of the PEM do not matter. */
function spki(text: string, what: string): Uint8Array {
  const match = /^\s*-----BEGIN (CERTIFICATE|PUBLIC KEY)-----([A-Za-z0-9+/=\s]*)-----END \1-----\s*$/.exec(text);
  try {
    const der = fromBase64((match?.[2] ?? '').replace(/\s/g, ''), what);
    const key =
      match?.[1] === 'CERTIFICATE'
        ? new X509Certificate(Buffer.from(der)).publicKey
        : createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
    return key.export({ type: 'spki', format: 'der' });
  } catch {
    throw new SconeError('E_FORMAT', `${what} is no certificate and no public key in PEM`, {
      expected: '-----BEGIN CERTIFICATE----- … -----END CERTIFICATE-----, one of them',
      hint: 'write it as a block: "- |" and the lines of the PEM below it',
    });
  }
}
