import { equalBytes, zeroPad } from '../core/bytes.ts';
import type { Claims, TeeClaims } from './claims.ts';

/** Whether the report data is exactly these 64 bytes; in constant time (threat model 15). */
export function carriesReportData(claims: TeeClaims, expected: Uint8Array): boolean {
  return expected.length === 64 && equalBytes(expected, claims.reportData);
}

/**
 * Whether CONFIGID is exactly these 64 bytes: SHA-256 of init data, then zeros. Without key separation and sharing
 * there is no CONFIGID, so zeros never match there (threat model 16).
 */
export function carriesConfigId(claims: Claims, expected: Uint8Array): boolean {
  return claims.attributes.kss && expected.length === 64 && equalBytes(expected, claims.configid);
}

/**
 * Whether the TEE carries this hash of init data (SHA-256, 32 bytes) in the field that its launcher sets: HOST_DATA of
 * SNP, MRCONFIGID of TDX and CONFIGID of SGX, padded with zeros. A field that is all zero was not set, so it matches
 * nothing (threat model 16, 24).
 */
export function carriesInitData(claims: TeeClaims, hash: Uint8Array): boolean {
  if (hash.length !== 32 || hash.every((byte) => byte === 0)) return false;
  if (claims.tee === 'snp') return equalBytes(hash, claims.hostData);
  if (claims.tee === 'tdx') return equalBytes(zeroPad(hash, 48), claims.mrconfigid);
  return carriesConfigId(claims, zeroPad(hash, 64));
}
