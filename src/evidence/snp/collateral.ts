import { fromHex, hex, utf8Text } from '../../core/bytes.ts';
import { SconeError } from '../../core/errors.ts';
import { type Json, parseJson } from '../../core/json.ts';
import { amdProfile } from '../../pki/algorithm.ts';
import { type Certificate, parseCertificate } from '../../pki/certificate.ts';
import { type Crl, parseCrl } from '../../pki/crl.ts';
import { pemChain, readPem } from '../../pki/pem.ts';
import { JsonFields } from '../json-fields.ts';

/**
 * What judges the reports of one AMD platform: the certificate of its VCEK or VLEK, the authority that issued it (ASK or
 * ASVK), the root (ARK), and the root's revocation list where there is one. Parsed only; nothing in it is believed
 * because of where it came from.
 */
export interface SnpCollateral {
  kind: 'snp';
  /** In any order. */
  certificates: readonly Certificate[];
  crl: Crl | undefined;
  /** The JSON form; it travels as `aux` beside evidence. */
  text: string;
}

/** The JSON form: certificates as PEM, the list as hex of its DER. */
export interface SnpCollateralDocument {
  snp_certificates: string;
  snp_crl?: string;
}

/** VCEK, ASK, ARK, ASVK and VLEK of a few platforms at most. */
const most = 16;
const sizeLimit = 1024 * 1024;

/** Collateral of DER documents, such as AMD's key distribution service gives. Throws `E_COLLATERAL`. */
export function snpCollateral(parts: { certificates: readonly Uint8Array[]; crl?: Uint8Array }): SnpCollateral {
  return parse(() => {
    const certificates = parts.certificates.map((der) => parseCertificate(der, 'certificate of AMD', amdProfile));
    const document: SnpCollateralDocument = {
      snp_certificates: pemChain('CERTIFICATE', parts.certificates),
      ...(parts.crl === undefined ? {} : { snp_crl: hex(parts.crl) }),
    };
    const crl = parts.crl === undefined ? undefined : parseCrl(parts.crl, 'revocation list of AMD', amdProfile);
    return { kind: 'snp', certificates, crl, text: JSON.stringify(document) };
  });
}

/** Reads the JSON form, a PEM text of certificates, or one certificate as DER. Throws `E_COLLATERAL`. */
export function parseSnpCollateral(input: string | Uint8Array): SnpCollateral {
  return parse(() => {
    if (input.length > sizeLimit) throw new SconeError('E_COLLATERAL', `it is larger than ${sizeLimit} bytes`);
    if (typeof input !== 'string' && input[0] === 0x30) return snpCollateral({ certificates: [input] });
    const text = typeof input === 'string' ? input : utf8Text(input, 'collateral');
    if (text.trimStart().startsWith('{')) return snpCollateralOf(parseJson(text, 'collateral'));
    return snpCollateral({ certificates: readPem('CERTIFICATE', text, 'collateral', most) });
  });
}

/** Whether a JSON value is collateral of an AMD platform. */
export function isSnpDocument(value: Json): boolean {
  return (
    value !== null && typeof value === 'object' && !Array.isArray(value) && Object.hasOwn(value, 'snp_certificates')
  );
}

/** Reads the JSON form after it was parsed. Throws `E_COLLATERAL`. */
export function snpCollateralOf(value: Json): SnpCollateral {
  return parse(() => {
    const fields = new JsonFields(value, 'collateral');
    const unknown = fields.names().find((name) => name !== 'snp_certificates' && name !== 'snp_crl');
    if (unknown !== undefined) throw new SconeError('E_COLLATERAL', `the collateral has an unknown part, ${unknown}`);
    const certificates = readPem('CERTIFICATE', fields.text('snp_certificates'), 'snp_certificates', most);
    if (!fields.has('snp_crl')) return snpCollateral({ certificates });
    return snpCollateral({ certificates, crl: fromHex(fields.text('snp_crl'), undefined, 'snp_crl') });
  });
}

function parse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SconeError) || error.code === 'E_COLLATERAL') throw error;
    throw new SconeError('E_COLLATERAL', 'the collateral of this AMD platform cannot be read', {
      cause: error,
      hint: 'fetch the certificates of this platform again',
    });
  }
}
