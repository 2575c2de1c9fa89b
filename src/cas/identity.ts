import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signBytes,
  X509Certificate,
} from 'node:crypto';
import { base64, fromBase64 } from '../core/bytes.ts';
import { keyHash, type Mode } from '../core/digest.ts';
import { pem } from '../pki/pem.ts';
import { spkiDer, spkiSha256 } from '../pki/spki.ts';
import type { GenesisEvent } from './events.ts';

/** The keys of a CAS. They exist sealed in record 0 and in the memory of this process, and nowhere else (item 32). */
export interface Identity {
  privateKey: KeyObject;
  /** The certificate it shows; only its key matters to anybody. */
  certificatePem: string;
  /** SubjectPublicKeyInfo, DER. */
  spki: Uint8Array<ArrayBuffer>;
  spkiSha256: Uint8Array<ArrayBuffer>;
  /** What `cas_key` holds. */
  keyHash: string;
  /** X25519 public key, 32 bytes. */
  encryptionKey: Uint8Array<ArrayBuffer>;
  /** ECDSA P-256 with SHA-256, DER. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** Bytes of the key itself at the end of an X25519 SubjectPublicKeyInfo (RFC 8410, section 4). */
const x25519Length = 32;

/** Makes the keys of a new CAS, as record 0 holds them. */
export async function makeIdentity(now: Date): Promise<Pick<GenesisEvent, 'identity' | 'encryption'>> {
  // Slow to load, and needed once in the life of a CAS.
  const { selfSigned } = await import('../pki/issue.ts');
  const identity = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const encryption = generateKeyPairSync('x25519');
  const certificate = selfSigned({
    privateKey: identity.privateKey,
    commonName: 'sconectl CAS',
    // Clients compare the key and ignore the dates; these are far so that no library in between minds.
    notBefore: new Date(now.getTime() - 24 * 60 * 60 * 1000),
    notAfter: new Date(Date.UTC(2049, 11, 31)),
  });
  return {
    identity: { key: pkcs8(identity.privateKey), certificate: base64(certificate.der) },
    encryption: {
      key: pkcs8(encryption.privateKey),
      public: base64(spkiDer(encryption.publicKey).slice(-x25519Length)),
    },
  };
}

/** The keys of a CAS from its record 0. */
export function openIdentity(genesis: Pick<GenesisEvent, 'identity' | 'encryption'>, mode: Mode): Identity {
  const privateKey = createPrivateKey({
    key: Buffer.from(genesis.identity.key, 'base64'),
    format: 'der',
    type: 'pkcs8',
  });
  const spki = spkiDer(createPublicKey(privateKey));
  const hash = spkiSha256(spki);
  return {
    privateKey,
    certificatePem: pem('CERTIFICATE', fromBase64(genesis.identity.certificate, 'certificate')),
    spki,
    spkiSha256: hash,
    keyHash: keyHash(hash, mode),
    encryptionKey: fromBase64(genesis.encryption.public, 'encryption key'),
    sign: (bytes) => signBytes('sha256', bytes, privateKey),
  };
}

/** SubjectPublicKeyInfo of the key in a genesis event, DER. */
export function identitySpki(genesis: Pick<GenesisEvent, 'identity'>): Uint8Array<ArrayBuffer> {
  return spkiDer(new X509Certificate(Buffer.from(genesis.identity.certificate, 'base64')).publicKey);
}

function pkcs8(key: KeyObject): string {
  return key.export({ format: 'der', type: 'pkcs8' }).toString('base64');
}
