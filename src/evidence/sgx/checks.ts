import { concat, equalBytes, hex, zeroPad } from '../../core/bytes.ts';
import { rfc3339 } from '../../core/clock.ts';
import { sha256 } from '../../core/digest.ts';
import { verifyP256 } from '../../pki/algorithm.ts';
import { verifyChainDates } from '../../pki/chain.ts';
import { isRevoked, verifyCrlDates } from '../../pki/crl.ts';
import { attempt, failedEarlier, Refusal, type SgxCheck } from '../refusal.ts';
import { isTcbStatus } from '../tcb-status.ts';
import { hasReservedTdAttributes } from '../tdx/attributes.ts';
import { findModule, isModule } from '../tdx/module.ts';
import { names } from './chains.ts';
import { matchQeLevel } from './qe-identity.ts';
import { attributesOf } from './report-body.ts';
import type { QuoteSubject, Subject } from './subject.ts';
import { matchTcbLevel } from './tcb-info.ts';

type QuoteCheck = (subject: QuoteSubject) => Refusal | undefined;
type Check = (subject: Subject) => Refusal | undefined;

/** The checks for which the quote and its PCK chain are enough. */
const quoteChecks: readonly QuoteCheck[] = [
  quoteSignature,
  attestationKeyBinding,
  qeReportSignature,
  ({ pck }) => failedEarlier('pck-chain', pck.problem),
  pckRole,
  ({ pck, now }) => attempt('pck-dates', () => verifyChainDates(pck.certificates, now, names.pckChain)),
  pckIdentifier,
];

/** The same for evidence without collateral, where a policy lets it pass. */
export const checksWithoutCollateral: readonly QuoteCheck[] = [...quoteChecks, qeDebug, tdReservedAttributes];

/** Whether the TCB Info, the QE Identity, is about this platform at all. */
const tcbInfoIsOurs: readonly Check[] = [tcbInfoKind, tcbInfoPlatform];
const qeIdentityIsOurs: readonly Check[] = [qeIdentityKind];

/**
 * All checks in the order of the specification; each looks at parsed data only. What a document says is judged only where
 * it is about this platform: else it would advise to update what is not old. No other check relies on another's outcome.
 * SGX and TDX quotes differ in their body and in what TCB Info and QE Identity say, not in how either is proved.
 */
export const checksInOrder: readonly Check[] = [
  ...quoteChecks,
  ({ problems }) => failedEarlier('crl-chain', problems.crlChain),
  ({ collateral, now }) =>
    attempt('crl-chain', () => verifyChainDates(collateral.pckCrlIssuerChain, now, names.crlChain)),
  ({ problems }) => failedEarlier('crl-signature', problems.pckCrl),
  ({ problems }) => failedEarlier('crl-signature', problems.rootCrl),
  crlIssuer,
  ({ collateral, now }) => attempt('crl-dates', () => verifyCrlDates(collateral.pckCrl, now, names.pckCrl)),
  ({ collateral, now }) => attempt('crl-dates', () => verifyCrlDates(collateral.rootCrl, now, names.rootCrl)),
  revocation,
  ({ problems }) => failedEarlier('tcb-info-chain', problems.tcbInfoChain),
  ({ collateral, now }) =>
    attempt('tcb-info-chain', () => verifyChainDates(collateral.tcbInfo.chain, now, names.tcbInfoChain)),
  ({ problems }) => failedEarlier('tcb-info-signature', problems.tcbInfoSignature),
  ({ collateral, now }) => dates('tcb-info-dates', 'TCB Info', collateral.tcbInfo.document, now),
  ...tcbInfoIsOurs,
  ({ problems }) => failedEarlier('qe-identity-chain', problems.qeIdentityChain),
  ({ collateral, now }) =>
    attempt('qe-identity-chain', () => verifyChainDates(collateral.qeIdentity.chain, now, names.qeIdentityChain)),
  ({ problems }) => failedEarlier('qe-identity-signature', problems.qeIdentitySignature),
  ({ collateral, now }) => dates('qe-identity-dates', 'QE Identity', collateral.qeIdentity.document, now),
  ...qeIdentityIsOurs,
  where(qeIdentityIsOurs, qeMrSigner),
  where(qeIdentityIsOurs, qeProductId),
  where(qeIdentityIsOurs, qeMiscSelect),
  where(qeIdentityIsOurs, qeAttributes),
  qeDebug,
  where(qeIdentityIsOurs, qeLevel),
  tdReservedAttributes,
  where(tcbInfoIsOurs, tdxModule),
  where(tcbInfoIsOurs, tcbLevel),
];

