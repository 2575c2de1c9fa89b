import { hex } from '../core/bytes.ts';
import { sha256Lp } from '../core/digest.ts';

/** What a simulated processor and its quoting enclave are, as bytes of the specification's fields. */
export interface Hardware {
  /** Family-Model-Stepping-Platform-CustomSKU, 6 bytes. "SIM", so that no vendor's platform is meant. */
  fmspc: Uint8Array;
  /** Provisioning Certification Enclave id, 2 bytes. */
  pceId: Uint8Array;
  /** Platform Provisioning ID, 16 bytes. */
  ppid: Uint8Array;
  /** Platform instance id, 16 bytes; certificates of a platform CA carry it. */
  platformInstanceId: Uint8Array;
  /** The 16 SGX TCB component SVNs; CPUSVN is the same 16 bytes. */
  tcbComponents: Uint8Array;
  pceSvn: number;
  qe: Enclave;
  /** The fixed part of a simulated enclave's report; MRENCLAVE comes from the image. */
  enclave: Omit<Enclave, 'mrEnclave'>;
}

/** Identity fields of a report body (Intel SDM volume 3D, table "REPORT"). */
export interface Enclave {
  mrEnclave: Uint8Array;
  mrSigner: Uint8Array;
  isvProdId: number;
  isvSvn: number;
  /** 4 bytes. */
  miscSelect: Uint8Array;
  /** FLAGS (8 bytes, little-endian) and XFRM (8 bytes). */
  attributes: Uint8Array;
}

/** INIT (bit 0), MODE64BIT (2), KSS (7): without KSS a report has no CONFIGID. XFRM = legacy x87 and SSE. */
const enclaveAttributes = Uint8Array.of(0x85, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0);
/** INIT, MODE64BIT, PROVISION_KEY (4), as Intel's quoting enclave has them. */
const qeAttributes = Uint8Array.of(0x15, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0);

/** The fixed hardware of the public simulation platform; `platform.json` of the runtime is made from it. */
export const simHardware: Hardware = {
  fmspc: Uint8Array.of(0x53, 0x49, 0x4d, 0, 0, 0),
  pceId: Uint8Array.of(0, 0),
  ppid: sha256Lp('sconectl SIMULATION PPID').slice(0, 16),
  platformInstanceId: sha256Lp('sconectl SIMULATION platform instance').slice(0, 16),
  tcbComponents: Uint8Array.of(4, 4, 3, 3, 255, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  pceSvn: 13,
  qe: {
    mrEnclave: sha256Lp('sconectl SIMULATION quoting enclave'),
    mrSigner: sha256Lp('sconectl SIMULATION quoting enclave signer'),
    isvProdId: 1,
    isvSvn: 8,
    miscSelect: new Uint8Array(4),
    attributes: qeAttributes,
  },
  enclave: {
    mrSigner: sha256Lp('sconectl SIMULATION enclave signer'),
    isvProdId: 0,
    isvSvn: 0,
    miscSelect: new Uint8Array(4),
    attributes: enclaveAttributes,
  },
};

/** The hardware as JSON with hex fields, for the Go runtime (`runtime/internal/sim/platform.json`). */
export function hardwareJson(hardware: Hardware): string {
  return `${JSON.stringify(
    hardware,
    (_name, value: unknown) => (value instanceof Uint8Array ? hex(value) : value),
    2,
  )}\n`;
}
