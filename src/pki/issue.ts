import { constants, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { BitString, fromBER, Integer, OctetString, Utf8String } from 'asn1js';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  BasicConstraints,
  Certificate,
  CertificateRevocationList,
  Extension,
  Extensions,
  ExtKeyUsage,
  PublicKeyInfo,
  type RelativeDistinguishedNames,
  RevokedCertificate,
  Time,
} from 'pkijs';
import { fromHex } from '../core/bytes.ts';
import { sha256 } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { pem } from './pem.ts';
import { spkiDer } from './spki.ts';

/**
 * Issuing, for our own P-256 identities and for the simulated platforms. Slow to import (pkijs); code that only
 * verifies never loads it. Written with another hand's encoder on purpose: the reader in `certificate.ts` is ours, and
 * two sides by one author share their mistakes.
 */

/** Bits of the keyUsage extension (RFC 5280, 4.2.1.3) by their position. */
export type KeyUsageBit = 'digitalSignature' | 'nonRepudiation' | 'keyCertSign' | 'cRLSign';

export interface CertificateSpec {
  /** Big-endian magnitude, 1 to 20 bytes; a leading zero is added where the top bit is set. */
  serial: Uint8Array;
  /** Common name; our names have nothing else, and pkijs would put a second attribute into the same RDN. */
  subject: string;
  issuer: string;
  notBefore: Date;
  notAfter: Date;
  /** The subject's key. */
  publicKey: KeyObject;
  /** Present for a CA. */
  ca?: { pathLength?: number };
  /** Empty: no keyUsage extension. */
  keyUsage: readonly KeyUsageBit[];
  /** Extended key usage OIDs. */
  extendedKeyUsage?: readonly string[];
  /** Further extensions; `value` is the DER inside the OCTET STRING. */
  extensions?: readonly { oid: string; critical: boolean; value: Uint8Array }[];
}

export interface CrlSpec {
  /** Common name. */
  issuer: string;
  thisUpdate: Date;
  nextUpdate: Date;
  /** The cRLNumber extension. */
  number: number;
  revoked: readonly { serial: Uint8Array; date: Date }[];
}

const ecdsaWithSha256 = '1.2.840.10045.4.3.2';
const rsaPss = '1.2.840.113549.1.1.10';
const keyUsageBits: Record<KeyUsageBit, number> = {
  digitalSignature: 0,
  nonRepudiation: 1,
  keyCertSign: 5,
  cRLSign: 6,
};

/**
 * Issues an X.509 v3 certificate (RFC 5280): signed by a P-256 key with ECDSA and SHA-256, by an RSA key with PSS and
 * SHA-384. Returns DER.
 */
export function issueCertificate(spec: CertificateSpec, signer: KeyObject): Uint8Array<ArrayBuffer> {
  const certificate = new Certificate({ version: 2 });
  certificate.serialNumber = serialNumber(spec.serial);
  name(certificate.issuer, spec.issuer);
  name(certificate.subject, spec.subject);
  certificate.notBefore = time(spec.notBefore);
  certificate.notAfter = time(spec.notAfter);
  certificate.subjectPublicKeyInfo = new PublicKeyInfo({ schema: fromBER(spkiDer(spec.publicKey)).result });
  certificate.extensions = extensionsOf(spec, signer);
  certificate.signature = algorithmOf(signer);
  certificate.signatureAlgorithm = algorithmOf(signer);
  certificate.tbsView = new Uint8Array(certificate.encodeTBS().toBER());
  certificate.signatureValue = signature(certificate.tbsView, signer);
  return new Uint8Array(certificate.toSchema().toBER());
}

/** Issues a CRL v2 (RFC 5280, 5), signed in the same way. Returns DER. */
export function issueCrl(spec: CrlSpec, signer: KeyObject): Uint8Array<ArrayBuffer> {
  const crl = new CertificateRevocationList({ version: 1 });
  name(crl.issuer, spec.issuer);
  crl.thisUpdate = time(spec.thisUpdate);
  crl.nextUpdate = time(spec.nextUpdate);
  if (spec.revoked.length > 0) {
    crl.revokedCertificates = spec.revoked.map(
      ({ serial, date }) =>
        new RevokedCertificate({ userCertificate: serialNumber(serial), revocationDate: time(date) }),
    );
  }
  crl.crlExtensions = new Extensions({
    extensions: [
      extension('2.5.29.20', false, bytesOf(new Integer({ value: spec.number }))),
      authorityKeyIdentifier(signer),
    ],
  });
  crl.signature = algorithmOf(signer);
  crl.signatureAlgorithm = algorithmOf(signer);
  // encodeTBS is protected in this class; the first element of the encoding is the same.
  const tbs = crl.toSchema(true).valueBlock.value[0];
  if (tbs === undefined) throw new SconeError('E_INTERNAL', 'an encoded CRL has no tbsCertList');
  crl.tbsView = new Uint8Array(tbs.toBER());
  crl.signatureValue = signature(crl.tbsView, signer);
  return new Uint8Array(crl.toSchema().toBER());
}

export interface SelfSignedOptions {
  /** P-256 private key. */
  privateKey: KeyObject;
  commonName: string;
  notBefore: Date;
  notAfter: Date;
}

/**
 * A self-signed P-256 certificate for a CAS or a client. Peers look at its public key only, so its serial is derived
 * from that key and its name and dates carry no rights.
 */
