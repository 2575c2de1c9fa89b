import { equalBytes, fromHex, hex, zeroPad } from '../../core/bytes.ts';
import { verifyChainDates } from '../../pki/chain.ts';
import { isRevoked, verifyCrlDates } from '../../pki/crl.ts';
import { attempt, failedEarlier, Refusal } from '../refusal.ts';
import { snpNames } from './chain.ts';
import { policyIsWellFormed } from './policy.ts';
import { isOfProduct, namesProduct } from './product.ts';
import type { SnpSubject } from './subject.ts';
import { reaches, readTcbVersion, tcbText } from './tcb-version.ts';

type Check = (subject: SnpSubject) => Refusal | undefined;

/** All checks of a report, in order; none relies on another's outcome. */
export const snpChecksInOrder: readonly Check[] = [
  reportSignature,
  ({ chain }) => failedEarlier('vek-chain', chain.problem),
  ({ chain, now }) => attempt('vek-dates', () => verifyChainDates(chain.certificates, now, snpNames.chain)),
  revocationUnchecked,
  ({ chain }) => failedEarlier('snp-crl-signature', chain.crlProblem),
  ({ collateral: { crl }, now }) =>
    crl === undefined ? undefined : attempt('snp-crl-dates', () => verifyCrlDates(crl, now, snpNames.crl)),
  revocation,
  product,
  chipId,
  tcbVersions,
  reportedTcb,
  tcbOrder,
  vmpl,
  policyReserved,
  idBlock,
];

function reportSignature({ report, chain, keys }: SnpSubject): Refusal | undefined {
  const { certificate } = chain.vek;
  if (keys.verify(certificate, report.signed, report.signature, chain.problem === undefined)) return undefined;
  return new Refusal('report-signature', `the report is not signed by this ${chain.vek.key.toUpperCase()}`);
}

function revocationUnchecked({ collateral, allow }: SnpSubject): Refusal | undefined {
  if (collateral.crl !== undefined || allow.includes('unchecked-revocation')) return undefined;
  return new Refusal('revocation-unchecked', 'revocation: unchecked, since there is no revocation list', {
    expected: 'the list of the product line, signed by its root',
    found: 'none',
  });
}

function revocation({ collateral: { crl }, chain }: SnpSubject): Refusal | undefined {
  const revoked = crl === undefined ? undefined : chain.certificates.find((one) => isRevoked(crl, one));
  if (revoked === undefined) return undefined;
  return new Refusal('snp-revocation', `a certificate was revoked: ${revoked.commonName ?? 'no name'}`, {
    found: `serial number ${revoked.serial}`,
  });
}

/** The line by its root, by the certificate's productName and, from version 3 on, by the report's CPUID: all the same. */
function product({ report, chain }: SnpSubject): Refusal | undefined {
  if (chain.product === undefined) return undefined;
  const { cpuid } = report;
  const named = namesProduct(chain.vek.productName, chain.product);
  if (named && (cpuid === undefined || isOfProduct(chain.product, cpuid))) return undefined;
  return new Refusal('product', 'the report or its certificate is of another product line than the root', {
    expected: chain.product,
    found: `${chain.vek.productName}${cpuid === undefined ? '' : `, family ${cpuid.family}, model ${cpuid.model}`}`,
  });
}

/** A VCEK is of one chip. All zero (MASK_CHIP_ID) is no chip, so it matches none (threat model 23). */
function chipId({ report, chain: { vek } }: SnpSubject): Refusal | undefined {
  if (vek.hwId === undefined) return undefined;
  const expected = zeroPad(fromHex(vek.hwId), 64);
  if (expected.some((byte) => byte !== 0) && equalBytes(expected, report.chipId)) return undefined;
  return new Refusal('chip-id', "the report's CHIP_ID is not the chip of the VCEK certificate", {
    expected: vek.hwId,
    found: hex(report.chipId),
  });
}

function tcbVersions({ report, chain }: SnpSubject): Refusal | undefined {
  const line = chain.product;
  if (line === undefined) return undefined;
  const odd = (['currentTcb', 'reportedTcb', 'committedTcb', 'launchTcb'] as const).find(
    (field) => readTcbVersion(report[field], line) === undefined,
  );
  if (odd === undefined) return undefined;
  return new Refusal('tcb-version', `the ${odd} of the report has reserved bytes other than zero`, {
    found: hex(report[odd]),
  });
}

/** The key was derived for this TCB: what the certificate says is what counts (threat model 20). */
function reportedTcb({ report, chain }: SnpSubject): Refusal | undefined {
  const reported = chain.product === undefined ? undefined : readTcbVersion(report.reportedTcb, chain.product);
  if (reported === undefined || tcbText(reported) === tcbText(chain.vek.tcb)) return undefined;
  return new Refusal('reported-tcb', "REPORTED_TCB is not the TCB of the endorsement key's certificate", {
    expected: tcbText(chain.vek.tcb),
    found: tcbText(reported),
  });
}

/** Firmware commits only what runs and reports only what is committed. */
function tcbOrder({ report, chain }: SnpSubject): Refusal | undefined {
  if (chain.product === undefined) return undefined;
  const [reported, committed, current] = [report.reportedTcb, report.committedTcb, report.currentTcb].map((bytes) =>
    chain.product === undefined ? undefined : readTcbVersion(bytes, chain.product),
  );
  if (reported === undefined || committed === undefined || current === undefined) return undefined;
  if (reaches(committed, reported) && reaches(current, committed)) return undefined;
  return new Refusal('tcb-order', 'REPORTED_TCB, COMMITTED_TCB and CURRENT_TCB contradict each other', {
    expected: 'reported at most committed, committed at most current',
    found: `${tcbText(reported)}; ${tcbText(committed)}; ${tcbText(current)}`,
  });
}

/** Other levels run below somebody else; FFFFFFFF is a report that the host asked for. */
function vmpl({ report }: SnpSubject): Refusal | undefined {
  if (report.vmpl === 0) return undefined;
  return new Refusal('vmpl', 'the report was not asked for at VMPL 0', { expected: '0', found: String(report.vmpl) });
}

function policyReserved({ report }: SnpSubject): Refusal | undefined {
  if (policyIsWellFormed(report.policy)) return undefined;
  return new Refusal('policy-reserved', 'reserved bits of the guest policy do not have their values', {
    expected: 'bit 17 one, bits 63 to 26 zero',
    found: `0x${report.policy.toString(16)}`,
  });
}

/** An author key signs an ID key, so there is no digest of it without one, and none where it is not enabled. */
function idBlock({ report }: SnpSubject): Refusal | undefined {
  const author = report.authorKeyDigest.some((byte) => byte !== 0);
  const id = report.idKeyDigest.some((byte) => byte !== 0);
  if (author === report.authorKeyEnabled && (id || !author)) return undefined;
  return new Refusal('id-block', 'AUTHOR_KEY_EN, AUTHOR_KEY_DIGEST and ID_KEY_DIGEST contradict each other', {
    found: `enabled ${report.authorKeyEnabled}, author key ${author}, ID key ${id}`,
  });
}
