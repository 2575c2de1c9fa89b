import { hex, utf8Text } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { pckPlatform } from '../evidence/sgx/pck.ts';
import { parseQuote, quoteVersion } from '../evidence/sgx/quote.ts';
import { isOfProduct, type SnpProduct, snpProducts } from '../evidence/snp/product.ts';
import { parseSnpReport } from '../evidence/snp/report.ts';
import { readTcbVersion } from '../evidence/snp/tcb-version.ts';
import { parseQuote4 } from '../evidence/tdx/quote.ts';
import { parseCertificate } from '../pki/certificate.ts';
import { readPem } from '../pki/pem.ts';
import type { AmdPlatform } from './amd.ts';
import type { IntelPlatform } from './intel.ts';

/**
 * Which Intel platform a quote says it is from: only for choosing collateral, nothing is verified. Throws `E_EVIDENCE`,
 * `E_CHAIN` and `E_DER` for what cannot be parsed.
 */
export function intelPlatformOf(bytes: Uint8Array): IntelPlatform {
  const quote = quoteVersion(bytes) === 3 ? parseQuote(bytes) : parseQuote4(bytes);
  if (quote.certificationType !== 5) {
    throw new SconeError('E_EVIDENCE', 'the quote carries no PCK certificate, so its platform is not known', {
      expected: 'certification data of type 5',
      found: `type ${quote.certificationType}`,
      hint: 'name the platform: --tee, --fmspc and --pck-ca',
    });
  }
  const what = 'PCK certificate chain';
  const [pck, issuer] = readPem('CERTIFICATE', utf8Text(quote.certificationData, what).replace(/\0$/, ''), what).map(
    (der) => parseCertificate(der, `certificate in the ${what}`),
  );
  if (pck === undefined) throw new SconeError('E_CHAIN', `the ${what} is empty`);
  const { fmspc, pceid } = pckPlatform(pck);
  return {
    tee: quote.tee === 'TDX' ? 'tdx' : 'sgx',
    fmspc,
    pceid,
    ca: issuer?.commonName?.endsWith('PCK Processor CA') === true ? 'processor' : 'platform',
  };
}

/**
 * Which AMD platform a report says it is from; nothing is verified. Reports of version 2 do not say the product line.
 * Throws `E_EVIDENCE`.
 */
export function amdPlatformOf(bytes: Uint8Array, given?: SnpProduct): AmdPlatform {
  const report = parseSnpReport(bytes);
  const { cpuid } = report;
  const product = cpuid === undefined ? given : snpProducts.find((one) => isOfProduct(one, cpuid));
  if (product === undefined) {
    throw new SconeError('E_EVIDENCE', 'the report does not say of which product line its processor is', {
      expected: snpProducts.join(', '),
      hint: 'add --product with the one of the machine',
    });
  }
  if (report.signingKey === 'vlek') return { key: 'vlek', product };
  const tcb = readTcbVersion(report.reportedTcb, product);
  if (tcb === undefined) throw new SconeError('E_EVIDENCE', `the TCB in the report is not one of ${product}`);
  return { key: 'vcek', product, chipId: hex(report.chipId), tcb };
}