/** A check that is left out where one of others fails. Those are in the list themselves, so they refuse the evidence. */
function where(others: readonly Check[], check: Check): Check {
  return (subject) => (others.every((other) => other(subject) === undefined) ? check(subject) : undefined);
}

function quoteSignature({ quote, attestationKey: { key, problem } }: QuoteSubject): Refusal | undefined {
  if (key === undefined) return failedEarlier('quote-signature', problem);
  if (verifyP256(key, quote.signed, quote.signature, 'ieee-p1363')) return undefined;
  return new Refusal('quote-signature', 'the signature of the quote is wrong');
}

/** The QE's report data = SHA-256(attestation key ‖ authentication data) ‖ 32 zero bytes (threat model 14). */
function attestationKeyBinding({ quote }: QuoteSubject): Refusal | undefined {
  const expected = zeroPad(sha256(quote.attestationKey, quote.qeAuthenticationData), 64);
  if (equalBytes(expected, quote.qeBody.reportdata)) return undefined;
  return new Refusal('attestation-key', "the quoting enclave's report is about another attestation key", {
    expected: hex(expected),
    found: hex(quote.qeBody.reportdata),
  });
}

function qeReportSignature({ attestationKey }: QuoteSubject): Refusal | undefined {
  if (attestationKey.reportSigned) return undefined;
  return new Refusal('qe-report-signature', "the quoting enclave's report is not signed by the platform's PCK");
}

/** The vendor's root has issued certificates for other purposes; names tell them apart (PCK profile, 1.3). */
function pckRole({ pck, roots }: QuoteSubject): Refusal | undefined {
  const [leaf, issuer] = pck.certificates;
  const certificateName = `${roots.sgxVendor} SGX PCK Certificate`;
  const issuerNames = [`${roots.sgxVendor} SGX PCK Platform CA`, `${roots.sgxVendor} SGX PCK Processor CA`];
  if (leaf?.commonName === certificateName && issuerNames.includes(issuer?.commonName ?? '')) return undefined;
  return new Refusal('pck-role', 'the certificate chain of the platform is not one of a PCK', {
    expected: `${certificateName}, issued by ${issuerNames.join(' or ')}`,
    found: `${leaf?.commonName ?? 'no name'}, issued by ${issuer?.commonName ?? 'nobody'}`,
  });
}

/** Type 3 only: the chain that the caller gave must be of the PCE that the quote names. */
function pckIdentifier({ quote, pck }: QuoteSubject): Refusal | undefined {
  if (quote.certificationType !== 3) return undefined;
  // Encrypted PPID (384), CPUSVN (16), PCESVN (2), PCE-ID (2). The signature binds the rest.
  const found = hex(quote.certificationData.subarray(402, 404));
  if (found === pck.platform.pceid) return undefined;
  return new Refusal('pck-role', 'the PCK certificate that was given is of another PCE than the quote names', {
    expected: `PCE-ID ${found}`,
    found: `PCE-ID ${pck.platform.pceid}`,
  });
}

/** A list judges the certificates of its issuer only: of the same name and the same key. */
function crlIssuer({ pck, collateral }: Subject): Refusal | undefined {
  const [, pckCa, pckRoot] = pck.certificates;
  const [listCa, listRoot] = collateral.pckCrlIssuerChain;
  const same = (a: typeof pckCa, b: typeof pckCa): boolean =>
    a !== undefined && b !== undefined && equalBytes(a.subject, b.subject) && equalBytes(a.spki, b.spki);
  if (same(pckCa, listCa) && same(pckRoot, listRoot)) return undefined;
  return new Refusal('crl-signature', "the PCK CRL is of another CA than the platform's PCK certificate", {
    expected: pckCa?.commonName ?? 'no name',
    found: listCa?.commonName ?? 'no name',
  });
}

