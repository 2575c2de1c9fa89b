import { type ErrorCode, type ErrorDetails, SconeError } from '../core/errors.ts';

const noPolicy = 'no policy can allow this';
const fetchAgain = `${noPolicy}; fetch the collateral of this platform again`;

/**
 * Every check of SGX evidence, in the order in which it is made: its error code, where the specification demands it,
 * and what would let the evidence pass. QL = Intel SGX ECDSA QuoteLibReference DCAP API; PCS = Intel PCS API v4;
 * PCK = Intel SGX PCK Certificate and CRL Profile Specification.
 */
export const sgxChecks = {
  'quote-signature': { code: 'E_EVIDENCE', section: 'QL A.4, ISV enclave report signature', allow: noPolicy },
  'attestation-key': { code: 'E_EVIDENCE', section: 'QL A.4, QE report data', allow: noPolicy },
  'qe-report-signature': { code: 'E_EVIDENCE', section: 'QL A.4, QE report signature', allow: noPolicy },
  'pck-chain': { code: 'E_CHAIN', section: 'PCK 1.3; RFC 5280, 6.1', allow: noPolicy },
  'pck-role': { code: 'E_CHAIN', section: 'PCK 1.3', allow: noPolicy },
  'pck-dates': {
    code: 'E_CHAIN',
    section: 'RFC 5280, 4.1.2.5',
    allow: 'correct the clock, or renew the PCK certificate',
  },
  'crl-chain': { code: 'E_CHAIN', section: 'PCK 1.2; RFC 5280, 6.1', allow: fetchAgain },
  'crl-signature': { code: 'E_COLLATERAL', section: 'RFC 5280, 5.1.1.3', allow: fetchAgain },
  'crl-dates': {
    code: 'E_COLLATERAL',
    section: 'RFC 5280, 5.1.2.4 and 5.1.2.5',
    allow: 'fetch collateral again, or correct the clock',
  },
  revocation: { code: 'E_CHAIN', section: 'RFC 5280, 6.3', allow: `${noPolicy}; the vendor has revoked this platform` },
  'tcb-info-chain': { code: 'E_CHAIN', section: 'PCS, TCB-Info-Issuer-Chain; RFC 5280, 6.1', allow: fetchAgain },
  'tcb-info-signature': { code: 'E_COLLATERAL', section: 'PCS, "Get TCB Info", signature', allow: fetchAgain },
  'tcb-info-dates': {
    code: 'E_COLLATERAL',
    section: 'PCS, "Get TCB Info", nextUpdate',
    allow: 'fetch collateral again, or correct the clock',
  },
  'tcb-info-kind': { code: 'E_COLLATERAL', section: 'PCS, "Get TCB Info", id and version', allow: fetchAgain },
  'tcb-info-platform': {
    code: 'E_COLLATERAL',
    section: 'PCS, "Get TCB Info", fmspc and pceId',
    allow: 'give the collateral of this platform',
  },
  'qe-identity-chain': {
    code: 'E_CHAIN',
    section: 'PCS, SGX-Enclave-Identity-Issuer-Chain; RFC 5280, 6.1',
    allow: fetchAgain,
  },
  'qe-identity-signature': {
    code: 'E_COLLATERAL',
    section: 'PCS, "Get Enclave Identity", signature',
    allow: fetchAgain,
  },
  'qe-identity-dates': {
    code: 'E_COLLATERAL',
    section: 'PCS, "Get Enclave Identity", nextUpdate',
    allow: 'fetch collateral again, or correct the clock',
  },
  'qe-identity-kind': {
    code: 'E_COLLATERAL',
    section: 'PCS, "Get Enclave Identity", id and version',
    allow: fetchAgain,
  },
  'qe-identity-match': {
    code: 'E_EVIDENCE',
    section: 'PCS, "Get Enclave Identity", appendix "QE identity matching"',
    allow: noPolicy,
  },
  'collateral-missing': {
    code: 'E_COLLATERAL',
    section: 'PCS, "Get TCB Info" and "Get Enclave Identity"',
    allow: 'give the collateral of this platform, or put `missing-collateral` into `allow` of the policy',
  },
  'qe-debug': { code: 'E_EVIDENCE', section: 'SDM 3D, 35.7.1, ATTRIBUTES.DEBUG', allow: noPolicy },
  'qe-level': {
    code: 'E_TCB',
    section: 'PCS, "Get Enclave Identity", tcbLevels',
    allow: `${noPolicy}; update the platform's quoting enclave`,
  },
  'tcb-level': {
    code: 'E_TCB',
    section: 'PCS, "Get TCB Info", tcbLevels',
    allow: `${noPolicy}; update the platform's firmware`,
  },
  'tcb-revoked': {
    code: 'E_TCB',
    section: 'PCS, "Get TCB Info", tcbStatus',
    allow: `${noPolicy}; the vendor has revoked this TCB level`,
  },
  tee: { code: 'E_TEE', section: 'review M6', allow: 'name the TEE that the evidence is of' },
} as const satisfies CheckTable;

