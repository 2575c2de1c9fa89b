import type { SnpPolicy } from './snp/policy.ts';
import type { SnpProduct } from './snp/product.ts';
import type { SnpReportVersion } from './snp/report.ts';
import type { SnpTcb } from './snp/tcb-version.ts';
import type { TcbStatus } from './tcb-status.ts';
import type { TdAttributes } from './tdx/attributes.ts';

/** ATTRIBUTES.FLAGS of an enclave (Intel SDM volume 3D, 35.7.1) and XFRM. */
export interface SgxAttributes {
  init: boolean;
  debug: boolean;
  mode64bit: boolean;
  provisionKey: boolean;
  einitTokenKey: boolean;
  cet: boolean;
  /** Key separation and sharing: without it CONFIGID is always zero. */
  kss: boolean;
  aexNotify: boolean;
  flags: bigint;
  xfrm: bigint;
}

/** How Intel judges a platform. */
export interface IntelTcb {
  /** Platform, TDX module and quoting enclave together. Never `Revoked`: that is a refusal. */
  status: TcbStatus;
  /** Sorted, each once. */
  advisories: readonly string[];
  /** Date of the platform's TCB level. */
  date: Date;
  /** The smaller one of TCB Info and QE Identity. */
  evaluationDataNumber: number;
}

/** What verified SGX evidence says; `sim` has the same fields under the simulation root. Byte fields are copies. */
export interface SgxClaims {
  /** Follows from the roots the evidence was verified under, never from its sender. */
  tee: 'sgx' | 'sim';
  /** 32 bytes. */
  mrenclave: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the signer's key, 32 bytes. */
  mrsigner: Uint8Array<ArrayBuffer>;
  isvprodid: number;
  isvsvn: number;
  isvextprodid: Uint8Array<ArrayBuffer>;
  isvfamilyid: Uint8Array<ArrayBuffer>;
  /** 64 bytes; all zero without KSS. */
  configid: Uint8Array<ArrayBuffer>;
  configsvn: number;
  attributes: SgxAttributes;
  miscselect: number;
  /** 16 bytes. */
  cpusvn: Uint8Array<ArrayBuffer>;
  /** 64 bytes. */
  reportData: Uint8Array<ArrayBuffer>;
  tcb: IntelTcb;
  /** 12 lower-case hex digits. */
  fmspc: string;
  /** 4 lower-case hex digits. */
  pceid: string;
  /** Identifies the processor package, 32 lower-case hex digits; for platform allow-lists. */
  ppid: string;
}

/** What verified TDX evidence says. Byte fields are copies, of 48 bytes unless said otherwise. */
export interface TdxClaims {
  tee: 'tdx';
  mrtd: Uint8Array<ArrayBuffer>;
  rtmr0: Uint8Array<ArrayBuffer>;
  rtmr1: Uint8Array<ArrayBuffer>;
  rtmr2: Uint8Array<ArrayBuffer>;
  rtmr3: Uint8Array<ArrayBuffer>;
  mrconfigid: Uint8Array<ArrayBuffer>;
  mrowner: Uint8Array<ArrayBuffer>;
  mrownerconfig: Uint8Array<ArrayBuffer>;
  mrseam: Uint8Array<ArrayBuffer>;
  mrsignerseam: Uint8Array<ArrayBuffer>;
  /** Of TD 1.5 reports; all zero when no service TD is bound. */
  mrservicetd: Uint8Array<ArrayBuffer> | undefined;
  /** 8 bytes. */
  seamAttributes: Uint8Array<ArrayBuffer>;
  attributes: TdAttributes;
  xfam: bigint;
  /** 16 SVNs; of TD 1.5 reports also those at the time of the report. */
  teeTcbSvn: Uint8Array<ArrayBuffer>;
  teeTcbSvn2: Uint8Array<ArrayBuffer> | undefined;
  /** 64 bytes. */
  reportData: Uint8Array<ArrayBuffer>;
  /** Undefined where collateral was missing and a policy allowed that. */
  tcb: IntelTcb | undefined;
  fmspc: string;
  pceid: string;
  ppid: string;
}

/** What a verified SNP report says. Byte fields are copies. */
export interface SnpClaims {
  tee: 'snp';
  version: SnpReportVersion;
  product: SnpProduct;
  /** Which kind of key signed it. */
  signingKey: 'vcek' | 'vlek';
  /** Launch digest, 48 bytes. */
  measurement: Uint8Array<ArrayBuffer>;
  /** 32 bytes, set by whoever launched the guest. */
  hostData: Uint8Array<ArrayBuffer>;
  /** 64 bytes. */
  reportData: Uint8Array<ArrayBuffer>;
  policy: SnpPolicy;
  vmpl: number;
  /** `reported` is also what the certificate says. */
  tcb: { current: SnpTcb; reported: SnpTcb; committed: SnpTcb; launch: SnpTcb };
  /** 128 hex digits; undefined when it is all zero, which is no identity. */
  chipId: string | undefined;
  /** The cloud provider, of a VLEK. */
  cspId: string | undefined;
  /** PLATFORM_INFO: bit 0 SMT, 1 TSME, 2 ECC, 3 RAPL off, 4 ciphertext hiding, 5 alias check. */
  platformInfo: bigint;
  guestSvn: number;
  /** 16 bytes each. */
  familyId: Uint8Array<ArrayBuffer>;
  imageId: Uint8Array<ArrayBuffer>;
  /** SHA-384 of the keys that signed the ID block; undefined where none did. */
  idKeyDigest: Uint8Array<ArrayBuffer> | undefined;
  authorKeyDigest: Uint8Array<ArrayBuffer> | undefined;
  reportId: Uint8Array<ArrayBuffer>;
  reportIdMa: Uint8Array<ArrayBuffer>;
  currentFirmware: { major: number; minor: number; build: number };
  committedFirmware: { major: number; minor: number; build: number };
}

/** Claims of SGX-shaped evidence: what the CAS and its clients take today. */
export type Claims = SgxClaims;

/** Claims of any TEE, told apart by `tee`. */
export type TeeClaims = SgxClaims | TdxClaims | SnpClaims;
