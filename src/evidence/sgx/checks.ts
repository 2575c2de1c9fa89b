import { concat, equalBytes, hex, zeroPad } from '../../core/bytes.ts';
import { rfc3339 } from '../../core/clock.ts';
import { sha256 } from '../../core/digest.ts';
import { SconeError } from '../../core/errors.ts';
import { p256KeyOfPoint, verifyP256 } from '../../pki/algorithm.ts';
import { verifyChainDates } from '../../pki/chain.ts';
import { isRevoked, verifyCrlDates } from '../../pki/crl.ts';
import { Refusal, refusalFrom, type SgxCheck } from '../refusal.ts';
import { isTcbStatus } from '../tcb-status.ts';
import { names } from './chains.ts';
import { matchQeLevel } from './qe-identity.ts';
import { attributesOf } from './report-body.ts';
import type { Subject } from './subject.ts';
import { matchTcbLevel } from './tcb-info.ts';

type Check = (subject: Subject) => Refusal | undefined;

/** All checks in the order of the specification; each looks at parsed data only and none relies on another's outcome. */
export const checksInOrder: readonly Check[] = [
  quoteSignature,
  attestationKeyBinding,
  qeReportSignature,
  ({ pck }) => failedEarlier('pck-chain', pck.problem),
  pckRole,
  ({ pck, now }) => attempt('pck-dates', () => verifyChainDates(pck.certificates, now, names.pckChain)),
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
  tcbInfoKind,
  tcbInfoPlatform,
  ({ problems }) => failedEarlier('qe-identity-chain', problems.qeIdentityChain),
  ({ collateral, now }) =>
    attempt('qe-identity-chain', () => verifyChainDates(collateral.qeIdentity.chain, now, names.qeIdentityChain)),
  ({ problems }) => failedEarlier('qe-identity-signature', problems.qeIdentitySignature),
  ({ collateral, now }) => dates('qe-identity-dates', 'QE Identity', collateral.qeIdentity.document, now),
  qeIdentityKind,
  qeMrSigner,
  qeProductId,
  qeMiscSelect,
  qeAttributes,
  qeDebug,
  qeLevel,
  tcbLevel,
];

function quoteSignature({ quote }: Subject): Refusal | undefined {
  return attempt('quote-signature', () => {
    const key = p256KeyOfPoint(quote.attestationKey, 'attestation key of the quote');
    if (!verifyP256(key, quote.signed, quote.signature, 'ieee-p1363')) {
      throw new SconeError('E_EVIDENCE', 'the signature of the quote is wrong');
    }
  });
}

/** The QE's report data = SHA-256(attestation key ‖ authentication data) ‖ 32 zero bytes (threat model 14). */
function attestationKeyBinding({ quote }: Subject): Refusal | undefined {
  const expected = zeroPad(sha256(quote.attestationKey, quote.qeAuthenticationData), 64);
  if (equalBytes(expected, quote.qeBody.reportdata)) return undefined;
  return new Refusal('attestation-key', "the quoting enclave's report is about another attestation key", {
    expected: hex(expected),
    found: hex(quote.qeBody.reportdata),
  });
}

function qeReportSignature({ quote, pck }: Subject): Refusal | undefined {
  const key = pck.certificates[0]?.publicKey;
  if (key !== undefined && verifyP256(key, quote.qeReport, quote.qeReportSignature, 'ieee-p1363')) return undefined;
  return new Refusal('qe-report-signature', "the quoting enclave's report is not signed by the platform's PCK");
}

/** The vendor's root has issued certificates for other purposes; names tell them apart (PCK profile, 1.3). */
function pckRole({ pck, roots }: Subject): Refusal | undefined {
  const [leaf, issuer] = pck.certificates;
  const certificateName = `${roots.sgxVendor} SGX PCK Certificate`;
  const issuerNames = [`${roots.sgxVendor} SGX PCK Platform CA`, `${roots.sgxVendor} SGX PCK Processor CA`];
  if (leaf?.commonName === certificateName && issuerNames.includes(issuer?.commonName ?? '')) return undefined;
  return new Refusal('pck-role', 'the certificate chain of the platform is not one of a PCK', {
    expected: `${certificateName}, issued by ${issuerNames.join(' or ')}`,
    found: `${leaf?.commonName ?? 'no name'}, issued by ${issuer?.commonName ?? 'nobody'}`,
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

function tcbInfoKind({ collateral }: Subject): Refusal | undefined {
  const { id, version, tcbType } = collateral.tcbInfo.document;
  if (id === 'SGX' && version === 3 && tcbType === 0) return undefined;
  return new Refusal('tcb-info-kind', 'the TCB Info is not one for SGX, or of another version', {
    expected: 'id SGX, version 3, tcbType 0',
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

function qeIdentityKind({ collateral }: Subject): Refusal | undefined {
  const { id, version } = collateral.qeIdentity.document;
  if (id === 'QE' && version === 2) return undefined;
  return new Refusal('qe-identity-kind', 'the QE Identity is not one for the quoting enclave of SGX', {
    expected: 'id QE, version 2',
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
function qeDebug({ quote }: Subject): Refusal | undefined {
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

function tcbLevel({ pck, collateral }: Subject): Refusal | undefined {
  const level = matchTcbLevel(collateral.tcbInfo.document, pck.platform);
  if (level === undefined) {
    return new Refusal('tcb-level', "the platform's TCB is below every level", {
      found: `components ${pck.platform.components.join(' ')}, PCESVN ${pck.platform.pcesvn}`,
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

function failedEarlier(check: SgxCheck, problem: SconeError | undefined): Refusal | undefined {
  return problem === undefined ? undefined : refusalFrom(check, problem);
}

function attempt(check: SgxCheck, run: () => void): Refusal | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof SconeError) return refusalFrom(check, error);
    throw error;
  }
}
