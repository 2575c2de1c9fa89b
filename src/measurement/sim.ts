import { sha256Lp } from '../core/digest.ts';

/**
 * What the simulated platform reports for an image (architecture.md, Words):
 * SHA-256(LP("sconectl sim enclave v1") ‖ LP(SHA-256(runtime binary)) ‖ LP(rootfs digest)); 32 bytes.
 */
export function simEnclave(runtimeSha256: Uint8Array, rootfsDigest: Uint8Array): Uint8Array<ArrayBuffer> {
  return sha256Lp('sconectl sim enclave v1', runtimeSha256, rootfsDigest);
}

/**
 * What the simulated platform reports for a simulated CAS (conventions.md, Sim CAS evidence):
 * SHA-256(LP("sconectl sim cas v1") ‖ LP(code hash)); 32 bytes.
 */
export function simCas(codeHash: Uint8Array): Uint8Array<ArrayBuffer> {
  return sha256Lp('sconectl sim cas v1', codeHash);
}
