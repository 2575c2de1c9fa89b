import type { SnpTcb } from './snp/tcb-version.ts';

/** Of which processors a service may run on, by PPID, 32 lower-case hex digits each. Absent: any; empty: none. */
interface OnPlatforms {
  ppid?: readonly string[];
}

/** What an SGX enclave must be: one of the measurements, or a signer with product and least version (threat model 17). */
export type SgxRequirement = OnPlatforms &
  (
    | { mrenclave: readonly string[] }
    | {
        /** 64 lower-case hex digits. */
        mrsigner: string;
        /** Decimal, as a session writes it. */
        isvprodid: string;
        /** Decimal; the least ISVSVN that is enough. */
        isvsvn_min: string;
      }
  );

/** Attributes that a TD may have only where its requirement says so. */
export const tdAllowances = ['no-sept-ve-disable', 'migratable', 'pks', 'kl', 'perfmon'] as const;
export type TdAllowance = (typeof tdAllowances)[number];

/**
 * What a TD must be. Each register must be one of its list, 96 lower-case hex digits each; an empty list matches nothing
 * and zeros match zeros only. Kernel, command line and file system are in RTMR 0 to 2, so none of them may be left out.
 */
export interface TdxRequirement extends OnPlatforms {
  mrtd: readonly string[];
  rtmr0: readonly string[];
  rtmr1: readonly string[];
  rtmr2: readonly string[];
  /** 32 lower-case hex digits: the least SVN of each component of TEE_TCB_SVN. */
  min_tee_tcb_svn: string;
  rtmr3?: readonly string[];
  mrseam?: readonly string[];
  mrowner?: readonly string[];
  mrownerconfig?: readonly string[];
  /** Service TDs that may be bound, such as one that migrates. Absent: none, the field must be zero (threat model 16). */
  mrservicetd?: readonly string[];
  allow?: readonly TdAllowance[];
}

/** What of its guest policy an SNP guest may or must have. Absent members mean the strict side. */
export interface SnpPolicyRequirement {
  /** The host may run it on both threads of a core. The tolerance `hyperthreading` says the same. */
  smt?: 'allowed';
  migrate_ma?: 'allowed';
  cxl?: 'allowed';
  single_socket?: 'required';
  mem_aes_256_xts?: 'required';
  rapl_dis?: 'required';
  ciphertext_hiding?: 'required';
  page_swap_disable?: 'required';
  /** Least firmware ABI that the policy demands, `major.minor`. */
  abi_min?: string;
}

/** What an SNP guest must be. */
export interface SnpRequirement {
  /** 96 lower-case hex digits each; empty matches nothing. */
  measurement: readonly string[];
  /** Decimal, as a session writes it: least level of each part, for the reported, committed and launch TCB. */
  min_tcb: Readonly<Record<Exclude<keyof SnpTcb, 'fmc'>, string>> & { fmc?: string };
  policy: SnpPolicyRequirement;
  /** SHA-384 of the keys that must have signed the ID block. */
  id_key_digest?: readonly string[];
  author_key_digest?: readonly string[];
  /** 128 lower-case hex digits each. Absent: any chip; a report without a chip id matches none. */
  chip_id?: readonly string[];
  /** Cloud providers, of VLEKs. */
  csp_id?: readonly string[];
}

/** One way to satisfy a session's `attestation`; it matches only evidence of the TEE it names. */
export type Requirement =
  | { sim: { mrenclave: readonly string[] } }
  | { sgx: SgxRequirement }
  | { tdx: TdxRequirement }
  | { snp: SnpRequirement };
