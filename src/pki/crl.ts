import { equalBytes } from '../core/bytes.ts';
import { rfc3339 } from '../core/clock.ts';
import { SconeError } from '../core/errors.ts';
import { type Profile, p256Profile, requireSupported, type SignatureScheme, verifyScheme } from './algorithm.ts';
import type { Certificate } from './certificate.ts';
import { contextTag, type DerReader, readDer, tags } from './der.ts';
import { type Extensions, extensionValue, keyIdentifiersAgree, readExtensions } from './extension.ts';

/** A complete certificate revocation list, v2 (RFC 5280, 5). Byte fields are views of `der`. */
export interface Crl {
  der: Uint8Array;
  tbs: Uint8Array;
  /** DER of the issuer's name. */
  issuer: Uint8Array;
  thisUpdate: Date;
  nextUpdate: Date;
  /** cRLNumber, 5.2.3; grows with every list of an issuer, though Intel leaves it at 1. Zero where it may be absent and is. */
  number: bigint;
  /** Serial numbers (magnitude, lower-case hex) of this issuer. */
  revoked: ReadonlySet<string>;
  extensions: Extensions;
  scheme: SignatureScheme;
  signature: Uint8Array;
}

/** cRLNumber and authorityKeyIdentifier; any other critical one (a delta, a part of a list) changes what absence means. */
const understood = ['2.5.29.20', '2.5.29.35'];

/** Parses a CRL strictly; checks no signature and no date. Throws `E_DER`. */
export function parseCrl(der: Uint8Array, what: string, profile: Profile = p256Profile): Crl {
  return readDer(der, what, (document) => {
    const outer = document.enter();
    const tbs = outer.take(tags.sequence);
    const algorithm = outer.take(tags.sequence).whole;
    const signature = outer.wholeBits();
    outer.end();
    requireSupported(algorithm, what, profile.scheme);
    const fields = readDer(tbs.whole, what, (reader) => readTbs(reader.enter(), algorithm, what, profile));
    return { der, tbs: tbs.whole, signature, scheme: profile.scheme, ...fields };
  });
}

/**
 * Checks that a CRL is its issuer's: name, key identifier, right to sign CRLs, signature. The issuer's own chain and
 * all dates are checked elsewhere. Throws `E_COLLATERAL`.
 */
export function verifyCrlSignature(crl: Crl, issuer: Certificate, what: string): void {
  if (!equalBytes(crl.issuer, issuer.subject) || !keyIdentifiersAgree(crl.extensions, issuer.extensions, what)) {
    throw new SconeError(
      'E_COLLATERAL',
      `the ${what} was issued by another CA than the one whose certificates it judges`,
    );
  }
  if (issuer.keyUsage?.cRLSign !== true) {
    throw new SconeError('E_COLLATERAL', `the issuer of the ${what} may not sign revocation lists`, {
      expected: 'keyUsage cRLSign',
    });
  }
  if (!verifyScheme(crl.scheme, issuer, crl.tbs, crl.signature)) {
    throw new SconeError('E_COLLATERAL', `the signature of the ${what} is wrong`);
  }
}

/** Checks thisUpdate and nextUpdate. Throws `E_COLLATERAL`. */
export function verifyCrlDates(crl: Crl, now: Date, what: string): void {
  if (now < crl.thisUpdate || now > crl.nextUpdate) {
    throw new SconeError(
      'E_COLLATERAL',
      `the ${what} ${now < crl.thisUpdate ? 'is not valid yet' : 'is out of date'}`,
      {
        expected: `a time from ${rfc3339(crl.thisUpdate)} to ${rfc3339(crl.nextUpdate)}`,
        found: rfc3339(now),
        hint: 'fetch collateral again, or correct the clock',
      },
    );
  }
}

/** Whether this list revokes the certificate. A serial number means something only together with its issuer. */
export function isRevoked(crl: Crl, certificate: Certificate): boolean {
  return equalBytes(crl.issuer, certificate.issuer) && crl.revoked.has(certificate.serial);
}

function readTbs(
  reader: DerReader,
  outerAlgorithm: Uint8Array,
  what: string,
  profile: Profile,
): Omit<Crl, 'der' | 'tbs' | 'signature' | 'scheme'> {
  if (reader.smallInteger() !== 1) throw new SconeError('E_DER', `the ${what} is not a v2 CRL`);
  if (Buffer.compare(reader.take(tags.sequence).whole, outerAlgorithm) !== 0) {
    throw new SconeError('E_DER', `the ${what} names two signature algorithms`);
  }
  const issuer = reader.take(tags.sequence).whole;
  const thisUpdate = reader.time();
  // nextUpdate is required of conforming CAs (5.1.2.5); without it a list would be valid for ever.
  const nextUpdate = reader.time();
  const list = reader.enterOptional(tags.sequence);
  const revoked = list === undefined ? new Set<string>() : readRevoked(list, what, profile);
  const extensions = profile.bareCrl && reader.empty ? new Map() : readWrapped(reader, what);
  reader.end();
  refuseCritical(extensions, understood, what);
  return { issuer, thisUpdate, nextUpdate, number: crlNumber(extensions, what, profile), revoked, extensions };
}

function readWrapped(reader: DerReader, what: string): Extensions {
  const wrapped = reader.enter(contextTag(0, 'constructed'));
  const extensions = readExtensions(wrapped, what);
  wrapped.end();
  return extensions;
}

function readRevoked(list: DerReader, what: string, { zeroSerial }: Profile): Set<string> {
  const revoked = new Set<string>();
  while (!list.empty) {
    const entry = list.enter();
    revoked.add(zeroSerial ? entry.naturalHex(20) : entry.positiveHex(20));
    entry.time();
    // reasonCode and the like; a critical certificateIssuer would make this an indirect CRL.
    if (!entry.empty) refuseCritical(readExtensions(entry, what), [], what);
    entry.end();
  }
  return revoked;
}

function crlNumber(extensions: Extensions, what: string, { bareCrl }: Profile): bigint {
  const value = extensionValue(extensions, '2.5.29.20');
  if (value === undefined && bareCrl) return 0n;
  if (value === undefined) throw new SconeError('E_DER', `the ${what} has no number`);
  const bytes = readDer(value, what, (reader) => reader.integer());
  if ((bytes[0] ?? 0) >= 0x80 || bytes.length > 20) {
    throw new SconeError('E_DER', `the ${what} has a number out of range`);
  }
  return bytes.reduce((number, byte) => number * 256n + BigInt(byte), 0n);
}

function refuseCritical(extensions: Extensions, allowed: readonly string[], what: string): void {
  for (const [oid, { critical }] of extensions) {
    if (critical && !allowed.includes(oid)) {
      throw new SconeError('E_DER', `the ${what} has a critical extension that is not understood`, { found: oid });
    }
  }
}
