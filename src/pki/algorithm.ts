import { constants, createPublicKey, KeyObject, verify } from 'node:crypto';
import { concat, equalBytes, fromHex } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';

/** How a certificate or list is signed. */
export type SignatureScheme = 'ecdsa-p256-sha256' | 'rsa-pss-sha384';

/** The kinds of public keys that are read. */
export type KeyKind = 'p256' | 'p384' | 'rsa4096';

const kindNames: Record<KeyKind, string> = { p256: 'P-256', p384: 'P-384', rsa4096: 'RSA-4096' };

/**
 * A public key, a `KeyObject` of Node. Only this much of it is told, since the types of `sconectl/verify` reach here and
 * are to need no others.
 */
export interface PublicKey {
  readonly type: string;
}

/** What certificates of one hierarchy look like; anything else is refused when it is read. */
export interface Profile {
  /** Names it in errors. */
  scheme: SignatureScheme;
  keys: readonly KeyKind[];
  /** Whether a serial number may be zero, against RFC 5280, 4.1.2.2: AMD's VCEKs have that. */
  zeroSerial: boolean;
  /** Whether revocation lists may lack extensions and a number, against RFC 5280, 5.2.3; their dates tell their age. */
  bareCrl: boolean;
}

/** Intel's hierarchy and our own certificates: P-256 throughout. */
export const p256Profile: Profile = { scheme: 'ecdsa-p256-sha256', keys: ['p256'], zeroSerial: false, bareCrl: false };

/**
 * AMD's hierarchy (VCEK Certificate and KDS Interface Specification, 57230, 1.5): RSA-4096 authorities that sign with
 * RSASSA-PSS and SHA-384, P-384 endorsement keys.
 */
export const amdProfile: Profile = {
  scheme: 'rsa-pss-sha384',
  keys: ['rsa4096', 'p384'],
  zeroSerial: true,
  bareCrl: true,
};

/** The AlgorithmIdentifiers of each scheme, whole DER; no other encoding of the same is taken. */
const identifiers: Record<SignatureScheme, readonly Uint8Array[]> = {
  // Parameters must be absent (RFC 5758, 3.2).
  'ecdsa-p256-sha256': [fromHex('300a06082a8648ce3d040302')],
  'rsa-pss-sha384': [
    // RFC 4055, 3.1: SHA-384, MGF1 with SHA-384, salt of 48 bytes; the default trailer left out, as DER demands.
    fromHex(
      '304106092a864886f70d01010a3034a00f300d06096086480165030402020500' +
        'a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130',
    ),
    // The same as AMD writes it, with the default trailer.
    fromHex(
      '304606092a864886f70d01010a3039a00f300d06096086480165030402020500' +
        'a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130a303020101',
    ),
  ],
};

/** Which key signs in a scheme. */
const signingKey: Record<SignatureScheme, KeyKind> = { 'ecdsa-p256-sha256': 'p256', 'rsa-pss-sha384': 'rsa4096' };

/** SubjectPublicKeyInfo up to the point: id-ecPublicKey, named curve, BIT STRING without unused bits. */
const curvePrefixes = {
  p256: fromHex('3059301306072a8648ce3d020106082a8648ce3d030107034200'),
  p384: fromHex('3076301006072a8648ce3d020106052b81040022036200'),
} as const;

/** SubjectPublicKeyInfo up to the modulus, of 4096 bits, and behind it: the exponent 65537. */
const rsa4096Prefix = fromHex('30820222300d06092a864886f70d01010105000382020f003082020a0282020100');
const rsa4096Suffix = fromHex('0203010001');

/** Throws `E_DER` unless the algorithm (whole AlgorithmIdentifier, DER) is the one of this scheme. */
export function requireSupported(
  algorithm: Uint8Array,
  what: string,
  scheme: SignatureScheme = 'ecdsa-p256-sha256',
): void {
  if (!identifiers[scheme].some((known) => equalBytes(algorithm, known))) {
    throw new SconeError('E_DER', `the ${what} is signed with an algorithm that is not supported`, {
      expected: scheme,
    });
  }
}

/** The key of a SubjectPublicKeyInfo of one of these kinds, in its one encoding. Throws `E_DER`. */
export function publicKeyOf(
  spki: Uint8Array,
  what: string,
  kinds: readonly KeyKind[],
): { key: PublicKey; kind: KeyKind } {
  const kind = kinds.find((one) => hasForm(spki, one));
  if (kind !== undefined) {
    try {
      return { key: createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }), kind };
    } catch {
      // Falls through to the refusal: the point is not on the curve.
    }
  }
  throw new SconeError('E_DER', `the ${what} has no ${kinds.map((one) => kindNames[one]).join(' or ')} key`, {
    expected: 'an uncompressed point on the named curve, or a modulus with the exponent 65537, in its one encoding',
  });
}

/** The key of a SubjectPublicKeyInfo: P-256, named curve, uncompressed point on the curve. Throws `E_DER`. */
export function p256Key(spki: Uint8Array, what: string): PublicKey {
  return publicKeyOf(spki, what, ['p256']).key;
}

/** The key of a raw point, x ‖ y, 64 bytes, as quotes carry it. Throws `E_DER`. */
export function p256KeyOfPoint(point: Uint8Array, what: string): PublicKey {
  return p256Key(concat(curvePrefixes.p256, Uint8Array.of(4), point), what);
}

/** Whether a key of this kind signed the message in this scheme. */
export function verifyScheme(
  scheme: SignatureScheme,
  signer: { publicKey: PublicKey; keyKind: KeyKind },
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (signer.keyKind !== signingKey[scheme]) return false;
  if (scheme === 'ecdsa-p256-sha256') return verifyP256(signer.publicKey, message, signature, 'der');
  return verifyPss(signer.publicKey, message, signature);
}

/** ECDSA over P-256 with SHA-256; signature as DER (certificates, CRLs) or r ‖ s, 64 bytes (quotes, Intel's JSON). */
export function verifyP256(
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
  encoding: 'der' | 'ieee-p1363',
): boolean {
  return verify('sha256', message, { key: native(key), dsaEncoding: encoding }, signature);
}

/** ECDSA over P-384 with SHA-384; signature as r ‖ s, 96 bytes, big-endian, or as DER. */
export function verifyP384(
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
  encoding: 'der' | 'ieee-p1363' = 'ieee-p1363',
): boolean {
  return verify('sha384', message, { key: native(key), dsaEncoding: encoding }, signature);
}

/** RSASSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes (RFC 8017, 8.1.2). */
export function verifyPss(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  return verify(
    'sha384',
    message,
    { key: native(key), padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 },
    signature,
  );
}

function native(key: PublicKey): KeyObject {
  if (key instanceof KeyObject) return key;
  throw new SconeError('E_INTERNAL', 'what should be a public key is none');
}

function hasForm(spki: Uint8Array, kind: KeyKind): boolean {
  if (kind === 'rsa4096') {
    const from = rsa4096Prefix.length;
    return (
      spki.length === from + 512 + rsa4096Suffix.length &&
      equalBytes(spki.subarray(0, from), rsa4096Prefix) &&
      (spki[from] ?? 0) >= 0x80 &&
      equalBytes(spki.subarray(from + 512), rsa4096Suffix)
    );
  }
  const prefix = curvePrefixes[kind];
  const size = kind === 'p256' ? 64 : 96;
  return (
    spki.length === prefix.length + 1 + size &&
    equalBytes(spki.subarray(0, prefix.length), prefix) &&
    spki[prefix.length] === 4
  );
}
