import type { TcbStatus } from './tcb-status.ts';

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
  tcb: {
    /** Platform and quoting enclave together. Never `Revoked`: that is a refusal. */
    status: TcbStatus;
    /** Sorted, each once. */
    advisories: readonly string[];
    /** Date of the platform's TCB level. */
    date: Date;
    /** The smaller one of TCB Info and QE Identity. */
    evaluationDataNumber: number;
  };
  /** 12 lower-case hex digits. */
  fmspc: string;
  /** 4 lower-case hex digits. */
  pceid: string;
  /** Identifies the processor package, 32 lower-case hex digits; for platform allow-lists. */
  ppid: string;
}

export type Claims = SgxClaims;
