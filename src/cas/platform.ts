import type { EvidenceDocument } from '../api/answers.ts';
import type { Mode } from '../core/digest.ts';
import type { Collateral } from '../evidence/collateral.ts';
import type { TrustRoots } from '../evidence/roots.ts';

/**
 * What a CAS needs of the machine it runs on. The entry point makes one, and with it decides the mode; nothing else
 * does (C6).
 */
export interface Platform {
  mode: Mode;
  /** The TEE that evidence of this CAS comes from. */
  tee: EvidenceDocument['tee'];
  /** The init data this CAS runs under. */
  initData: Uint8Array;
  /** Evidence of this CAS over 64 bytes of report data; collateral that goes with it is in force at `now`. */
  evidence(reportData: Uint8Array, now: Date): Promise<EvidenceDocument>;
  /** Seals to this platform and this code; `context` must be the same to unseal. */
  seal(context: Uint8Array, plaintext: Uint8Array): Uint8Array<ArrayBuffer>;
  /** Throws `E_LEDGER` for what was not sealed here with that context. */
  unseal(context: Uint8Array, sealed: Uint8Array): Uint8Array<ArrayBuffer>;
  /** Whom evidence of services may lead back to. */
  roots: TrustRoots;
  /** Collateral that is in force at that time. */
  collateral(now: Date): Collateral;
  /** Who may create sessions without a namespace when a ledger begins: an access list (M13). */
  rootCreators: readonly string[];
}
