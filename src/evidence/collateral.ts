import { fromHex, hex, utf8, utf8Text } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { type Json, parseJson } from '../core/json.ts';
import { type Certificate, parseCertificate } from '../pki/certificate.ts';
import { type Crl, parseCrl } from '../pki/crl.ts';
import { readPem } from '../pki/pem.ts';
import { JsonFields } from './json-fields.ts';
import { parseQeIdentity, type QeIdentity } from './sgx/qe-identity.ts';
import { parseTcbInfo, type TcbInfo } from './sgx/tcb-info.ts';

/** A JSON document that the TCB signing key signed. */
export interface Signed<T> {
  document: T;
  /** The signed bytes, exactly as the vendor sent them. */
  bytes: Uint8Array;
  /** r ‖ s, 64 bytes. */
  signature: Uint8Array;
  /** TCB signing certificate, then the root. */
  chain: readonly Certificate[];
}

/**
 * What judges the evidence of one kind of platform, parsed once and used for many quotes. Parsed only: a verifier
 * checks signatures (once per object) and dates (each time). Nothing in it is believed because of where it came from.
 */
export interface Collateral {
  tcbInfo: Signed<TcbInfo>;
  qeIdentity: Signed<QeIdentity>;
  pckCrl: Crl;
  /** The CA of the PCK certificates, then the root. */
  pckCrlIssuerChain: readonly Certificate[];
  rootCrl: Crl;
  /** PCK certificate chain, PEM text, leaf first: for quotes that carry none (certification data of type 3). */
  pckChain?: Uint8Array;
  /** The JSON form it was parsed from; it travels as `aux` beside evidence. */
  text: string;
}

const members = [
  'pck_crl_issuer_chain',
  'root_ca_crl',
  'pck_crl',
  'tcb_info_issuer_chain',
  'tcb_info',
  'tcb_info_signature',
  'qe_identity_issuer_chain',
  'qe_identity',
  'qe_identity_signature',
] as const;

/** The JSON form of one platform's collateral: PEM chains, hex of DER lists and signatures, signed JSON as text. */
export type CollateralDocument = Record<(typeof members)[number], string> & { pck_certificate_chain?: string };

/** Collateral is about 20 KB, with a long PCK CRL a few hundred. */
const sizeLimit = 4 * 1024 * 1024;

/** Parses the JSON form of one platform's collateral. Throws `E_COLLATERAL`. */
export function parseCollateral(json: string | Uint8Array): Collateral {
  return parse(() => {
    const text = typeof json === 'string' ? json : utf8Text(json, 'collateral');
    if (text.length > sizeLimit) throw new SconeError('E_COLLATERAL', `it is larger than ${sizeLimit} bytes`);
    return collateralOf(parseJson(text, 'collateral'), text);
  });
}

/** The latest moment at which a part of it was issued: no clock can be right that is earlier (threat model 67). */
export function newestIssueDate(collateral: Collateral): Date {
  return new Date(
    Math.max(
      collateral.tcbInfo.document.issueDate.getTime(),
      collateral.qeIdentity.document.issueDate.getTime(),
      collateral.pckCrl.thisUpdate.getTime(),
      collateral.rootCrl.thisUpdate.getTime(),
    ),
  );
}

/** The first moment at which a part of it expires; certificates are not looked at. */
export function collateralExpiry(collateral: Collateral): Date {
  return new Date(
    Math.min(
      collateral.tcbInfo.document.nextUpdate.getTime(),
      collateral.qeIdentity.document.nextUpdate.getTime(),
      collateral.pckCrl.nextUpdate.getTime(),
      collateral.rootCrl.nextUpdate.getTime(),
    ),
  );
}

function collateralOf(value: Json, text: string): Collateral {
  const fields = new JsonFields(value, 'collateral');
  const unknown = fields.names().find((name) => ![...members, 'pck_certificate_chain'].includes(name));
  if (unknown !== undefined) throw new SconeError('E_COLLATERAL', `the collateral has an unknown part, ${unknown}`);
  // The chains share their root, and two of them are the same: each certificate becomes one object.
  const known = new Map<string, Certificate>();
  const chain = (name: (typeof members)[number]): Certificate[] =>
    readPem('CERTIFICATE', fields.text(name), name).map((der) => {
      const key = hex(der);
      const certificate = known.get(key) ?? parseCertificate(der, `certificate in ${name}`);
      known.set(key, certificate);
      return certificate;
    });
  const crl = (name: (typeof members)[number], what: string): Crl =>
    parseCrl(fromHex(fields.text(name).toLowerCase(), undefined, name), what);
  const signed = <T>(name: 'tcb_info' | 'qe_identity', read: (bytes: Uint8Array) => T): Signed<T> => {
    const bytes = utf8(fields.text(name));
    return {
      document: read(bytes),
      bytes,
      signature: fields.bytes(`${name}_signature`, 64),
      chain: chain(`${name}_issuer_chain`),
    };
  };
  return {
    tcbInfo: signed('tcb_info', parseTcbInfo),
    qeIdentity: signed('qe_identity', parseQeIdentity),
    pckCrl: crl('pck_crl', 'PCK CRL'),
    pckCrlIssuerChain: chain('pck_crl_issuer_chain'),
    rootCrl: crl('root_ca_crl', 'root CA CRL'),
    ...(fields.has('pck_certificate_chain') ? { pckChain: utf8(fields.text('pck_certificate_chain')) } : {}),
    text,
  };
}

/** Whatever is wrong with it, it is collateral that cannot be used. */
function parse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SconeError) || error.code === 'E_COLLATERAL') throw error;
    throw new SconeError('E_COLLATERAL', 'the collateral cannot be read', {
      cause: error,
      hint: 'fetch the collateral of this platform again',
    });
  }
}