/** Further checks of TDX evidence, which shares all others with SGX. TDX = Intel TDX Module Base Architecture. */
export const tdxChecks = {
  'td-attributes': { code: 'E_EVIDENCE', section: 'TDX, ATTRIBUTES, reserved bits', allow: noPolicy },
  'tdx-module': {
    code: 'E_TCB',
    section: 'PCS, "Get TDX TCB Info", tdxModule and tdxModuleIdentities',
    allow: `${noPolicy}; update the platform's TDX module`,
  },
} as const satisfies CheckTable;

/**
 * Every check of an SNP report, in order. ABI = AMD SEV-SNP Firmware ABI Specification (56860); KDS = VCEK Certificate
 * and KDS Interface Specification (57230).
 */
export const snpChecks = {
  'report-signature': { code: 'E_EVIDENCE', section: 'ABI 7.3, SIGNATURE', allow: noPolicy },
  'vek-chain': { code: 'E_CHAIN', section: 'KDS 1.5; RFC 5280, 6.1', allow: fetchAgain },
  'vek-dates': {
    code: 'E_CHAIN',
    section: 'RFC 5280, 4.1.2.5',
    allow: 'correct the clock, or fetch the certificates again',
  },
  'revocation-unchecked': {
    code: 'E_COLLATERAL',
    section: 'KDS 5, revocation list',
    allow: 'give the revocation list of the product line, or put `unchecked-revocation` into `allow` of the policy',
  },
  'snp-crl-signature': { code: 'E_COLLATERAL', section: 'RFC 5280, 5.1.1.3', allow: fetchAgain },
  'snp-crl-dates': {
    code: 'E_COLLATERAL',
    section: 'RFC 5280, 5.1.2.4 and 5.1.2.5',
    allow: 'fetch collateral again, or correct the clock',
  },
  'snp-revocation': {
    code: 'E_CHAIN',
    section: 'RFC 5280, 6.3',
    allow: `${noPolicy}; the vendor has revoked this authority`,
  },
  product: { code: 'E_EVIDENCE', section: 'KDS 3, productName; ABI 7.3, CPUID_FAM_ID', allow: noPolicy },
  'chip-id': {
    code: 'E_EVIDENCE',
    section: 'KDS 3, hwID; ABI 7.3, CHIP_ID',
    allow: 'give the VCEK certificate of this chip',
  },
  'tcb-version': { code: 'E_EVIDENCE', section: 'ABI 2.2, TCB_VERSION', allow: noPolicy },
  'reported-tcb': {
    code: 'E_TCB',
    section: 'KDS 3, blSPL to ucodeSPL; ABI 7.3, REPORTED_TCB',
    allow: 'give the certificate of the TCB that the report states',
  },
  'tcb-order': { code: 'E_TCB', section: 'ABI 3, committed and reported TCB', allow: noPolicy },
  vmpl: { code: 'E_EVIDENCE', section: 'ABI 7.3, VMPL', allow: noPolicy },
  'policy-reserved': { code: 'E_EVIDENCE', section: 'ABI 4.3, guest policy', allow: noPolicy },
  'id-block': { code: 'E_EVIDENCE', section: 'ABI 7.3, AUTHOR_KEY_EN', allow: noPolicy },
} as const satisfies CheckTable;

type CheckTable = Record<string, { code: ErrorCode; section: string; allow: string }>;

export type SgxCheck = keyof typeof sgxChecks;

/** Every check there is; the reference is made from it. */
export const checks = { ...sgxChecks, ...tdxChecks, ...snpChecks };
export type CheckName = keyof typeof checks;

/** A failed check: which, why, and what would let the evidence pass (`hint`). */
export class Refusal extends SconeError {
  readonly check: CheckName;

  constructor(check: CheckName, problem: string, details: Pick<ErrorDetails, 'expected' | 'found' | 'causes'> = {}) {
    const { code, section, allow } = checks[check];
    super(code, problem, {
      ...details,
      causes: [...(details.causes ?? []), `check ${check}: ${section}`],
      hint: allow,
    });
    this.check = check;
  }
}

/** What an inner room threw, as the failure of a check. */
export function refusalFrom(check: CheckName, { message, expected, found, causes }: SconeError): Refusal {
  return new Refusal(check, message, {
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
    causes,
  });
}

/** The outcome of a check that was made earlier. */
export function failedEarlier(check: CheckName, problem: SconeError | undefined): Refusal | undefined {
  return problem === undefined ? undefined : refusalFrom(check, problem);
}

/** What a check threw, to be told each time it matters; undefined when it passed. */
export function problemOf(check: () => void): SconeError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof SconeError) return error;
    throw error;
  }
}

/** Makes a check by something that throws. */
export function attempt(check: CheckName, run: () => void): Refusal | undefined {
  return failedEarlier(check, problemOf(run));
}

/** The one error for all failed checks, at least one: led by the first, with all of them in `errors`. */
export function refusalOf(failed: readonly [Refusal, ...Refusal[]]): SconeError {
  const [first, ...others] = failed;
  return new SconeError(first.code, first.message, {
    ...(first.expected === undefined ? {} : { expected: first.expected }),
    ...(first.found === undefined ? {} : { found: first.found }),
    causes: [...first.causes, ...others.map(({ check, message }) => `also failed, ${check}: ${message}`)],
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    errors: failed,
  });
}
