import { utf8Text } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import {
  type KeyKind,
  type Profile,
  type PublicKey,
  p256Profile,
  publicKeyOf,
  requireSupported,
  type SignatureScheme,
} from './algorithm.ts';
import { contextTag, type DerReader, readDer, tags } from './der.ts';
import { type Extensions, extensionValue, readExtensions } from './extension.ts';

/** What is checked of an X.509 v3 certificate (RFC 5280, 4). Byte fields are views of `der`. */
export interface Certificate {
  der: Uint8Array;
  /** The signed part. */
  tbs: Uint8Array;
  /** Magnitude of the serial number, lower-case hex; `00` for zero. */
  serial: string;
  /** Names as their DER: compared as bytes, which refuses more than RFC 5280, 7.1 and never less. */
  issuer: Uint8Array;
  subject: Uint8Array;
  /** commonName of the subject; undefined unless there is exactly one. */
  commonName: string | undefined;
  notBefore: Date;
  /** The last moment of validity. */
  notAfter: Date;
  /** SubjectPublicKeyInfo, DER. */
  spki: Uint8Array;
  publicKey: PublicKey;
  keyKind: KeyKind;
  /** basicConstraints: whether this is a CA, and how many CAs may follow below it. */
  ca: boolean;
  pathLength: number | undefined;
  keyUsage: { digitalSignature: boolean; keyCertSign: boolean; cRLSign: boolean } | undefined;
  extensions: Extensions;
  scheme: SignatureScheme;
  /** ECDSA: DER. RSA-PSS: 512 bytes. */
  signature: Uint8Array;
}

/** Extensions a verifier here understands; any other that is critical makes the certificate unusable (RFC 5280, 4.2). */
const understood = ['2.5.29.15', '2.5.29.19', '2.5.29.14', '2.5.29.35', '2.5.29.31', '2.5.29.37'];

/**
 * Parses a certificate strictly: X.509 v3, key and signature algorithm of the profile, no unknown critical extension.
 * Checks no signature and no date. `what` names it in errors. Throws `E_DER`.
 */
export function parseCertificate(der: Uint8Array, what: string, profile: Profile = p256Profile): Certificate {
  return readDer(der, what, (document) => {
    const outer = document.enter();
    const tbsElement = outer.take(tags.sequence);
    const algorithm = outer.take(tags.sequence).whole;
    const signature = outer.wholeBits();
    outer.end();
    requireSupported(algorithm, what, profile.scheme);
    const tbs = readDer(tbsElement.whole, what, (reader) => readTbs(reader.enter(), algorithm, what, profile));
    return { der, tbs: tbsElement.whole, signature, scheme: profile.scheme, ...tbs };
  });
}

function readTbs(
  reader: DerReader,
  outerAlgorithm: Uint8Array,
  what: string,
  profile: Profile,
): Omit<Certificate, 'der' | 'tbs' | 'signature' | 'scheme'> {
  const version = reader.enter(contextTag(0, 'constructed'));
  if (version.smallInteger() !== 2) throw new SconeError('E_DER', `the ${what} is not an X.509 v3 certificate`);
  version.end();
  const serial = profile.zeroSerial ? reader.naturalHex(20) : reader.positiveHex(20);
  if (Buffer.compare(reader.take(tags.sequence).whole, outerAlgorithm) !== 0) {
    throw new SconeError('E_DER', `the ${what} names two signature algorithms`);
  }
  const issuer = reader.take(tags.sequence).whole;
  const validity = reader.enter();
  const notBefore = validity.time();
  const notAfter = validity.time();
  validity.end();
  const subject = reader.take(tags.sequence).whole;
  const spki = reader.take(tags.sequence).whole;
  // The unique identifiers [1] and [2] of v2 would be refused here; nobody uses them (RFC 5280, 4.1.2.8).
  const wrapped = reader.enter(contextTag(3, 'constructed'));
  const extensions = readExtensions(wrapped, what);
  wrapped.end();
  reader.end();
  for (const [oid, { critical }] of extensions) {
    if (critical && !understood.includes(oid)) {
      throw new SconeError('E_DER', `the ${what} has a critical extension that is not understood`, { found: oid });
    }
  }
  const { key, kind } = publicKeyOf(spki, what, profile.keys);
  return {
    serial,
    issuer,
    subject,
    commonName: commonNameOf(subject, what),
    notBefore,
    notAfter,
    spki,
    publicKey: key,
    keyKind: kind,
    ...basicConstraints(extensions, what),
    keyUsage: keyUsage(extensions, what),
    extensions,
  };
}

/** RFC 5280, 4.2.1.9. Absent means: not a CA. */
function basicConstraints(extensions: Extensions, what: string): Pick<Certificate, 'ca' | 'pathLength'> {
  const value = extensionValue(extensions, '2.5.29.19');
  if (value === undefined) return { ca: false, pathLength: undefined };
  return readDer(value, what, (reader) => {
    const sequence = reader.enter();
    const ca = sequence.tag === tags.boolean ? sequence.boolean() : false;
    const pathLength = sequence.empty ? undefined : sequence.smallInteger();
    sequence.end();
    if (!ca && pathLength !== undefined) throw new SconeError('E_DER', `the ${what} is no CA but has a path length`);
    return { ca, pathLength };
  });
}

/** RFC 5280, 4.2.1.3. */
function keyUsage(extensions: Extensions, what: string): Certificate['keyUsage'] {
  const value = extensionValue(extensions, '2.5.29.15');
  if (value === undefined) return undefined;
  return readDer(value, what, (reader) => {
    const [first = 0] = reader.bits().bytes;
    return {
      digitalSignature: (first & 0x80) !== 0,
      keyCertSign: (first & 0x04) !== 0,
      cRLSign: (first & 0x02) !== 0,
    };
  });
}

function commonNameOf(name: Uint8Array, what: string): string | undefined {
  const found: string[] = [];
  readDer(name, what, (reader) => {
    const rdns = reader.enter();
    while (!rdns.empty) {
      const rdn = rdns.enter(tags.set);
      while (!rdn.empty) {
        const attribute = rdn.enter();
        const isCommonName = attribute.oid() === '2.5.4.3';
        const { tag, value } = attribute.next();
        attribute.end();
        if (isCommonName && (tag === tags.utf8String || tag === tags.printableString)) {
          found.push(utf8Text(value, `name in the ${what}`));
        }
      }
    }
  });
  return found.length === 1 ? found[0] : undefined;
}
