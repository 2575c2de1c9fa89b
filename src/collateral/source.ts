import type { Collateral } from '../evidence/collateral.ts';

/** Where the collateral of a platform comes from. What it gives is not believed but verified with the evidence. */
export interface CollateralSource {
  /**
   * Collateral for the platforms of an FMSPC (12 lower-case hex digits) and PCE-ID (4), in force at `now` as far as the
   * source can tell. Throws `E_COLLATERAL` when there is none. The same object while nothing changed, since verifiers
   * remember per object what they have checked.
   */
  forPlatform(fmspc: string, pceid: string, now: Date): Promise<Collateral>;
}
