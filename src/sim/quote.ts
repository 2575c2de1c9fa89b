import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { concat, utf8, zeroPad } from '../core/bytes.ts';
import { sha256 } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { intelQeVendorId } from '../evidence/sgx/quote.ts';
import { pemChain } from '../pki/pem.ts';
import { spkiDer } from '../pki/spki.ts';
import type { Platform } from './generator.ts';
import type { Enclave } from './hardware.ts';
import { fixedPlatform } from './platform.ts';

export interface SimQuoteFields {
  /** 32 bytes. */
  mrenclave: Uint8Array;
  /** 64 bytes: SHA-256 of the init data, then zeros. */
  configId: Uint8Array;
  /** 64 bytes. */
  reportData: Uint8Array;
  /** Sets ATTRIBUTES.DEBUG. */
  debug?: boolean;
}

/** The parts of a quote of version 3, before anything is signed. */
export interface QuoteParts {
  /** 48 bytes. */
  header: Uint8Array;
  /** 384 bytes. */
  body: Uint8Array;
  /** 384 bytes; its report data already binds the attestation key. */
  qeReport: Uint8Array;
  authenticationData: Uint8Array;
  certificationType: number;
  certificationData: Uint8Array;
}

/** What a simulated quoting enclave signs with. Genuine ones keep theirs, and so does the runtime's; here it is made anew. */
export interface AttestationKey {
  key: KeyObject;
  /** x ‖ y. */
  point: Uint8Array;
}

/**
 * A quote (DCAP v3, ECDSA P-256) of the fixed simulation platform, of the same bytes and signatures as a genuine one:
 * Intel SGX ECDSA QuoteLibReference DCAP API, A. For the simulated CAS itself and for tests.
 */
export function simQuote(fields: SimQuoteFields): Uint8Array<ArrayBuffer> {
  return makeQuote(fixedPlatform(), fields);
}

/** The same for any platform. `change` alters the parts before they are signed; tests make wrong quotes with it. */
export function makeQuote(
  platform: Platform,
  fields: SimQuoteFields,
  change: (parts: QuoteParts) => QuoteParts = (parts) => parts,
): Uint8Array<ArrayBuffer> {
  const attestation = newAttestationKey();
  const { hardware } = platform;
  const authenticationData = Uint8Array.from({ length: 32 }, (_, index) => index);
  const enclave = { ...hardware.enclave, mrEnclave: fields.mrenclave };
  if (fields.debug === true) enclave.attributes = enclave.attributes.map((byte, index) => byte | (index === 0 ? 2 : 0));
  const parts = change({
    header: header(hardware.qe.isvSvn, hardware.pceSvn),
    body: reportBody(hardware.tcbComponents, enclave, fields.configId, fields.reportData),
    qeReport: reportBody(
      hardware.tcbComponents,
      hardware.qe,
      new Uint8Array(64),
      zeroPad(sha256(attestation.point, authenticationData), 64),
    ),
    authenticationData,
    certificationType: 5,
    certificationData: utf8(
      pemChain('CERTIFICATE', [platform.pck.certificate, platform.platformCa.certificate, platform.root.certificate]),
    ),
  });
  const signed = concat(parts.header, parts.body);
  const signatureData = concat(
    p1363(attestation.key, signed),
    attestation.point,
    parts.qeReport,
    p1363(platform.pck.key, parts.qeReport),
    littleEndian(parts.authenticationData.length, 2),
    parts.authenticationData,
    littleEndian(parts.certificationType, 2),
    littleEndian(parts.certificationData.length, 4),
    parts.certificationData,
  );
  return concat(signed, littleEndian(signatureData.length, 4), signatureData);
}

/** A.3: version 3, attestation key type 2 (ECDSA-256-with-P-256), QE and PCE SVN, vendor, user data. */
function header(qeSvn: number, pceSvn: number): Uint8Array {
  return concat(
    littleEndian(3, 2),
    littleEndian(2, 2),
    new Uint8Array(4),
    littleEndian(qeSvn, 2),
    littleEndian(pceSvn, 2),
    intelQeVendorId,
    new Uint8Array(20),
  );
}

/** A.4 and Intel SDM volume 3D, 35.15: written field after field, not from the verifier's table of offsets. */
export function reportBody(
  cpuSvn: Uint8Array,
  enclave: Enclave,
  configId: Uint8Array,
  reportData: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return concat(
    cpuSvn,
    enclave.miscSelect,
    new Uint8Array(12 + 16),
    enclave.attributes,
    exactly(32, 'MRENCLAVE', enclave.mrEnclave),
    new Uint8Array(32),
    enclave.mrSigner,
    new Uint8Array(32),
    exactly(64, 'CONFIGID', configId),
    littleEndian(enclave.isvProdId, 2),
    littleEndian(enclave.isvSvn, 2),
    new Uint8Array(2 + 42 + 16),
    exactly(64, 'REPORTDATA', reportData),
  );
}

export function newAttestationKey(): AttestationKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { key: privateKey, point: spkiDer(publicKey).slice(-64) };
}

export function p1363(key: KeyObject, message: Uint8Array): Uint8Array {
  return sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' });
}

export function littleEndian(value: number, width: number): Uint8Array {
  return Uint8Array.from({ length: width }, (_, index) => (value >>> (8 * index)) & 0xff);
}

export function exactly(length: number, field: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length === length) return bytes;
  throw new SconeError('E_FORMAT', `${field} of a simulated quote has the wrong length`, {
    expected: `${length} bytes`,
    found: `${bytes.length} bytes`,
  });
}