/** Every certificate that something rests on, against the list of its issuer. */
function revocation({ pck, collateral }: Subject): Refusal | undefined {
  const { pckCrl, rootCrl, pckCrlIssuerChain, tcbInfo, qeIdentity } = collateral;
  const all = [...pck.certificates, ...pckCrlIssuerChain, ...tcbInfo.chain, ...qeIdentity.chain];
  const revoked = all.find((certificate) => isRevoked(pckCrl, certificate) || isRevoked(rootCrl, certificate));
  if (revoked === undefined) return undefined;
  return new Refusal('revocation', `a certificate was revoked: ${revoked.commonName ?? 'no name'}`, {
    found: `serial number ${revoked.serial}`,
  });
}

function tcbInfoKind({ quote, collateral }: Subject): Refusal | undefined {
  const { id, version, tcbType } = collateral.tcbInfo.document;
  if (id === quote.tee && version === 3 && tcbType === 0) return undefined;
  return new Refusal('tcb-info-kind', `the TCB Info is not one for ${quote.tee}, or of another version`, {
    expected: `id ${quote.tee}, version 3, tcbType 0`,
    found: `id ${id}, version ${version}, tcbType ${tcbType}`,
  });
}

function tcbInfoPlatform({ collateral, pck }: Subject): Refusal | undefined {
  const { fmspc, pceId } = collateral.tcbInfo.document;
  if (fmspc === pck.platform.fmspc && pceId === pck.platform.pceid) return undefined;
  return new Refusal('tcb-info-platform', 'the TCB Info is about another kind of platform', {
    expected: `FMSPC ${pck.platform.fmspc}, PCE-ID ${pck.platform.pceid}`,
    found: `FMSPC ${fmspc}, PCE-ID ${pceId}`,
  });
}

function qeIdentityKind({ quote, collateral }: Subject): Refusal | undefined {
  const { id, version } = collateral.qeIdentity.document;
  const expected = quote.tee === 'SGX' ? 'QE' : 'TD_QE';
  if (id === expected && version === 2) return undefined;
  return new Refusal('qe-identity-kind', `the QE Identity is not one for the quoting enclave of ${quote.tee}`, {
    expected: `id ${expected}, version 2`,
    found: `id ${id}, version ${version}`,
  });
}

function qeMrSigner({ quote, collateral }: Subject): Refusal | undefined {
  return match('MRSIGNER', collateral.qeIdentity.document.mrsigner, quote.qeBody.mrsigner);
}

function qeProductId({ quote, collateral }: Subject): Refusal | undefined {
  const expected = collateral.qeIdentity.document.isvprodid;
  const found = quote.qeBody.isvprodid;
  if (expected === found) return undefined;
  return new Refusal('qe-identity-match', "the quoting enclave's ISVPRODID is not the vendor's", {
    expected: String(expected),
    found: String(found),
  });
}

function qeMiscSelect({ quote, collateral }: Subject): Refusal | undefined {
  const { miscselect, miscselectMask } = collateral.qeIdentity.document;
  return match('MISCSELECT', miscselect, masked(quote.qeBody.miscselect, miscselectMask));
}

function qeAttributes({ quote, collateral }: Subject): Refusal | undefined {
  const { attributes, attributesMask } = collateral.qeIdentity.document;
  return match('ATTRIBUTES', attributes, masked(quote.qeBody.attributes, attributesMask));
}

/** The vendor's mask covers it; a mask that did not would still not make a debug QE acceptable (threat model 4). */
function qeDebug({ quote }: QuoteSubject): Refusal | undefined {
  if (!attributesOf(quote.qeBody.attributes).debug) return undefined;
  return new Refusal('qe-debug', 'the quoting enclave runs in debug mode');
}

function qeLevel({ quote, collateral }: Subject): Refusal | undefined {
  const level = matchQeLevel(collateral.qeIdentity.document, quote.qeBody.isvsvn);
  if (level === undefined) {
    return new Refusal('qe-level', "the quoting enclave's ISVSVN is below every level", {
      found: String(quote.qeBody.isvsvn),
    });
  }
  // Of the statuses, only these three are defined for a quoting enclave.
  if (level.status === 'UpToDate' || level.status === 'OutOfDate') return undefined;
  if (level.status === 'Revoked') return new Refusal('tcb-revoked', 'the quoting enclave is revoked');
  return new Refusal('qe-level', 'the status of the quoting enclave is not one that is known', {
    expected: 'UpToDate, OutOfDate or Revoked',
    found: level.status.slice(0, 64),
  });
}

