import { hmacLp, sha512Lp } from '../core/digest.ts';

/** What evidence is bound to, all of it fixed before the evidence is made. */
export interface Binding {
  /** The exporter value of the connection, 32 bytes, with the label of its purpose and an empty context. */
  ekm: Uint8Array;
  /** SHA-256 of the TLS server's SubjectPublicKeyInfo (DER). */
  serverSpkiSha256: Uint8Array;
  /** SHA-256 of the init data document. */
  initDataHash: Uint8Array;
  /** The exact bytes of the claims. */
  claims: Uint8Array;
}

/** TLS exporter labels, one for each purpose, so that evidence for one never serves another (E.1). */
export const serviceExporterLabel = 'EXPORTER-sconectl-service-v1';
export const casExporterLabel = 'EXPORTER-sconectl-cas-v1';
export const exporterLength = 32;

/** `report_data` of a service's evidence, 64 bytes (protocol, "Service start", step 6). */
export function serviceReportData(binding: Binding): Uint8Array<ArrayBuffer> {
  return reportData('sconectl service evidence v1', binding);
}

/** `report_data` of a CAS's own evidence, 64 bytes (protocol, "Trusting a CAS"). */
export function casReportData(binding: Binding): Uint8Array<ArrayBuffer> {
  return reportData('sconectl cas evidence v1', binding);
}

function reportData(domain: string, binding: Binding): Uint8Array<ArrayBuffer> {
  return sha512Lp(domain, binding.ekm, binding.serverSpkiSha256, binding.initDataHash, binding.claims);
}

/** Proof that the holder of the access token speaks on this connection (H11); `side` keeps both directions apart. */
export function tokenProof(token: Uint8Array, ekm: Uint8Array, side: 'runtime' | 'cas'): Uint8Array<ArrayBuffer> {
  return hmacLp(token, 'sconectl token v1', ekm, side);
}
