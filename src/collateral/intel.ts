import { hex, utf8Text } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import type { CollateralDocument } from '../evidence/collateral.ts';
import { readPem } from '../pki/pem.ts';
import type { Answer } from './get.ts';
import { Service, type ServiceOptions, together } from './service.ts';

/** Intel's own services, which need no key for what is asked here. */
export const intelBase = 'https://api.trustedservices.intel.com';
/** Intel publishes the list of the root beside the certificates; a caching service (PCCS) has a path for it. */
const intelRootCrlBase = 'https://certificates.trustedservices.intel.com';

/** A kind of Intel platform, as its PCK certificate describes it. */
export interface IntelPlatform {
  tee: 'sgx' | 'tdx';
  /** 12 lower-case hex digits. */
  fmspc: string;
  /** 4 lower-case hex digits. */
  pceid: string;
  /** Which CA issued the PCK certificate: each has a CRL of its own. */
  ca: 'processor' | 'platform';
}

export interface IntelOptions extends ServiceOptions {
  /** Of Intel or of a caching service with the same paths; `https://api.trustedservices.intel.com` unless told. */
  base?: string;
  /** Of the API. TDX begins with 4; the TCB Info of 3 is of version 2, which no verifier here takes any more. */
  version?: 3 | 4;
}

/**
 * Fetches the collateral of a platform from a service that speaks Intel's PCS API, version 3 or 4. Parsed only as far
 * as needed to take it apart. Throws `E_COLLATERAL`.
 */
export async function fetchIntel(platform: IntelPlatform, options: IntelOptions): Promise<CollateralDocument> {
  const { base = intelBase, version = 4 } = options;
  if (!/^[0-9a-f]{12}$/.test(platform.fmspc)) throw new SconeError('E_FORMAT', 'an FMSPC is 12 lower-case hex digits');
  if (platform.tee === 'tdx' && version === 3) {
    throw new SconeError('E_COLLATERAL', 'version 3 of the PCS API has nothing about TDX', {
      expected: 'version 4',
      found: 'version 3',
      hint: 'use version 4 of the service',
    });
  }
  const sgx = `/sgx/certification/v${version}`;
  const api = `/${platform.tee}/certification/v${version}`;
  const [tcb, qe, crl, rootCrl] = await together(options, (each) => {
    const service = new Service(base, each);
    return Promise.all([
      service.get(`${api}/tcb?fmspc=${platform.fmspc.toUpperCase()}`, 'TCB Info'),
      service.get(`${api}/qe/identity`, 'QE Identity'),
      service.get(`${sgx}/pckcrl?ca=${platform.ca}&encoding=der`, 'PCK CRL'),
      service.base === intelBase
        ? new Service(intelRootCrlBase, each).get('/IntelSGXRootCA.der', 'root CA CRL')
        : service.get(`${sgx}/rootcacrl`, 'root CA CRL'),
    ]);
  });
  const tcbInfo = signedJson(tcb, 'tcbInfo', 'TCB Info');
  const identity = signedJson(qe, 'enclaveIdentity', 'QE Identity');
  return {
    pck_crl_issuer_chain: issuerChain(crl, ['sgx-pck-crl-issuer-chain'], 'PCK CRL'),
    root_ca_crl: crlHex(rootCrl.body, 'root CA CRL'),
    pck_crl: crlHex(crl.body, 'PCK CRL'),
    // The name of version 3, then that of version 4.
    tcb_info_issuer_chain: issuerChain(tcb, ['tcb-info-issuer-chain', 'sgx-tcb-info-issuer-chain'], 'TCB Info'),
    tcb_info: tcbInfo.document,
    tcb_info_signature: tcbInfo.signature,
    qe_identity_issuer_chain: issuerChain(qe, ['sgx-enclave-identity-issuer-chain'], 'QE Identity'),
    qe_identity: identity.document,
    qe_identity_signature: identity.signature,
  };
}

/**
 * Takes `{"<name>":{…},"signature":"<hex>"}` apart. What was signed is the text of the member exactly as it was sent, so
 * it is cut out and not printed again.
 */
function signedJson({ body }: Answer, name: string, what: string): { document: string; signature: string } {
  const text = utf8Text(body, `answer with the ${what}`);
  const whole = parseJson(text, `answer with the ${what}`);
  const names = whole !== null && typeof whole === 'object' && !Array.isArray(whole) ? Object.keys(whole) : [];
  const match = new RegExp(
    `^\\s*\\{\\s*"${name}"\\s*:\\s*(\\{[^]*\\})\\s*,\\s*"signature"\\s*:\\s*"([0-9A-Fa-f]{128})"\\s*\\}\\s*$`,
  ).exec(text);
  const [, document, signature] = match ?? [];
  if (names.length !== 2 || document === undefined || signature === undefined) {
    throw new SconeError('E_COLLATERAL', `the answer with the ${what} does not have its form`, {
      expected: `{"${name}":{…},"signature":"128 hex digits"}`,
      found: names.join(', ').slice(0, 200) || 'no object',
    });
  }
  return { document, signature: signature.toLowerCase() };
}

/** The issuer chain in a header, percent-encoded PEM. */
function issuerChain({ headers }: Answer, names: readonly string[], what: string): string {
  const value = names.map((name) => headers.get(name)).find((found) => found !== undefined);
  if (value === undefined) {
    throw new SconeError('E_COLLATERAL', `the answer with the ${what} lacks its issuer chain`, {
      expected: `a header ${names.join(' or ')}`,
      found: 'none',
    });
  }
  let text: string;
  try {
    text = decodeURIComponent(value);
  } catch (cause) {
    throw new SconeError('E_COLLATERAL', `the issuer chain of the ${what} is not percent-encoded text`, { cause });
  }
  // Refuses what is not PEM of certificates before it is kept.
  readPem('CERTIFICATE', text, `issuer chain of the ${what}`);
  return text;
}

/** A CRL as services send it: DER, DER in hex (PCCS), or PEM; each begins differently. Lower-case hex of its DER. */
function crlHex(body: Uint8Array, what: string): string {
  if (body[0] === 0x30 && (body[1] ?? 0) >= 0x80) return hex(body);
  const text = utf8Text(body, what).trim();
  if (/^30(?:[0-9a-fA-F]{2})+$/.test(text)) return text.toLowerCase();
  const [der] = readPem('X509 CRL', text, what, 1);
  return hex(der ?? new Uint8Array());
}