/** A TD with an attribute that nobody here knows could be open in a way that nobody here sees (threat model 5). */
function tdReservedAttributes({ quote }: QuoteSubject): Refusal | undefined {
  if (quote.tee !== 'TDX' || !hasReservedTdAttributes(quote.body.tdattributes)) return undefined;
  return new Refusal('td-attributes', 'reserved bits of the TD attributes are set', {
    expected: 'zero',
    found: hex(quote.body.tdattributes),
  });
}

/** The module, by the index rule: its signer and attributes, then its SVN (threat model 8). */
function tdxModule({ quote, collateral }: Subject): Refusal | undefined {
  const { tdx } = collateral.tcbInfo.document;
  if (quote.tee !== 'TDX') return undefined;
  if (tdx === undefined) return new Refusal('tdx-module', 'the TCB Info says nothing about TDX modules');
  const found = findModule(tdx, quote.body);
  const svn = `TEE_TCB_SVN ${hex(quote.body.teeTcbSvn)}`;
  if (found === undefined) {
    return new Refusal('tdx-module', 'the vendor has no identity for this version of the TDX module', { found: svn });
  }
  if (!isModule(found.module, quote.body)) {
    return new Refusal('tdx-module', "signer or attributes of the TDX module are not the vendor's", {
      expected: `MRSIGNERSEAM ${hex(found.module.mrsigner)}, SEAMATTRIBUTES ${hex(found.module.attributes)}`,
      found: `MRSIGNERSEAM ${hex(quote.body.mrsignerseam)}, SEAMATTRIBUTES ${hex(quote.body.seamattributes)}`,
    });
  }
  if (found.level === 'none') return undefined;
  if (found.level === undefined) {
    return new Refusal('tdx-module', "the TDX module's SVN is below every level", { found: svn });
  }
  const { status } = found.level;
  if (status === 'UpToDate' || status === 'OutOfDate') return undefined;
  if (status === 'Revoked') return new Refusal('tcb-revoked', 'the TDX module is revoked');
  return new Refusal('tdx-module', 'the status of the TDX module is not one that is known', {
    expected: 'UpToDate, OutOfDate or Revoked',
    found: status.slice(0, 64),
  });
}

function tcbLevel({ quote, pck, collateral }: Subject): Refusal | undefined {
  const teeTcbSvn = quote.tee === 'TDX' ? quote.body.teeTcbSvn : undefined;
  const level = matchTcbLevel(collateral.tcbInfo.document, pck.platform, teeTcbSvn);
  if (level === undefined) {
    return new Refusal('tcb-level', "the platform's TCB is below every level", {
      found:
        `components ${pck.platform.components.join(' ')}, PCESVN ${pck.platform.pcesvn}` +
        (teeTcbSvn === undefined ? '' : `, TEE_TCB_SVN ${hex(teeTcbSvn)}`),
    });
  }
  if (!isTcbStatus(level.status)) {
    return new Refusal('tcb-level', "the status of the platform's TCB is not one that is known", {
      found: level.status.slice(0, 64),
    });
  }
  return level.status === 'Revoked' ? new Refusal('tcb-revoked', "the platform's TCB is revoked") : undefined;
}

function dates(
  check: SgxCheck,
  what: string,
  { issueDate, nextUpdate }: { issueDate: Date; nextUpdate: Date },
  now: Date,
): Refusal | undefined {
  if (now >= issueDate && now <= nextUpdate) return undefined;
  return new Refusal(check, `the ${what} ${now < issueDate ? 'is not valid yet' : 'has expired'}`, {
    expected: `a time from ${rfc3339(issueDate)} to ${rfc3339(nextUpdate)}`,
    found: rfc3339(now),
  });
}

function match(field: string, expected: Uint8Array, found: Uint8Array): Refusal | undefined {
  if (equalBytes(expected, found)) return undefined;
  return new Refusal('qe-identity-match', `the quoting enclave's ${field} is not the vendor's`, {
    expected: hex(expected),
    found: hex(found),
  });
}

function masked(bytes: Uint8Array, mask: Uint8Array): Uint8Array {
  return concat(bytes.map((byte, index) => byte & (mask[index] ?? 0xff)));
}
