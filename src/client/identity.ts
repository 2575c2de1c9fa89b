import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { utf8Text } from '../core/bytes.ts';
import type { Clock } from '../core/clock.ts';
import { keyHash } from '../core/digest.ts';
import { SconeError, systemCode } from '../core/errors.ts';
import { spkiSha256 } from '../pki/spki.ts';
import { fileError, writeWhole } from './file.ts';

/** Who this client is to a CAS: its key. Name and dates of the certificate carry no rights. */
export interface ClientIdentity {
  /** PEM. */
  certificate: string;
  /** PKCS #8, PEM. */
  privateKey: string;
  /** Key hash of the public key: what session policies name, and what `CREATOR` means. */
  keyHash: string;
}

const years = 30;

/** The file that holds the client's key and certificate. */
export function identityPath(home: string): string {
  return join(home, 'identity.pem');
}

/**
 * The identity of `home`, made on first use: a P-256 key and a certificate by that key, in one file that only its
 * owner may read. Of two first uses at once, both get the same. Throws `E_STORE` and `E_FORMAT`.
 */
export async function loadIdentity(home: string, now: Clock): Promise<ClientIdentity> {
  const path = identityPath(home);
  const there = await readPrivate(path);
  if (there !== undefined) return parseIdentity(there, path);
  const text = await makeIdentity(now());
  await writeWhole(path, text, { mode: 0o600, exclusive: true });
  const kept = await readPrivate(path);
  if (kept === undefined) throw new SconeError('E_STORE', `${path} vanished while it was made`);
  return parseIdentity(kept, path);
}

/** Key, then certificate, as the original command line keeps them. */
async function makeIdentity(now: Date): Promise<string> {
  // Slow to load, and needed once in the life of a home.
  const { selfSigned } = await import('../pki/issue.ts');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = selfSigned({
    privateKey,
    commonName: 'sconectl client',
    notBefore: new Date(now.getTime() - 24 * 3600 * 1000),
    notAfter: new Date(now.getTime() + years * 365 * 24 * 3600 * 1000),
  });
  return `${privateKey.export({ type: 'pkcs8', format: 'pem' })}${certificate.pem}`;
}

function parseIdentity(text: string, path: string): ClientIdentity {
  const match =
    /^(-----BEGIN PRIVATE KEY-----\n[^-]+-----END PRIVATE KEY-----\n)(-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n)$/.exec(
      text,
    );
  const [, privateKey = '', certificate = ''] = match ?? [];
  let key: KeyObject;
  let parsed: X509Certificate;
  try {
    key = createPrivateKey(privateKey);
    parsed = new X509Certificate(certificate);
  } catch {
    // The cause is left out: an error of the parser may quote what it read.
    throw damaged(path, 'it is not a private key followed by a certificate, both in PEM');
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1' || !parsed.checkPrivateKey(key)) {
    throw damaged(path, 'its certificate is not for its key, or the key is not P-256');
  }
  return { certificate, privateKey, keyHash: keyHash(spkiSha256(parsed), 'production') };
}

function damaged(path: string, why: string): SconeError {
  return new SconeError('E_FORMAT', `${path} holds no identity: ${why}`, {
    hint: 'restore it from a backup: sessions belong to this key. Removing it makes a new identity that owns nothing',
  });
}

async function readPrivate(path: string): Promise<string | undefined> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw fileError(path, 'read', error);
  }
  try {
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw new SconeError('E_STORE', `${path} can be read by others than its owner`, {
        expected: '0600',
        found: (mode & 0o7777).toString(8).padStart(4, '0'),
        hint: `chmod 600 ${path}; if others could log in here, treat the key as known to them`,
      });
    }
    return utf8Text(new Uint8Array(await file.readFile()), path);
  } finally {
    await file.close();
  }
}
