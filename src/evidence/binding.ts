import { equalBytes } from '../core/bytes.ts';
import type { Claims } from './claims.ts';

/** Whether the report data is exactly these 64 bytes; in constant time (threat model 15). */
export function carriesReportData(claims: Claims, expected: Uint8Array): boolean {
  return expected.length === 64 && equalBytes(expected, claims.reportData);
}

/**
 * Whether CONFIGID is exactly these 64 bytes: SHA-256 of init data, then zeros. Without key separation and sharing
 * there is no CONFIGID, so zeros never match there (threat model 16).
 */
export function carriesConfigId(claims: Claims, expected: Uint8Array): boolean {
  return claims.attributes.kss && expected.length === 64 && equalBytes(expected, claims.configid);
}
