import { utf8Text } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { type Json, type JsonObject, parseJson } from '../core/json.ts';
import { type Collateral, parseCollateral } from '../evidence/collateral.ts';
import { isSnpDocument, parseSnpCollateral, type SnpCollateral, snpCollateral } from '../evidence/snp/collateral.ts';
import { contextTag, readDer, tags } from '../pki/der.ts';
import { readPem } from '../pki/pem.ts';

/** Collateral of one platform of any vendor; AMD's is told apart by `kind`. */
export type AnyCollateral = Collateral | SnpCollateral;

/** What files of collateral hold, before it is known what it is for. */
export interface Supply {
  platforms: readonly AnyCollateral[];
  /** DER of loose certificates: VCEK, ASK and ARK, or a PCK chain. */
  certificates: readonly Uint8Array<ArrayBuffer>[];
  /** DER of loose revocation lists. */
  crls: readonly Uint8Array<ArrayBuffer>[];
}

/** The bundle is read by anybody, for years: a change of its form is another version. */
const bundle = { v: 1, kind: 'sconectl collateral' } as const;

/** Far more than a bundle of all platforms of a site. */
export const supplySizeLimit = 64 * 1024 * 1024;

/**
 * Reads a file of collateral, whichever form it has: our bundle, the JSON form of one platform, and certificates or a
 * revocation list as PEM or DER. Throws `E_COLLATERAL`.
 */
export function parseSupply(bytes: Uint8Array, file: string): Supply {
  try {
    if (bytes.length > supplySizeLimit)
      throw new SconeError('E_COLLATERAL', `it is larger than ${supplySizeLimit} bytes`);
    if (bytes[0] === tags.sequence) return derSupply(new Uint8Array(bytes), file);
    const text = utf8Text(bytes, file).trim();
    if (text.startsWith('{'))
      return { platforms: platformsOf(parseJson(text, file), text), certificates: [], crls: [] };
    if (text.startsWith('-----BEGIN X509 CRL-----')) {
      return { platforms: [], certificates: [], crls: readPem('X509 CRL', text, file) };
    }
    return { platforms: [], certificates: readPem('CERTIFICATE', text, file), crls: [] };
  } catch (error) {
    if (!(error instanceof SconeError)) throw error;
    throw new SconeError('E_COLLATERAL', `${file} is no collateral that can be read`, {
      expected: 'a bundle of sconectl, the JSON form of one platform, or certificates or a CRL as PEM or DER',
      cause: error,
    });
  }
}

/** Several files as one. */
export function mergeSupplies(supplies: readonly Supply[]): Supply {
  return {
    platforms: supplies.flatMap(({ platforms }) => platforms),
    certificates: supplies.flatMap(({ certificates }) => certificates),
    crls: supplies.flatMap(({ crls }) => crls),
  };
}

/**
 * The platforms of a supply; loose certificates and a loose revocation list become one platform of AMD, since only
 * those come as files. Throws `E_COLLATERAL`.
 */
export function platformsIn({ platforms, certificates, crls }: Supply): AnyCollateral[] {
  const [crl, other] = crls;
  if (other !== undefined) {
    throw new SconeError('E_COLLATERAL', 'there are several loose revocation lists', {
      hint: 'give the list of one product line',
    });
  }
  if (certificates.length > 0) {
    return [...platforms, snpCollateral({ certificates, ...(crl === undefined ? {} : { crl }) })];
  }
  if (crl === undefined) return [...platforms];
  // A list alone completes what came without one.
  return platforms.map((platform) =>
    'kind' in platform && platform.crl === undefined
      ? snpCollateral({ certificates: platform.certificates.map(({ der }) => der), crl })
      : platform,
  );
}

/** Text of a bundle that `parseSupply` reads, now and in later versions. */
export function renderSupply(platforms: readonly AnyCollateral[]): string {
  const list = platforms.map(({ text }) => text.trim());
  return `{"v":${bundle.v},"kind":"${bundle.kind}","platforms":[${list.join(',')}]}\n`;
}

function platformsOf(value: Json, text: string): AnyCollateral[] {
  if (!isObject(value) || !Object.hasOwn(value, 'platforms')) return [platformOf(value, text)];
  const { v, kind, platforms, ...others } = value;
  if (v !== bundle.v || kind !== bundle.kind || !Array.isArray(platforms) || Object.keys(others).length > 0) {
    throw new SconeError('E_COLLATERAL', 'the collateral bundle is of a version that is not known', {
      expected: `v ${bundle.v}, kind "${bundle.kind}", platforms`,
      found: Object.keys(value).slice(0, 8).join(', '),
    });
  }
  return platforms.map((platform) => platformOf(platform, JSON.stringify(platform)));
}

function platformOf(value: Json, text: string): AnyCollateral {
  return isSnpDocument(value) ? parseSnpCollateral(text) : parseCollateral(text);
}

/** A certificate or a revocation list: the signed part of the first begins with [0], of the second with an INTEGER. */
function derSupply(der: Uint8Array<ArrayBuffer>, file: string): Supply {
  const first = readDer(der, file, (document) => {
    const outer = document.enter();
    const tag = outer.enter().tag;
    while (!outer.empty) outer.next();
    return tag;
  });
  if (first === contextTag(0, 'constructed')) return { platforms: [], certificates: [der], crls: [] };
  if (first === tags.integer) return { platforms: [], certificates: [], crls: [der] };
  throw new SconeError('E_COLLATERAL', 'the DER is neither a certificate nor a revocation list');
}

function isObject(value: Json): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