export function selfSigned(options: SelfSignedOptions): { der: Uint8Array<ArrayBuffer>; pem: string } {
  const publicKey = createPublicKey(options.privateKey);
  if (publicKey.asymmetricKeyType !== 'ec' || publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new SconeError('E_FORMAT', 'an identity needs a P-256 key', {
      expected: 'ec prime256v1',
      found:
        `${publicKey.asymmetricKeyType ?? 'a secret key'} ${publicKey.asymmetricKeyDetails?.namedCurve ?? ''}`.trim(),
    });
  }
  const der = issueCertificate(
    {
      serial: sha256(spkiDer(publicKey)).slice(0, 16),
      subject: options.commonName,
      issuer: options.commonName,
      notBefore: options.notBefore,
      notAfter: options.notAfter,
      publicKey,
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
    },
    options.privateKey,
  );
  return { der, pem: pem('CERTIFICATE', der) };
}

function extensionsOf(spec: CertificateSpec, signer: KeyObject): Extension[] {
  const constraints = new BasicConstraints({
    cA: spec.ca !== undefined,
    ...(spec.ca?.pathLength === undefined ? {} : { pathLenConstraint: spec.ca.pathLength }),
  });
  return [
    authorityKeyIdentifier(signer),
    extension('2.5.29.14', false, bytesOf(new OctetString({ valueHex: keyIdentifier(spec.publicKey) }))),
    ...(spec.keyUsage.length === 0 ? [] : [extension('2.5.29.15', true, keyUsage(spec.keyUsage))]),
    extension('2.5.29.19', true, bytesOf(constraints.toSchema())),
    ...(spec.extendedKeyUsage === undefined
      ? []
      : [
          extension(
            '2.5.29.37',
            false,
            bytesOf(new ExtKeyUsage({ keyPurposes: [...spec.extendedKeyUsage] }).toSchema()),
          ),
        ]),
    ...(spec.extensions ?? []).map(({ oid, critical, value }) => extension(oid, critical, value)),
  ];
}

function authorityKeyIdentifier(signer: KeyObject): Extension {
  const identifier = keyIdentifier(createPublicKey(signer));
  // AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0] IMPLICIT OCTET STRING }, RFC 5280, 4.2.1.1.
  return extension('2.5.29.35', false, Uint8Array.of(0x30, 22, 0x80, 20, ...identifier));
}

/** RFC 7093, 2, method 1: the leftmost 160 bits of the SHA-256 of the key's BIT STRING. */
function keyIdentifier(key: KeyObject): Uint8Array<ArrayBuffer> {
  const info = new PublicKeyInfo({ schema: fromBER(spkiDer(key)).result });
  return sha256(info.subjectPublicKey.valueBlock.valueHexView).slice(0, 20);
}

function keyUsage(bits: readonly KeyUsageBit[]): Uint8Array {
  let octet = 0;
  for (const bit of bits) octet |= 0x80 >> keyUsageBits[bit];
  let unused = 0;
  while (unused < 7 && (octet & (1 << unused)) === 0) unused++;
  return bytesOf(new BitString({ valueHex: Uint8Array.of(octet), unusedBits: unused }));
}

function extension(oid: string, critical: boolean, value: Uint8Array): Extension {
  return new Extension({ extnID: oid, critical, extnValue: new Uint8Array(value).buffer });
}

function name(target: RelativeDistinguishedNames, commonName: string): void {
  const value = new Utf8String({ value: commonName });
  target.typesAndValues.push(new AttributeTypeAndValue({ type: '2.5.4.3', value }));
}

/** UTCTime up to 2049, GeneralizedTime from 2050 (RFC 5280, 4.1.2.5). */
function time(value: Date): Time {
  return new Time({ type: value.getUTCFullYear() < 2050 ? 0 : 1, value });
}

function serialNumber(magnitude: Uint8Array): Integer {
  const first = magnitude.findIndex((byte) => byte !== 0);
  if (first < 0 || magnitude.length - first > 20) {
    throw new SconeError('E_FORMAT', 'a serial number is a positive integer of at most 20 bytes');
  }
  const minimal = new Uint8Array(magnitude.subarray(first));
  return new Integer({ valueHex: (minimal[0] ?? 0) < 0x80 ? minimal : Uint8Array.of(0, ...minimal) });
}

/** RSASSA-PSS-params as AMD writes them: SHA-384, MGF1 with SHA-384, salt of 48 bytes, the default trailer spelled out. */
const pssParameters = fromHex(
  '3039a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130a303020101',
);

function algorithmOf(signer: KeyObject): AlgorithmIdentifier {
  if (signer.asymmetricKeyType !== 'rsa') return new AlgorithmIdentifier({ algorithmId: ecdsaWithSha256 });
  return new AlgorithmIdentifier({ algorithmId: rsaPss, algorithmParams: fromBER(pssParameters).result });
}

function signature(tbs: Uint8Array, signer: KeyObject): BitString {
  const bytes =
    signer.asymmetricKeyType === 'rsa'
      ? sign('sha384', tbs, { key: signer, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 })
      : sign('sha256', tbs, { key: signer, dsaEncoding: 'der' });
  return new BitString({ valueHex: new Uint8Array(bytes) });
}

function bytesOf(value: { toBER(): ArrayBuffer }): Uint8Array<ArrayBuffer> {
  return new Uint8Array(value.toBER());
}
