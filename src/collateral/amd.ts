import { utf8Text } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import type { SnpProduct } from '../evidence/snp/product.ts';
import type { SnpTcb } from '../evidence/snp/tcb-version.ts';
import { readPem } from '../pki/pem.ts';
import { Service, type ServiceOptions, together } from './service.ts';

/** AMD's Key Distribution Service. */
export const amdBase = 'https://kdsintf.amd.com';

/** One chip at one TCB, or a product line whose cloud provider has loaded its own key (VLEK). */
export type AmdPlatform =
  | {
      key: 'vcek';
      product: SnpProduct;
      /** 128 lower-case hex digits; for Turin, whose ids are 8 bytes long, the rest is zero. */
      chipId: string;
      /** The TCB for which the key is derived: the one that a report states. */
      tcb: SnpTcb;
    }
  | { key: 'vlek'; product: SnpProduct };

/** What the service has about a platform; nothing is verified. */
export interface AmdCertificates {
  /** DER of the VCEK certificate. A VLEK's is with the provider and comes beside the report. */
  vcek?: Uint8Array<ArrayBuffer>;
  /** DER: ASK or ASVK, then ARK. */
  chain: readonly [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];
  /** DER of the ARK's revocation list. */
  crl: Uint8Array<ArrayBuffer>;
}

export interface AmdOptions extends ServiceOptions {
  /** `https://kdsintf.amd.com` unless told. */
  base?: string;
}

/**
 * Fetches what judges the reports of a platform from AMD's Key Distribution Service (VCEK Certificate and KDS Interface
 * Specification, 57230). Throws `E_COLLATERAL`.
 */
export async function fetchAmd(platform: AmdPlatform, options: AmdOptions): Promise<AmdCertificates> {
  const folder = `/${platform.key}/v1/${platform.product}`;
  const [chain, crl, vcek] = await together(options, (each) => {
    const service = new Service(options.base ?? amdBase, each);
    return Promise.all([
      service.get(`${folder}/cert_chain`, `certificate chain of ${platform.product}`),
      service.get(`${folder}/crl`, `revocation list of ${platform.product}`),
      platform.key === 'vcek' ? service.get(vcekPath(platform), 'VCEK certificate') : undefined,
    ]);
  });
  const [issuer, root, more] = readPem('CERTIFICATE', utf8Text(chain.body, 'certificate chain'), 'certificate chain');
  if (issuer === undefined || root === undefined || more !== undefined) {
    throw new SconeError('E_COLLATERAL', `the certificate chain of ${platform.product} does not have its form`, {
      expected: 'two certificates, the root last',
    });
  }
  return {
    ...(vcek === undefined ? {} : { vcek: der(vcek.body, 'VCEK certificate') }),
    chain: [issuer, root],
    crl: der(crl.body, 'revocation list'),
  };
}

/** Path of a VCEK certificate; identifies it, too. Throws `E_FORMAT` for what is no chip id or TCB. */
export function vcekPath({ product, chipId, tcb }: Extract<AmdPlatform, { key: 'vcek' }>): string {
  if (!/^[0-9a-f]{128}$/.test(chipId) || /^0+$/.test(chipId)) {
    throw new SconeError('E_FORMAT', 'a chip id is 128 lower-case hex digits that are not all zero', {
      hint: 'a report without a chip id (MASK_CHIP_ID) needs the VCEK or VLEK certificate given beside it',
    });
  }
  const turin = product === 'Turin';
  if (turin && !/^0+$/.test(chipId.slice(16))) {
    throw new SconeError('E_FORMAT', 'a chip id of Turin is 8 bytes, the others are zero');
  }
  const query = {
    ...(turin ? { fmcSPL: tcb.fmc } : {}),
    blSPL: tcb.bootloader,
    teeSPL: tcb.tee,
    snpSPL: tcb.snp,
    ucodeSPL: tcb.microcode,
  };
  const parts = Object.entries(query).map(([name, level]) => {
    if (!Number.isInteger(level) || level < 0 || level > 255) {
      throw new SconeError('E_FORMAT', `the patch level ${name} is not a number from 0 to 255`);
    }
    return `${name}=${String(level).padStart(2, '0')}`;
  });
  return `/vcek/v1/${product}/${turin ? chipId.slice(0, 16) : chipId}?${parts.join('&')}`;
}

function der(body: Uint8Array<ArrayBuffer>, what: string): Uint8Array<ArrayBuffer> {
  if (body[0] === 0x30 && (body[1] ?? 0) >= 0x80) return body;
  throw new SconeError('E_COLLATERAL', `the ${what} is not DER`, { found: `${body.length} bytes` });
}
